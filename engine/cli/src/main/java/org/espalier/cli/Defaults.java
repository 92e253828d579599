package org.espalier.cli;

import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.ResourceBundle;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.espalier.error.Failure;
import org.espalier.eval.Protocol;
import org.espalier.job.BudgetSettings;
import org.espalier.job.CalibrationSettings;
import org.espalier.job.CompareSettings;
import org.espalier.job.CompensationSettings;
import org.espalier.job.ComputeSettings;
import org.espalier.job.DemoSettings;
import org.espalier.job.GenerateSettings;
import org.espalier.job.GenerationSettings;
import org.espalier.job.ImportanceSettings;
import org.espalier.job.LatencySettings;
import org.espalier.job.PerplexitySettings;
import org.espalier.job.PipelineSettings;
import org.espalier.job.PretrainSettings;
import org.espalier.job.PruneSettings;
import org.espalier.job.Recipe;
import org.espalier.job.ScoreSettings;
import org.espalier.job.ServeSettings;
import org.espalier.job.SpeedSettings;
import org.espalier.job.TuneSettings;
import org.espalier.job.WidthsSettings;
import org.espalier.job.WritingSettings;

/**
 * The defaults that help texts name, as the settings of the jobs hold them: {@code ${bundle:default.ratio}} in the
 * description of an option is the ratio that is removed where none is given.
 */
final class Defaults extends ResourceBundle {

    private static final String PREFIX = "default.";

    private static final Map<String, Supplier<?>> VALUES = Map.ofEntries(
            Map.entry("device", Defaults::device),
            Map.entry("precision", () -> ComputeSettings.defaults().precision()),
            Map.entry("criterion", () -> ImportanceSettings.CRITERION),
            Map.entry("criterion.llm-pruner", () -> ImportanceSettings.LLM_PRUNER_CRITERION),
            Map.entry("block-score", () -> ImportanceSettings.defaults().blockCriterion()),
            Map.entry("samples", () -> CalibrationSettings.SAMPLES),
            Map.entry("samples.written", () -> CalibrationSettings.WRITTEN_SAMPLES),
            Map.entry("samples.llm-pruner", () -> CalibrationSettings.LLM_PRUNER_SAMPLES),
            Map.entry("seq-len", () -> CalibrationSettings.SEQ_LEN),
            Map.entry("seq-len.llm-pruner", () -> CalibrationSettings.LLM_PRUNER_SEQ_LEN),
            Map.entry("score-units", () -> ScoreSettings.defaults().units()),
            Map.entry("ratio", () -> BudgetSettings.defaults().ratio()),
            Map.entry("scope", () -> BudgetSettings.defaults().scope()),
            Map.entry("levels", () -> WidthsSettings.defaults().levels()),
            Map.entry("latency-levels", () -> LatencySettings.defaults().levels()),
            Map.entry("round", () -> BudgetSettings.defaults().round()),
            Map.entry("mode", () -> BudgetSettings.defaults().mode()),
            Map.entry("dependency", () -> BudgetSettings.defaults().dependency() ? "on" : "off"),
            Map.entry("steps", () -> PruneSettings.defaults().steps()),
            Map.entry("select", () -> PruneSettings.defaults().selecting()),
            Map.entry("gate-tokens", () -> PruneSettings.defaults().gates().tokens()),
            Map.entry("gate-rate", () -> PruneSettings.defaults().gates().rate()),
            Map.entry("ridge", () -> CompensationSettings.defaults().ridge().share()),
            Map.entry("cutoff", () -> Recipe.STANDARD.texts().cutoff()),
            Map.entry("distil-weight", () -> TuneSettings.defaults().distilWeight()),
            Map.entry("epochs", () -> Recipe.STANDARD.texts().epochs()),
            Map.entry("lr", () -> Recipe.STANDARD.texts().rate().adapters()),
            Map.entry("lr.taught", () -> Recipe.STANDARD.taught().rate().adapters()),
            Map.entry("lr.full", () -> Recipe.STANDARD.texts().rate().full()),
            Map.entry("batch-size", () -> Recipe.STANDARD.texts().batch()),
            Map.entry("micro-batch-size", () -> Recipe.STANDARD.texts().microBatch()),
            Map.entry("batch-size.taught", () -> Recipe.STANDARD.taught().batch()),
            Map.entry("rank", () -> Recipe.STANDARD.texts().adapters().rank()),
            Map.entry("rank.taught", () -> Recipe.STANDARD.taught().adapters().rank()),
            Map.entry("alpha", () -> Recipe.STANDARD.texts().adapters().alpha()),
            Map.entry("alpha.taught", () -> Recipe.STANDARD.taught().adapters().alpha()),
            Map.entry("dropout", () -> Recipe.STANDARD.texts().adapters().dropout()),
            Map.entry(
                    "dropout.taught", () -> Recipe.STANDARD.taught().adapters().dropout()),
            Map.entry(
                    "recipe.fast",
                    () -> "%,d".formatted(Recipe.FAST.taught().maxTokens().orElseThrow())),
            Map.entry("recipe.llm-pruner", () -> options(Recipe.LLM_PRUNER.texts())),
            Map.entry("format", () -> PerplexitySettings.FORMAT),
            Map.entry("protocol", () -> PerplexitySettings.defaults().protocol()),
            Map.entry("window", Defaults::windows),
            Map.entry("eval-windows", () -> PipelineSettings.EVALUATION_WINDOWS),
            Map.entry("prompts", () -> quoted(CompareSettings.defaults().prompts())),
            Map.entry("run-max-tokens", () -> CompareSettings.defaults().maxTokens()),
            Map.entry("run-repetitions", () -> CompareSettings.defaults().repetitions()),
            Map.entry("stories", () -> DemoSettings.defaults().stories()),
            Map.entry("pretrain-steps", () -> PretrainSettings.defaults().steps()),
            Map.entry("pretrain-batch-tokens", () -> PretrainSettings.defaults().batchTokens()),
            Map.entry("pretrain-lr", () -> PretrainSettings.defaults().learningRate()),
            Map.entry("layers", () -> PretrainSettings.defaults().layers()),
            Map.entry("hidden", () -> PretrainSettings.defaults().hidden()),
            Map.entry("heads", () -> PretrainSettings.defaults().heads()),
            Map.entry("kv-heads", () -> PretrainSettings.defaults().kvHeads()),
            Map.entry("intermediate", () -> PretrainSettings.defaults().intermediate()),
            Map.entry("vocab", () -> PretrainSettings.defaults().vocabulary()),
            Map.entry("least-vocab", () -> PretrainSettings.LEAST_VOCABULARY),
            Map.entry("max-tokens", () -> GenerateSettings.USUAL_TOKENS),
            Map.entry("temperature", () -> GenerateSettings.defaults().temperature()),
            Map.entry("writing-temperature", () -> WritingSettings.defaults().temperature()),
            Map.entry("top-k", () -> GenerateSettings.defaults().topK()),
            Map.entry("top-p", () -> GenerateSettings.defaults().topP()),
            Map.entry("parallel", () -> ServeSettings.defaults().together()),
            Map.entry("queue", () -> ServeSettings.defaults().queue()),
            Map.entry("context", () -> ServeSettings.USUAL_CONTEXT),
            Map.entry(
                    "generation-max-tokens", () -> GenerationSettings.defaults().maxTokens()),
            Map.entry(
                    "generation-temperature",
                    () -> GenerationSettings.defaults().temperature()),
            Map.entry("generation-top-k", () -> GenerationSettings.defaults().topK()),
            Map.entry("generation-top-p", () -> GenerationSettings.defaults().topP()),
            Map.entry("bench-prompt", () -> SpeedSettings.defaults().prompt()),
            Map.entry("bench-generate", () -> SpeedSettings.defaults().generate()),
            Map.entry("bench-repetitions", () -> SpeedSettings.defaults().repetitions()),
            Map.entry("bench-warm-up", () -> SpeedSettings.defaults().warmUpSeconds()));

