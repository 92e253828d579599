package org.espalier.backend.cuda;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import org.espalier.backend.Target;
import org.espalier.error.Failure;
import org.espalier.ffi.NativeMemory;
import org.espalier.ffi.cuda.CudaLibrary;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/** Launches {@code convert.cu}, and fills memory. Shapes were checked by the caller. */
final class CudaConvert {

    private static final String FILE = "convert";
    /** Numbers of a block of threads, as the kernels have it. */
    private static final int CHUNK = 4096;

    private static final Set<DType> WITHOUT_KERNELS =
            EnumSet.of(DType.Q2_K, DType.Q3_K, DType.IQ4_NL, DType.IQ4_XS, DType.MXFP4);

    private final CudaSession session;
    private final CudaQueue queue;

    CudaConvert(CudaSession session, CudaQueue queue) {
        this.session = session;
        this.queue = queue;
    }

    /** {@code target = source}, from any stored type to any plain floating type. */
    void run(Tensor source, Tensor target) {
        long count = target.shape().elements();
        if (count == 0) {
            return;
        }
        if (source.type() == target.type()) {
            copy(queue, source, target, "convert");
            return;
        }
        try (CudaKernel.Call call = session.call(queue, FILE, "convert_" + suffix(source.type()))) {
            call.tensor(source)
                    .tensor(target)
                    .number(code(target.type()))
                    .number(count)
                    .launch(CudaGrid.chunks(count, CHUNK), "convert", source.type(), target.type(), source.shape());
        }
    }

    /** {@code target = source}, of one type and as many numbers; {@code operation} is what it is part of. */
    static void copy(CudaQueue queue, Tensor source, Tensor target, String operation) {
        long targetAt = CudaBuffer.address(target, queue);
        long sourceAt = CudaBuffer.address(source, queue);
        queue.context()
                .check(
                        CudaLibrary.cuMemcpyDtoDAsync_v2(targetAt, sourceAt, target.bytes(), queue.enter()),
                        operation,
                        source.type(),
                        source.shape());
    }

    /** A stored type in a kernel's name; logical values are bytes. */
    static String suffix(DType type) {
        if (WITHOUT_KERNELS.contains(type)) {
            throw new Failure(
                    "no kernel reads weights of the type " + type,
                    "the model",
                    "write it with 'engine convert --dtype f16' first, or add --device cpu");
        }
        return type == DType.BOOL ? "u8" : type.name().toLowerCase(Locale.ROOT);
    }

    /** What the kernels call a target's type. */
    private static int code(DType type) {
        return switch (type) {
            case F32 -> 0;
            case BF16 -> 1;
            case F16 -> 2;
            case F64 -> 3;
            default -> throw new IllegalArgumentException("convert: no kernel writes " + type);
        };
    }

    /** Sets every number of a plain tensor. */
    void fill(Tensor target, double value) {
        if (target.bytes() == 0) {
            return;
        }
        try (NativeMemory pattern = NativeMemory.allocate(Long.BYTES, "a fill pattern")) {
            HostConversion.encode(target.type(), new double[] {value}, pattern.segment(), 1);
            set(target, pattern.segment());
        }
    }

    /** Zeros, unless the target is added to or nobody wants it. */
    void clearUnlessKept(Target target) {
        if (target != null && !target.accumulates()) {
            fill(target.tensor(), 0);
        }
    }

    private void set(Tensor target, MemorySegment pattern) {
        long count = target.shape().elements();
        int bytes = target.type().blockBytes();
        if (bytes == Long.BYTES) {
            try (CudaKernel.Call call = session.call(queue, FILE, "fill_64")) {
                call.tensor(target)
                        .number(pattern.get(ValueLayout.JAVA_LONG, 0))
                        .number(count)
                        .launch(session.filling(count), "fill", target.type(), target.shape());
            }
            return;
        }
        long address = CudaBuffer.address(target, queue);
        MemorySegment stream = queue.enter();
        int low = pattern.get(ValueLayout.JAVA_INT, 0);
        session.context()
                .check(
                        switch (bytes) {
                            case 1 -> CudaLibrary.cuMemsetD8Async(address, (byte) low, count, stream);
                            case 2 -> CudaLibrary.cuMemsetD16Async(address, (short) low, count, stream);
                            default -> CudaLibrary.cuMemsetD32Async(address, low, count, stream);
                        },
                        "fill",
                        target.type(),
                        target.shape());
    }
}
