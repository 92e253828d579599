package org.espalier.model;

import java.util.HashMap;
import java.util.Map;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.tape.Value;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/** The constants of a model on a device, such as rotary tables, each made for as many positions as were ever asked for. */
final class Constants implements AutoCloseable {

    private final Backend backend;
    private final ModelConfig config;
    private final Map<String, Tensor> tables = new HashMap<>();

    Constants(Backend backend, ModelConfig config) {
        this.backend = backend;
        this.config = config;
    }

    /** The numbers of a constant whose first axis runs through positions. */
    Tensor of(Value constant) {
        Tensor table = tables.get(constant.name());
        long rows = constant.shape().dim(0);
        if (table == null || table.shape().dim(0) < rows) {
            table = grown(constant, table);
        }
        return table.slice(0, rows);
    }

    private Tensor grown(Value constant, Tensor before) {
        if (before != null) {
            before.buffer().close();
            tables.remove(constant.name());
        }
        Shape shape = constant.shape();
        Tensor table = backend.allocate(backend.computeType(), shape, constant.name());
        tables.put(constant.name(), table);
        try (Queue queue = backend.newQueue()) {
            if (constant.name().equals(Pass.ONES)) {
                backend.fill(queue, table, 1);
                queue.finish();
                return table;
            }
            double[] numbers = Architectures.of(config).constant(config, constant.name(), shape.extent(0));
            HostCopy.writeDoubles(backend, queue, numbers, table);
        }
        return table;
    }

    @Override
    public void close() {
        tables.values().forEach(table -> table.buffer().close());
        tables.clear();
    }
}
