package org.espalier.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.espalier.job.DataFile;
import org.espalier.job.Recipe;
import org.espalier.job.TuneSettings;
import org.espalier.tune.ExampleFormat;
import org.espalier.tune.RecordFields;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** What a model is trained back on, and how: a recipe, and what is to differ from it. */
@Section(Topic.TRAINING)
final class TuneOptions {

    static final class RecipeName implements ITypeConverter<Recipe> {
        @Override
        public Recipe convert(String value) {
            return RECIPES.stream()
                    .filter(recipe -> recipe.name().equals(value))
                    .findFirst()
                    .orElseThrow(() -> new TypeConversionException("'" + value + "' is not known; "
                            + RECIPES.stream().map(Recipe::name).collect(Collectors.joining(", ")) + " are"));
        }
    }

    static final class SharedFile implements ITypeConverter<DataFile> {
        @Override
        public DataFile convert(String value) {
            try {
                return DataFile.parse(value);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }

    static final class FieldNames implements ITypeConverter<RecordFields> {
        @Override
        public RecordFields convert(String value) {
            try {
                return RecordFields.parse(value);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }

    private static final List<Recipe> RECIPES = List.of(Recipe.STANDARD, Recipe.FAST, Recipe.LLM_PRUNER);
    private static final Path NO_TEACHER = Path.of("none");

    private TuneSettings settings = TuneSettings.defaults();

    @Section(Topic.COMMON)
    @Option(
            names = "--data",
            order = 3,
            paramLabel = "FILE[:SHARE]",
            converter = SharedFile.class,
            description =
                    "Texts to learn from (default: the teacher writes its own). Given several times, each file with its share of the tokens trained on, "
                            + "as in books.txt:0.6.")
    private void data(List<DataFile> files) {
        settings = settings.data(files);
    }

    @Section(Topic.SAMPLES)
    @Option(
            names = "--format",
            order = 1,
            paramLabel = "F",
            description = "${COMPLETION-CANDIDATES} (default: alpaca for .json, jsonl for .jsonl, else text).")
    private void format(ExampleFormat format) {
        settings = settings.format(format);
    }

    @Section(Topic.SAMPLES)
    @Option(
            names = "--fields",
            paramLabel = "NAME=FIELD[,...]",
            converter = FieldNames.class,
            description = "Fields of JSON records that have other names: prompt=question,completion=answer.")
    private void fields(RecordFields fields) {
        settings = settings.fields(fields);
    }

    @Section(Topic.SAMPLES)
    @Option(
            names = "--skip-broken",
            description =
                    "Leave records out that cannot be read, and count them (default: the first ends the command).")
    private void skipBroken(boolean skip) {
        settings = settings.skipBroken(skip);
    }

    @Section(Topic.SAMPLES)
    @Option(
            names = "--max-samples",
            order = 2,
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Samples to train on at most, drawn by the seed (default: all).")
    private void maxSamples(int number) {
        settings = settings.maxSamples(number);
    }

    @Section(Topic.SAMPLES)
    @Option(
            names = "--cutoff",
            paramLabel = "N",
            converter = Converters.Cutoff.class,
            description = "Tokens of a sample at most; longer texts are cut off, plain ones into several "
                    + "(default: ${bundle:default.cutoff}).")
    private void cutoff(int number) {
        settings = settings.cutoff(number);
    }

    @Section(Topic.SAMPLES)
    @Option(
            names = "--pack",
            negatable = true,
            fallbackValue = "true",
            description =
                    "Fill sequences of --cutoff tokens with samples that do not see each other, and count those in "
                            + "--batch-size, so that all updates hold as many tokens (default: with --teacher, or several files).")
    private void pack(boolean pack) {
        settings = settings.pack(pack);
    }

    @Section(Topic.SAMPLES)
    @Option(
            names = "--held-out",
            paramLabel = "N",
            converter = Converters.NotNegative.class,
            description = "Texts to measure on instead of training (default: a tenth of those used, from 1 to 2000).")
    private void heldOut(int number) {
        settings = settings.heldOut(number);
    }

    @Option(
            names = "--recipe",
            order = 1,
            paramLabel = "R",
            converter = RecipeName.class,
            description =
                    "standard; fast, the same on no more than ${bundle:default.recipe.fast} tokens; or llm-pruner, its "
                            + "published numbers, which are meant for some 50,000 samples (${bundle:default.recipe.llm-pruner}). "
                            + "Options given as well override it (default: standard).")
    private void recipe(Recipe recipe) {
        settings = settings.recipe(recipe);
    }

    @Section(Topic.LEARNING)
    @Option(
            names = "--full",
            order = 2,
            description = "Train all weights, which ends in a model (default: adapters beside all projections).")
    private void full(boolean full) {
        settings = settings.full(full);
    }

    @Section(Topic.LEARNING)
    @Option(
            names = "--teacher",
            order = 1,
            paramLabel = "MODEL",
            description =
                    "Learn the predictions of this model, such as the one that was pruned: every token counts then. "
                            + "With none the texts' own tokens are learned (default: of engine run its MODEL, but for "
                            + "--recipe llm-pruner; else none).")
    private void teacher(Path model) {
        settings = model.equals(NO_TEACHER) ? settings.untaught() : settings.teacher(model);
    }

    @Section(Topic.LEARNING)
    @Option(
            names = "--distil-weight",
            paramLabel = "W",
            converter = Converters.Probability.class,
            description = "What the divergence from the teacher counts; the rest is the loss of the text's own tokens "
                    + "(default: ${bundle:default.distil-weight}).")
    private void distilWeight(double number) {
        settings = settings.distilWeight(number);
    }

    @Option(
            names = "--epochs",
            order = 2,
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "How often every sample is seen (default: ${bundle:default.epochs}).")
    private void epochs(int number) {
        settings = settings.epochs(number);
    }

    @Option(
            names = "--lr",
            order = 3,
            paramLabel = "R",
            converter = Converters.Probability.class,
            description =
                    "Highest learning rate (default: ${bundle:default.lr}, of a teacher ${bundle:default.lr.taught}, "
                            + "with --full ${bundle:default.lr.full}).")
    private void learningRate(double number) {
        settings = settings.learningRate(number);
    }

    @Option(
            names = "--warm-up",
            paramLabel = "N",
            converter = Converters.NotNegative.class,
            description = "Updates until the highest learning rate (default: a sixteenth of all, at most 100).")
    private void warmUp(int number) {
        settings = settings.warmUp(number);
    }

    @Option(
            names = "--batch-size",
            order = 4,
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Samples of an update (default: ${bundle:default.batch-size}, with a teacher "
                    + "${bundle:default.batch-size.taught}).")
    private void batchSize(int number) {
        settings = settings.batchSize(number);
    }

    @Option(
            names = "--micro-batch-size",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Samples computed at once, without padding (default: "
                    + "${bundle:default.micro-batch-size}). Changes memory and speed.")
    private void microBatchSize(int number) {
        settings = settings.microBatchSize(number);
    }

    @Section(Topic.LEARNING)
    @Option(
            names = "--rank",
            order = 5,
            paramLabel = "N",
            converter = Converters.Rank.class,
            description = "Rank of the adapters (default: ${bundle:default.rank}, with a teacher "
                    + "${bundle:default.rank.taught}).")
    private void rank(int number) {
        settings = settings.rank(number);
    }

    @Section(Topic.LEARNING)
    @Option(
            names = "--alpha",
            order = 6,
            paramLabel = "A",
            converter = Converters.AboveZero.class,
            description = "Scale of the adapters, divided by the rank (default: ${bundle:default.alpha}, with a "
                    + "teacher ${bundle:default.alpha.taught}).")
    private void alpha(double number) {
        settings = settings.alpha(number);
    }

    @Section(Topic.LEARNING)
    @Option(names = "--rslora", description = "Divide the scale by the rank's root instead.")
    private void rankStabilised(boolean stabilised) {
        settings = settings.rankStabilised(stabilised);
    }

    @Section(Topic.LEARNING)
    @Option(names = "--dora", description = "Learn the lengths of the rows that adapters change as well.")
    private void decomposed(boolean decomposed) {
        settings = settings.decomposed(decomposed);
    }

    @Section(Topic.LEARNING)
    @Option(
            names = "--targets",
            paramLabel = "NAME",
            split = ",",
            description = "Projections that have adapters, by the end of their names, with * for anything between two "
                    + "dots: q_proj,v_proj or layers.*.mlp.* (default: all).")
    private void targets(List<String> patterns) {
        settings = settings.targets(patterns);
    }

    @Section(Topic.LEARNING)
    @Option(
            names = "--norms",
            negatable = true,
            description = "Train the weights of norms beside the adapters, or not (default: with a teacher).")
    private void norms(boolean norms) {
        settings = settings.norms(norms);
    }

    @Section(Topic.LEARNING)
    @Option(
            names = "--dropout",
            paramLabel = "P",
            converter = Converters.Share.class,
            description = "Share of the adapters' inputs that is left out while training (default: "
                    + "${bundle:default.dropout}, with a teacher ${bundle:default.dropout.taught}).")
    private void dropout(double number) {
        settings = settings.dropout(number);
    }

    @Option(
            names = "--eval-every",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Updates between two measurements on held-out texts (default: a quarter of all).")
    private void evaluateEvery(int number) {
        settings = settings.evaluateEvery(number);
    }

    @Option(
            names = "--patience",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "End when so many measurements in a row brought no lower held-out loss (default: never).")
    private void patience(int number) {
        settings = settings.patience(number);
    }

    TuneSettings settings() {
        return settings;
    }
}
