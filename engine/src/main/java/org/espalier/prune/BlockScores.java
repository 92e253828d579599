package org.espalier.prune;

import java.util.List;
import java.util.Locale;
import org.espalier.model.Llama;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.prune.Selection.Block;

/**
 * Scores of whole attentions, MLPs or layers.
 *
 * @param kind   what goes as one
 * @param config of the model
 * @param layers that may lose theirs, ascending; each has it
 * @param scores by layer; entries of other layers mean nothing
 */
public record BlockScores(Kind kind, ModelConfig config, List<Integer> layers, double[] scores) {

    /** What goes as one. */
    public enum Kind {
        ATTENTION(List.of(Block.ATTENTION)),
        MLP(List.of(Block.MLP)),
        LAYERS(List.of(Block.ATTENTION, Block.MLP));

        private final List<Block> blocks;

        Kind(List<Block> blocks) {
            this.blocks = blocks;
        }

        /** The blocks of a layer that it consists of. */
        public List<Block> blocks() {
            return blocks;
        }

        /** Whether a layer of these sizes has it, or part of it. */
        boolean in(LayerConfig sizes) {
            return blocks.stream().anyMatch(b -> b == Block.ATTENTION ? sizes.heads() > 0 : sizes.intermediate() > 0);
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

    /** Parameters that go with a layer's block. */
    long parameters(int layer) {
        Selection without = new Selection(config);
        remove(layer, without);
        return new Llama(config).shape().parameterCount() - without.parametersAfter();
    }

    void remove(int layer, Selection selection) {
        kind.blocks.forEach(block -> selection.remove(layer, block));
    }
}