    @Override
    protected Object handleGetObject(String key) {
        Supplier<?> value = key.startsWith(PREFIX) ? VALUES.get(key.substring(PREFIX.length())) : null;
        return value == null ? null : text(value.get());
    }

    @Override
    public Enumeration<String> getKeys() {
        return Collections.enumeration(
                VALUES.keySet().stream().map(name -> PREFIX + name).toList());
    }

    /** As a person would type it. */
    private static String text(Object value) {
        return switch (value) {
            case Double number ->
                number.toString().replaceFirst("\\.0(?=E|$)", "").replace('E', 'e');
            case Enum<?> name -> name.toString().toLowerCase(Locale.ROOT);
            case Collection<?> several -> several.stream().map(Defaults::text).collect(Collectors.joining(","));
            default -> value.toString();
        };
    }

    private static String quoted(List<String> texts) {
        return texts.stream().map(text -> '"' + text + '"').collect(Collectors.joining(", "));
    }

    /** Help is shown whatever the environment says: a wrong device there is refused when it is to be used. */
    private static ComputeSettings.Device device() {
        try {
            return ComputeSettings.defaults().device();
        } catch (Failure _) {
            return ComputeSettings.Device.AUTO;
        }
    }

    /** What of a recipe differs from the standard one. */
    private static String options(Recipe.Numbers recipe) {
        return "--epochs %d --lr %s --warm-up %d --held-out %d --eval-every %d"
                .formatted(
                        recipe.epochs(),
                        text(recipe.rate().adapters()),
                        recipe.warmUp().orElseThrow(),
                        recipe.looks().heldOut().orElseThrow(),
                        recipe.looks().every().orElseThrow());
    }

    private static String windows() {
        return Arrays.stream(Protocol.values())
                .map(protocol -> protocol + " " + protocol.defaultSeqLen())
                .collect(Collectors.joining(", "));
    }
}
