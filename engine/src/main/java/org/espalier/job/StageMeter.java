package org.espalier.job;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
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
     * Everything about a model but what it takes the others to measure: its speed, in turns, and its distance from the first.
     *
     * @param costs   of the model: its size, operations and memory
     * @param quality of what it writes
     */
    private record Look(
            Subject subject,
            Use use,
            String sha256,
            List<Measure> costs,
            List<Measure> quality,
            List<Comparison.Text> texts) {}

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
                    subject,
                    use,
                    open.checkpoint().sha256(),
                    costs(open, subject, use),
                    quality(open, tokenizer, subject),
                    texts(open, tokenizer)));
        }
    }

    /** Measures how far the models looked at are from the first, and their speed, and gives all that was measured. */
    List<Comparison.Stage> finish() {
        List<OpenModel> open = new ArrayList<>();
        try {
            looks.forEach(look -> open.add(engine.open(look.subject.folder)));
            List<List<Measure>> distances =
                    open.stream().map(model -> distance(open.getFirst(), model)).toList();
            List<Speeds> speeds = settings.repetitions() > 0 ? speeds(open) : List.of();
            List<Comparison.Stage> stages = new ArrayList<>();
            for (int i = 0; i < looks.size(); i++) {
                stages.add(stage(i, speeds, distances.get(i)));
            }
            return stages;
        } finally {
            open.forEach(OpenModel::close);
        }
    }

    private Comparison.Stage stage(int index, List<Speeds> speeds, List<Measure> distance) {
        Look look = looks.get(index);
        List<Measure> measures = new ArrayList<>(look.costs);
        if (!speeds.isEmpty()) {
            measures.add(latency(speeds, 2 * index));
            measures.add(speed(StandardMeasure.PREFILL, speeds, 2 * index));
            measures.add(speed(StandardMeasure.DECODE, speeds, 2 * index + 1));
        }
        measures.addAll(look.quality);
        measures.addAll(distance);
        Comparison.Text first = look.texts.getFirst();
        List<Comparison.Text> further = look.texts.subList(1, look.texts.size());
        return new Comparison.Stage(look.subject.name, look.subject.shown, measures, first.text(), further);
    }

    /** How far a model is from the first; nothing for that itself. */
    private List<Measure> distance(OpenModel first, OpenModel model) {
        if (model == first) {
            return List.of();
        }
        if (model.model().config().vocab() < first.model().config().vocab()) {
            try (OpenModel matched = engine.open(first.path(), model.path())) {
                return matchedDistance(matched, model);
            }
        }
        return matchedDistance(first, model);
    }

    /** Of a model that knows the same tokens. */
    private List<Measure> matchedDistance(OpenModel first, OpenModel model) {
        try (Tokenizer tokenizer = Tokenizer.open(model.path())) {
            return settings.evaluation().distance(model, first, tokenizer, engine);
        }
    }

    /** Notes on how this was measured that belong to no number. */
    Map<String, String> notes() {
        Map<String, String> notes = new LinkedHashMap<>();
        notes.put("texts", "the likeliest tokens, at most %d".formatted(settings.maxTokens()));
        return notes;
    }

    /** SHA-256 of the models looked at and of what they were measured on, by name. */
    SequencedMap<String, String> hashes() {
        SequencedMap<String, String> hashes = new LinkedHashMap<>();
        looks.forEach(look -> hashes.put(look.subject.name + " model", look.sha256));
        hashes.putAll(settings.evaluation().hashes());
        return hashes;
    }

    private List<Measure> costs(OpenModel open, Subject subject, Use use) {
        List<Measure> costs = new ArrayList<>();
        costs.add(StandardMeasure.PARAMETERS.of(open.parameters()));
        costs.addAll(RunFolder.macs(open.model().config()));
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
        if (!heldOut.samples.isEmpty()) {
            quality.add(StandardMeasure.HELD_OUT_LOSS.of(
                    heldOutLoss(open, subject), RunFolder.heldOutLossProtocol(heldOut.samples.size(), heldOut.data)));
        }
        return quality;
    }

    /** The median of a series, and its ratio to the first model's series of the same test, whose own ratio is 1. */
    private Measure speed(StandardMeasure measure, List<Speeds> speeds, int index) {
        Speeds series = speeds.get(index);
        Use use = looks.getFirst().use;
        String test = measure == StandardMeasure.PREFILL
                ? "a prompt of %d tokens".formatted(use.promptTokens)
                : "%d tokens one by one".formatted(use.newTokens);
        return measure.of(series.median(), test + "; " + turns())
                .withRatio(series.over(speeds.get(index % 2)).median());
    }

    /** The time of a prompt, from the series of reading at {@code index}. */
    private Measure latency(List<Speeds> speeds, int index) {
        int tokens = looks.get(index / 2).use.promptTokens;
        return StandardMeasure.LATENCY
                .of(
                        tokens / speeds.get(index).median(),
                        "until a prompt of %d tokens is read; ".formatted(tokens) + turns())
                .withRatio(speeds.getFirst().over(speeds.get(index)).median());
    }

    private String turns() {
        return "median of %d turns that the models took one after another; ratios are medians of each turn's"
                .formatted(settings.repetitions());
    }

    private double heldOutLoss(OpenModel open, Subject subject) {
        long tokens = heldOut.samples.stream().mapToLong(Sample::tokens).sum();
        try (Progress progress = engine.listener().begin("held-out loss, " + subject.name, "tokens", tokens)) {
            return HeldOutLoss.of(open.model(), heldOut.samples, progress::advance);
        }
    }

    private List<Comparison.Text> texts(OpenModel open, Tokenizer tokenizer) {
        return settings.prompts().stream()
                .map(prompt -> new Comparison.Text(prompt, text(open, tokenizer, prompt)))
                .toList();
    }

    private String text(OpenModel open, Tokenizer tokenizer, String begun) {
        int[] prompt = tokenizer.encode(begun, true);
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
    private List<Speeds> speeds(List<OpenModel> open) {
        try (SpeedTurns turns = new SpeedTurns()) {
            for (int i = 0; i < looks.size(); i++) {
                Look look = looks.get(i);
                Model model = open.get(i).model();
                turns.add(look.subject.name, "reading", Speed.reading(model, look.use.promptTokens, settings.seed()));
                turns.add(look.subject.name, "writing", Speed.writing(model, look.use.newTokens, settings.seed()));
            }
            return turns.measure(WARM_UP_SECONDS, settings.repetitions(), "speed", engine.listener());
        }
    }
}
