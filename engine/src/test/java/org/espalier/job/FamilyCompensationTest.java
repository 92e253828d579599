package org.espalier.job;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.Backends;
import org.espalier.Families;
import org.espalier.Zeroed;
import org.espalier.backend.Backend;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Selection;
import org.espalier.cut.Compactor;
import org.espalier.cut.Compensated;
import org.espalier.cut.Compensation;
import org.espalier.cut.Compensator;
import org.espalier.error.Failure;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.format.SafetensorsFolder;
import org.espalier.model.Model;
import org.espalier.model.Packed;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What is gone is made up for in every family, or one line says why it is not. */
class FamilyCompensationTest {

    /** Branches that read another stream than they are added to. */
    private static final Set<String> NOT_BY_THEMSELVES = Set.of("gpt_neox");
    /** Families whose configuration, or one that computes the same, has a bias at the end of every branch. */
    private static final Set<String> BIASED = Set.of("qwen2", "bloom", Families.CHATGLM);

    private static final Map<String, Integer> HEADS_GONE = Map.of("gemma3", 0);

    @TempDir
    private Path folder;

    static Stream<Arguments> familiesAndKinds() {
        return Families.all()
                .flatMap(family ->
                        Stream.of(Arguments.of(family, Compensation.BIAS), Arguments.of(family, Compensation.LSTSQ)));
    }

    @ParameterizedTest
    @MethodSource("familiesAndKinds")
    void isMadeUpForOrRefused(String family, Compensation kind) {
        try (Backend backend = Backends.open("cpu");
                Checkpoint source = Checkpoints.open(Families.model(family, folder.resolve("whole")));
                Model model = Model.open(source, backend)) {
            List<int[]> texts = Families.texts(family, 3, family.equals(Families.CHATGLM) ? 20 : 48);
            Selection selection = quarter(model, HEADS_GONE.getOrDefault(family, 1));
            Compensator compensator = new Compensator(model, selection, texts, 0.01);
            if (NOT_BY_THEMSELVES.contains(family)) {
                refused(compensator, kind, "cannot be run by itself", "no place for biases");
            } else if (kind == Compensation.BIAS && !BIASED.contains(family)) {
                refused(compensator, kind, "no place for biases");
            } else {
                Packed tokens = Packed.of(texts);
                double[] dense = Zeroed.logits(model, tokens, backend);
                double before = distance(dense, Zeroed.logits(model, selection, tokens, backend));
                try (Compensated compensated = compensator.run(kind, () -> {})) {
                    new SafetensorsFolder()
                            .write(
                                    folder.resolve("smaller"),
                                    new Compactor(source, model.config(), selection, Optional.empty())
                                            .content(compensated),
                                    true);
                }
                try (Checkpoint written = Checkpoints.open(folder.resolve("smaller"));
                        Model smaller = Model.open(written, backend)) {
                    double after = distance(dense, Zeroed.logits(smaller, tokens, backend));
                    assertTrue(after < before, before + " became " + after);
                }
            }
        }
    }

    /** The first neurons of every layer, and its first heads. */
    private static Selection quarter(Model model, int heads) {
        Selection selection = new Selection(model.structure());
        model.structure().units().forEach(units -> {
            if (units.group().role() == Role.NEURONS) {
                int each = units.perSet();
                selection.remove(
                        units,
                        IntStream.range(0, units.count())
                                .filter(unit -> unit % each < each / 4)
                                .toArray());
            } else if (units.group().role() == Role.EXPERTS) {
                selection.remove(units, 1);
            } else if (units.group().role() == Role.HEADS) {
                selection.remove(units, IntStream.range(0, heads).toArray());
            }
        });
        return selection;
    }

    private static void refused(Compensator compensator, Compensation kind, String... reasons) {
        Failure failure = assertThrows(Failure.class, () -> compensator.run(kind, () -> {}));
        assertTrue(Stream.of(reasons).anyMatch(failure.getMessage()::contains), failure::getMessage);
    }

    private static double distance(double[] a, double[] b) {
        return IntStream.range(0, a.length)
                .mapToDouble(i -> (a[i] - b[i]) * (a[i] - b[i]))
                .sum();
    }
}
