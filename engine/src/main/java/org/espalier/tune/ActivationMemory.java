package org.espalier.tune;

import java.util.function.ToLongFunction;
import org.espalier.backend.OwnMemory;
import org.espalier.error.OutOfMemory;
import org.espalier.model.Model;
import org.espalier.tape.Retention;
import org.espalier.tensor.Tensor;

/**
 * What is kept of a forward pass in training, by the memory of the device that it runs on.
 *
 * @param retention what is kept
 * @param bytes     that activations of the largest batch take then, with their gradients
 */
record ActivationMemory(Retention retention, long bytes) {

    /** Left for what operations need besides while they run, such as operands of products in another type. */
    private static final long MARGIN = 256L << 20;
    /** Of a small device's free memory, no larger part is left than this. */
    private static final int SMALLEST_PART = 8;

    /**
     * Decides before anything of the training is on the device.
     *
     * @param most    bytes that activations may take before they are computed again
     * @param planned bytes that the largest batch takes, by what is kept of its forward pass
     * @throws OutOfMemory if a device of its own memory cannot hold what the training needs at the least
     */
    static ActivationMemory of(Trainable learned, long most, ToLongFunction<Retention> planned) {
        long kept = planned.applyAsLong(Retention.KEEP);
        long again = planned.applyAsLong(Retention.RECOMPUTE);
        long allowed = learned.model().backend().ownMemory().isPresent()
                ? Math.min(most, onDevice(learned, again, planned.applyAsLong(Retention.INFERENCE)))
                : most;
        return kept <= allowed
                ? new ActivationMemory(Retention.KEEP, kept)
                : new ActivationMemory(Retention.RECOMPUTE, again);
    }

    /** What a device has for activations once it has what is trained, what was best, and what looks at texts take. */
    private static long onDevice(Trainable learned, long again, long looks) {
        Model model = learned.model();
        long each = learned.tensors().values().stream().mapToLong(Tensor::bytes).sum();
        long gradientsAndMoments = 3 * each;
        long least = gradientsAndMoments + again;
        long free = model.ownMemory(least + MARGIN).map(OwnMemory::free).orElse(0L);
        requireRoom(model, least, free);
        return free - gradientsAndMoments - each - looks - Math.min(MARGIN, free / SMALLEST_PART);
    }

    /** Weights that come and go give way to what work needs. */
    private static void requireRoom(Model model, long least, long free) {
        if (model.weights().resident() && least > free) {
            throw new OutOfMemory(
                    "training takes %,d MiB of the GPU's memory beside the model, %,d MiB are free"
                            .formatted(Math.ceilDiv(least, 1L << 20), free >> 20),
                    "gradients, moments and activations of the largest batch, computed again on the way back",
                    "use a smaller --micro-batch-size or --cutoff, close other programs on the GPU, or use --device cpu");
        }
    }
}
