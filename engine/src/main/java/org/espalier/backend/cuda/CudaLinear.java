package org.espalier.backend.cuda;

import org.espalier.backend.Target;
import org.espalier.backend.cuda.CublasHandle.Operand;
import org.espalier.ffi.cuda.CudaLibrary;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/**
 * Linear layers through cuBLAS. It multiplies two operands of one type, and activations are float32, so for a weight
 * <ul>
 * <li>of float32 nothing is converted;
 * <li>of bfloat16 the activations are split into three bfloat16 numbers each, whose products are added: all bits count,
 * and the tensor cores do the work. With {@link Precision#HALF} they are rounded to one;
 * <li>of float16 (whose range is too small for that) and of a block type, a panel of the weight is widened to float32.
 * With {@link Precision#HALF} and float16 the activations are rounded instead.
 * </ul>
 * A few tokens, as in decoding, go past cuBLAS forwards: the weight is read once, and widened in registers.
 * Shapes were checked by the caller.
 */
final class CudaLinear {

    /** Converts numbers of one stored type to another on the device. */
    @FunctionalInterface
    interface Conversion {
        void run(CudaQueue queue, Tensor source, Tensor target);
    }

    /** How many numbers of an operand are converted at once, usually: 64 MiB of float32. */
    static final int PANEL = 1 << 24;

    private static final int PARTS = 3;

    private final CudaModules modules;
    private final Conversion conversion;
    private final Precision precision;
    private final int panel;
    private final CudaMatVec matVec;
    private final CudaBias bias;

    /** @param panel numbers of an operand that are converted at once; one row at least */
    CudaLinear(CudaModules modules, Conversion conversion, Precision precision, int panel) {
        this.modules = modules;
        this.conversion = conversion;
        this.precision = precision;
        this.panel = panel;
        this.matVec = new CudaMatVec(modules);
        this.bias = new CudaBias(modules);
    }

    void forward(CudaQueue queue, Tensor x, Tensor w, Tensor biasOrNull, Tensor y) {
        if (y.shape().elements() == 0) {
            return;
        }
        if (x.shape().elements() == 0) {
            sumOfNothing(queue, Target.overwrite(y), "linear");
        } else if (CudaMatVec.suits(x.shape().extent(0))) {
            matVec.run(queue, x, w, y);
        } else {
            withWeight(queue, new Weighted(x, w, true, y, 0, "linear"));
        }
        if (biasOrNull != null) {
            bias.add(queue, y, biasOrNull);
        }
    }

    void backwardInput(CudaQueue queue, Tensor dY, Tensor w, Target dX) {
        if (dX.tensor().shape().elements() == 0) {
            return;
        }
        if (dY.shape().elements() == 0) {
            sumOfNothing(queue, dX, "linearBackwardInput");
        } else {
            withWeight(queue, new Weighted(dY, w, false, dX.tensor(), dX.beta(), "linearBackwardInput"));
        }
    }

    void backwardWeight(CudaQueue queue, Tensor x, Tensor dY, Target dW) {
        if (dW.tensor().shape().elements() == 0) {
            return;
        }
        if (x.shape().extent(0) == 0) {
            sumOfNothing(queue, dW, "linearBackwardWeight");
            return;
        }
        int in = x.shape().columns();
        int out = dY.shape().columns();
        queue.products()
                .product(
                        out,
                        in,
                        x.shape().extent(0),
                        operand(queue, dY, true),
                        operand(queue, x, false),
                        dW.beta(),
                        operand(queue, dW.tensor(), false),
                        precision != Precision.FLOAT32,
                        "linearBackwardWeight",
                        x.shape(),
                        dY.shape());
    }

    void backwardBias(CudaQueue queue, Tensor dY, Target dBias) {
        bias.backward(queue, dY, dBias);
    }

    /** What every product is whose sums have no terms. */
    private static void sumOfNothing(CudaQueue queue, Target target, String operation) {
        if (!target.accumulates()) {
            Tensor tensor = target.tensor();
            int status = CudaLibrary.cuMemsetD32Async(
                    CudaBuffer.address(tensor, queue), 0, tensor.shape().elements(), queue.enter());
            queue.context().check(status, operation, tensor.shape());
        }
    }

    /**
     * {@code y = beta y + x op(w)}.
     *
     * @param x          {@code [tokens, in]}, or {@code [tokens, out]} if w is not transposed
     * @param w          {@code [out, in]} of any stored type
     * @param transposed whether op is the transposition
     */
    private record Weighted(Tensor x, Tensor w, boolean transposed, Tensor y, float beta, String operation) {

        int tokens() {
            return x.shape().extent(0);
        }
    }

