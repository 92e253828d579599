package org.espalier.job;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.espalier.file.Output;
import org.espalier.file.WriteFailure;
import org.espalier.format.SafetensorsWriter;
import org.espalier.format.TensorEntry;
import org.espalier.model.Model;
import org.espalier.model.Packed;
import org.espalier.model.Scorer;
import org.espalier.model.Transformer.Recording;
import org.espalier.tape.Executor;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;

/** Writes the logits after each of some tokens: the tensor {@code logits}, float32 {@code [tokens, vocabulary]}. */
public final class LogitsJob {

    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Engine engine;

    /** Computes on the devices of {@code engine}. */
    public LogitsJob(Engine engine) {
        this.engine = engine;
    }

    /**
     * Computes.
     *
     * @param model   a checkpoint folder or a GGUF file
     * @param adapter folder of a LoRA adapter in PEFT's form
     * @param tokens  their ids
     * @param out     file of safetensors
     * @return size of the vocabulary
     * @throws org.espalier.error.Failure if a token is not in the vocabulary, or there are more than the context holds
     */
    public int run(Path model, Optional<Path> adapter, int[] tokens, Destination out) {
        out.requireFree(model);
        // A place where something stands is refused before the work, not after it.
        try (Output target = Output.file(out.path(), out.replace());
                OpenModel open = engine.open(model, adapter)) {
            int vocabulary = open.model().config().vocab();
            float[] logits = logits(open.model(), tokens);
            FiniteLogits.require(logits, open);
            SafetensorsWriter.write(
                    target.path(),
                    List.of(new TensorEntry(
                            "logits",
                            DType.F32,
                            Shape.of(tokens.length, vocabulary),
                            sink -> writeRows(logits, vocabulary, sink))));
            target.commit();
            return vocabulary;
        } catch (IOException e) {
            throw WriteFailure.of(e, out.path());
        }
    }

    /** {@code [tokens, vocabulary]} */
    private static float[] logits(Model model, int[] tokens) {
        Scorer.check(model.config(), tokens);
        Packed packed = Packed.of(List.of(tokens)).readBy(model.config());
        Recording recording = model.transformer().logits(tokens.length);
        try (Executor executor = Executor.inference(model.backend(), recording.tape(), model.leaves(Map.of()))) {
            packed.feed(executor, recording);
            executor.forward(packed.sequences());
            return executor.readFloats(recording.logits());
        }
    }

    private static void writeRows(float[] logits, int vocabulary, TensorEntry.Sink sink) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment row = arena.allocate(FLOAT, vocabulary);
            for (int start = 0; start < logits.length; start += vocabulary) {
                MemorySegment.copy(logits, start, row, FLOAT, 0, vocabulary);
                sink.write(row);
            }
        }
    }
}
