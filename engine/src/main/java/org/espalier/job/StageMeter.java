package org.espalier.job;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.espalier.model.Generator;
import org.espalier.model.Model;
import org.espalier.report.Comparison;
import org.espalier.report.Measure;
import org.espalier.report.RunFolder;
import org.espalier.report.StandardMeasure;
import org.espalier.text.Tokenizer;
import org.espalier.tune.HeldOutLoss;
import org.espalier.tune.Sample;

/** Measures the models of a run, each in the same way: size, memory, quality, a text, speed in turns with the others. */
final class StageMeter {

    /**
     * Samples that were not trained on.
     *
     * @param samples none to measure nothing on
     * @param data    where they are from
     */
    record HeldOut(List<Sample> samples, String data) {

        static final HeldOut NONE = new HeldOut(List.of(), "");
    }

    /**
     * A model of the run.
     *
     * @param name   of its stage
     * @param folder or file it lies in
     * @param shown  where readers find it
     */
    record Subject(String name, Path folder, String shown) {}

    /**
     * Everything about a model but its speed, which is measured in turns with the others.
     *
     * @param costs   of the model: its size, operations and memory
     * @param quality of what it writes
     */
    private record Look(Subject subject, Use use, List<Measure> costs, List<Measure> quality, String text) {}

    /** Tokens that are read and written where speed and memory are measured: as many as usual, if the context holds them. */
    private record Use(int promptTokens, int newTokens) {

        static Use of(Model model) {
            int context = model.config().maxPositions();
            return new Use(Math.min(256, context), Math.min(64, context));
        }
    }

    private static final int WARM_UP_SECONDS = 1;

    private final Engine engine;
    private final CompareSettings settings;
    private final HeldOut heldOut;
    private final List<Look> looks = new ArrayList<>();

    StageMeter(Engine engine, CompareSettings settings, HeldOut heldOut) {
        this.engine = engine;
        this.settings = settings;
        this.heldOut = heldOut;
    }

    /** Measures size and quality of a model; the first is the one that others are compared with. */
    void look(Subject subject) {
        try (OpenModel open = engine.open(subject.folder);
                Tokenizer tokenizer = Tokenizer.open(subject.folder)) {
            Use use = Use.of(open.model());
            looks.add(new Look(
                    subject, use, costs(open, subject, use), quality(open, tokenizer, subject), text(open, tokenizer)));
        }
    }

    /** How far a model is from the first; nothing for that itself. */
    private List<Measure> distance(OpenModel open, Tokenizer tokenizer) {
        if (looks.isEmpty()) {
            return List.of();
        }
        try (OpenModel first = engine.open(looks.getFirst().subject.folder)) {
            return settings.evaluation().distance(open, first, tokenizer, engine);
        }
    }

    /** Measures speed of the models looked at, and gives all that was measured. */
    List<Comparison.Stage> finish() {
        List<Speeds> speeds = settings.repetitions() > 0 ? speeds() : List.of();
        List<Comparison.Stage> stages = new ArrayList<>();
        for (int i = 0; i < looks.size(); i++) {
            Look look = looks.get(i);
            List<Measure> measures = new ArrayList<>(look.costs);
            if (!speeds.isEmpty()) {
                measures.add(speed(StandardMeasure.PREFILL, speeds, 2 * i));
                measures.add(speed(StandardMeasure.DECODE, speeds, 2 * i + 1));
            }
            measures.addAll(look.quality);
            stages.add(new Comparison.Stage(look.subject.name, look.subject.shown, measures, look.text));
        }
        return stages;
    }

    /** Notes on how this was measured that belong to no number. */
    Map<String, String> notes() {
        Map<String, String> notes = new LinkedHashMap<>();
        notes.put("texts", "the likeliest tokens, at most %d".formatted(settings.maxTokens()));
        return notes;
    }

