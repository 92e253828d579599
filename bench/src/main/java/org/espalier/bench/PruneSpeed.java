package org.espalier.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.IntPredicate;
import org.espalier.couple.Group.Role;
import org.espalier.cut.Compactor;
import org.espalier.file.Output;
import org.espalier.format.Checkpoint;
import org.espalier.format.SafetensorsFolder;
import org.espalier.importance.BlockCriterion;
import org.espalier.importance.Calibration;
import org.espalier.importance.Candidates;
import org.espalier.job.Pruning;
import org.espalier.model.Model;
import org.espalier.plan.Allocation.Normalise;
import org.espalier.plan.Allocation.Scope;
import org.espalier.plan.Budget;
import org.espalier.score.ModelScores;

/**
 * What {@code engine prune --criterion param_first --compensate none} does with an open model: scores the neurons of the
 * inner layers by their gradients, plans the removal of a fifth of all parameters, and writes what is left to a folder,
 * which is deleted again.
 */
final class PruneSpeed {

    private static final Budget.Amount FIFTH = new Budget.Amount(0.2, false, 1, 1);

    private final Checkpoint checkpoint;
    private final Model model;
    private final Calibration calibration;
    private final Budget budget;

    /** @param ids of all sequences, end to end */
    PruneSpeed(Checkpoint checkpoint, Model model, int sequences, int length, int[] ids) {
        this.checkpoint = checkpoint;
        this.model = model;
        this.calibration = new Calibration(SpeedServer.cut(ids, sequences, length));
        int layers = model.config().layers().size();
        IntPredicate inner = layer -> layer >= Math.ceilDiv(layers, 8) && layer < layers - Math.ceilDiv(layers, 16);
        this.budget = new Budget(
                FIFTH,
                Scope.LOCAL,
                Normalise.PARAMETERS,
                new Candidates(List.of(Role.NEURONS), List.of(), BlockCriterion.COSINE, inner, inner, true));
    }

    /** Returns the parameters that are left. */
    long prune() {
        try {
            Path folder = Files.createTempDirectory("pruned");
            Pruning.Result result = new Pruning(
                            checkpoint, model, ModelScores.Walking.inMemory(), folder.resolve("steps"))
                    .plan(ScoreSpeed.METHOD, budget, Optional.of(calibration));
            Output.writeFolder(
                    folder,
                    true,
                    out -> new SafetensorsFolder()
                            .writeInto(
                                    out,
                                    new Compactor(checkpoint, model.config(), result.selection(), Optional.empty())
                                            .content()));
            delete(folder);
            return result.plan().parameters().after();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void delete(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }
}
