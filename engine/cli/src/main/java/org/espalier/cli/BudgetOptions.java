package org.espalier.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.espalier.job.BudgetSettings;
import org.espalier.job.BudgetSettings.Mode;
import org.espalier.job.BudgetSettings.RatioOf;
import org.espalier.job.GroupShare;
import org.espalier.job.LayerRange;
import org.espalier.job.Target;
import org.espalier.job.Tool;
import org.espalier.job.Unit;
import org.espalier.plan.Allocation.Normalise;
import org.espalier.plan.Allocation.Scope;
import org.espalier.plan.LatencyTable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What may go, and how much. */
@Section(Topic.UNITS)
final class BudgetOptions {

    /** Whether what depends on each other goes together. */
    private enum Dependency {
        ON,
        OFF;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    private BudgetSettings settings = BudgetSettings.defaults();
    private boolean ratioOfEverything;

    @Section(Topic.COMMON)
    @Option(
            names = "--ratio",
            order = 1,
            paramLabel = "[NAME=]R",
            converter = Converters.Shares.class,
            description =
                    "Share to remove, from 0 to " + BudgetSettings.MOST + " (default: ${bundle:default.ratio}); with a "
                            + "name before it the share that a group loses whatever the others do: layers.5.mlp=0.3.")
    private void ratio(List<GroupShare> shares) {
        List<GroupShare> everything =
                shares.stream().filter(share -> share.name().isEmpty()).toList();
        if (everything.size() > 1) {
            throw new ParameterException(
                    command.commandLine(), "--ratio says twice how much of everything goes: give one, or name a group");
        }
        everything.forEach(share -> settings = settings.ratio(share.share()));
        ratioOfEverything = !everything.isEmpty();
        requireOneAmount();
        settings = settings.shares(
                shares.stream().filter(share -> !share.name().isEmpty()).toList());
    }

    @Option(
            names = "--keep",
            paramLabel = "NAME",
            split = ",",
            description = "Groups that stay whole, by names of plan.json or parts of them, with * for anything between "
                    + "two dots: layers.5,layers.*.self_attn.")
    private void keep(List<String> names) {
        settings = settings.keep(names);
    }

    @Section(Topic.AMOUNT)
    @Option(
            names = "--target",
            order = 1,
            paramLabel = "WHAT=MOST",
            converter = Converters.Targets.class,
            description = "What is left is to need at most so much, instead of --ratio: latency=0.8x, memory=200m, "
                    + "macs=0.8x, parameters=0.8x; 0.8x is that part of what the whole model needs. Memory is weights as they will "
                    + "be stored, and the cache of --context tokens; macs are those that 'engine info' counts.")
    private void target(Target wanted) {
        settings = settings.goal(settings.goal().target(wanted));
        requireOneAmount();
    }

    private void requireOneAmount() {
        if (ratioOfEverything && settings.goal().target().isPresent()) {
            throw new ParameterException(
                    command.commandLine(), "--ratio and --target both say how much goes: give one of them");
        }
    }

    @Section(Topic.AMOUNT)
    @Option(
            names = "--context",
            paramLabel = "N",
            converter = Converters.NotNegative.class,
            description = "Tokens whose keys and values count for --target memory=SIZE, in float32 (default: none).")
    private void context(int tokens) {
        settings = settings.goal(settings.goal().context(tokens));
    }

    @Section(Topic.AMOUNT)
    @Option(
            names = "--latency-of",
            paramLabel = "USE",
            converter = Converters.Use.class,
            description =
                    "What --target latency=0.8x is of: decode (a token that is written), prefill (the prompt that "
                            + "was measured), or PP+TG, such as 512+128: so many tokens read and so many written (default: decode).")
    private void latencyOf(LatencyTable.Use use) {
        settings = settings.goal(settings.goal().latencyOf(use));
    }

    @Section(Topic.AMOUNT)
    @Option(
            names = "--latency",
            paramLabel = "FILE",
            description = "A table of what narrower branches save of the time, as 'engine bench --widths' writes it; "
                    + "without it, prune and run measure one.")
    private void latency(Path table) {
        settings = settings.goal(settings.goal().latency(table));
    }

    @Section(Topic.AMOUNT)
    @Option(
            names = "--widths",
            paramLabel = "FILE",
            description =
                    "A table of what narrowing each branch does to the predictions, as 'engine widths' writes it: "
                            + "widths are chosen so that together they do least.")
    private void widths(Path table) {
        settings = settings.goal(settings.goal().widths(table));
    }

    @Section(Topic.AMOUNT)
    @Option(
            names = "--ratio-of",
            paramLabel = "WHAT",
            description = "${COMPLETION-CANDIDATES}: of all parameters, or of each group's units as LLM-Pruner "
                    + "counts (default: parameters; units with --compat llm-pruner).")
    private void ratioOf(RatioOf counted) {
        settings = settings.ratioOf(counted);
    }

