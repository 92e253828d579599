package org.espalier.format;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.espalier.error.Failure;
import org.espalier.error.Printable;
import org.espalier.tensor.DType;

/**
 * A LoRA adapter as one GGUF file, as llama.cpp adds it to a model: matrices under the names that the model's file has for their
 * projections, with {@code .lora_a} and {@code .lora_b} behind. Rows of {@code B} lie as those of the projection do.
 */
public final class GgufAdapter {

    private static final String ADVICE = "merge it into the model (engine merge), and convert the result";

    private GgufAdapter() {}

    /** Whether an adapter is written there, by the name. */
    public static boolean writes(Path out) {
        return out.toString().endsWith(GgufFile.SUFFIX);
    }

    /**
     * Writes an adapter. Both must stay open until then.
     *
     * @param file that does not exist
     * @param base the model that it is of
     * @param type F32, F16 or BF16 for all numbers; empty to keep that of each
     * @return matrices that were written
     * @throws Failure if it holds more than matrices, or does not belong to the model
     */
    public static int write(Path file, Checkpoint base, PeftAdapter adapter, Optional<DType> type) throws IOException {
        GgufContent model = GgufFamilies.write(Conversion.of(base, Optional.of(DType.F32)));
        SequencedMap<String, Object> metadata = new LinkedHashMap<>();
        metadata.put("general.architecture", model.metadata().get("general.architecture"));
        metadata.put("general.type", "adapter");
        metadata.put("adapter.type", "lora");
        // Readers divide it by the rank.
        double alpha = adapter.config().scale() * adapter.config().rank();
        metadata.put("adapter.lora.alpha", (float) alpha);
        List<GgufContent.Tensor> tensors = tensors(model, adapter, type);
        GgufWriter.write(file, metadata, tensors);
        return tensors.size();
    }

    private static List<GgufContent.Tensor> tensors(GgufContent model, PeftAdapter adapter, Optional<DType> type) {
        requireMatricesAlone(adapter);
        Map<String, GgufContent.Tensor> places = model.tensors().stream()
                .collect(Collectors.toMap(tensor -> tensor.entry().name(), Function.identity()));
        List<GgufContent.Tensor> tensors = new ArrayList<>();
        for (String projection : adapter.projections()) {
            StoredTensor a = adapter.tensors().get(projection + PeftAdapter.SUFFIX_A);
            StoredTensor b = adapter.tensors().get(projection + PeftAdapter.SUFFIX_B);
            GgufContent.Tensor place = places.get(projection + ".weight");
            if (place == null
                    || place.entry().shape().rank() != 2
                    || place.entry().shape().dim(1) != a.shape().dim(1)
                    || place.entry().shape().dim(0) != b.shape().dim(0)) {
                throw new Failure(
                        "the adapter of " + Printable.quoted(projection) + " fits no weight of the model",
                        adapter.path().toString(),
                        "name the model that it was trained on with --base");
            }
            tensors.add(new GgufContent.Tensor(place.name() + ".lora_a", RowOrder.IDENTITY, entry(a, type)));
            tensors.add(new GgufContent.Tensor(place.name() + ".lora_b", place.order(), entry(b, type)));
        }
        return tensors;
    }

    private static TensorEntry entry(StoredTensor matrix, Optional<DType> type) {
        return Conversion.entry(matrix, Conversion.target(matrix.type(), type));
    }

    private static void requireMatricesAlone(PeftAdapter adapter) {
        if (adapter.config().decomposed()) {
            throw new Failure(
                    "the adapter has lengths of rows (use_dora), which GGUF files have no place for",
                    adapter.path().toString(),
                    ADVICE);
        }
        if (!adapter.saved().isEmpty()) {
            throw new Failure(
                    "the adapter has parameters in the place of the model's, such as "
                            + Printable.quoted(adapter.saved().getFirst()) + ", which GGUF files have no place for",
                    adapter.path().toString(),
                    ADVICE);
        }
    }
}
