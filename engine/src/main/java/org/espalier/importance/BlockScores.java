package org.espalier.importance;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.espalier.couple.Group.Role;
import org.espalier.couple.Selection;
import org.espalier.couple.Structure;
import org.espalier.error.Failure;
import org.espalier.tape.Branch;

/**
 * Scores of whole attentions, MLPs or layers.
 *
 * @param kind      what goes as one
 * @param structure of the model
 * @param layers    that may lose theirs, ascending; each has it
 * @param scores    by layer; entries of other layers mean nothing
 */
public record BlockScores(Kind kind, Structure structure, List<Integer> layers, double[] scores) {

    /** What goes as one. */
    public enum Kind {
        /** A layer's attention. */
        ATTENTION(List.of(Branch.Kind.ATTENTION)),
        /** A layer's MLP. */
        MLP(List.of(Branch.Kind.MLP)),
        /** A layer, which is its attention and its MLP. */
        LAYERS(List.of(Branch.Kind.ATTENTION, Branch.Kind.MLP));

        private final List<Branch.Kind> kinds;

        Kind(List<Branch.Kind> kinds) {
            this.kinds = kinds;
        }

        /** The kinds of branches of a layer that it consists of. */
        public List<Branch.Kind> kinds() {
            return kinds;
        }

        /** The branches of a layer that it consists of; empty if the layer has none. */
        public List<Branch> branches(Structure structure, int layer) {
            return structure.branches().stream()
                    .filter(branch -> branch.layer() == layer && kinds.contains(branch.kind()))
                    .toList();
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public BlockScores {
        layers = List.copyOf(layers);
    }

    /** The score of a layer's branches. */
    public double score(int layer) {
        return scores[layer];
    }

    /** Parameters that go with a layer's branches. */
    public long parameters(int layer) {
        Selection without = new Selection(structure);
        remove(layer, without);
        return structure.tape().parameterCount() - without.parametersAfter();
    }

    /** Enters a layer's branches in a selection. */
    public void remove(int layer, Selection selection) {
        kind.branches(structure, layer).forEach(selection::remove);
    }

    /** The later a layer, the lower. */
    public static double[] positions(Structure structure) {
        int count = structure.layers();
        return IntStream.range(0, count).mapToDouble(layer -> count - layer).toArray();
    }

    /**
     * The sums of the scores of the units of each block.
     *
     * @throws Failure if a block has none
     */
    public static double[] sums(Kind kind, List<Integer> layers, Structure structure, List<UnitScores> units) {
        double[] sums = new double[structure.layers()];
        for (int layer : layers) {
            for (Branch branch : kind.branches(structure, layer)) {
                sums[layer] += sum(branch, units);
            }
        }
        return sums;
    }

    /** A layer without key/value heads to choose from may have query heads. */
    private static double sum(Branch branch, List<UnitScores> units) {
        List<Role> roles =
                branch.kind() == Branch.Kind.MLP ? List.of(Role.NEURONS) : List.of(Role.HEADS, Role.QUERY_HEADS);
        for (Role role : roles) {
            for (UnitScores scores : units) {
                if (scores.units().layer() == branch.layer()
                        && scores.units().group().role() == role) {
                    return Arrays.stream(scores.scores()).sum();
                }
            }
        }
        throw new Failure(
                "the " + branch.name() + " has no scored units",
                "--block-score units",
                "score its heads and neurons, or use another --block-score");
    }
}
