package org.espalier.score;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/** Sums of columns on the device, in float64, each under a name; kept until they are read. */
final class ColumnSums implements AutoCloseable {

    private final Backend backend;
    private final Map<String, Tensor> sums = new LinkedHashMap<>();

    ColumnSums(Backend backend) {
        this.backend = backend;
    }

    /** Adds {@code Σ_t (a − shift)·b}; see {@link org.espalier.backend.CalibrationOps#columnDots}. */
    void add(Queue queue, String name, Tensor a, Tensor shift, Tensor b) {
        Tensor known = sums.get(name);
        Tensor sum = known != null
                ? known
                : backend.allocate(DType.F64, Shape.of(a.shape().dim(1)), "sums of " + name);
        sums.put(name, sum);
        backend.columnDots(queue, a, shift, b, known == null ? Target.overwrite(sum) : Target.accumulate(sum));
    }

    /** The names of all sums. */
    List<String> names() {
        return List.copyOf(sums.keySet());
    }

    boolean has(String name) {
        return sums.containsKey(name);
    }

    /** Waits, reads a sum and forgets it. */
    double[] take(Queue queue, String name) {
        Tensor sum = sums.remove(name);
        try {
            return HostCopy.readDoubles(backend, queue, sum);
        } finally {
            sum.buffer().close();
        }
    }

    @Override
    public void close() {
        sums.values().forEach(t -> t.buffer().close());
        sums.clear();
    }
}
