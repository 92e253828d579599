package org.espalier.model.arch;

import java.util.List;
import org.espalier.model.Pass;
import org.espalier.tape.Value;
import org.espalier.tape.op.Split;

/** A projection that makes the query, the key and the value of every head, one head after the other. */
final class FusedHeads {

    private FusedHeads() {}

    /** Queries, keys and values, {@code [T, H, D]} each, of {@code x [T, C]}. */
    static List<Value> record(Pass pass, Value x, String name, int heads, int headDim, boolean biased) {
        Value fused = pass.project(x, name, 3L * heads * headDim, biased); // [T, H · 3 · D]
        Value ofHeads = pass.tape().view(fused, pass.tokens(), heads, 3L * headDim);
        return Split.record(pass.tape(), ofHeads, headDim, headDim, headDim);
    }
}
