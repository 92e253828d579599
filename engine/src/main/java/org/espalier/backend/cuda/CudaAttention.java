package org.espalier.backend.cuda;

import org.espalier.backend.AttentionInput;
import org.espalier.backend.AttentionOps;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.tensor.Tensor;

/** Launches {@code rotary.cu}, whose kernels look at the positions; {@link AttentionKernels} after the checks. */
interface CudaAttention extends AttentionOps, CudaOps {

    @Override
    default void rotary(
            Queue queue, Tensor x, Tensor positions, Tensor table, boolean interleaved, boolean inverse, Target y) {
        Checks.rotary(COMPUTE, x, positions, table, y);
        if (x.shape().elements() == 0) {
            return;
        }
        int heads = x.shape().extent(1);
        int headDim = x.shape().extent(2);
        try (CudaKernel.Call call =
                session().call(queue, "rotary", interleaved ? "rotary_interleaved" : "rotary_halves")) {
            call.tensor(x)
                    .tensor(positions)
                    .tensor(table)
                    .target(y)
                    .number(inverse ? -1f : 1f)
                    .number(heads)
                    .number(headDim)
                    .number(Checks.runs(positions))
                    .number(table.shape().extent(2))
                    .number(table.shape().extent(0))
                    .launch(CudaGrid.rows(x.shape().extent(0), heads * headDim), "rotary", x.shape());
        }
    }

    @Override
    default void attention(Queue queue, AttentionInput in, Tensor out, Tensor logSum) {
        Checks.attention(COMPUTE, in, out, logSum);
        new AttentionKernels(session(), session().ownQueue(queue)).forward(in, out, logSum);
    }

    @Override
    default void attentionBackward(
            Queue queue,
            AttentionInput in,
            Tensor out,
            Tensor logSum,
            Tensor dOut,
            Target dQuery,
            Target dKey,
            Target dValue) {
        Checks.attentionBackward(COMPUTE, in, out, logSum, dOut, dQuery, dKey, dValue);
        CudaQueue stream = session().ownQueue(queue);
        CudaConvert convert = new CudaConvert(session(), stream);
        convert.clearUnlessKept(dKey);
        convert.clearUnlessKept(dValue);
        new AttentionKernels(session(), stream).backward(in, out, logSum, dOut, dQuery, dKey, dValue);
    }
}
