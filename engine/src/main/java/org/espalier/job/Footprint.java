package org.espalier.job;

import java.nio.file.Path;
import org.espalier.ffi.NativeMemory;
import org.espalier.model.Generator;
import org.espalier.model.Transformer;
import org.espalier.tape.Value;

/**
 * What a model takes up by itself while it reads and writes.
 *
 * @param model       its name
 * @param device      that it was computed on
 * @param parameters  tied ones counted once
 * @param weightBytes as stored
 * @param cacheBytes  of keys and values of the longer of what was read and written
 * @param peakBytes   weights as stored, and the most that caches, activations and scratch space took at once, without Java's own;
 *                    on a GPU all of its memory that was in use
 * @param loadSeconds from opening its files until a first token has been computed
 */
public record Footprint(
        String model,
        String device,
        long parameters,
        long weightBytes,
        long cacheBytes,
        long peakBytes,
        double loadSeconds) {

    /**
     * Opens a model, reads and writes.
     *
     * @param prompt   tokens that are read as one prompt
     * @param generate tokens that are written one by one
     */
    static Footprint of(Engine engine, Path path, int prompt, int generate, long seed) {
        long before = NativeMemory.bytesInUse();
        NativeMemory.resetPeak();
        long start = System.nanoTime();
        try (OpenModel open = engine.open(path)) {
            first(open);
            double loaded = (System.nanoTime() - start) / 1e9;
            if (prompt > 0) {
                use(Speed.reading(open.model(), prompt, seed));
            }
            if (generate > 0) {
                use(Speed.writing(open.model(), generate, seed));
            }
            long weights = open.checkpoint().weightBytes();
            return new Footprint(
                    path.toString(),
                    open.backend().name(),
                    open.parameters(),
                    weights,
                    cacheBytes(open, Math.max(prompt, generate)),
                    open.devicePeak().orElseGet(() -> weights + NativeMemory.peakBytes() - before),
                    loaded);
        }
    }

    private static void first(OpenModel open) {
        try (Generator generator = new Generator(open.model(), 1)) {
            generator.next(0);
        }
    }

    private static void use(Speed speed) {
        try (speed) {
            speed.measure();
        }
    }

    private static long cacheBytes(OpenModel open, int tokens) {
        Transformer transformer = open.model().transformer();
        return transformer.cached(1, 1, tokens).tape().leaves(Value.Role.STATE).stream()
                .mapToLong(state ->
                        open.backend().computeType().bytes(state.shape().elements()))
                .sum();
    }
}
