package org.espalier.backend.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.espalier.backend.Target;
import org.espalier.ffi.cuda.CudaLibrary;
import org.espalier.tensor.Tensor;

/** One kernel of a module. */
record CudaKernel(MemorySegment function) {

    private static final int MOST_ARGUMENTS = 24;

    /** Begins a call; the arguments follow in the order of the kernel's parameters. */
    Call on(CudaQueue queue) {
        return new Call(function, queue);
    }

    /**
     * A call while its arguments are collected. The driver copies them at the launch, so they live until then.
     * Used as {@code try (Call call = kernel.on(queue)) { call.tensor(x).number(n).launch(…); }}.
     */
    static final class Call implements AutoCloseable {

        private final MemorySegment function;
        private final CudaQueue queue;
        private final Arena arena = Arena.ofConfined();
        private final MemorySegment values = arena.allocate(ValueLayout.JAVA_LONG, MOST_ARGUMENTS);
        private final MemorySegment pointers = arena.allocate(ValueLayout.ADDRESS, MOST_ARGUMENTS);
        private int count;

        private Call(MemorySegment function, CudaQueue queue) {
            this.function = function;
            this.queue = queue;
        }

        Call tensor(Tensor tensor) {
            next().set(ValueLayout.JAVA_LONG, 0, CudaBuffer.address(tensor, queue));
            return this;
        }

        Call number(int value) {
            next().set(ValueLayout.JAVA_INT, 0, value);
            return this;
        }

        Call number(float value) {
            next().set(ValueLayout.JAVA_FLOAT, 0, value);
            return this;
        }

        Call number(long value) {
            next().set(ValueLayout.JAVA_LONG, 0, value);
            return this;
        }

        Call number(double value) {
            next().set(ValueLayout.JAVA_DOUBLE, 0, value);
            return this;
        }

        /** A tensor, or a null pointer where there is none. */
        Call optional(Tensor tensor) {
            return tensor == null ? number(0L) : tensor(tensor);
        }

        /** A target: its tensor, then its beta as float32. */
        Call target(Target target) {
            return tensor(target.tensor()).number(target.beta());
        }

        /** As {@link #target}, or a null pointer and 0 where nobody wants the result. */
        Call optional(Target target) {
            return target == null ? number(0L).number(0f) : target(target);
        }

        /** A struct of ints, passed by value. */
        Call struct(int... values) {
            pointers.setAtIndex(ValueLayout.ADDRESS, count++, arena.allocateFrom(ValueLayout.JAVA_INT, values));
            return this;
        }

        private MemorySegment next() {
            MemorySegment slot = values.asSlice(count * 8L, 8);
            pointers.setAtIndex(ValueLayout.ADDRESS, count++, slot);
            return slot;
        }

        /**
         * Queues the kernel.
         *
         * @param operation what it is part of, with its shapes, for a failure
         */
        void launch(CudaGrid grid, String operation, Object... shapes) {
            MemorySegment stream = queue.enter();
            int status = CudaLibrary.cuLaunchKernel(
                    function,
                    grid.blocksX(),
                    grid.blocksY(),
                    grid.blocksZ(),
                    grid.threadsX(),
                    grid.threadsY(),
                    1,
                    0,
                    stream,
                    pointers,
                    MemorySegment.NULL);
            queue.context().check(status, operation, shapes);
        }

        @Override
        public void close() {
            arena.close();
        }
    }
}
