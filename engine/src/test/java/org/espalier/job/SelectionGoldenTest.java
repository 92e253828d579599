package org.espalier.job;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.espalier.Backends;
import org.espalier.Golden;
import org.espalier.Shared;
import org.espalier.Zeroed;
import org.espalier.backend.Backend;
import org.espalier.couple.Selection;
import org.espalier.cut.Compactor;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.format.SafetensorsFile;
import org.espalier.format.SafetensorsFolder;
import org.espalier.importance.Criterion;
import org.espalier.importance.Method;
import org.espalier.importance.Rankings;
import org.espalier.importance.ScoresFile;
import org.espalier.importance.UnitScores;
import org.espalier.importance.UnitScores.Alignment;
import org.espalier.model.Model;
import org.espalier.model.Packed;
import org.espalier.model.Scorer;
import org.espalier.plan.Allocation.Scope;
import org.espalier.plan.Budget;
import org.espalier.plan.Plan;
import org.espalier.plan.PlanSelection;
import org.espalier.plan.Planner;
import org.espalier.score.ModelScores.Walking;
import org.espalier.score.Ranker;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What LLM-Pruner's own code chose, in every run, and what is left then: the same weights, which compute the same. Where it
 * fails, pruning works here.
 */
class SelectionGoldenTest {

    private static final Pattern FAILED = Pattern.compile("(block_local|channel)_"
            + "(vectorize|param_first|param_second|param_mix|l1|l2|random)( iterative_steps=10|_r0\\.1)?( \\(.*\\))?");

    private static final Set<Criterion> ON_A_DEVICE = EnumSet.of(Criterion.VECTORIZE, Criterion.PARAM_MIX);

    @TempDir
    private Path folder;

    /** Every run: by blocks, by channels and by layers. */
    @ParameterizedTest
    @CsvSource({"mha, 68, 9", "gqa, 70, 10"})
    void theSameIsLeft(String name, int runs, int recorded) {
        int compared = 0;
        int filed = 0;
        try (Backend backend = Backends.open("cpu");
                Checkpoint source = Checkpoints.open(model(name));
                Model model = Model.open(source, backend)) {
            for (GoldenRun run : GoldenRun.all(name)) {
                Plan plan = plan(run, source, model);
                run.assertKept(plan);
                filed += compareModels(run, cut(run.id(), plan, source, model), backend) ? 1 : 0;
                compared++;
            }
        }
        assertEquals(runs, compared);
        assertEquals(recorded, filed);
    }

    /**
     * Members are aggregated on the host: one aggregate is enough. {@link org.espalier.score.ScoresGoldenTest} has the scores of
     * every criterion on a device: a first and a mixed order are enough. A unit's score does not depend on the ratio, the scope or the
     * other units, so that the runs share the scores of their criterion.
     */
    @Test
    void theDeviceChoosesTheSame() {
        int compared = 0;
        Map<Method, Rankings> scores = new HashMap<>();
        try (Backend backend = Backends.open("cuda");
                Checkpoint source = Checkpoints.open(model("gqa"));
                Model model = Model.open(source, backend)) {
            for (GoldenRun run : GoldenRun.all("gqa")) {
                if (run.mode().equals("block")
                        && ON_A_DEVICE.contains(run.method().criterion())
                        && run.json().get("reduction").asText().equals("sum")) {
                    assertEquals(1, run.budget(model.config()).amount().steps());
                    run.assertKept(
                            plan(run, source, model, scores.computeIfAbsent(run.method(), m -> scores(m, model))));
                    compared++;
                }
            }
        }
        assertEquals(10, compared);
    }

    /** Where less than one head would go, none does; channels have squared gradients and magnitudes as well. */
    @ParameterizedTest
    @CsvSource({"mha, 6", "gqa, 11"})
    void whatLlmPrunerFailsOnIsDone(String name, int failures) {
        Map<String, GoldenRun> runs = GoldenRun.all(name).stream().collect(Collectors.toMap(GoldenRun::id, run -> run));
        int done = 0;
        try (Backend backend = Backends.open("cpu");
                Checkpoint source = Checkpoints.open(model(name));
                Model model = Model.open(source, backend)) {
            for (JsonNode failure : Golden.json(Shared.path("golden/" + name + "/failures.json"))) {
                Matcher failed = FAILED.matcher(failure.get("what").asText());
                assertTrue(failed.matches(), failure.toString());
                Plan plan = retry(failed, source, model);
                if (failed.group(1).equals("channel")) {
                    runs.get("channel_" + failed.group(2) + "_ext").assertKept(plan);
                }
                assertTrue(
                        Double.isFinite(loss(cut("failed" + done++, plan, source, model), backend)),
                        failure.toString());
            }
        }
        assertEquals(failures, done);
    }

