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
        int runs = Checks.runs(positions);
        for (int t = 0; t < x.shape().extent(0); t++) {
            for (int h = 0; h < heads; h++) {
                int head = (t * heads + h) * headDim;
                for (int i = 2 * half * runs; i < headDim; i++) {
                    to[head + i] += from[head + i];
                }
                for (int i = 0; i < half * runs; i++) {
                    int run = i / half;
                    int pair = i % half;
                    int row = position[t * runs + run] * 2 * half;
                    double cos = angles[row + pair];
                    double sin = angles[row + half + pair] * (inverse ? -1 : 1);
                    int start = head + 2 * half * run;
                    int a = start + (interleaved ? 2 * pair : pair);
                    int b = start + (interleaved ? 2 * pair + 1 : pair + half);
                    to[a] += from[a] * cos - from[b] * sin;
                    to[b] += from[a] * sin + from[b] * cos;
                }
            }
        }
        Numbers.write(y, to);
    }
}
