package org.espalier.model;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import org.espalier.backend.HostCopy;
import org.espalier.model.Transformer.Recording;
import org.espalier.tape.Observer;
import org.espalier.tape.Op;
import org.espalier.tape.Step;
import org.espalier.tape.Value;
import org.espalier.tape.op.CrossEntropy;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/** Looks on while losses are computed, and keeps which token the logits of each find the likeliest: of equals the lowest id. */
final class LikeliestTokens implements Observer {

    /** By the losses they are of, batch after batch: batches of equal size have one tape. */
    private final Map<Value, Queue<int[]>> best = new HashMap<>();

    @Override
    public void afterForward(Op op, Step step) {
        if (op instanceof CrossEntropy entropy) {
            best.computeIfAbsent(entropy.loss(), loss -> new ArrayDeque<>()).add(best(entropy, step));
        }
    }

    private static int[] best(CrossEntropy entropy, Step step) {
        Shape rows = Shape.of(entropy.loss().shape().extent(0));
        Tensor chosen = step.backend().allocate(DType.I32, rows, "likeliest tokens");
        try {
            step.backend().argMax(step.queue(), step.value(entropy.logits()), chosen);
            return HostCopy.readInts(step.backend(), step.queue(), chosen);
        } finally {
            chosen.buffer().close();
        }
    }

    /** The likeliest tokens of all batches that were walked, one after the other; each can be asked for once. */
    int[] of(List<Recording> batches) {
        return batches.stream()
                .flatMap(batch -> batch.losses().stream())
                .map(loss -> best.get(loss).remove())
                .flatMapToInt(Arrays::stream)
                .toArray();
    }
}
