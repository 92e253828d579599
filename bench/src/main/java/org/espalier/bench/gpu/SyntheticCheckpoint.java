package org.espalier.bench.gpu;

import com.fasterxml.jackson.databind.JsonNode;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.SplittableRandom;
import org.espalier.ffi.NativeMemory;
import org.espalier.format.Checkpoint;
import org.espalier.format.RowOrder;
import org.espalier.format.StoredTensor;
import org.espalier.model.Architectures;
import org.espalier.model.ModelConfig;
import org.espalier.model.ModelConfig.LayerConfig;
import org.espalier.model.RotaryConfig;
import org.espalier.model.Transformer;
import org.espalier.model.arch.Llama;
import org.espalier.model.arch.LlamaConfig.Biases;
import org.espalier.tape.Value;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;

/**
 * A LLaMA of bfloat16 weights that are no one's: random numbers about 0 in matrices, ones in norms. All matrices begin with the
 * same numbers in this process' memory, so that 7B take no more of it than the largest of them; on a device each has its own.
 */
final class SyntheticCheckpoint implements Checkpoint {

    private static final double NORM_EPSILON = 1e-6;
    private static final double ROTARY_BASE = 10_000;
    private static final double DEVIATION = 0.02;
    /** Numbers that are drawn and then repeated; no multiple of any width, so that rows differ. */
    private static final int DRAWN = (1 << 20) - 3;

    private static final short ONE = 0x3f80;
    private static final long SEED = 7;

    private final ModelConfig config;
    private final NativeMemory matrices;
    private final NativeMemory ones;
    private final SequencedMap<String, StoredTensor> tensors = new LinkedHashMap<>();

    /** LLaMA-7B's shape: 32 layers of 4,096 channels, 32 heads, 11,008 neurons; 32,000 tokens, 2,048 positions. */
    static SyntheticCheckpoint llama7b() {
        return of(32_000, 4096, 128, Collections.nCopies(32, new LayerConfig(32, 32, 11_008)), 2048);
    }

    /** Two layers of 64 channels, to see that everything works. */
    static SyntheticCheckpoint tiny() {
        return of(96, 64, 16, Collections.nCopies(2, new LayerConfig(4, 4, 96)), 64);
    }

    private static SyntheticCheckpoint of(
            int vocabulary, int hidden, int headDim, List<LayerConfig> layers, int positions) {
        return new SyntheticCheckpoint(Llama.config(
                new ModelConfig.Sizes(vocabulary, hidden, headDim, layers, positions),
                NORM_EPSILON,
                RotaryConfig.plain(ROTARY_BASE),
                false,
                Biases.NONE));
    }

    private SyntheticCheckpoint(ModelConfig config) {
        this.config = config;
        List<Value> parameters = new Transformer(config).shape().leaves(Value.Role.PARAMETER);
        matrices = NativeMemory.allocate(largest(parameters, 2), "weights of a synthetic model");
        ones = NativeMemory.allocate(largest(parameters, 1), "norms of a synthetic model");
        draw(matrices.segment());
        for (long i = 0; i < ones.bytes() / Short.BYTES; i++) {
            ones.segment().setAtIndex(ValueLayout.JAVA_SHORT, i, ONE);
        }
        for (Value parameter : parameters) {
            Shape shape = parameter.shape();
            MemorySegment bytes =
                    (shape.rank() == 2 ? matrices : ones).segment().asSlice(0, DType.BF16.bytes(shape.elements()));
            tensors.put(
                    parameter.name(), new StoredTensor(parameter.name(), DType.BF16, shape, bytes, RowOrder.IDENTITY));
        }
    }

    private static long largest(List<Value> parameters, int rank) {
        return parameters.stream()
                .filter(p -> p.shape().rank() == rank)
                .mapToLong(p -> DType.BF16.bytes(p.shape().elements()))
                .max()
                .orElseThrow();
    }

    private static void draw(MemorySegment target) {
        SplittableRandom random = new SplittableRandom(SEED);
        long numbers = target.byteSize() / Short.BYTES;
        for (long i = 0; i < Math.min(DRAWN, numbers); i++) {
            int bits = Float.floatToIntBits((float) (DEVIATION * random.nextGaussian()));
            target.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) (bits >>> Short.SIZE));
        }
        long drawn = (long) DRAWN * Short.BYTES;
        for (long begin = drawn; begin < target.byteSize(); begin += drawn) {
            MemorySegment.copy(target, 0, target, begin, Math.min(drawn, target.byteSize() - begin));
        }
    }

    /** Its sizes. */
    ModelConfig model() {
        return config;
    }

    @Override
    public Path path() {
        return Path.of("synthetic");
    }

    @Override
    public JsonNode config() {
        return Architectures.json(config);
    }

    @Override
    public SequencedMap<String, StoredTensor> tensors() {
        return Collections.unmodifiableSequencedMap(tensors);
    }

    @Override
    public List<Path> weightFiles() {
        return List.of();
    }

    @Override
    public void close() {
        matrices.close();
        ones.close();
    }
}
