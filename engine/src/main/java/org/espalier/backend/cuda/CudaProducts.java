package org.espalier.backend.cuda;

import org.espalier.backend.Precision;
import org.espalier.backend.Target;
import org.espalier.backend.cuda.CublasHandle.Operand;
import org.espalier.backend.cuda.CublasHandle.Product;
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
 * With {@link Precision#HALF} and float16 the activations are rounded instead, and gradients multiplied by a power of two
 * before they are rounded, by which the product is divided again.
 * </ul>
 * A few tokens, as in decoding, go past cuBLAS forwards: the weight is read once, and widened in registers.
 * Shapes were checked by the caller.
 */
final class CudaProducts {

    /** How many numbers of an operand are converted at once, usually: 64 MiB of float32. */
    static final int PANEL = 1 << 24;

    private static final int PARTS = 3;
    /**
     * Terms of the sums of the first parts that a product takes at once. Tensor cores add 8 or 16 products to a sum and cut it
     * off towards zero, so that its error grows with the square of the number of terms: from a squared error of 5e-13 at 512
     * to 7e-12 at 1,536, 7e-11 at 4,096 and 7e-10 at 11,008 (8 at once; half as much with 16), where sums that are rounded to nearest have
     * 3e-14 to 2e-13. What is added to the sum of the stretches before is rounded to nearest, so the error stays that of
     * one stretch. The other parts are 2^-8 and 2^-16 of the first, and their errors too.
     */
    private static final int STRETCH = 512;

    private final CudaSession session;
    private final CudaQueue queue;

    CudaProducts(CudaSession session, CudaQueue queue) {
        this.session = session;
        this.queue = queue;
    }

    void forward(Tensor x, Tensor w, Tensor bias, Tensor y) {
        if (y.shape().elements() == 0) {
            return;
        }
        if (x.shape().elements() == 0) {
            sumOfNothing(Target.overwrite(y), "linear");
        } else if (CudaMatVec.suits(x.shape().extent(0))) {
            new CudaMatVec(session, queue).run(x, w, y);
        } else {
            withWeight(new Weighted(x, w, true, y, 0, "linear"));
        }
        if (bias != null) {
            new CudaBias(session, queue).add(y, bias);
        }
    }

    void backwardInput(Tensor dY, Tensor w, Target dX) {
        if (dX.tensor().shape().elements() == 0) {
            return;
        }
        if (dY.shape().elements() == 0) {
            sumOfNothing(dX, "linearBackwardInput");
        } else {
            withWeight(new Weighted(dY, w, false, dX.tensor(), dX.beta(), "linearBackwardInput"));
        }
    }

    void backwardWeight(Tensor x, Tensor dY, Target dW) {
        if (dW.tensor().shape().elements() == 0) {
            return;
        }
        if (x.shape().extent(0) == 0) {
            sumOfNothing(dW, "linearBackwardWeight");
            return;
        }
        int in = x.shape().columns();
        int out = dY.shape().columns();
        Product product = new Product(
                out,
                in,
                x.shape().extent(0),
                operand(dY, true),
                operand(x, false),
                dW.beta(),
                operand(dW.tensor(), false));
        handle().multiply(product, roundsFloats(), "linearBackwardWeight", x.shape(), dY.shape());
    }

    /**
     * {@code product [n, m] = aᵀ b} with {@code a [tokens, n]} and {@code b [tokens, m]}, all float32, whatever the
     * precision of linear layers.
     *
     * @param operation what it is part of
     */
    void correlate(Tensor a, Tensor b, Tensor product, String operation) {
        Product exact = new Product(
                a.shape().columns(),
                b.shape().columns(),
                a.shape().extent(0),
                operand(a, true),
                operand(b, false),
                0,
                operand(product, false));
        handle().multiply(exact, false, operation, a.shape(), b.shape());
    }

    /** What every product is whose sums have no terms. */
    private void sumOfNothing(Target target, String operation) {
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

    private void withWeight(Weighted product) {
        switch (product.w.type()) {
            case F32 -> multiply(product, 0, product.w.shape().extent(0), product.w, product.beta);
            case BF16, F16 -> {
                if (session.precision() == Precision.HALF) {
                    rounded(product);
                } else if (product.w.type() == DType.BF16) {
                    split(product);
                } else {
                    widened(product);
                }
            }
            default -> widened(product);
        }
    }

    /** Widens some rows of the weight after the others. */
    private void widened(Weighted product) {
        int out = product.w.shape().extent(0);
        int in = product.w.shape().extent(1);
        int rows = Math.clamp(session.panel() / in, 1, out);
        Tensor wide = handle().scratch(DType.F32, rows, in);
        for (int start = 0; start < out; start += rows) {
            int end = Math.min(out, start + rows);
            Tensor part = wide.slice(0, end - start);
            convert().run(product.w.slice(start, end), part);
            // Rows of the weight are columns of a transposed product, and terms of the sums of the other.
            multiply(product, start, end, part, product.transposed || start == 0 ? product.beta : 1);
        }
    }

    /** The product with rows {@code start} (included) to {@code end} (excluded) of the weight, given as float32. */
    private void multiply(Weighted product, int start, int end, Tensor w, float beta) {
        int out = product.w.shape().extent(0);
        int in = product.w.shape().extent(1);
        Operand weight = operand(w, product.transposed);
        long shift = (long) Float.BYTES * start;
        Operand x = operand(product.x, false);
        Operand y = operand(product.y, false);
        if (product.transposed) {
            Operand columns = new Operand(y.address() + shift, DType.F32, out, false);
            multiply(product, new Product(product.tokens(), end - start, in, x, weight, beta, columns));
        } else {
            Operand columns = new Operand(x.address() + shift, DType.F32, out, false);
            multiply(product, new Product(product.tokens(), in, end - start, columns, weight, beta, y));
        }
    }

    /** Rounds some rows of the activations after the others to the weight's type. */
    private void rounded(Weighted product) {
        boolean gradients = !product.transposed;
        eachRows(product, 1, (x, narrow) -> {
            if (gradients && narrow.type() == DType.F16) {
                return new HalfScale(session, queue, handle()).round(x, narrow, product.operation);
            }
            convert().run(x, narrow.reshape(x.shape()));
            return null;
        });
    }

    /** Splits some rows of the activations after the others. */
    private void split(Weighted product) {
        eachRows(product, PARTS, (x, narrow) -> {
            long count = x.shape().elements();
            try (CudaKernel.Call call = session.call(queue, "split", "split_bf16")) {
                call.tensor(x)
                        .tensor(narrow)
                        .number(count)
                        .launch(session.filling(count), product.operation, x.shape());
            }
            return null;
        });
    }

    private interface Narrowing {
        /**
         * Writes {@code x [rows, depth]} as {@code narrow [parts, rows, depth]}, of the weight's type.
         *
         * @return the factors of the product with these, or null for 1
         */
        CublasHandle.Factors run(Tensor x, Tensor narrow);
    }

    private void eachRows(Weighted product, int parts, Narrowing narrowing) {
        int depth = product.x.shape().extent(1);
        int tokens = product.tokens();
        int rows = Math.clamp(session.panel() / depth, 1, tokens);
        for (int start = 0; start < tokens; start += rows) {
            int end = Math.min(tokens, start + rows);
            Tensor y = product.y.slice(start, end);
            Tensor narrow = handle().scratch(product.w.type(), parts, end - start, depth);
            CublasHandle.Factors factors = narrowing.run(product.x.slice(start, end), narrow);
            // The smallest part first, so that its sum is not lost in the largest's.
            for (int part = parts - 1; part >= 0; part--) {
                int stretch = part == 0 && parts == PARTS ? STRETCH : depth;
                float beta = part == parts - 1 ? product.beta : 1;
                stretches(product, narrow.slice(part, part + 1), stretch, y, beta, factors);
            }
        }
    }

    /** {@code y = beta y + x op(w)}, so many terms of the sums after the others; x is {@code [1, rows, depth]}. */
    private void stretches(
            Weighted product, Tensor x, int stretch, Tensor y, float beta, CublasHandle.Factors factors) {
        int rows = y.shape().extent(0);
        int columns = y.shape().columns();
        int depth = x.shape().columns();
        Operand a = new Operand(CudaBuffer.address(x, queue), x.type(), depth, false);
        Operand b = operand(product.w, product.transposed);
        Operand c = operand(y, false);
        for (int term = 0; term < depth; term += stretch) {
            int terms = Math.min(stretch, depth - term);
            Operand ofW = b.from(product.transposed ? term : (long) term * b.stride());
            multiply(product, new Product(rows, columns, terms, a.from(term), ofW, term == 0 ? beta : 1, c, factors));
        }
    }

    private void multiply(Weighted whole, Product part) {
        handle().multiply(part, roundsFloats(), whole.operation, whole.x.shape(), whole.w.type(), whole.w.shape());
    }

    /** Whether float32 operands may be rounded to TF32. */
    private boolean roundsFloats() {
        return session.precision() != Precision.FLOAT32;
    }

    private CublasHandle handle() {
        return session.products().on(queue);
    }

    private CudaConvert convert() {
        return new CudaConvert(session, queue);
    }

    private Operand operand(Tensor matrix, boolean transposed) {
        return new Operand(
                CudaBuffer.address(matrix, queue), matrix.type(), matrix.shape().columns(), transposed);
    }
}
