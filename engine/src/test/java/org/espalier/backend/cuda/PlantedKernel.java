package org.espalier.backend.cuda;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import org.espalier.ffi.NativeMemory;
import org.espalier.tensor.Buffer;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/**
 * Runs a kernel of our own: {@code planted(in, out, n)} on one block, with {@code in} and {@code out} of {@code n}
 * 8-byte numbers each. Its body may use {@code %rd1} (in), {@code %rd2} (out), {@code %r1} (n), {@code %r2} (the
 * thread) and the registers declared here.
 */
final class PlantedKernel {

    private static final String HEAD = """
            .version 9.0
            .target sm_80
            .address_size 64
            .global .align 8 .b8 table[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 255};
            .visible .entry planted(.param .u64 in, .param .u64 out, .param .u32 n)
            {
                .reg .pred %p<20>;
                .reg .b16 %rs<20>;
                .reg .b32 %r<40>;
                .reg .f32 %f<20>;
                .reg .b64 %rd<20>;
                .reg .f64 %fd<20>;
                .shared .align 16 .b8 shared[1024];
                .local .align 16 .b8 depot[32];
                ld.param.u64 %rd1, [in];
                cvta.to.global.u64 %rd1, %rd1;
                ld.param.u64 %rd2, [out];
                cvta.to.global.u64 %rd2, %rd2;
                ld.param.u32 %r1, [n];
                mov.u32 %r2, %tid.x;
            """;

    private PlantedKernel() {}

    /** The module's text: the body stands between what the class describes and the end of the kernel. */
    static String ptx(String body) {
        return HEAD + body.indent(4) + "    ret;\n}\n";
    }

    /** The line of the module on which a line of the body stands, counted from 1. */
    static int line(int ofBody) {
        return (int) HEAD.lines().count() + ofBody;
    }

    /**
     * What {@code out} holds after one block of {@code threads} threads ran the body; {@code out} is filled with zeros
     * before.
     *
     * @throws org.espalier.error.Failure if the driver finds fault
     */
    static long[] run(String body, int threads, long... in) {
        return run(body, 1, threads, in);
    }

    /** As above, of several blocks. */
    static long[] run(String body, int blocks, int threads, long[] in) {
        try (CudaBackend cuda = CudaBackend.open(0);
                CudaQueue queue = (CudaQueue) cuda.newQueue();
                CudaModule module =
                        CudaModule.loadPtx(queue.context(), "planted", ptx(body).getBytes(StandardCharsets.US_ASCII));
                Buffer input = cuda.allocate(8L * in.length, "in");
                Buffer output = cuda.allocate(8L * in.length, "out");
                NativeMemory host = NativeMemory.allocate(8L * in.length, "host")) {
            Tensor from = Tensor.of(input, DType.I64, Shape.of(in.length));
            Tensor to = Tensor.of(output, DType.I64, Shape.of(in.length));
            host.segment().copyFrom(MemorySegment.ofArray(in));
            cuda.upload(queue, host.segment(), from);
            cuda.fill(queue, to, 0);
            try (CudaKernel.Call call = module.kernel("planted").on(queue)) {
                call.tensor(from).tensor(to).number(in.length).launch(CudaGrid.of(blocks, threads), "planted");
            }
            cuda.download(queue, to, host.segment());
            return host.segment().toArray(ValueLayout.JAVA_LONG);
        }
    }
}
