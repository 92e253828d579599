package org.espalier.job;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Stream;
import org.espalier.format.PeftAdapter;
import org.espalier.model.Adapter;
import org.espalier.model.Architectures;
import org.espalier.model.LoraConfig;
import org.espalier.model.ModelConfig;
import org.espalier.model.Targets;
import org.espalier.tensor.DType;
import org.espalier.tune.ExampleFormat;
import org.espalier.tune.Mixture;
import org.espalier.tune.RecordFields;
import org.espalier.tune.TrainingSettings;
import org.espalier.tune.TuningSettings;

/** What a model is trained back on, and how: a recipe, and what is to differ from it. */
public final class TuneSettings extends Settings<TuneSettings> {

    private List<DataFile> data = List.of();
    private Optional<ExampleFormat> format = Optional.empty();
    private RecordFields fields = RecordFields.AS_USUAL;
    private boolean skipBroken;
    private int maxSamples = Integer.MAX_VALUE;
    private OptionalLong maxTokens = OptionalLong.empty();
    private Optional<Boolean> pack = Optional.empty();
    private Recipe recipe = Recipe.STANDARD;
    private boolean full;
    private Optional<DType> dtype = Optional.empty();
    private OptionalInt rank = OptionalInt.empty();
    private OptionalDouble alpha = OptionalDouble.empty();
    private boolean rankStabilised;
    private boolean decomposed;
    private List<String> targets = List.of();
    private Optional<Path> start = Optional.empty();
    private OptionalDouble dropout = OptionalDouble.empty();
    private Optional<Boolean> norms = Optional.empty();
    private OptionalInt epochs = OptionalInt.empty();
    private OptionalInt batch = OptionalInt.empty();
    private OptionalInt microBatch = OptionalInt.empty();
    private OptionalDouble learningRate = OptionalDouble.empty();
    private OptionalInt warmUp = OptionalInt.empty();
    private OptionalInt cutoff = OptionalInt.empty();
    private OptionalInt heldOut = OptionalInt.empty();
    private OptionalInt evaluateEvery = OptionalInt.empty();
    private OptionalInt patience = OptionalInt.empty();
    private OptionalInt saveEvery = OptionalInt.empty();
    private boolean resume;
    private Optional<Path> teacher = Optional.empty();
    private boolean untaught;
    private double distilWeight = 1;
    private long seed = SEED;

    private TuneSettings() {}

    /** Every text of a file that is still to be named, by {@link Recipe#STANDARD}. */
    public static TuneSettings defaults() {
        return new TuneSettings();
    }

    /** Every text of a file, by {@link Recipe#STANDARD}. */
    public static TuneSettings on(Path texts) {
        return defaults().texts(texts);
    }

    /** The only file with texts to learn from. */
    public TuneSettings texts(Path file) {
        return data(List.of(DataFile.of(file)));
    }

    /** The files with texts to learn from, each with its share of the tokens if there are several. */
    public TuneSettings data(List<DataFile> files) {
        return with(copy -> copy.data = List.copyOf(files));
    }

    /**
     * The files with texts to learn from.
     *
     * @throws IllegalStateException if none was named
     */
    public List<DataFile> data() {
        if (data.isEmpty()) {
            throw new IllegalStateException("there are no texts to learn from: name a file with texts(Path)");
        }
        return data;
    }

    /** Whether there is a file with texts to learn from; else a teacher writes them. */
    boolean textsGiven() {
        return !data.isEmpty();
    }

    /** Where the texts to learn from lie. */
    public List<Path> texts() {
        return data().stream().map(DataFile::path).toList();
    }

    /** How every file holds its texts. */
    public TuneSettings format(ExampleFormat format) {
        return with(copy -> copy.format = Optional.of(format));
    }

    /** How a file holds its texts; as its name suggests if nothing was set. */
    public ExampleFormat format(Path file) {
        return format.orElseGet(() -> ExampleFormat.of(file));
    }

    /** Whether the format was set, so that files are read in it whatever their names suggest. */
    boolean formatIsSet() {
        return format.isPresent();
    }

    /** Which fields of JSON records hold what is learned, where they do not have their usual names. */
    public TuneSettings fields(RecordFields fields) {
        return with(copy -> copy.fields = fields);
    }

    /** Which fields of JSON records hold what is learned. */
    public RecordFields fields() {
        return fields;
    }

    /** Whether records that cannot be read are left out and counted; else the first one ends the work. */
    public TuneSettings skipBroken(boolean skip) {
        return with(copy -> copy.skipBroken = skip);
    }

