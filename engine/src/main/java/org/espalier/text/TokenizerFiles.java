package org.espalier.text;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.espalier.file.Json;
import org.espalier.format.Checkpoint;

/** The small files that a folder of safetensors needs so that its tokenizer can be used. */
public final class TokenizerFiles {

    private static final String CONFIG = "tokenizer_config.json";
    private static final String[] NAMES = {
        Tokenizer.JSON, Tokenizer.SENTENCE_PIECE, CONFIG, "special_tokens_map.json", "chat_template.jinja"
    };

    private TokenizerFiles() {}

    /**
     * The files of a GGUF checkpoint: those beside it if it was opened as a folder with a tokenizer, else made from its
     * metadata; none if that holds no tokenizer.
     *
     * @param model      what a person named: the folder or the file
     * @param checkpoint the same, opened
     * @throws org.espalier.error.Failure if the tokenizer is malformed or of a kind that cannot be used
     */
    public static Map<String, byte[]> of(Path model, Checkpoint checkpoint) {
        if (Files.exists(model.resolve(Tokenizer.JSON)) || Files.exists(model.resolve(Tokenizer.SENTENCE_PIECE))) {
            return beside(model);
        }
        Map<String, Object> metadata = checkpoint.ggufMetadata().orElse(Map.of());
        return metadata.containsKey("tokenizer.ggml.model") ? made(metadata, model.toString()) : Map.of();
    }

    private static Map<String, byte[]> beside(Path folder) {
        Map<String, byte[]> files = new LinkedHashMap<>();
        for (String name : NAMES) {
            Path file = folder.resolve(name);
            if (Files.exists(file)) {
                files.put(name, Json.readFile(file, Json.LARGEST_FILE));
            }
        }
        return files;
    }

    private static Map<String, byte[]> made(Map<String, Object> metadata, String where) {
        TokenizerGguf gguf = new TokenizerGguf(metadata, where);
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
