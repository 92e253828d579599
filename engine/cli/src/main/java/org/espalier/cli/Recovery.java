package org.espalier.cli;

import java.io.IOException;
import java.nio.file.Path;
import org.espalier.file.Output;
import org.espalier.model.Adapter;
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
    private final ResumeOptions resume;
    private final Path place;

    /** A training in one go. */
    Recovery(EngineCommand command, DataOptions data, TuneOptions options, long seed) {
        this(command, data, options, seed, new ResumeOptions(), null);
    }

    /** A training that may be left unfinished at a place, and gone on with from there. */
    Recovery(
            EngineCommand command, DataOptions data, TuneOptions options, long seed, ResumeOptions resume, Path place) {
        this.command = command;
        this.data = data;
        this.options = options;
        this.seed = seed;
        this.resume = resume;
        this.place = place;
    }

    /** What the texts that are trained on are called. */
    String data() {
        return data.name();
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
        LoraSettings settings = options.settings(seed);
        LoraTraining training = new LoraTraining(open.model(), samples, settings);
        Files files = new Files(
                open,
                settings,
                new TrainingFile.Origin(
                        model,
                        data.record(samples),
                        TrainingFile.Settings.of(
                                options.recipe().name(), settings, training.steps(), options.cutoff())));
        if (resume.resumes()) {
            ResumeOptions.resume(place, files.origin, training);
        }
        LoraTraining.Result result = train(training, files);
        try {
            files.write(folder, result);
            return result;
        } catch (IOException | RuntimeException | Error e) {
            result.adapter().close();
            throw e;
        }
    }

    /** What stands in an adapter's folder. */
    private record Files(OpenModel open, LoraSettings settings, TrainingFile.Origin origin) {

        void write(Path folder, LoraTraining.Result result) throws IOException {
            Adapter adapter = result.adapter();
            adapter.writeInto(folder, open.backend(), origin.model());
            new TrainingFile(
                            origin,
                            TrainingFile.training(
                                    result, settings, origin.data().samples()))
                    .writeInto(folder);
        }
    }

    private LoraTraining.Result train(LoraTraining training, Files files) {
        try (Progress progress = command.progress("training", "tokens", training.totalTokens())) {
            return training.train(new LoraTraining.Listener() {
                @Override
                public void advanced(int tokens) {
                    progress.advance(tokens);
                }

                @Override
                public void updated(int step, int steps, Trainer.StepResult done) {
                    if (command.verbose()) {
                        command.note("step %d of %d: loss %.4f, gradient norm %.3f"
                                .formatted(step, steps, done.loss(), done.gradientNorm()));
                    }
                }

                @Override
                public void evaluated(int step, double loss) {
                    if (command.verbose()) {
                        command.note("held-out loss after %d steps: %.4f".formatted(step, loss));
                    }
                }

                @Override
                public void reached(LoraTraining.Halfway now) {
                    if (resume.savesAfter(now.result().steps())) {
                        save(now, files);
                    }
                }
            });
        }
    }

    private void save(LoraTraining.Halfway now, Files files) {
        Output.writeFolder(place, true, folder -> {
            files.write(folder, now.result());
            now.writeOptimizer(folder);
        });
    }
}