    /** Whether records that cannot be read are left out. */
    public boolean skipBroken() {
        return skipBroken;
    }

    /** Samples to train on at most, drawn by the seed. */
    public TuneSettings maxSamples(int samples) {
        atLeast(1, "maxSamples", samples);
        return with(copy -> copy.maxSamples = samples);
    }

    /** Samples to train on at most, drawn by the seed. */
    public int maxSamples() {
        return maxSamples;
    }

    /** Tokens to train on at most, however often each is seen. */
    public TuneSettings maxTokens(long tokens) {
        within(1, (double) Long.MAX_VALUE, "maxTokens", (double) tokens);
        return with(copy -> copy.maxTokens = OptionalLong.of(tokens));
    }

    /** Tokens to train on at most. */
    public OptionalLong maxTokens() {
        return maxTokens.isPresent() ? maxTokens : numbers().maxTokens();
    }

    /**
     * Whether batch sizes count sequences of {@link #cutoff} tokens, filled with samples that do not see each other, so that
     * every update holds as many tokens; else they count samples.
     */
    public TuneSettings pack(boolean pack) {
        return with(copy -> copy.pack = Optional.of(pack));
    }

    /** Whether samples are packed; if it is not set, they are where every token counts, and where files have shares of them. */
    public boolean pack() {
        return pack.orElse(teacher.isPresent() || data.size() > 1);
    }

    /** Where numbers that are not set come from. */
    public TuneSettings recipe(Recipe recipe) {
        return with(copy -> copy.recipe = recipe);
    }

    /** Where numbers that are not set come from. */
    public Recipe recipe() {
        return recipe;
    }

    private Recipe.Numbers numbers() {
        return teacher.isPresent() ? recipe.taught() : recipe.texts();
    }

    /** The model whose predictions are learned: a checkpoint folder or a GGUF file. Every token counts then. */
    public TuneSettings teacher(Path model) {
        return with(copy -> {
            copy.teacher = Optional.of(model);
            copy.untaught = false;
        });
    }

    /** Learns from the texts' own tokens alone, also where a dense model is at hand. */
    public TuneSettings untaught() {
        return with(copy -> {
            copy.teacher = Optional.empty();
            copy.untaught = true;
        });
    }

    /** The same with a dense model that is at hand as teacher, unless something else was said, or LLM-Pruner had none. */
    TuneSettings taughtWherePossible(Path dense) {
        return untaught || teacher.isPresent() || recipe.equals(Recipe.LLM_PRUNER) ? this : teacher(dense);
    }

    /** The model whose predictions are learned. */
    public Optional<Path> teacher() {
        return teacher;
    }

    /** What the divergence from the teacher counts, from 0 to 1; the rest is the loss of the text's own tokens. */
    public TuneSettings distilWeight(double share) {
        within(0, 1, "distilWeight", share);
        return with(copy -> copy.distilWeight = share);
    }

    /** What the divergence from the teacher counts. */
    public double distilWeight() {
        return distilWeight;
    }

    /** Whether all weights are trained, which ends in a model; else adapters beside them are. */
    public TuneSettings full(boolean full) {
        return with(copy -> copy.full = full);
    }

    /** Whether all weights are trained. */
    public boolean full() {
        return full;
    }

    /** The type that trained weights are stored in; if none is set, that of the model as far as the form has it. */
    public TuneSettings dtype(DType type) {
        return with(copy -> copy.dtype = Optional.of(type));
    }

    /** The type that trained weights are stored in. */
    public Optional<DType> dtype() {
        return dtype;
    }

    /** Rank of the adapters. */
    public TuneSettings rank(int rank) {
        atLeast(1, "rank", rank);
        return with(copy -> copy.rank = OptionalInt.of(rank));
    }

    /** Scale of the adapters, divided by the rank. */
    public TuneSettings alpha(double alpha) {
        aboveZero("alpha", alpha);
        return with(copy -> copy.alpha = OptionalDouble.of(alpha));
    }

    /** Whether the scale is divided by the rank's root instead (rsLoRA). */
    public TuneSettings rankStabilised(boolean stabilised) {
        return with(copy -> copy.rankStabilised = stabilised);
    }

    /** Whether the lengths of the rows of what is adapted are learned as well (DoRA). */
    public TuneSettings decomposed(boolean decomposed) {
        return with(copy -> copy.decomposed = decomposed);
    }

