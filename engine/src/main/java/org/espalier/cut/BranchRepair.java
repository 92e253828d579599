package org.espalier.cut;

import org.espalier.tape.Branch;

/** A way to make up for what is gone, a branch at a time. */
interface BranchRepair {

    /** Walks the next branch of the dense model; the pruned model may not have it. */
    void next(Branch branch);
}
