package org.espalier.backend.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.ArrayList;
import java.util.List;
import org.espalier.backend.ActivationFunction;
import org.espalier.backend.AdamW;
import org.espalier.backend.AttentionInput;
import org.espalier.backend.HostCopy;
import org.espalier.backend.LossOps;
import org.espalier.backend.Queue;
import org.espalier.backend.Sequences;
import org.espalier.backend.Target;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The reference on examples small enough to work out on paper. */
class ReferenceByHandTest {

    private static final double EXACT = 1e-14;

    private final ReferenceBackend ops = new ReferenceBackend();
    private final Queue queue = ops.newQueue();
    private final List<Tensor> made = new ArrayList<>();

    @AfterEach
    void close() {
        made.forEach(t -> t.buffer().close());
    }

    @Test
    void linearMultipliesByTheTransposeAndAddsTheBias() {
        Tensor y = empty(2, 3);
        ops.linear(queue, of(2, 2).with(1, 2, 3, 4), of(3, 2).with(1, 0, 0, 1, 1, 1), of(3).with(10, 20, 30), y);
        expect(y, 11, 22, 33, 13, 24, 37);
    }

    @Test
    void linearGradients() {
        Tensor dX = empty(1, 2);
        Tensor dW = of(3, 2).with(1, 1, 1, 1, 1, 1);
        Tensor dBias = empty(3);
        Tensor dY = of(1, 3).with(1, 10, 100);
        ops.linearBackwardInput(queue, dY, of(3, 2).with(1, 2, 3, 4, 5, 6), Target.overwrite(dX));
        ops.linearBackwardWeight(queue, of(1, 2).with(2, 3), dY, Target.accumulate(dW));
        ops.linearBackwardBias(queue, dY, Target.overwrite(dBias));
        expect(dX, 531, 642);
        expect(dW, 3, 4, 21, 31, 201, 301);
        expect(dBias, 1, 10, 100);
    }

    @Test
    void rmsNormDividesByTheRootOfTheMeanSquare() {
        Tensor y = empty(1, 2);
        Tensor rstd = empty(1);
        // mean square (9 + 16) / 2 = 12.5, with eps 3.5: root 4
        ops.rmsNorm(queue, of(1, 2).with(3, 4), of(2).with(1, 2), 3.5, y, rstd);
        expect(y, 0.75, 2);
        expect(rstd, 0.25);
    }

    @Test
    void layerNormTakesOffTheMean() {
        Tensor y = empty(1, 2);
        Tensor mean = empty(1);
        Tensor rstd = empty(1);
        // mean 5, variance 9, with eps 7: root 4
        ops.layerNorm(queue, of(1, 2).with(2, 8), of(2).with(1, 2), of(2).with(0, 10), 7, y, mean, rstd);
        expect(y, -0.75, 11.5);
        expect(mean, 5);
        expect(rstd, 0.25);
    }

    @Test
    void activationsAtOne() {
        Tensor x = of(3).with(-1, 0, 1);
        Tensor y = empty(3);
        ops.activation(queue, ActivationFunction.GELU, x, y);
        expect(y, -0.15865525393145705, 0, 0.8413447460685429);
        ops.activation(queue, ActivationFunction.GELU_TANH, x, y);
        expect(y, -0.15880800939172324, 0, 0.8411919906082768);
        ops.activation(queue, ActivationFunction.SILU, x, y);
        expect(y, -0.2689414213699951, 0, 0.7310585786300049);
        ops.activation(queue, ActivationFunction.RELU, x, y);
        expect(y, 0, 0, 1);
    }

    @Test
    void productsAreAddedToATarget() {
        Tensor out = of(2).with(100, 200);
        ops.multiply(queue, of(2).with(2, 3), of(2).with(5, -7), Target.accumulate(out));
        expect(out, 110, 179);
    }

