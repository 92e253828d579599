package org.espalier.backend.reference;

import org.espalier.backend.AttentionOps;
import org.espalier.backend.HostIndices;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

interface ReferenceRotary extends AttentionOps {

    @Override
    default void rotary(
            Queue queue, Tensor x, Tensor positions, Tensor table, boolean interleaved, boolean inverse, Target y) {
        Checks.rotary(DType.F64, x, positions, table, y);
        HostIndices.check("rotary", "positions", positions, table.shape().dim(0));
        int heads = x.shape().extent(1);
        int headDim = x.shape().extent(2);
        int half = table.shape().extent(2);
        int[] position = Numbers.readInts(positions);
        double[] angles = Numbers.read(table);
        double[] from = Numbers.read(x);
        double[] to = Numbers.accumulator(y);
        for (int t = 0; t < position.length; t++) {
            for (int h = 0; h < heads; h++) {
                int head = (t * heads + h) * headDim;
                for (int i = 2 * half; i < headDim; i++) {
                    to[head + i] += from[head + i];
                }
                for (int i = 0; i < half; i++) {
                    double cos = angles[position[t] * 2 * half + i];
                    double sin = angles[position[t] * 2 * half + half + i] * (inverse ? -1 : 1);
                    int a = head + (interleaved ? 2 * i : i);
                    int b = head + (interleaved ? 2 * i + 1 : i + half);
                    to[a] += from[a] * cos - from[b] * sin;
                    to[b] += from[a] * sin + from[b] * cos;
                }
            }
        }
        Numbers.write(y, to);
    }
}
