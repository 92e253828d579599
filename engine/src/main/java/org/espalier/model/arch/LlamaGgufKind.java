package org.espalier.model.arch;

import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import org.espalier.format.RowOrder;

/** The architectures by which GGUF files tell relatives of LLaMA apart, each with what it says of a model, for both directions. */
enum LlamaGgufKind {
    /** The same sizes in every layer. */
    LLAMA("llama", Set.of("llama", "mistral"), "LlamaForCausalLM", true),
    /** LLaMA with sizes of its own in every layer; llama.cpp looks at those of the first alone elsewhere. */
    DECI("deci", Set.of(), "LlamaForCausalLM", true),
    /** Queries, keys and values have biases. */
    QWEN2("qwen2", Set.of("qwen2"), "Qwen2ForCausalLM", false),
    /** Queries and keys are normalised. */
    QWEN3("qwen3", Set.of("qwen3"), "Qwen3ForCausalLM", false);

    private final String architecture;
    private final Set<String> modelTypes;
    private final String stockClass;
    private final boolean interleaved;

    LlamaGgufKind(String architecture, Set<String> modelTypes, String stockClass, boolean interleaved) {
        this.architecture = architecture;
        this.modelTypes = modelTypes;
        this.stockClass = stockClass;
        this.interleaved = interleaved;
    }

    /** The kind under the name of an architecture, as files have it. */
    static LlamaGgufKind named(String architecture) {
        return Arrays.stream(values())
                .filter(kind -> kind.architecture.equals(architecture))
                .findFirst()
                .orElseThrow();
    }

    /** The kind of a model whose layers are all of one size, by its type in Hugging Face's words. */
    static Optional<LlamaGgufKind> ofModelType(String type) {
        return Arrays.stream(values())
                .filter(kind -> kind.modelTypes.contains(type))
                .findFirst();
    }

    /** What files call it under {@code general.architecture}. */
    String architecture() {
        return architecture;
    }

    /** Hugging Face's class for such a model. */
    String stockClass() {
        return stockClass;
    }

    /** Hugging Face's type of such a model. */
    String modelType() {
        return this == QWEN2 || this == QWEN3 ? architecture : LLAMA.architecture;
    }

    /** How the rows of a part's tensor lie, of so many heads where it is one of queries or keys. */
    RowOrder rowOrder(String part, int heads, int kvHeads, int headDim) {
        if (!interleaved) {
            return RowOrder.IDENTITY;
        }
        return switch (part) {
            case "attn_q" -> RowOrder.interleaved(heads, headDim);
            case "attn_k" -> RowOrder.interleaved(kvHeads, headDim);
            default -> RowOrder.IDENTITY;
        };
    }
}
