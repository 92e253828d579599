package org.espalier.prune;

import java.util.List;
import java.util.Locale;
import org.espalier.couple.Selection;
import org.espalier.couple.Structure;
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
        ATTENTION(List.of(Branch.Kind.ATTENTION)),
        MLP(List.of(Branch.Kind.MLP)),
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
        List<Branch> branches(Structure structure, int layer) {
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

    double score(int layer) {
        return scores[layer];
    }

    /** Parameters that go with a layer's branches. */
    long parameters(int layer) {
        Selection without = new Selection(structure);
        remove(layer, without);
        return structure.tape().parameterCount() - without.parametersAfter();
    }

    void remove(int layer, Selection selection) {
        kind.branches(structure, layer).forEach(selection::remove);
    }
}
