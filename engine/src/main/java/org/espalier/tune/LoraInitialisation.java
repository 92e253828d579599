package org.espalier.tune;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.zip.CRC32;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Philox;
import org.espalier.backend.Queue;
import org.espalier.format.PeftAdapter;
import org.espalier.model.Adapter;
import org.espalier.model.LoraConfig;
import org.espalier.model.Model;
import org.espalier.tape.Value;
import org.espalier.tensor.Tensor;

/**
 * Fresh adapters, which change nothing yet: {@code A} uniform within the inverse root of its inputs (He et al. 2015 with the
 * slope √5 that PEFT uses), {@code B} zero, norms and lengths of rows as the model has them. A number depends on the seed, the matrix's name and its place only.
 */
final class LoraInitialisation {

    private static final int WORDS = 4;

    private LoraInitialisation() {}

    /** A new adapter, which the caller closes; what it has in the place of the model's parameters begins as these are. */
    static Adapter adapter(Model model, LoraConfig lora, long seed) {
        Backend backend = model.backend();
        SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
        try (Queue queue = backend.newQueue()) {
            for (Value place : Adapter.parameters(model.config(), lora)) {
                Tensor tensor = backend.allocate(backend.computeType(), place.shape(), place.name());
                tensors.put(place.name(), tensor);
                if (place.name().endsWith(PeftAdapter.SUFFIX_A)) {
                    HostCopy.writeDoubles(backend, queue, uniform(place, seed), tensor);
                } else if (place.name().endsWith(PeftAdapter.SUFFIX_B)) {
                    backend.fill(queue, tensor, 0);
                } else if (place.name().endsWith(PeftAdapter.SUFFIX_LENGTHS)) {
                    String projection =
                            place.name().substring(0, place.name().length() - PeftAdapter.SUFFIX_LENGTHS.length());
                    HostCopy.writeDoubles(
                            backend,
                            queue,
                            Adapter.lengths(backend, queue, model.parameter(projection + ".weight")),
                            tensor);
                } else {
                    backend.convert(queue, model.parameter(place.name()), tensor);
                }
            }
            queue.finish();
        }
        return new Adapter(lora, tensors);
    }

    /** {@code [rank, in]} numbers. */
    private static double[] uniform(Value place, long seed) {
        CRC32 hash = new CRC32();
        hash.update(place.name().getBytes(StandardCharsets.UTF_8));
        double bound = 1 / Math.sqrt((double) place.shape().dim(1));
        double[] numbers = new double[Math.toIntExact(place.shape().elements())];
        for (int i = 0; i < numbers.length; i += WORDS) {
            int[] words = Philox.words(i / WORDS, (int) hash.getValue(), 0, 0, (int) seed, (int) (seed >>> 32));
            for (int w = 0; w < Math.min(WORDS, numbers.length - i); w++) {
                numbers[i + w] = words[w] * 0x1p-31 * bound;
            }
        }
        return numbers;
    }
}
