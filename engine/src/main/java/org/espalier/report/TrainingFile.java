package org.espalier.report;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.espalier.error.Failure;
import org.espalier.file.Json;
import org.espalier.file.Sha256;
import org.espalier.report.Comparison.Point;
import org.espalier.report.Comparison.Training;
import org.espalier.tensor.DType;
import org.espalier.tune.Look;
import org.espalier.tune.TrainingData;
import org.espalier.tune.Tuning;
import org.espalier.tune.TuningSettings;

/**
 * {@code training.json}, beside an adapter: how it was trained.
 *
 * @param model    that it belongs to
 * @param data     it was trained on
 * @param settings it was trained with
 * @param teacher  whose predictions it learned; null if none
 * @param computer that computed; null in the files of earlier versions
 * @param hashes   by which what it was made from is known again; null in the files of earlier versions
 * @param training how that went
 */
public record TrainingFile(
        @JsonProperty(value = "format_version", required = true)
        int formatVersion,

        @JsonProperty("model") String model,
        @JsonProperty("data") Data data,
        @JsonProperty("settings") Settings settings,

        @JsonInclude(JsonInclude.Include.NON_NULL) @JsonProperty("teacher")
        Teaching teacher,

        @JsonInclude(JsonInclude.Include.NON_NULL) @JsonProperty("computer")
        Computer computer,

        @JsonInclude(JsonInclude.Include.NON_NULL) @JsonProperty("hashes")
        Hashes hashes,

        @JsonProperty(value = "training", required = true) Training training) {

    /** The name of the file in an adapter's folder. */
    public static final String NAME = "training.json";
    /** The version that is written, and the only one that is read. */
    public static final int FORMAT_VERSION = 1;

    private static final ObjectMapper MAPPER = new ObjectMapper();

    /**
     * Texts, and what became of them.
     *
     * @param path    file; of several the names
     * @param sha256  of its bytes; of several as {@link Sha256#ofFiles} has it
     * @param format  it was read as
     * @param samples trained on
     * @param tokens  of those
     * @param heldOut samples that were not trained on
     * @param empty   texts left out because there is no answer in them
     * @param tooLong texts left out because their prompt fills the cutoff
     * @param sources where there are several files, each by itself; else null
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Data(
            @JsonProperty("path") String path,
            @JsonProperty("sha256") String sha256,
            @JsonProperty("format") String format,
            @JsonProperty("samples") int samples,
            @JsonProperty("tokens") long tokens,
            @JsonProperty("held_out") int heldOut,
            @JsonProperty("skipped_empty") int empty,
            @JsonProperty("skipped_too_long") int tooLong,
            @JsonProperty("sources") List<Source> sources) {

        public Data {
            sources = sources == null ? null : List.copyOf(sources);
        }

        /** The data of a training from files. */
        public static Data of(List<Source> sources, TrainingData data) {
            return new Data(
                    joined(sources, ", ", Source::path),
                    sources.size() == 1
                            ? sources.getFirst().sha256()
                            : Sha256.ofTexts(List.of(joined(sources, "", s -> s.sha256() + "  " + s.path() + "\n"))),
                    joined(sources, ", ", Source::format),
                    data.training().size(),
                    data.tokens(),
                    data.heldOut().size(),
                    data.skipped().empty(),
                    data.skipped().tooLong(),
                    sources.size() == 1 ? null : sources);
        }

        private static String joined(List<Source> sources, String between, Function<Source, String> part) {
            return sources.stream().map(part).distinct().collect(Collectors.joining(between));
        }
    }

    /**
     * A file of several.
     *
     * @param path    its name
     * @param sha256  of its bytes
     * @param format  it was read as
     * @param share   of the tokens trained on, as far as it was asked for
     * @param samples of it that were trained on
     * @param tokens  trained on, each as often as it was seen
     */
    public record Source(
            @JsonProperty("path") String path,
            @JsonProperty("sha256") String sha256,
            @JsonProperty("format") String format,
            @JsonProperty("share") double share,
            @JsonProperty("samples") int samples,
            @JsonProperty("tokens") long tokens) {}

    /**
     * What was asked for.
     *
     * @param recipe that numbers not given came from
     * @param lora   the adapters; {@link AdapterSizes#NONE} where all weights were trained
     * @param rate   of learning
     * @param batches that are learned
     * @param looks  at held-out samples
     * @param dtype  that trained weights are stored in; null if it was not given
     * @param seed   of everything random
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Settings(
            @JsonProperty("recipe") String recipe,
            @JsonUnwrapped AdapterSizes lora,
            @JsonUnwrapped Rate rate,
            @JsonUnwrapped Batches batches,
            @JsonUnwrapped Looks looks,
            @JsonProperty("dtype") String dtype,
            @JsonProperty("seed") long seed) {

        /** As they were given; the number of updates, {@code steps}, says how many of them warm up. */
        public static Settings of(
                String recipe,
                AdapterSizes lora,
                TuningSettings settings,
                int steps,
                Batches batches,
                Optional<DType> dtype) {
            return new Settings(
                    recipe,
                    lora,
                    new Rate(settings.rate().peak(), settings.rate().warmUp(steps)),
                    batches,
                    new Looks(
                            settings.evaluateEvery(steps),
                            settings.patience().isPresent()
                                    ? settings.patience().getAsInt()
                                    : null),
                    dtype.map(DType::toString).orElse(null),
                    settings.seed());
        }

        /** The first setting that is another one in {@code other}, with both, as words; empty if none is. */
        public Optional<String> difference(Settings other) {
            JsonNode here = MAPPER.valueToTree(this);
            JsonNode there = MAPPER.valueToTree(other);
            Set<String> names = new LinkedHashSet<>();
            here.fieldNames().forEachRemaining(names::add);
            there.fieldNames().forEachRemaining(names::add);
            return names.stream()
                    .filter(name -> !here.path(name).equals(there.path(name)))
                    .findFirst()
                    .map(name -> "%s: %s there, %s now".formatted(name, shown(there, name), shown(here, name)));
        }

        private static String shown(JsonNode settings, String name) {
            return settings.has(name) ? settings.get(name).toString() : "none";
        }
    }

    /**
     * The learning rate.
     *
     * @param peak   the highest
     * @param warmUp updates until it is reached
     */
    public record Rate(
            @JsonProperty("learning_rate") double peak,
            @JsonProperty("warm_up") int warmUp) {}

    /**
     * What is learned at once.
     *
     * @param epochs how often every sample is seen
     * @param batch  samples of an update
     * @param micro  samples computed at once
     * @param cutoff tokens of a sample
     * @param packed whether the two before count sequences of as many tokens, filled with samples; null where they count samples
     * @param most   tokens trained on at most; null where there was no limit
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Batches(
            @JsonProperty("epochs") int epochs,
            @JsonProperty("batch_size") int batch,
            @JsonProperty("micro_batch_size") int micro,
            @JsonProperty("cutoff") int cutoff,
            @JsonProperty("pack") Boolean packed,
            @JsonProperty("max_tokens") Long most) {

        /** As they were given. */
        public static Batches of(TuningSettings settings, TrainingData data, int cutoff) {
            return new Batches(
                    settings.epochs(),
                    settings.batch(),
                    settings.microBatch(),
                    cutoff,
                    data.packed().isPresent() ? true : null,
                    data.mostTokens().isPresent() ? data.mostTokens().getAsLong() : null);
        }
    }

    /**
     * Looks at held-out samples; both are null in the files of earlier versions.
     *
     * @param every    updates between two
     * @param patience without a lower loss after which training ends; null if it goes on to its end
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Looks(
            @JsonProperty("eval_every") Integer every,
            @JsonProperty("patience") Integer patience) {}

    /**
     * What was learned beside texts.
     *
     * @param model  whose predictions were learned
     * @param sha256 of its configuration and samples of its weights, as {@link Sha256#ofSamples} takes them
     * @param weight of the divergence from them in the loss; the rest is the loss of the texts' own tokens
     */
    public record Teaching(
            @JsonProperty("model") String model,
            @JsonProperty("sha256") String sha256,
            @JsonProperty("weight") double weight) {

        /** Whether a training follows from the same predictions, wherever their model lies. */
        boolean sameAs(Teaching other) {
            return other != null && sha256.equals(other.sha256) && weight == other.weight;
        }
    }

    /**
     * Of what a training follows from, and of what an unfinished one left, each SHA-256 in hexadecimal.
     *
     * @param model     of the configuration and samples of the weights, as {@link Sha256#ofSamples} takes them
     * @param samples   of the tokens that are read and predicted, in order
     * @param adapter   of the file of what an unfinished training has learned so far; null once it is finished
     * @param optimizer of the file of its optimizer; null as well
     * @param metrics   of {@link MetricsFile}; null as well
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Hashes(
            @JsonProperty("model") String model,
            @JsonProperty("samples") String samples,
            @JsonProperty("adapter") String adapter,
            @JsonProperty("optimizer") String optimizer,
            @JsonProperty("metrics") String metrics) {

        /** With those of what an unfinished training left. */
        public Hashes left(String adapter, String optimizer, String metrics) {
            return new Hashes(model, samples, adapter, optimizer, metrics);
        }
    }

    /**
     * What a training follows from: equal hashes and settings give equal adapters, wherever the files lie.
     *
     * @param model    see {@link TrainingFile#model}
     * @param data     see {@link TrainingFile#data}
     * @param settings see {@link TrainingFile#settings}
     * @param teacher  see {@link TrainingFile#teacher}
     * @param computer see {@link TrainingFile#computer}
     * @param hashes   see {@link TrainingFile#hashes}
     */
    public record Origin(
            String model, Data data, Settings settings, Teaching teacher, Computer computer, Hashes hashes) {

        /** The same, with the hashes of what was left. */
        public Origin with(Hashes left) {
            return new Origin(model, data, settings, teacher, computer, left);
        }

        /** Whether this training learns from the same predictions as another, or both from none. */
        public boolean taughtAs(TrainingFile other) {
            return teacher == null ? other.teacher() == null : teacher.sameAs(other.teacher());
        }
    }

    public TrainingFile {
        if (training == null) {
            throw new IllegalArgumentException("training is null");
        }
    }

    /** A training in the present version of the file. */
    public TrainingFile(Origin origin, Training training) {
        this(
                FORMAT_VERSION,
                origin.model(),
                origin.data(),
                origin.settings(),
                origin.teacher(),
                origin.computer(),
                origin.hashes(),
                training);
    }

    /** A training as comparisons and this file hold it. */
    public static Training training(Tuning.Result result, TuningSettings settings, int samples) {
        List<Look> looks = result.history().looks();
        return new Training(
                result.steps(),
                result.keptStep(),
                settings.rate().peak(),
                samples,
                result.history().updates().stream()
                        .map(u -> new Point(u.step(), u.loss()))
                        .toList(),
                new Comparison.HeldOut(
                        looks.stream().map(l -> new Point(l.step(), l.loss())).toList(),
                        points(looks, Look::divergence),
                        points(looks, Look::crossEntropy)),
                result.seconds(),
                result.tokensPerSecond());
    }

    private static List<Point> points(List<Look> looks, Function<Look, OptionalDouble> figure) {
        return looks.stream()
                .filter(look -> figure.apply(look).isPresent())
                .map(look -> new Point(look.step(), figure.apply(look).getAsDouble()))
                .toList();
    }

    /**
     * Reads the file in an adapter's folder.
     *
     * @throws Failure if it is missing, or not one of this version
     */
    public static TrainingFile read(Path folder) {
        Path file = folder.resolve(NAME);
        TrainingFile read = ComparisonFile.read(file, TrainingFile.class, "record of a training");
        if (read.formatVersion() != FORMAT_VERSION) {
            throw new Failure(
                    "record of a training has format version " + read.formatVersion(),
                    file.toString(),
                    "train again; this engine reads version " + FORMAT_VERSION);
        }
        return read;
    }

    /** Writes {@link #NAME} into a folder that is itself written aside. */
    public void writeInto(Path folder) throws IOException {
        Files.write(folder.resolve(NAME), Json.toBytes(MAPPER.valueToTree(this)));
    }
}
