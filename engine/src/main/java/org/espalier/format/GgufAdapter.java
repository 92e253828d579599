package org.espalier.format;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import org.espalier.error.Failure;
import org.espalier.error.Printable;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;

/**
 * A LoRA adapter as one GGUF file, as llama.cpp adds it to a model: matrices under the names that the model's file has for their
 * projections, with {@code .lora_a} and {@code .lora_b} behind. Rows of {@code B} lie as those of the projection do; matrices of
 * experts lie together, in float32 unless another type is asked for.
 */
public final class GgufAdapter {

    private static final String WEIGHT = ".weight";
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
        return tensors.stream().mapToInt(tensor -> tensor.parts().size()).sum();
    }

    private static List<GgufContent.Tensor> tensors(GgufContent model, PeftAdapter adapter, Optional<DType> type) {
        requireMatricesAlone(adapter);
        Map<String, GgufContent.Tensor> places = new HashMap<>();
        Map<String, Shape> shapes = new HashMap<>();
        for (GgufContent.Tensor place : model.tensors()) {
            for (TensorEntry part : place.parts()) {
                places.put(part.name(), place);
                shapes.put(part.name(), part.shape());
            }
        }
        for (String projection : adapter.projections()) {
            Shape weight = shapes.get(projection + WEIGHT);
            StoredTensor a = adapter.tensors().get(projection + PeftAdapter.SUFFIX_A);
            StoredTensor b = adapter.tensors().get(projection + PeftAdapter.SUFFIX_B);
            if (weight == null
                    || weight.rank() != 2
                    || weight.dim(1) != a.shape().dim(1)
                    || weight.dim(0) != b.shape().dim(0)) {
                throw new Failure(
                        "the adapter of " + Printable.quoted(projection) + " fits no weight of the model",
                        adapter.path().toString(),
                        "name the model that it was trained on with --base");
            }
        }
        List<GgufContent.Tensor> tensors = new ArrayList<>();
        adapter.projections().stream()
                .map(projection -> places.get(projection + WEIGHT))
                .distinct()
                .forEach(place -> {
                    tensors.add(new GgufContent.Tensor(
                            place.name() + ".lora_a",
                            RowOrder.IDENTITY,
                            matrices(place, adapter, PeftAdapter.SUFFIX_A, type)));
                    tensors.add(new GgufContent.Tensor(
                            place.name() + ".lora_b",
                            place.order(),
                            matrices(place, adapter, PeftAdapter.SUFFIX_B, type)));
                });
        return tensors;
    }

    /** Those of all parts of a tensor. */
    private static List<TensorEntry> matrices(
            GgufContent.Tensor place, PeftAdapter adapter, String suffix, Optional<DType> type) {
        DType common = Conversion.target(DType.F32, type);
        List<TensorEntry> matrices = new ArrayList<>();
        for (TensorEntry part : place.parts()) {
            String projection = part.name().substring(0, part.name().length() - WEIGHT.length());
            StoredTensor matrix = adapter.tensors().get(projection + suffix);
            if (matrix == null) {
                throw new Failure(
                        "the adapter has nothing of " + Printable.quoted(projection)
                                + ", which GGUF files hold together with others that it has",
                        adapter.path().toString(),
                        ADVICE);
            }
            matrices.add(place.parts().size() > 1 ? Conversion.entry(matrix, common) : entry(matrix, type));
        }
        return matrices;
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
