package org.espalier.job;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;
import org.espalier.Backends;
import org.espalier.Families;
import org.espalier.Golden;
import org.espalier.Zeroed;
import org.espalier.backend.Backend;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Selection;
import org.espalier.cut.Compactor;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.format.Conversion;
import org.espalier.format.PeftAdapter;
import org.espalier.format.PeftMerge;
import org.espalier.format.SafetensorsFolder;
import org.espalier.importance.Aggregate;
import org.espalier.importance.BlockCriterion;
import org.espalier.importance.BlockScores.Kind;
import org.espalier.importance.Calibration;
import org.espalier.importance.Candidates;
import org.espalier.importance.Criterion;
import org.espalier.importance.Method;
import org.espalier.importance.UnitScores.Alignment;
import org.espalier.model.Adapter;
import org.espalier.model.Architectures;
import org.espalier.model.LoraConfig;
import org.espalier.model.Model;
import org.espalier.model.Packed;
import org.espalier.model.Transformer;
import org.espalier.plan.Allocation.Normalise;
import org.espalier.plan.Allocation.Scope;
import org.espalier.plan.Budget;
import org.espalier.plan.PlanSelection;
import org.espalier.score.ModelScores;
import org.espalier.tune.LearnedAdapter;
import org.espalier.tune.TrainingSettings;
import org.espalier.tune.Tuner;
import org.espalier.tune.TuningSettings;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every family in every mode: pruned, written and opened again, a model computes what the whole one does with the same units
 * zeroed; adapters learn beside what is left, and merged they compute the same.
 */
class FamilyPruningTest {

    private static final int SEQUENCES = 3;
    private static final int LENGTH = 24;
    private static final double TOLERANCE = 1e-4;

    /** Families whose heads all have keys and values of their own, so that nothing is finer than a head. */
    private static final Set<String> OWN_KEYS = Set.of("gpt_neox", "bloom", Families.BAICHUAN, Families.CHATGLM);

    private static final Set<String> WITH_EXPERTS = Set.of("mixtral", "qwen3_moe");

    private enum Mode {
        HEADS_AND_NEURONS(List.of(Role.HEADS, Role.NEURONS), List.of()),
        QUERY_HEADS(List.of(Role.QUERY_HEADS), List.of()),
        EXPERTS(List.of(Role.EXPERTS), List.of()),
        EXPERTS_AND_NEURONS(List.of(Role.EXPERTS, Role.NEURONS), List.of()),
        CHANNELS(List.of(Role.CHANNELS), List.of()),
        LAYERS(List.of(), List.of(Kind.LAYERS));

        private final List<Role> roles;
        private final List<Kind> blocks;

        Mode(List<Role> roles, List<Kind> blocks) {
            this.roles = roles;
            this.blocks = blocks;
        }
    }

    @TempDir
    private Path folder;

    static Stream<Arguments> familiesInModes() {
        return Families.all()
                .flatMap(family -> Stream.of(Mode.values())
                        .filter(mode -> mode != Mode.QUERY_HEADS || !OWN_KEYS.contains(family))
                        .filter(mode -> !mode.roles.contains(Role.EXPERTS) || WITH_EXPERTS.contains(family))
                        .map(mode -> Arguments.of(family, mode)));
    }

    @ParameterizedTest
    @MethodSource("familiesInModes")
    void prunedTunedAndMerged(String family, Mode mode) throws IOException {
        List<int[]> sequences = Families.texts(family, SEQUENCES, LENGTH);
        Path pruned = folder.resolve("pruned");
        try (Backend backend = Backends.open("cpu")) {
            try (Checkpoint source = Checkpoints.open(Families.model(family, folder));
                    Model model = Model.open(source, backend)) {
                prune(mode, source, model, sequences, pruned);
            }
            try (Checkpoint checkpoint = Checkpoints.open(pruned);
                    Model model = Model.open(checkpoint, backend)) {
                tuneAndMerge(checkpoint, model, sequences);
            }
        }
    }

