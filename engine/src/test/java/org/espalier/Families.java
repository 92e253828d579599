package org.espalier;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.format.SafetensorsFile;

/** The families of models of which there is a tiny golden one, and texts of it. The list stands here alone. */
public final class Families {

    /** The first ChatGLM, whose golden model is LLM-Pruner's. */
    public static final String CHATGLM = "chatglm";
    /** Made of a LLaMA. */
    public static final String BAICHUAN = "baichuan";

    private static final List<String> OF_TRANSFORMERS = List.of(
            "qwen2",
            "qwen3",
            "phi3",
            "gpt_neox",
            "olmo2",
            "smollm3",
            "granite",
            "mistral-window",
            "bloom",
            "gemma2",
            "gemma3",
            "mixtral",
            "qwen3_moe");

    private static final int ROWS_OF_CHATGLM = 4;
    private static final int ROWS = 3;

    private Families() {}

    /** Those that transformers computed golden figures of. */
    public static Stream<String> ofTransformers() {
        return OF_TRANSFORMERS.stream();
    }

    /** All of them. */
    public static Stream<String> all() {
        return Stream.concat(ofTransformers(), Stream.of(BAICHUAN, CHATGLM));
    }

    /** The folder of a golden model and its figures. */
    public static Path folder(String family) {
        return Shared.path("golden/families/" + family);
    }

    /**
     * The model of a family.
     *
     * @param scratch where a folder is made, if it has to be
     */
    public static Path model(String family, Path scratch) {
        return switch (family) {
            case CHATGLM -> Shared.path("golden/glm/model");
            case BAICHUAN -> baichuan(scratch.resolve(BAICHUAN));
            default -> folder(family).resolve("model");
        };
    }

    private static Path baichuan(Path made) {
        try (Checkpoint llama = Checkpoints.open(Shared.path("golden/mha/model"))) {
            StackedLlama.write(llama, made);
        }
        return made;
    }

    /** The first tokens of so many texts. */
    public static List<int[]> texts(String family, int count, int length) {
        boolean glm = family.equals(CHATGLM);
        Path golden = glm
                ? Shared.path("golden/glm/glm.golden.safetensors")
                : folder(family.equals(BAICHUAN) ? "qwen2" : family).resolve("golden.safetensors");
        try (SafetensorsFile file = SafetensorsFile.open(golden)) {
            int[] ids = Golden.integers(file, "ids");
            int each = ids.length / (glm ? ROWS_OF_CHATGLM : ROWS);
            List<int[]> texts = new ArrayList<>();
            for (int text = 0; text < count; text++) {
                texts.add(Arrays.copyOfRange(ids, text * each, text * each + length));
            }
            return texts;
        }
    }
}
