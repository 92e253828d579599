package org.espalier.backend.cuda;

import org.espalier.backend.ExpertOps;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.tensor.Tensor;

/** Launches {@code experts.cu}; the kernels look at the row numbers. */
interface CudaExperts extends ExpertOps, CudaOps {

    @Override
    default void route(Queue queue, Tensor logits, boolean normalised, Tensor chosen, Tensor factors) {
        Checks.route(COMPUTE, logits, chosen, factors);
        int tokens = logits.shape().rows();
        if (tokens == 0) {
            return;
        }
        try (CudaKernel.Call call = session().call(queue, "experts", "route_forward")) {
            call.tensor(logits)
                    .tensor(chosen)
                    .tensor(factors)
                    .number(tokens)
                    .number(logits.shape().columns())
                    .number(factors.shape().columns())
                    .number(normalised ? 1 : 0)
                    .launch(CudaGrid.warps(tokens), "route", logits.shape(), factors.shape());
        }
    }

    @Override
    default void routeBackward(
            Queue queue,
            Tensor logits,
            boolean normalised,
            Tensor chosen,
            Tensor factors,
            Tensor dFactors,
            Target dLogits) {
        Checks.routeBackward(COMPUTE, logits, chosen, factors, dFactors, dLogits);
        int tokens = logits.shape().rows();
        if (tokens == 0) {
            return;
        }
        try (CudaKernel.Call call = session().call(queue, "experts", "route_backward")) {
            call.tensor(logits)
                    .tensor(chosen)
                    .tensor(factors)
                    .tensor(dFactors)
                    .target(dLogits)
                    .number(tokens)
                    .number(logits.shape().columns())
                    .number(factors.shape().columns())
                    .number(normalised ? 1 : 0)
                    .launch(CudaGrid.warps(tokens), "routeBackward", logits.shape(), factors.shape());
        }
    }

    @Override
    default void spreadRows(Queue queue, Tensor source, Tensor rows, Tensor factors, Target out) {
        Checks.spreadRows(COMPUTE, source, rows, factors, out);
        if (out.tensor().shape().elements() == 0) {
            return;
        }
        int count = rows.shape().extent(0);
        int channels = source.shape().columns();
        try (CudaKernel.Call call = session().call(queue, "experts", "spread_rows")) {
            call.tensor(source)
                    .tensor(rows)
                    .optional(factors)
                    .target(out)
                    .number(count)
                    .number(count / source.shape().rows())
                    .number(channels)
                    .launch(CudaGrid.shortRows(count, channels), "spreadRows", source.shape(), rows.shape());
        }
    }

    @Override
    default void joinRows(Queue queue, Tensor source, Tensor rows, Tensor factors, Target out) {
        Checks.joinRows(COMPUTE, source, rows, factors, out);
        if (out.tensor().shape().elements() == 0) {
            return;
        }
        int tokens = out.tensor().shape().rows();
        int channels = source.shape().columns();
        try (CudaKernel.Call call = session().call(queue, "experts", "join_rows")) {
            call.tensor(source)
                    .tensor(rows)
                    .optional(factors)
                    .target(out)
                    .number(tokens)
                    .number(rows.shape().extent(0) / tokens)
                    .number(channels)
                    .launch(CudaGrid.shortRows(tokens, channels), "joinRows", source.shape(), rows.shape());
        }
    }

    @Override
    default void rowDots(Queue queue, Tensor a, Tensor source, Tensor rows, Target out) {
        Checks.rowDots(COMPUTE, a, source, rows, out);
        int count = rows.shape().extent(0);
        if (count == 0) {
            return;
        }
        int tokens = a.shape().rows();
        try (CudaKernel.Call call = session().call(queue, "experts", "row_dots")) {
            call.tensor(a)
                    .tensor(source)
                    .tensor(rows)
                    .target(out)
                    .number(tokens)
                    .number(count / tokens)
                    .number(a.shape().columns())
                    .launch(CudaGrid.warps(count), "rowDots", a.shape(), source.shape());
        }
    }
}
