package org.espalier.backend.cpu;

import org.espalier.backend.AttentionInput;
import org.espalier.backend.AttentionOps;
import org.espalier.backend.HostIndices;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.tensor.Tensor;

/** {@link Rotary}, {@link Attention} and {@link AttentionGradient} after the checks. */
interface CpuAttention extends AttentionOps, CpuOps {

    @Override
    default void rotary(
            Queue queue, Tensor x, Tensor positions, Tensor table, boolean interleaved, boolean inverse, Target y) {
        Checks.rotary(COMPUTE, x, positions, table, y);
        HostIndices.check("rotary", "positions", positions, table.shape().dim(0));
        Rotary.Form form = new Rotary.Form(
                x.shape().extent(0),
                x.shape().extent(1),
                x.shape().extent(2),
                Checks.runs(positions),
                table.shape().extent(2),
                interleaved,
                inverse ? -1 : 1);
        new Rotary(session().pool())
                .run(form, Segments.of(x), Segments.of(positions), Segments.of(table), Segments.of(y), y.beta());
    }

    @Override
    default void attention(Queue queue, AttentionInput in, Tensor out, Tensor logSum) {
        Checks.attention(COMPUTE, in, out, logSum);
        new Attention(session())
                .forward(new AttentionOperands(
                        in.sequences(),
                        shape(in),
                        scores(in),
                        Segments.of(in.query()),
                        Segments.of(in.key()),
                        Segments.of(in.value()),
                        Segments.of(out),
                        Segments.of(logSum)));
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
        clearUnlessKept(dKey);
        clearUnlessKept(dValue);
        new AttentionGradient(session())
                .run(
                        in.sequences(),
                        shape(in),
                        scores(in),
                        new AttentionGradient.Input(
                                Segments.of(in.query()),
                                Segments.of(in.key()),
                                Segments.of(in.value()),
                                Segments.of(out),
                                Segments.of(logSum),
                                Segments.of(dOut)),
                        new AttentionGradient.Output(
                                Segments.orNull(dQuery),
                                Segments.betaOrZero(dQuery),
                                Segments.orNull(dKey),
                                Segments.orNull(dValue)));
    }

    private void clearUnlessKept(Target target) {
        if (target != null && !target.accumulates()) {
            long numbers = target.tensor().shape().elements();
            new Convert(session().pool()).fill(COMPUTE, Segments.of(target), 0, numbers);
        }
    }

    private static AttentionScores scores(AttentionInput in) {
        return new AttentionScores(in.form(), in.slopes() == null ? null : Segments.of(in.slopes()));
    }

    private static AttentionShape shape(AttentionInput in) {
        return new AttentionShape(in.heads(), in.kvHeads(), in.headDim(), in.valueDim());
    }
}
