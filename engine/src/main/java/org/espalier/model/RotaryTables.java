package org.espalier.model;

import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/** The rotary table of a model on a device, made for as many positions as were ever asked for. */
final class RotaryTables implements AutoCloseable {

    private final Backend backend;
    private final ModelConfig config;
    private Tensor table;

    RotaryTables(Backend backend, ModelConfig config) {
        this.backend = backend;
        this.config = config;
    }

    /** The table of the first {@code positions} positions, {@code [positions, 2, headDim / 2]}. */
    Tensor table(long positions) {
        if (table == null || table.shape().dim(0) < positions) {
            grow(Math.toIntExact(positions));
        }
        return table.slice(0, positions);
    }

    private void grow(int positions) {
        close();
        Shape shape = Shape.of(positions, 2, config.headDim() / 2);
        table = backend.allocate(backend.computeType(), shape, "rotary table");
        try (Queue queue = backend.newQueue()) {
            HostCopy.writeDoubles(backend, queue, config.rotary().table(positions, config.headDim()), table);
        }
    }

    @Override
    public void close() {
        if (table != null) {
            table.buffer().close();
            table = null;
        }
    }
}
