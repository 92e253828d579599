package org.espalier.backend.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.espalier.error.Failure;
import org.espalier.ffi.cuda.CudaLibrary;

/**
 * Work of a queue that was captured once and happens whenever it is launched, as one piece. Nothing in it waits for other
 * queues: each launch makes the queue wait for them first.
 */
final class CudaGraph implements AutoCloseable {

    private final CudaQueue queue;
    private final MemorySegment executable;
    private final List<CudaQueue.Shared> used;

    private CudaGraph(CudaQueue queue, MemorySegment executable, List<CudaQueue.Shared> used) {
        this.queue = queue;
        this.executable = executable;
        this.used = used;
    }

    /** The driver does not capture this; the queue is as it was before. */
    static final class Refused extends Exception {

        private static final long serialVersionUID = 1;

        private Refused(Failure reason) {
            super(reason.problem(), reason);
        }
    }

    /**
     * Captures what {@code work} gives to the queue; none of it happens.
     *
     * @param notes of the captured kind; knows afterwards what is used
     * @throws Refused if the driver makes no graph of it
     */
    static CudaGraph capture(CudaQueue queue, CudaQueue.Recording notes, Runnable work) throws Refused {
        MemorySegment graph = record(queue, notes, work);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment made = arena.allocate(ValueLayout.ADDRESS);
            allow(queue, CudaLibrary.cuGraphInstantiateWithFlags(made, graph, 0), "cuGraphInstantiate");
            return new CudaGraph(queue, made.get(ValueLayout.ADDRESS, 0), List.copyOf(notes.used()));
        } finally {
            destroy(queue, graph);
        }
    }

    /** As {@link #recordAlone}, while other threads go on: they neither wait for what is captured nor for all streams. */
    private static MemorySegment record(CudaQueue queue, CudaQueue.Recording notes, Runnable work) throws Refused {
        queue.context().beginningOfCapture();
        try {
            queue.holdEnd();
            return recordAlone(queue, notes, work);
        } finally {
            queue.releaseEnd();
            queue.context().endOfCapture();
        }
    }

    /** What was captured, as a graph to be destroyed. An error of the work itself is thrown on. */
    private static MemorySegment recordAlone(CudaQueue queue, CudaQueue.Recording notes, Runnable work) throws Refused {
        try (Arena arena = Arena.ofConfined()) {
            allow(
                    queue,
                    CudaLibrary.cuStreamBeginCapture_v2(
                            queue.enter(), CudaLibrary.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL()),
                    "cuStreamBeginCapture");
            MemorySegment graph = arena.allocate(ValueLayout.ADDRESS);
            try {
                queue.record(notes, work);
            } catch (Failure e) {
                if (!abandon(queue, graph) && !queue.context().broken()) {
                    throw new Refused(e);
                }
                throw e;
            } catch (RuntimeException | Error e) {
                abandon(queue, graph);
                throw e;
            }
            allow(queue, CudaLibrary.cuStreamEndCapture(queue.enter(), graph), "cuStreamEndCapture");
            return graph.get(ValueLayout.ADDRESS, 0);
        }
    }

    /** Ends a capture whose work went wrong; whether the driver had found nothing wrong with it. */
    private static boolean abandon(CudaQueue queue, MemorySegment graph) {
        boolean sound = CudaLibrary.cuStreamEndCapture(queue.enter(), graph) == CudaLibrary.CUDA_SUCCESS();
        if (sound) {
            destroy(queue, graph.get(ValueLayout.ADDRESS, 0));
        }
        return sound;
    }

    private static void destroy(CudaQueue queue, MemorySegment graph) {
        queue.context().checkGivenBack(CudaLibrary.cuGraphDestroy(graph), "cuGraphDestroy");
    }

    private static void allow(CudaQueue queue, int status, String call) throws Refused {
        try {
            queue.context().check(status, call);
        } catch (Failure e) {
            if (queue.context().broken()) {
                throw e;
            }
            throw new Refused(e);
        }
    }

    /**
     * Gives the queue the captured work, after all that other queues were given for the buffers that it uses.
     *
     * @return false if one of them is freed, and nothing is launched
     */
    boolean launch() {
        for (CudaQueue.Shared resource : used) {
            if (!resource.handOver(queue)) {
                return false;
            }
        }
        queue.context().check(CudaLibrary.cuGraphLaunch(executable, queue.enter()), "cuGraphLaunch");
        return true;
    }

    /** A launch that has not happened yet happens all the same. */
    @Override
    public void close() {
        queue.enter();
        queue.context().checkGivenBack(CudaLibrary.cuGraphExecDestroy(executable), "cuGraphExecDestroy");
    }
}
