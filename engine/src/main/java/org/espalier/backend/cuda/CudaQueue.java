package org.espalier.backend.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.espalier.backend.Queue;
import org.espalier.backend.Repeat;
import org.espalier.backend.Sequences;
import org.espalier.ffi.CudaStatus;
import org.espalier.ffi.cuda.CudaLibrary;

/** A stream. Faults of its work surface in {@link #finish()} or a read-back. */
final class CudaQueue implements Queue {

    /** What a part of the backend keeps for a queue; closed with it. */
    interface Attachment extends AutoCloseable {

        /** Is told of {@link Queue#rest()}. */
        default void rest() {}

        @Override
        void close();
    }

    /** What queues use one after the other. */
    @FunctionalInterface
    interface Shared {

        /**
         * Makes a queue's next work on it happen after all that was asked for before.
         *
         * @return false if it is freed
         */
        boolean handOver(CudaQueue queue);
    }

    /** What is noted of a step that will be repeated, while it runs. */
    static final class Recording {

        private final boolean captured;
        private final Set<Shared> used = Collections.newSetFromMap(new IdentityHashMap<>());

        /** @param captured whether the step's work does not happen now, but whenever what was captured is launched */
        Recording(boolean captured) {
            this.captured = captured;
        }

        /** All that the captured work uses. */
        Set<Shared> used() {
            return used;
        }
    }

    private final CudaContext context;
    private final BiFunction<CudaQueue, Consumer<Sequences>, Repeat> repeats;
    private final MemorySegment stream;
    /**
     * Guards {@link #end} alone. Whoever holds it asks for nothing that is guarded otherwise, so that threads whose queues
     * wait for each other never wait for each other themselves.
     */
    private final Object marking = new Object();
    /** Marks the end of what this queue was given, anew for every queue that waits for it. */
    private final CudaEvent end;
    /** Whether {@link #end} stays where it is, because what the queue is given is captured and happens later. */
    private boolean endHeld;

    private final Map<Class<?>, Attachment> attachments = new LinkedHashMap<>();
    /** Of the step that runs in order to be repeated, or null. */
    private Recording recording;

    private volatile boolean closed;

    private CudaQueue(
            CudaContext context,
            BiFunction<CudaQueue, Consumer<Sequences>, Repeat> repeats,
            MemorySegment stream,
            CudaEvent end) {
        this.context = context;
        this.repeats = repeats;
        this.stream = stream;
        this.end = end;
    }

    /** A queue that repeats steps by giving their work anew. */
    static CudaQueue open(CudaContext context) {
        return open(context, (queue, step) -> step::accept);
    }

    /** @param repeats makes a step of a queue repeatable */
    static CudaQueue open(CudaContext context, BiFunction<CudaQueue, Consumer<Sequences>, Repeat> repeats) {
        CudaEvent end = CudaEvent.create(context);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment stream = arena.allocate(ValueLayout.ADDRESS);
            int status = CudaLibrary.cuStreamCreate(stream, CudaLibrary.CU_STREAM_NON_BLOCKING());
            CudaStatus.check(status, "cuStreamCreate");
            return new CudaQueue(context, repeats, stream.get(ValueLayout.ADDRESS, 0), end);
        } catch (RuntimeException e) {
            end.close();
            throw e;
        }
    }

    /** The stream, with its context made current. */
    MemorySegment enter() {
        if (closed) {
            throw new IllegalStateException("a CUDA queue was used after it was closed");
        }
        context.enter();
        return stream;
    }

    CudaContext context() {
        return context;
    }

    /** The attachment of a kind, made when it is first asked for. */
    synchronized <T extends Attachment> T attached(Class<T> kind, Supplier<T> maker) {
        enter();
        return kind.cast(attachments.computeIfAbsent(kind, k -> maker.get()));
    }

    @Override
    public synchronized void rest() {
        finish();
        attachments.values().forEach(Attachment::rest);
    }

    @Override
    public Repeat repeatable(Consumer<Sequences> step) {
        return repeats.apply(this, step);
    }

    /** Runs work that will be repeated, and notes what it uses. */
    void record(Recording notes, Runnable work) {
        recording = notes;
        try {
            work.run();
        } finally {
            recording = null;
        }
    }

    /** Whether a step runs now in order to be repeated: its launches are to suit the later runs. */
    boolean recording() {
        return recording != null;
    }

    /** Whether what this queue is given does not happen now. */
    boolean capturing() {
        return recording != null && recording.captured;
    }

    /** In a capture, notes that its work uses something. */
    boolean captures(Shared resource) {
        if (capturing()) {
            recording.used.add(resource);
            return true;
        }
        return false;
    }

    /** Whatever this queue is given from now on happens after everything that {@code other} was given so far. */
    void after(CudaQueue other) {
        MemorySegment own = enter();
        synchronized (other.marking) {
            if (other.closed) {
                return;
            }
            if (!other.endHeld) {
                other.end.record(other.stream);
            }
            other.end.makeWait(own);
        }
    }

    /** From now on others wait for no more than what this queue was given so far: what follows is captured. */
    void holdEnd() {
        synchronized (marking) {
            end.record(enter());
            endHeld = true;
        }
    }

    /** The end of what is captured. */
    void releaseEnd() {
        synchronized (marking) {
            endHeld = false;
        }
    }

    @Override
    public void finish() {
        finish("finish");
    }

    /** As {@link #finish()}, for an operation named in the failure. */
    void finish(String operation, Object... shapes) {
        context.check(CudaLibrary.cuStreamSynchronize(enter()), operation, shapes);
    }

    /** Waits for the work that is left; a fault in it is thrown after the stream is given back. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        context.enter();
        try {
            // Once a fault is reported the rest is silent.
            context.checkGivenBack(CudaLibrary.cuStreamSynchronize(stream), "closing a queue");
        } finally {
            synchronized (marking) {
                closed = true;
                end.close();
            }
            attachments.values().forEach(Attachment::close);
            context.checkGivenBack(CudaLibrary.cuStreamDestroy_v2(stream), "cuStreamDestroy");
        }
    }
}
