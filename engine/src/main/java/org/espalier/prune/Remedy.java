package org.espalier.prune;

import org.espalier.prune.Selection.Block;

/** A way to make up for what is gone, half a layer at a time. */
interface Remedy {

    /**
     * Walks the next half.
     *
     * @param layer in the source
     * @param block which half of it; the source has it, the pruned model may not
     */
    void half(int layer, Block block);
}
