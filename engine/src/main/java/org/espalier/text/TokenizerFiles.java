package org.espalier.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.espalier.file.Json;
import org.espalier.format.Checkpoint;
import org.espalier.format.GgufVocabulary;
import org.espalier.format.ModelContent;

/** The small files that stand beside a model's weights, so that its tokenizer and its way of generating can be used. */
public final class TokenizerFiles {

    private static final String CONFIG = SettingsFile.CONFIG;
    static final String GENERATION = "generation_config.json";

    private static final List<String> NAMES = List.of(
            Tokenizer.JSON,
            Tokenizer.SENTENCE_PIECE,
            IceText.FILE,
            CONFIG,
            SettingsFile.SPECIAL_TOKENS,
            SettingsFile.ADDED_TOKENS,
            "vocab.json",
            "merges.txt",
            "chat_template.jinja",
            "chat_template.json",
            GENERATION);

    private TokenizerFiles() {}

    /** Those that lie in a model's folder; of a model that is a file there are none. */
    public static List<Path> in(Path model) {
        return NAMES.stream().map(model::resolve).filter(Files::isRegularFile).toList();
    }

    /** {@code content}, made of a checkpoint, with its tokenizer in whatever form it is written. */
    public static ModelContent beside(ModelContent content, Path model, Checkpoint checkpoint) {
        return content.withFiles(of(model, checkpoint)).withGguf(() -> TokenizerMetadata.of(model, checkpoint));
    }

    /**
     * The files of a checkpoint, by name: those in its folder, as they are. What a GGUF checkpoint lacks there is made from
     * its metadata; if that holds no tokenizer either, there is none.
     *
     * @param model      what a person named: the folder or the file
     * @param checkpoint the same, opened
     * @throws org.espalier.error.Failure if the tokenizer is malformed or of a kind that cannot be used
     */
    public static Map<String, byte[]> of(Path model, Checkpoint checkpoint) {
        Map<String, Object> metadata = checkpoint.ggufMetadata().orElse(Map.of());
        Map<String, byte[]> files = new LinkedHashMap<>();
        Map<String, byte[]> made = new LinkedHashMap<>();
        ObjectNode generation = generation(checkpoint.config());
        if (GgufVocabulary.hasTokenizer(metadata) && !hasTokenizer(model)) {
            TokenizerGguf gguf = new TokenizerGguf(metadata, model.toString());
            made.putAll(made(gguf));
            addEnds(generation, gguf.settings().eosIds());
        }
        if (!metadata.isEmpty()) {
            files.put(GENERATION, Json.toBytes(generation));
        }
        files.putAll(beside(model));
        files.putAll(made);
        return files;
    }

    private static boolean hasTokenizer(Path folder) {
        return Files.exists(folder.resolve(Tokenizer.JSON)) || Files.exists(folder.resolve(Tokenizer.SENTENCE_PIECE));
    }

    private static Map<String, byte[]> beside(Path folder) {
        Map<String, byte[]> files = new LinkedHashMap<>();
        in(folder).forEach(file -> files.put(file.getFileName().toString(), Json.readFile(file, Json.LARGEST_FILE)));
        return files;
    }

    private static ObjectNode generation(JsonNode config) {
        ObjectNode generation = Json.object().put("_from_model_config", true);
        for (String id : List.of("bos_token_id", "eos_token_id")) {
            if (config.has(id)) {
                generation.set(id, config.get(id));
            }
        }
        return generation;
    }

    /** Generation ends at all of several ids. */
    private static void addEnds(ObjectNode generation, List<Integer> ends) {
        if (ends.size() > 1) {
            ends.forEach(generation.putArray("eos_token_id")::add);
        }
    }

    private static Map<String, byte[]> made(TokenizerGguf gguf) {
        TokenizerSettings settings = gguf.settings();
        ObjectNode config = Json.object().put("tokenizer_class", "PreTrainedTokenizerFast");
        settings.bosToken().ifPresent(token -> config.put("bos_token", token));
        settings.eosToken().ifPresent(token -> config.put("eos_token", token));
        settings.addBos().ifPresent(adds -> config.put("add_bos_token", adds));
        settings.addEos().ifPresent(adds -> config.put("add_eos_token", adds));
        settings.chatTemplate().ifPresent(template -> config.put("chat_template", template));
        return Map.of(Tokenizer.JSON, Json.toBytes(gguf.toJson()), CONFIG, Json.toBytes(config));
    }
}