    @Test
    void columnsGoToTheirPlace() {
        Tensor target = of(2, 4).with(1, 2, 3, 4, 5, 6, 7, 8);
        Tensor source = of(2, 3).with(10, 20, 30, 40, 50, 60);
        ops.copyColumns(queue, source, 1, Target.accumulate(target), 2, 2);
        expect(target, 1, 2, 23, 34, 5, 6, 57, 68);
        ops.copyColumns(queue, source, 0, Target.overwrite(target), 3, 1);
        expect(target, 1, 2, 23, 10, 5, 6, 57, 40);
    }

    @Test
    void rotaryLetsTheRestOfAHeadPass() {
        Tensor table = of(1, 2, 1).with(/* cosine */ 0, /* sine */ 1);
        Tensor x = of(1, 1, 3).with(1, 2, 3);
        Tensor y = of(1, 1, 3).with(100, 100, 100);
        ops.rotary(queue, x, ints(0), table, false, false, Target.accumulate(y));
        expect(y, 98, 101, 103);
    }

    @Test
    void rotaryTurnsAQuarter() {
        Tensor table = of(2, 2, 2).with(1, 1, 0, 0, /* cosines */ 0, 1, /* sines */ 1, 0);
        Tensor x = of(1, 1, 4).with(1, 2, 3, 4);
        Tensor halves = empty(1, 1, 4);
        Tensor pairs = empty(1, 1, 4);
        Tensor back = empty(1, 1, 4);
        ops.rotary(queue, x, ints(1), table, false, false, Target.overwrite(halves));
        ops.rotary(queue, x, ints(1), table, true, false, Target.overwrite(pairs));
        ops.rotary(queue, pairs, ints(1), table, true, true, Target.overwrite(back));
        expect(halves, -3, 2, 1, 4);
        expect(pairs, -2, 1, 3, 4);
        expect(back, 1, 2, 3, 4);
    }

    @Test
    void attentionWeighsTwoKeysBySoftmax() {
        Tensor out = empty(2, 1, 1);
        Tensor logSum = empty(2, 1);
        // The second token's scores are 0 and ln 3, so that it takes 1/4 of the first value and 3/4 of the second.
        ops.attention(
                queue,
                new AttentionInput(
                        Sequences.packed(2),
                        1,
                        of(2, 1, 1).with(1, Math.log(3)),
                        of(2, 1, 1).with(0, 1),
                        of(2, 1, 1).with(8, 16)),
                out,
                logSum);
        expect(out, 8, 14);
        expect(logSum, 0, Math.log(4));
    }

    @Test
    void attentionSharesKeysWithinAGroupAndScales() {
        Tensor out = empty(1, 4, 1);
        Tensor logSum = empty(1, 4);
        ops.attention(
                queue,
                new AttentionInput(
                        Sequences.packed(1),
                        0.5,
                        of(1, 4, 1).with(1, 2, 3, 4),
                        of(1, 2, 1).with(10, 100),
                        of(1, 2, 1).with(7, 9)),
                out,
                logSum);
        expect(out, 7, 7, 9, 9);
        expect(logSum, 5, 10, 150, 200);
    }

    @Test
    void crossEntropyOfUniformLogitsIsTheLogarithmOfTheVocabulary() {
        Tensor logits = of(3, 4).with(5, 5, 5, 5, -900, -900, -900, -900, 0, 0, 0, 0);
        Tensor targets = ints(0, 3, LossOps.IGNORED);
        Tensor loss = empty(3);
        Tensor logSum = empty(3);
        Tensor dLogits = empty(3, 4);
        ops.crossEntropy(queue, logits, targets, loss, logSum);
        ops.crossEntropyBackward(queue, logits, targets, logSum, 0.5, dLogits);
        expect(loss, Math.log(4), Math.log(4), 0);
        expect(logSum, 5 + Math.log(4), -900 + Math.log(4), Math.log(4));
        expect(dLogits, -0.375, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, -0.375, 0, 0, 0, 0);
    }

