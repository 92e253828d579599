package org.espalier.cli;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.espalier.model.Architectures;
import org.espalier.model.LoraConfig;
import org.espalier.tune.LoraSettings;
import org.espalier.tune.Recipe;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** How adapters are trained: a recipe, and what is to differ from it. */
@Section(Topic.TRAINING)
final class TuneOptions {

    static final class RecipeName implements ITypeConverter<Recipe> {
        @Override
        public Recipe convert(String value) {
            if (value.equals(Recipe.LLM_PRUNER.name())) {
                return Recipe.LLM_PRUNER;
            }
            throw new TypeConversionException("'" + value + "' is not known; " + Recipe.LLM_PRUNER.name() + " is");
        }
    }

    @Option(
            names = "--recipe",
            paramLabel = "R",
            converter = RecipeName.class,
            description =
                    "llm-pruner: its published numbers, which are meant for some 50,000 samples (--epochs 2 --lr 1e-4 "
                            + "--warm-up 100 --held-out 2000 --eval-every 100). Options given as well override it.")
    private Recipe recipe = Recipe.STANDARD;

    @Option(
            names = "--epochs",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "How often every sample is seen (default: 1).")
    private Integer epochs;

    @Option(
            names = "--rank",
            paramLabel = "N",
            converter = Converters.Rank.class,
            description = "Rank of the adapters (default: 8).")
    private Integer rank;

    @Option(
            names = "--alpha",
            paramLabel = "A",
            converter = Converters.AboveZero.class,
            description = "Scale of the adapters, divided by the rank (default: 16).")
    private Double alpha;

    @Option(
            names = "--dropout",
            paramLabel = "P",
            converter = Converters.Share.class,
            description = "Share of the adapters' inputs that is left out while training (default: 0.05).")
    private Double dropout;

    @Option(
            names = "--lr",
            paramLabel = "R",
            converter = Converters.Probability.class,
            description = "Highest learning rate (default: 3e-4).")
    private Double learningRate;

    @Option(
            names = "--warm-up",
            paramLabel = "N",
            converter = Converters.NotNegative.class,
            description = "Updates until the highest learning rate (default: a sixteenth of all, at most 100).")
    private Integer warmUp;

    @Option(
            names = "--batch-size",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Samples of an update (default: 64).")
    private Integer batch;

    @Option(
            names = "--micro-batch-size",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Samples computed at once, without padding (default: 4). Changes memory and speed.")
    private Integer microBatch;

    @Section(Topic.SAMPLES)
    @Option(
            names = "--cutoff",
            paramLabel = "N",
            converter = Converters.Cutoff.class,
            description =
                    "Tokens of a sample at most; longer texts are cut off, plain ones into several (default: 256).")
    private Integer cutoff;

    @Section(Topic.SAMPLES)
    @Option(
            names = "--held-out",
            paramLabel = "N",
            converter = Converters.NotNegative.class,
            description = "Texts to measure on instead of training (default: a tenth of those used, from 1 to 2000).")
    private Integer heldOut;

    @Option(
            names = "--eval-every",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Updates between two measurements on held-out texts (default: a quarter of all).")
    private Integer evaluateEvery;

    Recipe recipe() {
        return recipe;
    }

    int cutoff() {
        return cutoff == null ? recipe.cutoff() : cutoff;
    }

    OptionalInt heldOut() {
        return first(heldOut, recipe.heldOut());
    }

    LoraSettings settings(long seed) {
        LoraConfig lora = new LoraConfig(
                or(rank, Recipe.RANK),
                or(alpha, Recipe.ALPHA),
                or(dropout, Recipe.DROPOUT),
                Set.copyOf(Architectures.adapterTargets()));
        return new LoraSettings(
                lora,
                or(epochs, recipe.epochs()),
                or(batch, recipe.batch()),
                or(microBatch, recipe.microBatch()),
                or(learningRate, recipe.learningRate()),
                first(warmUp, recipe.warmUp()),
                first(evaluateEvery, recipe.evaluateEvery()),
                Machine.memoryAvailable() / 2,
                seed);
    }

    private static <T> T or(T given, T otherwise) {
        return Optional.ofNullable(given).orElse(otherwise);
    }

    private static OptionalInt first(Integer given, OptionalInt otherwise) {
        return given == null ? otherwise : OptionalInt.of(given);
    }
}