    /**
     * The projections that have adapters beside them: the last parts of their names, where {@code *} stands for anything within a
     * part, such as {@code q_proj} and {@code layers.*.mlp.*}. If none are set, all have.
     */
    public TuneSettings targets(List<String> patterns) {
        return with(copy -> copy.targets = List.copyOf(patterns));
    }

    /** The projections that have adapters beside them; if empty, all. */
    public List<String> targets() {
        return targets;
    }

    /** The adapter to go on from, in PEFT's form: rank, scale and targets are its own. */
    public TuneSettings start(Path adapter) {
        return with(copy -> copy.start = Optional.of(adapter));
    }

    /** The adapter to go on from. */
    public Optional<Path> start() {
        return start;
    }

    /** Share of the adapters' inputs that is left out while training. */
    public TuneSettings dropout(double share) {
        within(0, 0.95, "dropout", share);
        return with(copy -> copy.dropout = OptionalDouble.of(share));
    }

    private double dropout() {
        return dropout.orElse(numbers().adapters().dropout());
    }

    /** How often every sample is seen. */
    public TuneSettings epochs(int epochs) {
        atLeast(1, "epochs", epochs);
        return with(copy -> copy.epochs = OptionalInt.of(epochs));
    }

    /** Samples of an update. */
    public TuneSettings batchSize(int samples) {
        atLeast(1, "batchSize", samples);
        return with(copy -> copy.batch = OptionalInt.of(samples));
    }

    /** Samples computed at once; it changes memory and speed. */
    public TuneSettings microBatchSize(int samples) {
        atLeast(1, "microBatchSize", samples);
        return with(copy -> copy.microBatch = OptionalInt.of(samples));
    }

    /** The highest learning rate. */
    public TuneSettings learningRate(double rate) {
        aboveZero("learningRate", rate);
        return with(copy -> copy.learningRate = OptionalDouble.of(rate));
    }

    /** Updates until the highest learning rate. */
    public TuneSettings warmUp(int updates) {
        atLeast(0, "warmUp", updates);
        return with(copy -> copy.warmUp = OptionalInt.of(updates));
    }

    /** Tokens of a sample at most: one to read and one to learn at least. */
    public TuneSettings cutoff(int tokens) {
        atLeast(2, "cutoff", tokens);
        return with(copy -> copy.cutoff = OptionalInt.of(tokens));
    }

    /** Tokens of a sample at most. */
    public int cutoff() {
        return cutoff.orElse(numbers().cutoff());
    }

    /** Texts to measure on instead of training. */
    public TuneSettings heldOut(int texts) {
        atLeast(0, "heldOut", texts);
        return with(copy -> copy.heldOut = OptionalInt.of(texts));
    }

    /** Texts to measure on instead of training; if empty, a part of those that are used. */
    public OptionalInt heldOut() {
        return heldOut.isPresent() ? heldOut : numbers().looks().heldOut();
    }

    /** Updates between two measurements on texts that are held out. */
    public TuneSettings evaluateEvery(int updates) {
        atLeast(1, "evaluateEvery", updates);
        return with(copy -> copy.evaluateEvery = OptionalInt.of(updates));
    }

    /** Ends training when so many measurements brought no lower held-out loss; without it, training goes on to its end. */
    public TuneSettings patience(int measurements) {
        atLeast(1, "patience", measurements);
        return with(copy -> copy.patience = OptionalInt.of(measurements));
    }

    /** Leaves the adapter so far at its place every so many updates, to go on from. */
    public TuneSettings saveEvery(int updates) {
        atLeast(1, "saveEvery", updates);
        return with(copy -> copy.saveEvery = OptionalInt.of(updates));
    }

    /** Whether the adapter is to be left as it is after so many updates. */
    boolean savesAfter(int updates) {
        return saveEvery.isPresent() && updates % saveEvery.getAsInt() == 0;
    }

    /** Whether to go on from what {@link #saveEvery} left, to the same adapter as if nothing had come between. */
    public TuneSettings resume(boolean resume) {
        return with(copy -> copy.resume = resume);
    }

    /** Whether to go on from what was left. */
    public boolean resume() {
        return resume;
    }

    /** Whether the adapter may stand at its place already, or comes to stand there before the training is over. */
    boolean replaces() {
        return resume || saveEvery.isPresent();
    }

    /** Of the samples that are drawn, of fresh adapters, of order and dropout. */
    public TuneSettings seed(long seed) {
        return with(copy -> copy.seed = seed);
    }