    @Section(Topic.AMOUNT)
    @Option(
            names = "--scope",
            order = 1,
            paramLabel = "S",
            description =
                    "${COMPLETION-CANDIDATES}: the same share everywhere, the lowest scores of all groups, or the "
                            + "widths that together do least to the predictions, of all layers, by a table of widths that is "
                            + "measured if --widths names none (default: ${bundle:default.scope}; divergence with --widths).")
    private void scope(Scope scope) {
        settings = settings.scope(scope);
    }

    @Section(Topic.AMOUNT)
    @Option(
            names = "--normalise",
            paramLabel = "BY",
            description = "${COMPLETION-CANDIDATES}: what scores are divided by where groups compete (default: the "
                    + "parameters that a unit carries; none with --compat llm-pruner and where a criterion "
                    + "standardises).")
    private void normalise(Normalise divisor) {
        settings = settings.normalise(divisor);
    }

    @Section(Topic.AMOUNT)
    @Option(
            names = "--round",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description = "Widths that are left are multiples of N; 1 is any (default: ${bundle:default.round}, which "
                    + "hardware and quantised blocks want, or the largest power of two that is no more than a tenth of "
                    + "a width; channels also a multiple of the heads where transformers wants it; 1 with --compat "
                    + "llm-pruner).")
    private void round(int multiple) {
        settings = settings.round(multiple);
    }

    @Section(Topic.AMOUNT)
    @Option(
            names = "--for",
            paramLabel = "PROGRAM",
            description =
                    "${COMPLETION-CANDIDATES}: widths that it opens, instead of --round and --uniform; what it would "
                            + "not open all the same is refused.")
    private void opening(Tool program) {
        settings = settings.opening(program);
    }

    @Section(Topic.AMOUNT)
    @Option(
            names = "--uniform",
            description = "All layers keep equally many heads and neurons, each its own best, so that other programs "
                    + "open the result.")
    private void uniform(boolean equalLayers) {
        settings = settings.uniform(equalLayers);
    }

    @Option(
            names = "--mode",
            order = 1,
            paramLabel = "M",
            description = "${COMPLETION-CANDIDATES}: heads and neurons, the residual stream's channels everywhere, "
                    + "or whole layers (default: ${bundle:default.mode}).")
    private void mode(Mode mode) {
        settings = settings.mode(mode);
    }

    @Option(
            names = "--units",
            order = 2,
            paramLabel = "U",
            split = ",",
            description = "What may go instead of a mode's units, with commas: ${COMPLETION-CANDIDATES} (default "
                    + "in blocks: neurons; if more than half of their parameters must go, query_heads with "
                    + "them, or kv_heads where those do not go far enough or with --compat llm-pruner). Of tokens those go that "
                    + "texts do not use, with the tokenizer's.")
    private void units(List<Unit> units) {
        settings = settings.units(units);
    }

    @Option(
            names = "--token-texts",
            paramLabel = "FILE",
            description =
                    "With --units tokens: texts, read whole, in which tokens are counted; repeatable. A million tokens or more, "
                            + "of the language and the kind that the model is for (default: the calibration texts).")
    private void tokenTexts(List<Path> files) {
        settings = settings.tokens(settings.tokens().texts(files));
    }

    @Option(
            names = "--token-uses",
            paramLabel = "N",
            converter = Converters.Positive.class,
            description =
                    "With --units tokens: a token stays that these texts use N times or more (default: once in a million "
                            + "tokens; with tokens alone and --ratio, as many of the most used as the ratio leaves).")
    private void tokenUses(int uses) {
        settings = settings.tokens(settings.tokens().uses(uses));
    }

    @Option(
            names = "--attention-layers",
            paramLabel = "A-B",
            converter = Converters.Layers.class,
            description = "Layers whose attention, or heads of it, may go, both included, from 0; or none "
                    + "(default: all but the first eighth and the last sixteenth).")
    private void attentionLayers(LayerRange layers) {
        settings = settings.attentionLayers(layers);
    }

    @Option(
            names = "--mlp-layers",
            paramLabel = "A-B",
            converter = Converters.Layers.class,
            description = "Layers whose MLP, or neurons of it, may go (default: as for attention).")
    private void mlpLayers(LayerRange layers) {
        settings = settings.mlpLayers(layers);
    }

    @Option(
            names = "--keep-first",
            paramLabel = "N",
            converter = Converters.NotNegative.class,
            description = "Leave the first N layers whole (default: an eighth, rounded up).")
    private void keepFirst(int layers) {
        settings = settings.keepFirst(layers);
    }

    @Option(
            names = "--keep-last",
            paramLabel = "N",
            converter = Converters.NotNegative.class,
            description = "Leave the last N layers whole (default: a sixteenth, rounded up).")
    private void keepLast(int layers) {
        settings = settings.keepLast(layers);
    }

    @Option(
            names = "--dependency",
            paramLabel = "D",
            description =
                    "${COMPLETION-CANDIDATES}; off: every matrix chooses by itself, as if none depended on "
                            + "another. It ruins the model, which is what it is there to show (default: ${bundle:default.dependency}).")
    private void dependency(Dependency dependency) {
        settings = settings.dependency(dependency == Dependency.ON);
    }

    BudgetSettings settings() {
        return settings;
    }
}
