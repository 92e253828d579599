package org.espalier.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.espalier.error.Failure;
import org.espalier.error.Printable;

/**
 * How the byte-level tokenizers of LLaMA-like models cut a text into words before merging, under the names that GGUF
 * files use ({@code tokenizer.ggml.pre}). The expressions are those of the models' own {@code tokenizer.json}.
 */
enum TokenizerSplit {
    GPT2(false, false, null, List.of("gpt-2", "gpt2", "mpt", "olmo", "jais", "phi-2")),
    /** As GPT-2, and every digit is a word. */
    DIGITS(false, false, null, List.of("smollm", "starcoder", "refact", "command-r", "codeshell", "exaone")),
    /** Numbers in groups of three digits. */
    LLAMA3(true, true, Expressions.LLAMA3, List.of("llama-bpe", "llama3", "llama-v3", "falcon3", "dbrx", "smaug-bpe")),
    QWEN2(false, false, Expressions.QWEN2, List.of("qwen2", "stablelm2", "deepseek-r1-qwen", "megrez")),
    TEKKEN(true, true, Expressions.TEKKEN, List.of("tekken"));

    private final boolean ignoreMerges;
    private final boolean addsBos;
    private final String regex;
    private final List<String> names;

    TokenizerSplit(boolean ignoreMerges, boolean addsBos, String regex, List<String> names) {
        this.ignoreMerges = ignoreMerges;
        this.addsBos = addsBos;
        this.regex = regex;
        this.names = names;
    }

    static TokenizerSplit named(String name, String place) {
        return Arrays.stream(values())
                .filter(s -> s.names.contains(name))
                .findFirst()
                .orElseThrow(() -> new Failure(
                        "way of cutting words " + Printable.quoted(name) + " (tokenizer.ggml.pre) is unknown",
                        place,
                        "put the model's tokenizer.json beside it, or use a model with one of " + known()));
    }

    /** The way of a tokenizer's {@code pre_tokenizer}; empty for one that files have no name for. */
    static Optional<TokenizerSplit> of(JsonNode preTokenizer) {
        List<JsonNode> steps = new ArrayList<>();
        collect(preTokenizer, steps);
        Set<String> expressions = steps.stream()
                .map(step -> step.path("pattern").path("Regex").asText())
                .filter(expression -> !expression.isEmpty())
                .collect(Collectors.toSet());
        boolean digits =
                steps.stream().anyMatch(step -> step.path("individual_digits").asBoolean());
        boolean ofGpt2 = steps.stream()
                .anyMatch(step -> step.path("type").asText().equals("ByteLevel")
                        && step.path("use_regex").asBoolean(true));
        return Arrays.stream(values())
                .filter(split -> expressions.equals(split.regex == null ? Set.of() : Set.of(split.regex))
                        && digits == (split == DIGITS)
                        && ofGpt2 == (split.regex == null)
                        && steps.size() == (split == GPT2 ? 1 : 2))
                .findFirst();
    }

    private static void collect(JsonNode step, List<JsonNode> steps) {
        if (step.path("type").asText().equals("Sequence")) {
            step.path("pretokenizers").forEach(member -> collect(member, steps));
        } else {
            steps.add(step);
        }
    }

    /** What files call it first. */
    String fileName() {
        return names.getFirst();
    }

    /** Whether a word that is a token stays whole even if no merges lead to it. */
    boolean ignoreMerges() {
        return ignoreMerges;
    }

    /** Whether texts begin with the begin token where the file does not say. */
    boolean addsBos() {
        return addsBos;
    }

    /** What is done to a text before it is cut: Qwen's tokenizers compose characters. */
    Optional<ObjectNode> normalizer() {
        return this == QWEN2 ? Optional.of(TokenizerParts.typed("NFC")) : Optional.empty();
    }

    ObjectNode preTokenizer(boolean spacePrefix) {
        List<ObjectNode> steps = new ArrayList<>();
        if (this == DIGITS) {
            steps.add(TokenizerParts.typed("Digits").put("individual_digits", true));
        } else if (regex != null) {
            steps.add(TokenizerParts.split(regex));
        }
        steps.add(TokenizerParts.byteLevel(spacePrefix, regex == null));
        return TokenizerParts.sequence("pretokenizers", steps);
    }

    private static String known() {
        return Arrays.stream(values()).map(s -> s.names.getFirst()).collect(Collectors.joining(", "));
    }
}