    /** Of everything random. */
    public long seed() {
        return seed;
    }

    /** Whether the weights of norms are trained beside the adapters. */
    public TuneSettings norms(boolean norms) {
        return with(copy -> copy.norms = Optional.of(norms));
    }

    /** Whether the weights of norms are trained beside the adapters. */
    public boolean norms() {
        return norms.orElse(numbers().adapters().norms());
    }

    /** Fresh adapters of a model that are trained. */
    LoraConfig lora(ModelConfig model) {
        return new LoraConfig(
                rank.orElse(numbers().adapters().rank()),
                new LoraConfig.Scaling(alpha.orElse(numbers().adapters().alpha()), rankStabilised, decomposed),
                dropout(),
                targets.isEmpty() ? Set.copyOf(Architectures.adapterTargets()) : Targets.of(model, targets),
                norms() ? Adapter.norms(model) : Set.of());
    }

    /** An adapter that is gone on from, as it is trained. */
    LoraConfig lora(ModelConfig model, PeftAdapter adapter) {
        LoraConfig begun = Adapter.config(model, adapter);
        Set<String> saved = new HashSet<>(begun.saved());
        if (norms.orElse(false)) {
            saved.addAll(Adapter.norms(model));
        }
        return new LoraConfig(begun.rank(), begun.scaling(), dropout(), begun.targets(), saved);
    }

    /** How samples are divided into updates and looks, whatever memory there is. */
    TuningSettings training() {
        return training(Long.MAX_VALUE);
    }

    /** @param activationBytes see {@link TuningSettings} */
    TuningSettings training(long activationBytes) {
        double peak = learningRate.orElse(
                full ? numbers().rate().full() : numbers().rate().adapters());
        TuningSettings training = new TuningSettings(
                epochs.orElse(numbers().epochs()),
                batch.orElse(numbers().batch()),
                microBatch.orElse(numbers().microBatch()),
                new TuningSettings.Rate(
                        peak,
                        warmUp.isPresent() ? warmUp : numbers().warmUp(),
                        full ? TuningSettings.Fall.COSINE : numbers().rate().fall()),
                full ? TrainingSettings.allWeights() : TrainingSettings.plain(),
                evaluateEvery.isPresent() ? evaluateEvery : numbers().looks().every(),
                patience,
                activationBytes,
                seed);
        return training;
    }

    /** How much of the texts is drawn. */
    Mixture.Limits limits() {
        return new Mixture.Limits(
                maxSamples, maxTokens(), heldOut(), epochs.orElse(numbers().epochs()));
    }

    /** Of the tokens trained on what a file gives; what does not quite add up to 1, as thirds do, is made to. */
    double share(DataFile file) {
        return files().share(file);
    }

    private SharedFiles files() {
        return new SharedFiles("--data", data);
    }

    private Optional<String> complaintAboutTexts() {
        return data.isEmpty() && teacher.isEmpty()
                ? Optional.of(
                        "give texts to learn from with --data FILE, or a --teacher MODEL, which writes them itself")
                : Optional.empty();
    }

    @Override
    public Optional<String> complaint() {
        return complaintAboutTexts()
                .or(() -> files().missing())
                .or(() -> files().complaint())
                .or(this::complaintAboutWeights);
    }

    private Optional<String> complaintAboutWeights() {
        if (full && recipe.equals(Recipe.LLM_PRUNER)) {
            return Optional.of("--full does not go with --recipe llm-pruner, whose numbers are for adapters");
        }
        if (dtype.isPresent() && !full) {
            return Optional.of("--dtype is for trained weights (--full): adapters are float32");
        }
        Optional<String> shape = Stream.of(
                        named(rank.isPresent(), "--rank"),
                        named(alpha.isPresent(), "--alpha"),
                        named(rankStabilised, "--rslora"),
                        named(decomposed, "--dora"),
                        named(!targets.isEmpty(), "--targets"))
                .flatMap(Optional::stream)
                .findFirst();
        if (start.isPresent() && full) {
            return Optional.of("--adapter does not go with --full: merge the adapter first");
        }
        if (start.isPresent() && shape.isPresent()) {
            return Optional.of(shape.get() + " does not go with --adapter, which has its own");
        }
        return full && shape.isPresent()
                ? Optional.of(shape.get() + " is for adapters; with --full there are none")
                : Optional.empty();
    }

    private static Optional<String> named(boolean given, String option) {
        return given ? Optional.of(option) : Optional.empty();
    }
}
