package org.espalier.backend.cpu;

import org.espalier.backend.ExpertOps;
import org.espalier.backend.HostIndices;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.tensor.Tensor;

/** {@link Routing} and {@link ExpertRows} after the checks. */
interface CpuExperts extends ExpertOps, CpuOps {

    @Override
    default void route(Queue queue, Tensor logits, boolean normalised, Tensor chosen, Tensor factors) {
        Checks.route(COMPUTE, logits, chosen, factors);
        new Routing(
                        session().pool(),
                        logits.shape().rows(),
                        logits.shape().columns(),
                        factors.shape().columns())
                .forward(Segments.of(logits), normalised, Segments.of(chosen), Segments.of(factors));
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
        HostIndices.check("routeBackward", "chosen", chosen, logits.shape().dim(1));
        new Routing(
                        session().pool(),
                        logits.shape().rows(),
                        logits.shape().columns(),
                        factors.shape().columns())
                .backward(
                        Segments.of(logits),
                        normalised,
                        Segments.of(chosen),
                        Segments.of(factors),
                        Segments.of(dFactors),
                        Segments.of(dLogits),
                        dLogits.beta());
    }

    @Override
    default void spreadRows(Queue queue, Tensor source, Tensor rows, Tensor factors, Target out) {
        Checks.spreadRows(COMPUTE, source, rows, factors, out);
        HostIndices.check("spreadRows", "rows", rows, rows.shape().dim(0));
        rows(source, rows)
                .spread(
                        Segments.of(source),
                        Segments.of(rows),
                        factors == null ? null : Segments.of(factors),
                        Segments.of(out),
                        out.beta());
    }

    @Override
    default void joinRows(Queue queue, Tensor source, Tensor rows, Tensor factors, Target out) {
        Checks.joinRows(COMPUTE, source, rows, factors, out);
        HostIndices.check("joinRows", "rows", rows, rows.shape().dim(0));
        rows(out.tensor(), rows)
                .join(
                        Segments.of(source),
                        Segments.of(rows),
                        factors == null ? null : Segments.of(factors),
                        Segments.of(out),
                        out.beta());
    }

    @Override
    default void rowDots(Queue queue, Tensor a, Tensor source, Tensor rows, Target out) {
        Checks.rowDots(COMPUTE, a, source, rows, out);
        HostIndices.check("rowDots", "rows", rows, rows.shape().dim(0));
        rows(a, rows).dots(Segments.of(a), Segments.of(source), Segments.of(rows), Segments.of(out), out.beta());
    }

    private ExpertRows rows(Tensor ofTokens, Tensor rows) {
        int tokens = ofTokens.shape().rows();
        int each = tokens == 0 ? 0 : rows.shape().extent(0) / tokens;
        return new ExpertRows(session().pool(), tokens, each, ofTokens.shape().columns());
    }
}
