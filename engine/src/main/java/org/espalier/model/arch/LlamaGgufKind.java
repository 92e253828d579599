package org.espalier.model.arch;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.espalier.format.GgufMetadata;
import org.espalier.format.RowOrder;

/** The architectures by which GGUF files tell relatives of LLaMA apart, each with what it says of a model, for both directions. */
enum LlamaGgufKind {
    /** The same sizes in every layer. */
    LLAMA("llama", "llama", "LlamaForCausalLM", GgufNames.LLAMA, true),
    /** LLaMA with sizes of its own in every layer; llama.cpp looks at those of the first alone elsewhere. */
    DECI("deci", "llama", "LlamaForCausalLM", GgufNames.LLAMA, true),
    /** The same name for LLaMA with experts; only the number of these tells them apart. */
    MIXTRAL("llama", "mixtral", "MixtralForCausalLM", new LlamaGgufExperts(Mixtral.NAMES, Mixtral.KEYS), true),
    /** Queries, keys and values have biases. */
    QWEN2("qwen2", "qwen2", "Qwen2ForCausalLM", GgufNames.LLAMA, false),
    /** Queries and keys are normalised. */
    QWEN3("qwen3", "qwen3", "Qwen3ForCausalLM", GgufNames.LLAMA, false),
    /** The same with experts in every layer. */
    QWEN3_MOE(
            "qwen3moe", "qwen3_moe", "Qwen3MoeForCausalLM", new LlamaGgufExperts(Qwen3Moe.NAMES, Qwen3Moe.KEYS), false),
    /** LLaMA with factors. */
    GRANITE("granite", "granite", "GraniteForCausalLM", GgufNames.LLAMA, true),
    /** Every fourth layer does not rotate. */
    SMOLLM3("smollm3", "smollm3", "SmolLM3ForCausalLM", GgufNames.LLAMA, true),
    /** Norms stand behind branches. */
    OLMO2("olmo2", "olmo2", "Olmo2ForCausalLM", GgufNames.BEHIND, false),
    /** Queries, keys and values are computed together. */
    PHI3("phi3", "phi3", "Phi3ForCausalLM", GgufNames.FUSED, false),
    /** Norms stand around branches; scores and logits are bounded. */
    GEMMA2("gemma2", "gemma2", "Gemma2ForCausalLM", GgufNames.AROUND, false),
    /** Norms stand around branches; queries and keys are normalised. */
    GEMMA3("gemma3", "gemma3_text", "Gemma3ForCausalLM", GgufNames.AROUND, false);

    private static final Set<LlamaGgufKind> GEMMAS = Set.of(GEMMA2, GEMMA3);
    private static final Set<LlamaGgufKind> RELATIVES = Set.of(QWEN3_MOE, GRANITE, OLMO2, PHI3, GEMMA2, GEMMA3);

    private final String architecture;
    private final String modelType;
    private final String stockClass;
    private final GgufNames names;
    private final Optional<LlamaGgufExperts> experts;
    private final boolean interleaved;

    LlamaGgufKind(String architecture, String modelType, String stockClass, GgufNames names, boolean interleaved) {
        this.architecture = architecture;
        this.modelType = modelType;
        this.stockClass = stockClass;
        this.names = names;
        this.experts = Optional.empty();
        this.interleaved = interleaved;
    }

    LlamaGgufKind(
            String architecture, String modelType, String stockClass, LlamaGgufExperts experts, boolean interleaved) {
        this.architecture = architecture;
        this.modelType = modelType;
        this.stockClass = stockClass;
        this.names = GgufNames.withRouter(experts.names().router());
        this.experts = Optional.of(experts);
        this.interleaved = interleaved;
    }

    /** The kind of the model in a file, by the name of its architecture and whether it has experts. */
    static LlamaGgufKind of(GgufMetadata metadata) {
        String name = metadata.string("general.architecture");
        boolean mixture = metadata.optionalCount(name + "." + GgufKeys.EXPERTS).orElse(0) > 0;
        List<LlamaGgufKind> kinds = Arrays.stream(values())
                .filter(kind -> kind.architecture.equals(name))
                .toList();
        return kinds.stream()
                .filter(kind -> kind.experts.isPresent() == mixture)
                .findFirst()
                .orElse(kinds.getFirst());
    }

    /** The kind of a model whose layers are all of one size, by its type in Hugging Face's words. */
    static Optional<LlamaGgufKind> ofModelType(String type) {
        String same = type.equals("mistral") ? LLAMA.modelType : type;
        return Arrays.stream(values())
                .filter(kind -> kind.modelType.equals(same))
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
        return modelType;
    }

    /** What files call its tensors. */
    GgufNames names() {
        return names;
    }

    /** How its experts lie, if it has some. */
    Optional<LlamaGgufExperts> experts() {
        return experts;
    }

    /** Whether the biases that a configuration has in all projections of a branch may stand in some of them alone. */
    boolean mayLackBiases() {
        return interleaved && hasBiases();
    }

    /** Whether files say more of it than the usual sizes, as {@link LlamaGgufRelatives} has it. */
    boolean isRelative() {
        return RELATIVES.contains(this);
    }

    /** Whether files have biases of its projections. */
    boolean hasBiases() {
        return interleaved && this != SMOLLM3 || this == QWEN2;
    }

    /** Whether layers attend to the whole context, or to less by a rule that files have a key for. */
    boolean hasWindow() {
        return this == PHI3 || isGemma();
    }

    /** What files add to the weights of norms. */
    float addedToNorms() {
        return isGemma() ? 1 : 0;
    }

    boolean isGemma() {
        return GEMMAS.contains(this);
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
