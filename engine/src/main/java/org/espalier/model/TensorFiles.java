package org.espalier.model;

import java.io.IOException;
import org.espalier.backend.Backend;
import org.espalier.backend.Queue;
import org.espalier.ffi.NativeMemory;
import org.espalier.format.StoredTensor;
import org.espalier.format.TensorEntry;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/** Tensors on a device as entries of files, and back. */
public final class TensorFiles {

    private TensorFiles() {}

    /** A tensor, rounded to {@code type} when it is written; it must be there until then. */
    public static TensorEntry entry(Backend backend, String name, Tensor tensor, DType type) {
        return new TensorEntry(name, type, tensor.shape(), sink -> write(backend, tensor, type, sink));
    }

    private static void write(Backend backend, Tensor tensor, DType type, TensorEntry.Sink sink) throws IOException {
        Tensor rounded = backend.allocate(type, tensor.shape(), "numbers for a file");
        try (Queue queue = backend.newQueue();
                NativeMemory staging = NativeMemory.allocate(rounded.bytes(), "file")) {
            backend.convert(queue, tensor, rounded);
            backend.download(queue, rounded, staging.segment());
            sink.write(staging.segment());
        } finally {
            rounded.buffer().close();
        }
    }

    /** Copies a stored tensor of any type to one of the same shape on a device; the file may be closed afterwards. */
    public static void load(Backend backend, Queue queue, StoredTensor stored, Tensor target) {
        Tensor source = backend.weight(queue, stored.bytes(), stored.type(), stored.shape());
        try {
            backend.convert(queue, source, target);
            queue.finish();
        } finally {
            source.buffer().close();
        }
    }
}
