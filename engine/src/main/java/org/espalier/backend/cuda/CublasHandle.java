package org.espalier.backend.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.espalier.ffi.Cublas;
import org.espalier.ffi.CublasStatus;
import org.espalier.ffi.cublas.CublasLibrary;
import org.espalier.ffi.cuda.CudaLibrary;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/**
 * A cuBLAS handle with memory of its own, and the one place where its products are called. Each handle serves one queue at
 * a time and has its own workspace: with a workspace that queues share, cuBLAS does not promise the same bytes every time.
 */
final class CublasHandle implements AutoCloseable {

    /** What cuBLAS asks for itself on devices of capability 9 and later, and before. */
    private static final long WORKSPACE_FROM_9 = 32L << 20;

    private static final long WORKSPACE_BEFORE = 8L << 20;
    private static final int FIRST_LARGE = 9;

    private final CudaContext context;
    private final CudaAllocator memory;
    private final MemorySegment handle;
    private final CudaBuffer workspace;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment zero = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 0f);
    private final MemorySegment one = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1f);
    private CudaBuffer scratch;
    private CudaBuffer factors;
    private CudaQueue queue;

    private CublasHandle(CudaContext context, CudaAllocator memory, MemorySegment handle, CudaBuffer workspace) {
        this.context = context;
        this.memory = memory;
        this.handle = handle;
        this.workspace = workspace;
    }

    /** @throws org.espalier.error.Failure if there is no cuBLAS, it refuses the device, or there is no memory */
    static CublasHandle create(CudaContext context, CudaAllocator memory) {
        // Or a library that is missing would show as a class of the binding that cannot be initialised.
        Cublas.symbols();
        context.enter();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment made = arena.allocate(ValueLayout.ADDRESS);
            context.checkProduct(CublasLibrary.cublasCreate_v2(made), "cublasCreate");
            MemorySegment handle = made.get(ValueLayout.ADDRESS, 0);
            try {
                context.checkProduct(
                        CublasLibrary.cublasSetMathMode(
                                handle, CublasLibrary.CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION()),
                        "cublasSetMathMode");
                int major = context.device().attribute(CudaLibrary.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR());
                long bytes = major < FIRST_LARGE ? WORKSPACE_BEFORE : WORKSPACE_FROM_9;
                return new CublasHandle(context, memory, handle, memory.allocateOwn(bytes, "the workspace of cuBLAS"));
            } catch (RuntimeException e) {
                CublasLibrary.cublasDestroy_v2(handle);
                throw e;
            }
        }
    }

    /** For example {@code 13.1.0}. */
    String version() {
        context.enter();
        try (Arena confined = Arena.ofConfined()) {
            MemorySegment version = confined.allocate(ValueLayout.JAVA_INT);
            context.checkProduct(CublasLibrary.cublasGetVersion_v2(handle, version), "cublasGetVersion");
            int number = version.get(ValueLayout.JAVA_INT, 0);
            return "%d.%d.%d".formatted(number / 10000, number / 100 % 100, number % 100);
        }
    }

    /** From now on products happen on this queue. */
    void serve(CudaQueue served) {
        context.checkProduct(CublasLibrary.cublasSetStream_v2(handle, served.enter()), "cublasSetStream");
        // Setting the stream takes the workspace away.
        context.checkProduct(
                CublasLibrary.cublasSetWorkspace_v2(
                        handle, MemorySegment.ofAddress(workspace.address(served)), workspace.bytes()),
                "cublasSetWorkspace");
        queue = served;
    }

    /** Memory for operands of the next products on this queue; what it held before is lost. */
    Tensor scratch(DType type, long... dims) {
        Shape shape = Shape.of(dims);
        long bytes = type.bytes(shape.elements());
        if (scratch == null || scratch.bytes() < bytes) {
            closeScratch();
            scratch = memory.allocateOwn(bytes, "a converted operand of a matrix product " + type + " " + shape);
        }
        return new Tensor(scratch, 0, type, shape);
    }

    /** Room for so many float32 numbers, always as many, that stays where it is. */
    Tensor factors(int numbers) {
        if (factors == null) {
            factors = memory.allocateOwn((long) Float.BYTES * numbers, "factors of products");
        }
        return new Tensor(factors, 0, DType.F32, Shape.of(numbers));
    }

    /**
     * Where a product finds its factors in device memory, when it happens.
     *
     * @param alpha of the product
     * @param zero  what is 0
     * @param one   what is 1
     */
    record Factors(long alpha, long zero, long one) {}

    /**
     * A row-major matrix in device memory.
     *
     * @param address    of its first number
     * @param type       F32, BF16 or F16
     * @param stride     numbers from the start of a row to the start of the next
     * @param transposed whether the product is with its transpose
     */
    record Operand(long address, DType type, int stride, boolean transposed) {

        /** The same without so many numbers before it. */
        Operand from(long numbers) {
            return new Operand(address + type.bytes(numbers), type, stride, transposed);
        }
    }

    /**
     * {@code c = alpha a b + beta c}, summed in float32.
     *
     * @param a       {@code [rows, depth]}, after transposition where there is one
     * @param b       {@code [depth, columns]}, likewise, of the same type
     * @param beta    0 (c is written, whatever it held) or 1
     * @param c       {@code [rows, columns]}, F32, not transposed
     * @param factors where alpha is, or null for 1
     */
    record Product(int rows, int columns, int depth, Operand a, Operand b, float beta, Operand c, Factors factors) {

        /** With alpha 1. */
        Product(int rows, int columns, int depth, Operand a, Operand b, float beta, Operand c) {
            this(rows, columns, depth, a, b, beta, c, null);
        }
    }

    /**
     * Queues a product.
     *
     * @param tf32      whether float32 operands may be rounded to TF32
     * @param operation what the product is part of, with its shapes, for a failure
     */
    void multiply(Product product, boolean tf32, String operation, Object... shapes) {
        queue.enter();
        Factors factors = product.factors;
        if (factors == null) {
            multiply(product, one, product.beta == 0 ? zero : one, tf32, operation, shapes);
            return;
        }
        setPointerMode(CublasLibrary.CUBLAS_POINTER_MODE_DEVICE());
        try {
            MemorySegment beta = MemorySegment.ofAddress(product.beta == 0 ? factors.zero : factors.one);
            multiply(product, MemorySegment.ofAddress(factors.alpha), beta, tf32, operation, shapes);
        } finally {
            setPointerMode(CublasLibrary.CUBLAS_POINTER_MODE_HOST());
        }
    }

    private void setPointerMode(int mode) {
        context.checkProduct(CublasLibrary.cublasSetPointerMode_v2(handle, mode), "cublasSetPointerMode");
    }

    private void multiply(
            Product product,
            MemorySegment alpha,
            MemorySegment beta,
            boolean tf32,
            String operation,
            Object... shapes) {
        Operand a = product.a;
        Operand b = product.b;
        Operand c = product.c;
        int compute = tf32 && a.type == DType.F32
                ? CublasLibrary.CUBLAS_COMPUTE_32F_FAST_TF32()
                : CublasLibrary.CUBLAS_COMPUTE_32F();
        // cuBLAS is column-major: it sees every matrix as its transpose, so it computes cᵀ = bᵀ aᵀ.
        int status = CublasLibrary.cublasGemmEx(
                handle,
                transposition(b),
                transposition(a),
                product.columns,
                product.rows,
                product.depth,
                alpha,
                pointer(b),
                type(b.type),
                b.stride,
                pointer(a),
                type(a.type),
                a.stride,
                beta,
                pointer(c),
                type(c.type),
                c.stride,
                compute,
                CublasLibrary.CUBLAS_GEMM_DEFAULT());
        context.checkProduct(status, operation, shapes);
    }

    private static int transposition(Operand operand) {
        return operand.transposed ? CublasLibrary.CUBLAS_OP_T() : CublasLibrary.CUBLAS_OP_N();
    }

    private static MemorySegment pointer(Operand operand) {
        return MemorySegment.ofAddress(operand.address);
    }

    private static int type(DType type) {
        return switch (type) {
            case F32 -> CublasLibrary.CUDA_R_32F();
            case BF16 -> CublasLibrary.CUDA_R_16BF();
            case F16 -> CublasLibrary.CUDA_R_16F();
            default -> throw new IllegalArgumentException("cuBLAS does not multiply " + type);
        };
    }

    private void closeScratch() {
        if (scratch != null) {
            scratch.close();
            scratch = null;
        }
    }

    @Override
    public void close() {
        closeScratch();
        if (factors != null) {
            factors.close();
        }
        workspace.close();
        arena.close();
        context.enter();
        int status = CublasLibrary.cublasDestroy_v2(handle);
        if (!context.broken()) {
            CublasStatus.check(status, "cublasDestroy");
        }
    }
}