    private List<Measure> costs(OpenModel open, Subject subject, Use use) {
        List<Measure> costs = new ArrayList<>();
        costs.add(StandardMeasure.PARAMETERS.of(open.parameters()));
        costs.add(StandardMeasure.MACS.of(
                RunFolder.macs(open.checkpoint()), "multiply-adds of the pass for one token with none before it"));
        costs.add(StandardMeasure.WEIGHTS.of(open.checkpoint().weightBytes()));
        if (settings.repetitions() > 0) {
            costs.add(StandardMeasure.MEMORY.of(
                    Footprint.of(engine, subject.folder, use.promptTokens, use.newTokens, settings.seed())
                            .peakBytes(),
                    "weights as stored, and the most that caches, activations and scratch space took "
                            + "at once while reading %d tokens and writing %d; without Java's own, or all of a GPU's memory in use"
                                    .formatted(use.promptTokens, use.newTokens)));
        }
        return costs;
    }

    private List<Measure> quality(OpenModel open, Tokenizer tokenizer, Subject subject) {
        List<Measure> quality = new ArrayList<>(settings.evaluation().measure(open, tokenizer, engine.listener()));
        quality.addAll(distance(open, tokenizer));
        if (!heldOut.samples.isEmpty()) {
            quality.add(StandardMeasure.HELD_OUT_LOSS.of(
                    heldOutLoss(open, subject), RunFolder.heldOutLossProtocol(heldOut.samples.size(), heldOut.data)));
        }
        return quality;
    }

    /** The median of a series, and its ratio to the first model's series of the same test, whose own ratio is 1. */
    private Measure speed(StandardMeasure measure, List<Speeds> speeds, int index) {
        Speeds series = speeds.get(index);
        String turns = "median of %d turns that the models took one after another; ratios are medians of each turn's"
                .formatted(settings.repetitions());
        Use use = looks.getFirst().use;
        String test = measure == StandardMeasure.PREFILL
                ? "a prompt of %d tokens".formatted(use.promptTokens)
                : "%d tokens one by one".formatted(use.newTokens);
        return measure.of(series.median(), test + "; " + turns)
                .withRatio(series.over(speeds.get(index % 2)).median());
    }

    private double heldOutLoss(OpenModel open, Subject subject) {
        long tokens = heldOut.samples.stream().mapToLong(Sample::tokens).sum();
        try (Progress progress = engine.listener().begin("held-out loss, " + subject.name, "tokens", tokens)) {
            return HeldOutLoss.of(open.model(), heldOut.samples, progress::advance);
        }
    }

    private String text(OpenModel open, Tokenizer tokenizer) {
        int[] prompt = tokenizer.encode(settings.prompt(), true);
        int most = Math.min(settings.maxTokens(), open.model().config().maxPositions() - prompt.length);
        try (Generator generator = new Generator(open.model(), prompt.length + most)) {
            Continuation continuation = new Continuation(
                    generator,
                    Set.copyOf(tokenizer.eosIds()),
                    () -> FiniteLogits.require(generator.lastLogits(), open));
            TextStream text = new TextStream(tokenizer, prompt, piece -> {});
            continuation.run(prompt, most, text::add);
            return text.finish();
        }
    }

    /** For each model a series of reading and one of writing. */
    private List<Speeds> speeds() {
        List<OpenModel> open = new ArrayList<>();
        try (SpeedTurns turns = new SpeedTurns()) {
            for (Look look : looks) {
                OpenModel model = engine.open(look.subject.folder);
                open.add(model);
                turns.add(
                        look.subject.name,
                        "reading",
                        Speed.reading(model.model(), look.use.promptTokens, settings.seed()));
                turns.add(
                        look.subject.name,
                        "writing",
                        Speed.writing(model.model(), look.use.newTokens, settings.seed()));
            }
            return turns.measure(WARM_UP_SECONDS, settings.repetitions(), "speed", engine.listener());
        } finally {
            open.forEach(OpenModel::close);
        }
    }
}