    private void withWeight(CudaQueue queue, Weighted product) {
        switch (product.w.type()) {
            case F32 -> multiply(queue, product, 0, product.w.shape().extent(0), product.w, product.beta);
            case BF16, F16 -> {
                if (precision == Precision.HALF) {
                    rounded(queue, product);
                } else if (product.w.type() == DType.BF16) {
                    split(queue, product);
                } else {
                    widened(queue, product);
                }
            }
            default -> widened(queue, product);
        }
    }

    /** Widens some rows of the weight after the others. */
    private void widened(CudaQueue queue, Weighted product) {
        int out = product.w.shape().extent(0);
        int in = product.w.shape().extent(1);
        int rows = Math.clamp(panel / in, 1, out);
        Tensor wide = queue.products().scratch(DType.F32, rows, in);
        for (int from = 0; from < out; from += rows) {
            int to = Math.min(out, from + rows);
            Tensor part = wide.slice(0, to - from);
            conversion.run(queue, product.w.slice(from, to), part);
            // Rows of the weight are columns of a transposed product, and terms of the sums of the other.
            multiply(queue, product, from, to, part, product.transposed || from == 0 ? product.beta : 1);
        }
    }

    /** The product with rows {@code from} (included) to {@code to} (excluded) of the weight, given as float32. */
    private void multiply(CudaQueue queue, Weighted product, int from, int to, Tensor w, float beta) {
        int out = product.w.shape().extent(0);
        int in = product.w.shape().extent(1);
        Operand weight = operand(queue, w, product.transposed);
        long shift = (long) Float.BYTES * from;
        Operand x = operand(queue, product.x, false);
        Operand y = operand(queue, product.y, false);
        if (product.transposed) {
            Operand columns = new Operand(y.address() + shift, DType.F32, out, false);
            product(queue, product, product.tokens(), to - from, in, x, weight, beta, columns);
        } else {
            Operand columns = new Operand(x.address() + shift, DType.F32, out, false);
            product(queue, product, product.tokens(), in, to - from, columns, weight, beta, y);
        }
    }

    /** Rounds some rows of the activations after the others to the weight's type. */
    private void rounded(CudaQueue queue, Weighted product) {
        eachRows(queue, product, 1, (x, narrow) -> conversion.run(queue, x, narrow.reshape(x.shape())));
    }

    /** Splits some rows of the activations after the others. */
    private void split(CudaQueue queue, Weighted product) {
        eachRows(queue, product, PARTS, (x, narrow) -> {
            long count = x.shape().elements();
            try (CudaKernel.Call call = modules.kernel("split", "split_bf16").on(queue)) {
                call.tensor(x)
                        .tensor(narrow)
                        .number(count)
                        .launch(CudaGrid.filling(queue.context(), count), product.operation, x.shape());
            }
        });
    }

    private interface Narrowing {
        /** Writes {@code x [rows, depth]} as {@code narrow [parts, rows, depth]}, of the weight's type. */
        void run(Tensor x, Tensor narrow);
    }

    private void eachRows(CudaQueue queue, Weighted product, int parts, Narrowing narrowing) {
        int depth = product.x.shape().extent(1);
        int tokens = product.tokens();
        int rows = Math.clamp(panel / depth, 1, tokens);
        for (int from = 0; from < tokens; from += rows) {
            int to = Math.min(tokens, from + rows);
            Tensor y = product.y.slice(from, to);
            Tensor narrow = queue.products().scratch(product.w.type(), parts, to - from, depth);
            narrowing.run(product.x.slice(from, to), narrow);
            // The smallest part first, so that its sum is not lost in the largest's.
            for (int part = parts - 1; part >= 0; part--) {
                Tensor x = narrow.slice(part, part + 1);
                Operand a = new Operand(CudaBuffer.address(x, queue), x.type(), depth, false);
                product(
                        queue,
                        product,
                        to - from,
                        y.shape().columns(),
                        depth,
                        a,
                        operand(queue, product.w, product.transposed),
                        part == parts - 1 ? product.beta : 1,
                        operand(queue, y, false));
            }
        }
    }

    private void product(
            CudaQueue queue,
            Weighted of,
            int rows,
            int columns,
            int depth,
            Operand a,
            Operand b,
            float beta,
            Operand c) {
        queue.products()
                .product(
                        rows,
                        columns,
                        depth,
                        a,
                        b,
                        beta,
                        c,
                        precision != Precision.FLOAT32,
                        of.operation,
                        of.x.shape(),
                        of.w.type(),
                        of.w.shape());
    }

    private static Operand operand(CudaQueue queue, Tensor matrix, boolean transposed) {
        return new Operand(
                CudaBuffer.address(matrix, queue), matrix.type(), matrix.shape().columns(), transposed);
    }
}
