package org.espalier.report;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.espalier.importance.ScoresFile;
import org.espalier.plan.Plan;

/**
 * A run on record: the same measurements of a model at every stage of it, and what happened in between. What was not
 * measured or did not happen is null, or empty for lists and maps.
 *
 * @param title         of the page
 * @param circumstances in which this was measured
 * @param prompt        that the stages' texts continue
 * @param stages        in order, for example dense, pruned, recovered; the first is what changes are counted from
 * @param widths        of the layers of the model before pruning
 * @param training      how the model was trained back
 * @param plan          what was kept
 * @param scores        what the plan was made from
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Comparison(
        @JsonProperty(value = "format_version", required = true)
        int formatVersion,

        @JsonProperty(value = "title", required = true) String title,
        @JsonUnwrapped Circumstances circumstances,
        @JsonProperty("prompt") String prompt,
        @JsonProperty(value = "stages", required = true) List<Stage> stages,
        @JsonProperty("widths") List<Widths> widths,
        @JsonProperty("training") Training training,
        @JsonProperty("plan") Plan plan,
        @JsonProperty("scores") ScoresFile scores) {

    /** The version that is written, and the only one that is read. */
    public static final int FORMAT_VERSION = 1;

    public Comparison {
        Objects.requireNonNull(title, "the title is missing");
        stages = list("stages", stages);
        widths = list("widths", widths);
    }

    /**
     * What a run was of, what it was made by, and how.
     *
     * @param model     name of the model
     * @param device    that computed, for example {@code cpu}
     * @param cpu       name of the processor
     * @param threads   that computed
     * @param command   that made this, as it was typed
     * @param protocols how this was measured, as far as it is not said by a measure: notes by name
     * @param seconds   that each step took, by its name
     * @param hashes    SHA-256 of models, data and the plan, by name
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Circumstances(
            @JsonProperty("model") String model,
            @JsonProperty("device") String device,
            @JsonProperty("cpu") String cpu,
            @JsonProperty("threads") Integer threads,
            @JsonProperty("command") String command,
            @JsonProperty("protocols") Map<String, String> protocols,
            @JsonProperty("seconds") Map<String, Double> seconds,

            @JsonProperty("hashes") @JsonInclude(JsonInclude.Include.NON_EMPTY)
            Map<String, String> hashes) {

        public Circumstances {
            protocols = copy(protocols);
            seconds = copy(seconds);
            hashes = copy(hashes);
        }

        /** Of a model that nothing else is known about than these notes. */
        static Circumstances of(String model, Map<String, String> notes) {
            return new Circumstances(model, null, null, null, null, notes, null, null);
        }
    }

    /**
     * One model, measured.
     *
     * @param name     for example {@code dense}
     * @param folder   where it lies
     * @param measures of it, each name once
     * @param text     continuation of the comparison's prompt, without the prompt
     * @param texts    continuations of further prompts
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Stage(
            @JsonProperty(value = "name", required = true) String name,
            @JsonProperty("folder") String folder,
            @JsonProperty("measures") List<Measure> measures,
            @JsonProperty("text") String text,

            @JsonProperty("texts") @JsonInclude(JsonInclude.Include.NON_EMPTY)
            List<Text> texts) {

        public Stage {
            Objects.requireNonNull(name, "a stage has no name");
            measures = list("measures", measures);
            texts = list("texts", texts);
            Set<String> names = new HashSet<>();
            for (Measure measure : measures) {
                if (!names.add(measure.name())) {
                    throw new IllegalArgumentException("a stage has two measures named '" + measure.name() + "'");
                }
            }
        }

        /** A model that continued one prompt at most. */
        public Stage(String name, String folder, List<Measure> measures, String text) {
            this(name, folder, measures, text, null);
        }

        /** What was measured as this; empty if it was not, or was not finite. */
        public Optional<Double> value(StandardMeasure standard) {
            return measures.stream().filter(standard::is).findFirst().map(Measure::value);
        }
    }

    /**
     * What a model wrote.
     *
     * @param prompt that it continued
     * @param text   without the prompt
     */
    public record Text(
            @JsonProperty(value = "prompt", required = true) String prompt,
            @JsonProperty(value = "text", required = true) String text) {

        public Text {
            Objects.requireNonNull(prompt, "a text has no prompt");
            Objects.requireNonNull(text, "a prompt has no text");
        }
    }

    /**
     * Units of one layer before pruning.
     *
     * @param layer   its number
     * @param heads   query heads
     * @param kvHeads key/value heads
     * @param neurons of the MLP
     */
    public record Widths(
            @JsonProperty(value = "layer", required = true) int layer,
            @JsonProperty(value = "heads", required = true) int heads,

            @JsonProperty(value = "kv_heads", required = true)
            int kvHeads,

            @JsonProperty(value = "neurons", required = true)
            int neurons) {}

    /**
     * How a model was trained back.
     *
     * @param steps           of the optimiser
     * @param keptStep        after which the model was as it is kept; null in the files of earlier versions, which kept the last
     * @param learningRate    the highest
     * @param samples         trained on
     * @param losses          mean loss on the samples of a step
     * @param heldOut         what samples said that were not trained on
     * @param seconds         it took
     * @param tokensPerSecond trained on
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Training(
            @JsonProperty(value = "steps", required = true) int steps,
            @JsonProperty("kept_step") Integer keptStep,
            @JsonProperty("learning_rate") Double learningRate,
            @JsonProperty("samples") Integer samples,
            @JsonProperty("losses") List<Point> losses,
            @JsonUnwrapped HeldOut heldOut,
            @JsonProperty("seconds") Double seconds,
            @JsonProperty("tokens_per_second") Double tokensPerSecond) {

        public Training {
            losses = list("losses", losses);
            heldOut = heldOut == null ? new HeldOut(null, null, null) : heldOut;
            learningRate = finite(learningRate);
            seconds = finite(seconds);
            tokensPerSecond = finite(tokensPerSecond);
        }

        /** Without a teacher, kept as it was at the end. */
        public Training(
                int steps,
                Double learningRate,
                Integer samples,
                List<Point> losses,
                List<Point> evalLosses,
                Double seconds,
                Double tokensPerSecond) {
            this(
                    steps,
                    null,
                    learningRate,
                    samples,
                    losses,
                    new HeldOut(evalLosses, null, null),
                    seconds,
                    tokensPerSecond);
        }

        /** Mean loss on held-out samples after so many steps. */
        public List<Point> evalLosses() {
            return heldOut.losses();
        }

        /** The held-out loss of what was kept; empty if nothing was held out. */
        public Optional<Point> kept() {
            return keptStep == null
                    ? evalLosses().reversed().stream().findFirst()
                    : evalLosses().stream().filter(p -> p.step() == keptStep).findFirst();
        }
    }

    /**
     * What samples said that were not trained on, after so many steps.
     *
     * @param losses         that training lessens, means
     * @param divergences    from a teacher's predictions; empty without a teacher
     * @param crossEntropies of the texts' own tokens; empty without a teacher, where they are the losses
     */
    public record HeldOut(
            @JsonProperty("eval_losses") List<Point> losses,

            @JsonProperty("eval_divergences") @JsonInclude(JsonInclude.Include.NON_EMPTY)
            List<Point> divergences,

            @JsonProperty("eval_cross_entropies") @JsonInclude(JsonInclude.Include.NON_EMPTY)
            List<Point> crossEntropies) {

        public HeldOut {
            losses = list("eval losses", losses);
            divergences = list("eval divergences", divergences);
            crossEntropies = list("eval cross-entropies", crossEntropies);
        }
    }

    /**
     * The loss at a step.
     *
     * @param step counted from 1; 0 is before training
     * @param loss in nats a token; null if it was not finite
     */
    public record Point(
            @JsonProperty(value = "step", required = true) int step,
            @JsonProperty("loss") Double loss) {

        public Point {
            loss = finite(loss);
        }
    }

    /** JSON has no word for what is not finite. */
    private static Double finite(Double value) {
        return value == null || !Double.isFinite(value) ? null : value;
    }

    private static <E> List<E> list(String elements, List<E> list) {
        if (list == null) {
            return List.of();
        }
        list.forEach(element -> Objects.requireNonNull(element, () -> "one of the " + elements + " is null"));
        return List.copyOf(list);
    }

    /** In the given order, so that equal records give equal files. */
    private static <V> Map<String, V> copy(Map<String, V> map) {
        if (map != null) {
            map.forEach((key, value) -> Objects.requireNonNull(value, () -> "'" + key + "' has no value"));
        }
        return map == null ? Map.of() : Collections.unmodifiableMap(new LinkedHashMap<>(map));
    }
}
