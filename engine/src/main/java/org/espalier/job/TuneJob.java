package org.espalier.job;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SequencedMap;
import org.espalier.file.Output;
import org.espalier.file.WriteFailure;
import org.espalier.tune.TrainingData;

/**
 * Trains a model back: LoRA adapters, which are left in PEFT's form, or all weights, which end in a model; beside them stands
 * {@code training.json}.
 */
public final class TuneJob {

    /**
     * What came of it.
     *
     * @param steps               updates
     * @param keptStep            updates behind what was kept: those to the lowest held-out loss
     * @param trainLoss           mean over the last tenth of the updates, in nats a token
     * @param heldOutLosses       in nats a token, by the number of updates made before; empty if nothing was held out
     * @param tokensPerSecond     trained on
     * @param trainableParameters numbers that were trained
     * @param samples             of the texts
     * @param seconds             in all
     */
    public record Result(
            int steps,
            int keptStep,
            double trainLoss,
            SequencedMap<Integer, Double> heldOutLosses,
            double tokensPerSecond,
            long trainableParameters,
            Samples samples,
            double seconds) {}

    /**
     * What a file gave.
     *
     * @param file    with texts
     * @param samples of it that were trained on
     * @param tokens  trained on, each as often as it was seen
     */
    public record Source(Path file, int samples, long tokens) {}

    /**
     * What became of the texts.
     *
     * @param training those trained on
     * @param heldOut  those that were not
     * @param empty    left out because there is no answer in them
     * @param tooLong  left out because no answer is left after the cutoff
     * @param broken   left out because they cannot be read
     * @param tokens   trained on
     * @param sources  of those
     */
    public record Samples(
            int training, int heldOut, int empty, int tooLong, int broken, long tokens, List<Source> sources) {

        public Samples {
            sources = List.copyOf(sources);
        }
    }

    private final Engine engine;
    private final TuneSettings settings;

    /** Trains on the devices of {@code engine}, as {@code settings} say. */
    public TuneJob(Engine engine, TuneSettings settings) {
        this.engine = engine;
        this.settings = settings;
    }

    /**
     * Trains.
     *
     * @param model a checkpoint folder or a GGUF file
     * @param out   folder for what is learned
     * @throws org.espalier.error.Failure if there is nothing to learn from, nothing to go on from, or the adapter cannot be
     *     written
     */
    public Result run(Path model, Destination out) {
        settings.requireSound();
        requireFree(model, out);
        if (settings.textsGiven()) {
            return train(model, out);
        }
        try (OwnTexts texts = OwnTexts.temporary(engine, settings)) {
            return new TuneJob(engine, settings.texts(texts.file())).train(model, out);
        }
    }

    private void requireFree(Path model, Destination out) {
        List<Path> inputs = new ArrayList<>(settings.textsGiven() ? settings.texts() : List.of());
        inputs.add(model);
        settings.start().ifPresent(inputs::add);
        if (settings.resume()) {
            out.requireReplaceable(inputs);
        } else {
            out.requireFree(inputs);
        }
    }

    private Result train(Path model, Destination out) {
        long start = System.nanoTime();
        Recovery recovery = new Recovery(settings, out.path(), engine.training());
        // The place is begun before the work, so that one that cannot be written to is not found out after it.
        try (TrainingData samples = recovery.samples(model);
                Output output = Output.folder(out.path(), out.replace() || settings.replaces());
                OpenModel open = engine.training().open(model)) {
            Recovery.Trained trained = recovery.writeInto(output.path(), model.toString(), open, samples);
            output.commit();
            return result(trained, samples, (System.nanoTime() - start) / 1e9);
        } catch (IOException e) {
            throw WriteFailure.of(e, out.path());
        }
    }

    private Result result(Recovery.Trained trained, TrainingData samples, double seconds) {
        return new Result(
                trained.result().steps(),
                trained.result().keptStep(),
                trained.result().trainLoss(),
                trained.result().heldOutLosses(),
                trained.result().tokensPerSecond(),
                trained.parameters(),
                new Samples(
                        samples.training().size(),
                        samples.heldOut().size(),
                        samples.skipped().empty(),
                        samples.skipped().tooLong(),
                        samples.skipped().broken(),
                        trained.result().tokens(),
                        sources(samples)),
                seconds);
    }

    private List<Source> sources(TrainingData samples) {
        List<Source> sources = new ArrayList<>();
        for (TrainingData.Given given : samples.given(settings.training())) {
            sources.add(new Source(settings.texts().get(sources.size()), given.samples(), given.tokens()));
        }
        return sources;
    }
}
