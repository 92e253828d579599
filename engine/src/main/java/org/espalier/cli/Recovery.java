package org.espalier.cli;

import java.io.IOException;
import java.nio.file.Path;
import org.espalier.report.TrainingFile;
import org.espalier.tune.LoraSettings;
import org.espalier.tune.LoraTraining;
import org.espalier.tune.Trainer;
import org.espalier.tune.TrainingData;

/** Trains an adapter and leaves it in a folder, with how that went. */
final class Recovery {

    private final EngineCommand command;
    private final DataOptions data;
    private final TuneOptions options;
    private final long seed;

    Recovery(EngineCommand command, DataOptions data, TuneOptions options, long seed) {
        this.command = command;
        this.data = data;
        this.options = options;
        this.seed = seed;
    }

    /** Draws the samples as the model at {@code model} reads them. */
    TrainingData samples(Path model) {
        return data.samples(model, options, seed);
    }

    /**
     * Trains.
     *
     * @param model  that the adapter's files name
     * @param folder that exists and gets the adapter and the record
     * @return what came of it; the caller closes its adapter
     */
    LoraTraining.Result writeInto(Path folder, String model, OpenModel open, TrainingData samples) throws IOException {
        TrainingFile.Data texts = data.record(samples);
        LoraSettings settings = options.settings(seed);
        LoraTraining.Result result = train(new LoraTraining(open.model(), samples, settings));
        try {
            result.adapter().writeInto(folder, open.backend(), model);
            new TrainingFile(TrainingFile.FORMAT_VERSION, model, texts,
                    TrainingFile.Settings.of(options.recipe().name(), settings, result.steps(), options.cutoff()),
                    TrainingFile.training(result, settings, samples.training().size())).writeInto(folder);
            return result;
        } catch (IOException | RuntimeException | Error e) {
            result.adapter().close();
            throw e;
        }
    }

    private LoraTraining.Result train(LoraTraining training) {
        try (Progress progress = command.progress("training", "tokens", training.totalTokens())) {
            return training.train(new LoraTraining.Listener() {
                @Override
                public void advanced(int tokens) {
                    progress.advance(tokens);
                }

                @Override
                public void updated(int step, int steps, Trainer.StepResult done) {
                    if (command.verbose()) {
                        command.note("step %d of %d: loss %.4f, gradient norm %.3f".formatted(step, steps, done.loss(),
                                done.gradientNorm()));
                    }
                }

                @Override
                public void evaluated(int step, double loss) {
                    if (command.verbose()) {
                        command.note("held-out loss after %d steps: %.4f".formatted(step, loss));
                    }
                }
            });
        }
    }
}
