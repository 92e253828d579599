package org.espalier.backend.cuda;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.espalier.backend.Repeat;
import org.espalier.backend.Sequences;
import org.espalier.ffi.CudaDriver;

/**
 * A step that becomes one launch. The first time it runs as it is, which loads its kernels and makes what they need; the
 * second time it is captured; from then on the graph is launched, and the host only says which sequences there are. When
 * the rows divide otherwise, or memory that the graph uses is gone, that begins anew.
 */
final class CudaRepeat implements Repeat {

    private final CudaQueue queue;
    private final CudaAllocator memory;
    private final Consumer<Sequences> step;
    /** The rows that the step was rehearsed for, or null. */
    private int[] rehearsed;

    private CudaGraph graph;
    /** The end of the rows of keys that the graph was made for. */
    private int keys;

    private String refusal;
    private boolean closed;

    private CudaRepeat(CudaQueue queue, CudaAllocator memory, Consumer<Sequences> step) {
        this.queue = queue;
        this.memory = memory;
        this.step = step;
    }

    /**
     * Makes a step repeatable; it is given anew each time where the driver has no graphs.
     *
     * @param memory where attention has what it needs
     */
    static Repeat of(CudaQueue queue, CudaAllocator memory, Consumer<Sequences> step) {
        return CudaDriver.graphs() ? new CudaRepeat(queue, memory, step) : step::accept;
    }

    @Override
    public void run(Sequences sequences) {
        if (closed) {
            throw new IllegalStateException("a repeated step was run after it was closed");
        }
        List<CudaSequences> few = CudaSequences.ofFewQueries(sequences);
        boolean suits = few.size() == 1 && few.getFirst().queries() == sequences.queries();
        if (refusal != null || !suits) {
            step.accept(sequences);
        } else if (!Arrays.equals(sequences.queryStart(), rehearsed)) {
            rehearse(sequences);
        } else {
            launch(sequences, few.getFirst());
        }
    }

    private void rehearse(Sequences sequences) {
        forget();
        queue.record(new CudaQueue.Recording(false), () -> step.accept(sequences));
        rehearsed = sequences.queryStart().clone();
    }

    private void launch(Sequences sequences, CudaSequences few) {
        decoding().place(few);
        if (graph == null) {
            capture(sequences);
        }
        if (graph == null || sequences.keyEnd() > keys) {
            // Or the step says itself what is wrong.
            step.accept(sequences);
        } else if (!graph.launch()) {
            rehearse(sequences);
        }
    }

    private void capture(Sequences sequences) {
        decoding().forgetCapturedKeys();
        try {
            graph = CudaGraph.capture(queue, new CudaQueue.Recording(true), () -> step.accept(sequences));
            keys = decoding().capturedKeys();
        } catch (CudaGraph.Refused e) {
            refusal = e.getMessage();
        }
    }

    private CudaDecoding decoding() {
        return CudaDecoding.of(queue, memory);
    }

    private void forget() {
        rehearsed = null;
        if (graph != null) {
            graph.close();
            graph = null;
        }
    }

    @Override
    public Optional<String> refusal() {
        return Optional.ofNullable(refusal);
    }

    @Override
    public void close() {
        closed = true;
        forget();
    }
}
