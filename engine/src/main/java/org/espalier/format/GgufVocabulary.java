package org.espalier.format;

import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.espalier.error.Failure;
import org.espalier.error.Warnings;

/** What a GGUF file says beside its model: its tokenizer, and where it comes from. */
public final class GgufVocabulary {

    /** Which kind of tokenizer there is. */
    public static final String KIND = "tokenizer.ggml.model";
    /** The kind of a file without a tokenizer. */
    public static final String NO_KIND = "none";
    /** Tokens by id. */
    public static final String TOKENS = "tokenizer.ggml.tokens";
    /** By id, which of them come first. */
    public static final String SCORES = "tokenizer.ggml.scores";
    /** By id, what each is. */
    public static final String TYPES = "tokenizer.ggml.token_type";

    private static final String TOKENIZER = "tokenizer.";
    private static final String GENERAL = "general.";
    private static final Set<String> OF_THE_FILE_ALONE =
            Set.of("general.architecture", "general.type", "general.file_type");

    private static final int UNUSED = 5;
    private static final float LOWEST_SCORE = -1e6f;

    private GgufVocabulary() {}

    /** What a model that comes from one GGUF file takes to another: of the general keys, the texts. */
    public static Map<String, Object> copied(Map<String, Object> metadata) {
        Map<String, Object> copied = new LinkedHashMap<>();
        metadata.forEach((key, value) -> {
            boolean text = value instanceof String || value instanceof String[];
            if (key.startsWith(TOKENIZER) && GgufHeader.writes(value)
                    || key.startsWith(GENERAL) && text && !OF_THE_FILE_ALONE.contains(key)) {
                copied.put(key, value);
            }
        });
        return copied;
    }

    /** Whether there is a tokenizer. */
    public static boolean hasTokenizer(Map<String, Object> metadata) {
        return Optional.ofNullable(metadata.get(KIND))
                .filter(kind -> !kind.equals(NO_KIND))
                .isPresent();
    }

    /**
     * The same with as many tokens as the model has room for: llama.cpp wants them to be equal. Those that lack are unused ones,
     * those that are too many are left out.
     */
    static Map<String, Object> sized(Map<String, Object> metadata, int size) {
        if (!(metadata.get(TOKENS) instanceof String[] tokens) || tokens.length == size) {
            return metadata;
        }
        if (tokens.length > size) {
            Warnings.say(new Failure(
                    "there are " + tokens.length + " tokens, and the model has room for " + size,
                    "the tokenizer",
                    "the last ones are left out"));
        }
        Map<String, Object> sized = new LinkedHashMap<>(metadata);
        sized.put(TOKENS, sized(tokens, size));
        sized.computeIfPresent(SCORES, (_, scores) -> {
            float[] all = Arrays.copyOf((float[]) scores, size);
            Arrays.fill(all, Math.min(tokens.length, size), size, LOWEST_SCORE);
            return all;
        });
        sized.computeIfPresent(TYPES, (_, types) -> {
            int[] all = Arrays.copyOf((int[]) types, size);
            Arrays.fill(all, Math.min(tokens.length, size), size, UNUSED);
            return all;
        });
        return sized;
    }

    private static String[] sized(String[] tokens, int size) {
        String[] all = Arrays.copyOf(tokens, size);
        Set<String> known = new HashSet<>(Arrays.asList(tokens));
        for (int id = tokens.length; id < size; id++) {
            String name = "[PAD" + id + "]";
            while (!known.add(name)) {
                name += "]";
            }
            all[id] = name;
        }
        return all;
    }
}
