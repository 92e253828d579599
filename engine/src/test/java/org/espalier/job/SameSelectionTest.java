package org.espalier.job;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.espalier.Backends;
import org.espalier.Golden;
import org.espalier.Shared;
import org.espalier.backend.Backend;
import org.espalier.backend.cuda.StandIn;
import org.espalier.couple.Group.Role;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.importance.BlockCriterion;
import org.espalier.importance.Calibration;
import org.espalier.importance.Candidates;
import org.espalier.importance.Criterion;
import org.espalier.importance.Method;
import org.espalier.importance.ScoresFile;
import org.espalier.importance.UnitScores.Alignment;
import org.espalier.model.Model;
import org.espalier.plan.Allocation.Normalise;
import org.espalier.plan.Allocation.Scope;
import org.espalier.plan.Budget;
import org.espalier.plan.Planner;
import org.espalier.score.ModelScores.Walking;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** By every criterion, what the cuda device scores in float32 leads to the plans that the cpu's scores lead to. */
@ExtendWith(StandIn.class)
class SameSelectionTest {

    /** Of a model where every key/value head has one query head. */
    private static final List<Role> UNSHARED = List.of(Role.HEADS, Role.NEURONS, Role.CHANNELS);

    private static final List<Role> ALL = List.of(Role.HEADS, Role.QUERY_HEADS, Role.NEURONS, Role.CHANNELS);

    @TempDir
    private Path folder;

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "REAP")
    void ofTheModelWithAKeyForEveryQuery(Criterion criterion) {
        same(Golden.resource("mha"), criterion, UNSHARED);
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "REAP")
    void ofTheModelWithSharedKeys(Criterion criterion) {
        same(Golden.resource("gqa"), criterion, ALL);
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "REAP")
    void ofATrainedModel(Criterion criterion) {
        same(Shared.path("models/stories260K"), criterion, ALL);
    }

    private void same(Path model, Criterion criterion, List<Role> roles) {
        List<JsonNode> expected = plans("cpu", model, criterion, roles);
        List<JsonNode> actual = plans("cuda", model, criterion, roles);
        assertEquals(roles.size() + 1, expected.size());
        for (int i = 0; i < expected.size(); i++) {
            assertEquals(expected.get(i), actual.get(i));
        }
    }

    /** What is kept by one scoring: of each kind of units alone, and of heads and neurons that compete. */
    private List<JsonNode> plans(String device, Path path, Criterion criterion, List<Role> roles) {
        try (Backend backend = Backends.open(device);
                Checkpoint checkpoint = Checkpoints.open(path);
                Model model = Model.open(checkpoint, backend)) {
            Method method = new Method(criterion, criterion.defaultAggregate(), Alignment.BY_UNIT, 7);
            Calibration calibration = calibration(model.config().vocab());
            ScoresFile scores = new Pruning(checkpoint, model, Walking.inMemory(), folder.resolve("steps"))
                    .plan(method, budget(Scope.LOCAL, 0.5, roles), Optional.of(calibration))
                    .scores();
            List<JsonNode> plans = new ArrayList<>();
            for (Role role : roles) {
                plans.add(plan(model, scores, budget(Scope.LOCAL, 0.5, List.of(role))));
            }
            plans.add(plan(model, scores, budget(Scope.GLOBAL, 0.3, List.of(Role.HEADS, Role.NEURONS))));
            return plans;
        }
    }

    private static JsonNode plan(Model model, ScoresFile scores, Budget budget) {
        return new ObjectMapper().valueToTree(new Planner(model.config(), budget).plan(scores, "test"));
    }

    private static Budget budget(Scope scope, double ratio, List<Role> roles) {
        return new Budget(
                new Budget.Amount(ratio, true, 1, 1),
                scope,
                Normalise.NONE,
                new Candidates(roles, List.of(), BlockCriterion.POSITION, layer -> true, layer -> true, true));
    }

    private static Calibration calibration(int vocabulary) {
        Random random = new Random(11);
        return new Calibration(
                Stream.generate(() -> random.ints(12, 0, vocabulary).toArray())
                        .limit(2)
                        .toList());
    }
}
