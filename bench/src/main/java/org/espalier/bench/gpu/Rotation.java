package org.espalier.bench.gpu;

import java.util.ArrayList;
import java.util.List;
import org.espalier.backend.OpCase;
import org.espalier.backend.OpRun;
import org.espalier.backend.Queue;
import org.espalier.backend.cuda.CudaBackend;
import org.espalier.backend.cuda.CudaInspection;
import org.espalier.tensor.DType;

/**
 * A case's operands several times over, so that calls that go round find none of theirs in the device's second-level cache, as
 * layers of a model do not. Small cases, whose times are those of launches, stay few all the same.
 */
final class Rotation<F> implements AutoCloseable {

    /** Operands are together this many times as large as the cache. */
    private static final int CACHES = 2;

    private static final int MOST = 16;
    /** What is smaller than this part of the cache is used again from it in a model as well. */
    private static final int SMALL = 16;

    private final OpCase<F> opCase;
    private final CudaBackend cuda;
    private final F ops;
    private final Queue queue;
    private final List<OpRun<F>> runs = new ArrayList<>();

    Rotation(OpCase<F> opCase, CudaBackend cuda, F ops) {
        this.opCase = opCase;
        this.cuda = cuda;
        this.ops = ops;
        int copies = copies(opCase);
        try {
            for (int i = 0; i < copies; i++) {
                OpRun<F> run = opCase.open(cuda, 0);
                runs.add(run);
                run.forward(ops);
                run.queue().finish();
            }
        } catch (RuntimeException e) {
            close();
            throw e;
        }
        this.queue = runs.getFirst().queue();
    }

    private static int copies(OpCase<?> opCase) {
        long cache = CudaInspection.clocks(0).cache();
        long bytes = Math.max(1, Math.max(opCase.forwardBytes(DType.F32), opCase.backwardBytes(DType.F32)));
        return bytes < cache / SMALL ? 1 : Math.clamp(CACHES * cache / bytes + 1, 1, MOST);
    }

    /** Seconds of a forward step. */
    double forward(Stopwatch watch) {
        return seconds(watch, opCase.forward());
    }

    /** Seconds of a backward step. */
    double backward(Stopwatch watch) {
        return seconds(watch, opCase.backward());
    }

    /** All in one queue, whose clock is looked at. */
    private double seconds(Stopwatch watch, OpCase.Call<F> call) {
        return watch.seconds(cuda, queue, number -> call.on(ops, queue, runs.get(number % runs.size())));
    }

    @Override
    public void close() {
        runs.forEach(OpRun::close);
    }
}
