package org.espalier.backend.cuda;

import java.lang.foreign.MemorySegment;
import org.espalier.backend.Queue;

/** Times work of a device by its own clock: from when a queue comes to it until it is done with it. */
public final class CudaTimer implements AutoCloseable {

    private final CudaBackend backend;
    private final CudaEvent begin;
    private final CudaEvent end;

    /** A timer of a backend, which must stay open. */
    public CudaTimer(CudaBackend backend) {
        this.backend = backend;
        this.begin = CudaEvent.timed(backend.session().context());
        this.end = CudaEvent.timed(backend.session().context());
    }

    /** Gives work to a queue of the backend and waits for it; seconds that it took. */
    public double seconds(Queue queue, Runnable work) {
        MemorySegment stream = backend.session().ownQueue(queue).enter();
        begin.record(stream);
        work.run();
        end.record(stream);
        end.await();
        return end.secondsSince(begin);
    }

    @Override
    public void close() {
        begin.close();
        end.close();
    }
}