    private static void prune(Mode mode, Checkpoint source, Model model, List<int[]> sequences, Path out) {
        Budget budget = new Budget(
                new Budget.Amount(0.5, true, 1, 1),
                Scope.LOCAL,
                Normalise.NONE,
                new Candidates(mode.roles, mode.blocks, BlockCriterion.UNITS, layer -> true, layer -> true, true));
        Method method = new Method(Criterion.PARAM_FIRST, Aggregate.SUM, Alignment.BY_UNIT, 1);
        Pruning.Result result = new Pruning(source, model, ModelScores.Walking.inMemory(), out)
                .plan(method, budget, Optional.of(new Calibration(sequences)));
        Selection removed = new PlanSelection(model.config(), "plan").removed(result.plan());
        new SafetensorsFolder()
                .write(out, new Compactor(source, model.config(), removed, Optional.empty()).content(), false);
        Packed tokens = Packed.of(sequences);
        try (Checkpoint cut = Checkpoints.open(out);
                Model smaller = Model.open(cut, model.backend())) {
            long left = new Transformer(smaller.config()).shape().parameterCount();
            assertEquals(result.plan().parameters().after(), left);
            assertTrue(left < model.structure().tape().parameterCount());
            assertEquals(model.config().modelType(), smaller.config().modelType());
            Golden.assertClose(
                    Zeroed.logits(model, removed, tokens, model.backend()),
                    Zeroed.logits(smaller, tokens, model.backend()),
                    TOLERANCE,
                    mode.toString());
        }
    }

    private void tuneAndMerge(Checkpoint pruned, Model model, List<int[]> sequences) throws IOException {
        Backend backend = model.backend();
        Packed tokens = Packed.of(sequences);
        Path stored = Files.createDirectory(folder.resolve("adapter"));
        Path merged = folder.resolve("merged");
        double[] adapted;
        try (LearnedAdapter learned = tuned(model, tokens)) {
            learned.adapter().writeInto(stored, backend, model.config(), "pruned");
            // Not closed: what it holds belongs to the model and to the adapter.
            adapted = Zeroed.logits(model.with(learned.adapter()), tokens, backend);
        }
        try (PeftAdapter adapter = PeftAdapter.open(stored)) {
            new SafetensorsFolder()
                    .write(merged, PeftMerge.of(pruned, adapter, Conversion.plain(Optional.empty())), false);
        }
        try (Checkpoint checkpoint = Checkpoints.open(merged);
                Model whole = Model.open(checkpoint, backend)) {
            double[] computed = Zeroed.logits(whole, tokens, backend);
            Golden.assertClose(adapted, computed, TOLERANCE, "merged");
            double[] before = Zeroed.logits(model, tokens, backend);
            assertTrue(Math.abs(before[0] - computed[0]) > 10 * TOLERANCE, "the adapter changes nothing");
        }
    }

    private static LearnedAdapter tuned(Model model, Packed tokens) {
        LoraConfig lora = new LoraConfig(
                4, 8, 0, Set.copyOf(Architectures.of(model.config()).adapterTargets()), Adapter.norms(model.config()));
        TuningSettings settings = new TuningSettings(
                1,
                1,
                1,
                new TuningSettings.Rate(1e-2, OptionalInt.empty(), TuningSettings.Fall.LINEAR),
                TrainingSettings.plain(),
                OptionalInt.empty(),
                1L << 30,
                5);
        LearnedAdapter learned = new LearnedAdapter(model, lora, 5);
        try (Tuner trainer = new Tuner(learned, Optional.empty(), settings, tokens)) {
            double before = trainer.evaluate(List.of(tokens), done -> {});
            for (int step = 0; step < 8; step++) {
                trainer.step(List.of(tokens), 1e-2, done -> {});
            }
            double after = trainer.evaluate(List.of(tokens), done -> {});
            assertTrue(after < before - 0.1, before + " became " + after);
            return learned;
        }
    }
}