    @Test
    void swiGluAtZeroAndFarOut() {
        Tensor out = empty(3);
        Tensor dGate = empty(3);
        Tensor dUp = empty(3);
        Tensor gate = of(3).with(0, 800, -800);
        Tensor up = of(3).with(6, 2, 2);
        ops.swiGlu(queue, gate, up, out);
        ops.swiGluBackward(queue, gate, up, of(3).with(1, 1, 1), Target.overwrite(dGate), Target.overwrite(dUp));
        expect(out, 0, 1600, 0);
        expect(dGate, 3, 2, 0);
        expect(dUp, 0, 800, 0);
    }

    @Test
    void embeddingLooksUpAndAddsBack() {
        Tensor out = empty(3, 2);
        Tensor dTable = of(3, 2).with(0, 0, 5, 5, 0, 0);
        ops.embedding(queue, ints(2, 0, 2), of(3, 2).with(1, 2, 3, 4, 5, 6), out);
        ops.embeddingBackward(queue, ints(2, 0, 2), of(3, 2).with(1, 2, 10, 20, 100, 200), dTable);
        expect(out, 5, 6, 1, 2, 5, 6);
        expect(dTable, 10, 20, 5, 5, 101, 202);
    }

    @Test
    void theFirstStepOfAdamWGoesAgainstTheSignByTheLearningRate() {
        Tensor w = of(3).with(1, 1, 1);
        Tensor m = of(3).with(0, 0, 0);
        Tensor v = of(3).with(0, 0, 0);
        ops.adamW(queue, new AdamW(0.125, 0.9, 0.99, 0, 0.5), 1, w, of(3).with(1e-3, -7, 250), m, v, null);
        // Decay takes 1/16 of the weight first; then the gradient's size does not matter.
        expect(w, 0.9375 - 0.125, 0.9375 + 0.125, 0.9375 - 0.125);
        expect(m, 1e-4, -0.7, 25);
        expect(v, 1e-8, 0.49, 625);
    }

    @Test
    void clippingByGlobalNorm() {
        Tensor squares = made(ops.allocate(DType.F64, Shape.of(1), "sum"));
        Tensor factor = made(ops.allocate(DType.F32, Shape.of(1), "factor"));
        ops.sumOfSquares(queue, of(2).with(3, 0), Target.overwrite(squares));
        ops.sumOfSquares(queue, of(1).with(4), Target.accumulate(squares));
        ops.clipFactor(queue, squares, 2.5f, factor);
        expect(squares, 25);
        assertArrayEquals(new double[] {(float) (2.5 / (5 + 1e-6))}, HostCopy.readDoubles(ops, queue, factor));
        ops.clipFactor(queue, squares, 50, factor);
        expect(factor, 1);
    }

    @Test
    void argMaxTakesTheFirstOfEquals() {
        Tensor out = ints(-1, -1);
        ops.argMax(queue, of(2, 3).with(1, 7, 7, -3, -5, -4), out);
        assertArrayEquals(new int[] {1, 0}, HostCopy.readInts(ops, queue, out));
    }

    @Test
    void newMemoryReadsAsNaN() {
        expect(empty(2), Double.NaN, Double.NaN);
    }

    private void expect(Tensor tensor, double... numbers) {
        assertArrayEquals(numbers, HostCopy.readDoubles(ops, queue, tensor), EXACT * Math.max(1, largest(numbers)));
    }

    private static double largest(double[] numbers) {
        double largest = 0;
        for (double number : numbers) {
            largest = Math.max(largest, Double.isNaN(number) ? 0 : Math.abs(number));
        }
        return largest;
    }

    private Tensor empty(long... dims) {
        return made(ops.allocate(DType.F64, Shape.of(dims), "numbers"));
    }

    private Tensor ints(int... numbers) {
        Tensor tensor = made(ops.allocate(DType.I32, Shape.of(numbers.length), "integers"));
        HostCopy.writeInts(ops, queue, numbers, tensor);
        return tensor;
    }

    private Filler of(long... dims) {
        return numbers -> {
            Tensor tensor = empty(dims);
            HostCopy.writeDoubles(ops, queue, numbers, tensor);
            return tensor;
        };
    }

    private Tensor made(Tensor tensor) {
        made.add(tensor);
        return tensor;
    }

    private interface Filler {
        Tensor with(double... numbers);
    }
}
