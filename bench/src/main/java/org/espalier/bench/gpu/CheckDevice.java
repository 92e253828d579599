package org.espalier.bench.gpu;

import java.util.EnumMap;
import java.util.Map;
import org.espalier.backend.Precision;
import org.espalier.backend.cuda.CudaBackend;

/**
 * The device that is checked, opened once in each precision that is used. As long as this is open the driver keeps the device's
 * context, which every backend shares that is opened meanwhile.
 */
final class CheckDevice implements AutoCloseable {

    private final Map<Precision, CudaBackend> opened = new EnumMap<>(Precision.class);

    CheckDevice() {
        in(Precision.FLOAT32);
    }

    /** The backend of a precision, which stays open with this. */
    CudaBackend in(Precision precision) {
        return opened.computeIfAbsent(precision, p -> CudaBackend.open(0, p));
    }

    @Override
    public void close() {
        opened.values().forEach(CudaBackend::close);
    }
}