    /** Plans what failed; of blocks, checks what is left of every layer. */
    private Plan retry(Matcher failed, Checkpoint source, Model model) {
        boolean often = " iterative_steps=10".equals(failed.group(3));
        double ratio = "_r0.1".equals(failed.group(3)) ? 0.1 : 0.25;
        Budget budget = failed.group(1).equals("channel")
                ? GoldenRun.channel(ratio)
                : GoldenRun.block(ratio, often ? 10 : 1, Scope.LOCAL, layer -> layer > 0, layer -> layer > 0);
        Plan plan = pruning(source, model)
                .plan(method(failed.group(2)), budget, Optional.of(GoldenRun.calibration()))
                .plan();
        if (budget.mode().equals("block")) {
            int kvHeads = often ? 6 : model.config().layers().getFirst().kvHeads();
            plan.kept().layers().stream().skip(1).forEach(layer -> {
                assertEquals(kvHeads, layer.keptKvHeads().length);
                assertEquals(ratio == 0.1 ? 158 : 132, layer.keptNeurons().length);
            });
        }
        return plan;
    }

    private static Path model(String name) {
        return Shared.path("golden/" + name + "/model");
    }

    private static Method method(String kind) {
        Criterion criterion = Criterion.valueOf(kind.toUpperCase(Locale.ROOT));
        return new Method(criterion, criterion.defaultAggregate(), Alignment.LLM_PRUNER, 0);
    }

    private Pruning pruning(Checkpoint source, Model model) {
        return new Pruning(source, model, Walking.inMemory(), folder.resolve("steps"));
    }

    private Plan plan(GoldenRun run, Checkpoint source, Model model) {
        Budget budget = run.budget(model.config());
        if (run.random()) {
            ScoresFile drawn = ScoresFile.of(
                    source, model, run.method(), budget.candidates(), Optional.empty(), run.drawn(model.config()));
            return new Planner(model.config(), budget).plan(drawn, run.id());
        }
        return pruning(source, model)
                .plan(run.method(), budget, Optional.of(GoldenRun.calibration()))
                .plan();
    }

    /** Of heads and neurons of every layer but the first, from which no run takes any. */
    private static Rankings scores(Method method, Model model) {
        Budget budget = GoldenRun.block(0.25, 1, Scope.LOCAL, layer -> layer > 0, layer -> layer > 0);
        return Ranker.of(
                model,
                Walking.inMemory(),
                method,
                budget.candidates(),
                GoldenRun.calibration().sequences());
    }

    private static Plan plan(GoldenRun run, Checkpoint source, Model model, Rankings scores) {
        Budget budget = run.budget(model.config());
        List<UnitScores> candidates = scores.units().stream()
                .filter(of -> budget.candidates().allows(of.units()))
                .toList();
        ScoresFile file = ScoresFile.of(
                source,
                model,
                run.method(),
                budget.candidates(),
                Optional.of(GoldenRun.calibration()),
                new Rankings(candidates, List.of()));
        return new Planner(model.config(), budget).plan(file, run.id());
    }

    private Path cut(String name, Plan plan, Checkpoint source, Model model) {
        Path out = folder.resolve(name);
        Selection selection = new PlanSelection(model.config(), name).removed(plan);
        new SafetensorsFolder()
                .write(out, new Compactor(source, model.config(), selection, Optional.empty()).content(), false);
        return out;
    }

    /** Returns whether the run's weights and logits are recorded; its loss always is. */
    private static boolean compareModels(GoldenRun run, Path cut, Backend backend) {
        assertEquals(run.json().get("after").get("loss_batch_f64").asDouble(), loss(cut, backend), 1e-5, run.id());
        Path file = run.folder().resolve("pruned/" + run.id() + ".safetensors");
        if (!Files.exists(file)) {
            return false;
        }
        Packed first = Packed.of(GoldenRun.calibration().sequences().subList(0, 1));
        try (SafetensorsFile golden = SafetensorsFile.open(file);
                Checkpoint ours = Checkpoints.open(cut);
                Model smaller = Model.open(ours, backend);
                SafetensorsFile written = SafetensorsFile.open(cut.resolve("model.safetensors"))) {
            List<String> weights = golden.tensors().keySet().stream()
                    .filter(n -> !n.startsWith("__golden__"))
                    .toList();
            assertEquals(weights.size(), written.tensors().size(), run.id());
            weights.forEach(weight -> Golden.assertClose(
                    Golden.doubles(golden, weight), Golden.doubles(written, weight), 0, run.id() + " " + weight));
            Golden.assertClose(
                    Golden.doubles(golden, "__golden__.logits_seq0_f64"),
                    Zeroed.logits(smaller, first, backend),
                    1e-4,
                    run.id());
        }
        return true;
    }

    /** The mean over all predicted tokens of the calibration sequences. */
    private static double loss(Path folder, Backend backend) {
        try (Checkpoint checkpoint = Checkpoints.open(folder);
                Model model = Model.open(checkpoint, backend);
                Scorer scorer = new Scorer(model)) {
            double[][] losses = scorer.losses(GoldenRun.calibration().sequences());
            return Arrays.stream(losses)
                    .flatMapToDouble(Arrays::stream)
                    .average()
                    .orElseThrow();
        }
    }
}
