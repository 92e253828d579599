package org.espalier.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.espalier.error.Failure;
import org.espalier.error.Printable;
import org.espalier.format.Checkpoint;
import org.espalier.format.GgufVocabulary;

/** Turns the tokenizer of a checkpoint folder into GGUF metadata: what {@link TokenizerGguf} reads. */
final class TokenizerMetadata {

    private static final String PREFIX = "tokenizer.ggml.";
    private static final String ADVICE = "write the model as a folder of safetensors";

    private final Path folder;
    private final TokenizerSettings settings;
    private final Map<String, Integer> ids;
    private final Map<String, Object> metadata = new LinkedHashMap<>();

    private TokenizerMetadata(Path folder, TokenizerSettings settings, Map<String, Integer> ids) {
        this.folder = folder;
        this.settings = settings;
        this.ids = ids;
    }

    /**
     * What a GGUF file of the model says beside its weights; that of a GGUF file is taken as it is.
     *
     * @param model      a checkpoint folder or a GGUF file
     * @param checkpoint the same, opened
     * @throws Failure if there is a tokenizer that GGUF files have no way to say
     */
    static Map<String, Object> of(Path model, Checkpoint checkpoint) {
        if (checkpoint.ggufMetadata().isPresent()) {
            return GgufVocabulary.copied(checkpoint.ggufMetadata().get());
        }
        Map<String, Object> all = named(model);
        if (Files.exists(model.resolve(Tokenizer.JSON))) {
            all.putAll(ofJson(model, checkpoint.config()));
        } else if (Files.exists(model.resolve(Tokenizer.SENTENCE_PIECE))) {
            all.putAll(ofSentencePiece(model, checkpoint.config()));
        }
        return all;
    }

    private static Map<String, Object> named(Path model) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put(
                "general.name",
                Printable.recorded(
                        model.toAbsolutePath().normalize().getFileName().toString()));
        return all;
    }

    /**
     * The same of a model whose tokenizer's files are not those in its folder but others.
     *
     * @param files  by name
     * @param config the configuration beside them
     */
    static Map<String, Object> of(Path model, Checkpoint checkpoint, Map<String, byte[]> files, JsonNode config) {
        Map<String, Object> all =
                checkpoint.ggufMetadata().map(GgufVocabulary::copied).orElseGet(() -> named(model));
        all.keySet().removeIf(key -> key.startsWith("tokenizer."));
        try (OwnFiles folder = OwnFiles.of(files)) {
            all.putAll(
                    files.containsKey(Tokenizer.JSON)
                            ? ofJson(folder.path(), config)
                            : ofSentencePiece(folder.path(), config));
        }
        return all;
    }

    private static Map<String, Object> ofJson(Path folder, JsonNode config) {
        TokenizerJson json = Tokenizer.checked(folder);
        TokenizerMetadata made = new TokenizerMetadata(folder, TokenizerSettings.read(folder), json.ids());
        ObjectNode document = json.written();
        JsonNode model = document.path("model");
        if (!model.path("type").asText().equals("BPE")) {
            throw made.impossible("a tokenizer of the kind "
                    + Printable.quoted(model.path("type").asText()));
        }
        List<AddedToken> added = new ArrayList<>();
        document.path("added_tokens")
                .forEach(token -> added.add(AddedToken.of(
                        token.path("content").textValue(), token.path("id").intValue(), false, token)));
        if (model.path("byte_fallback").asBoolean()) {
            made.putPieces(MergedPieces.of(folder, json, added));
            made.metadata.put(PREFIX + "add_space_prefix", hasSpacePrefix(document));
        } else {
            made.putByteLevel(document, added);
        }
        made.putEnds(config);
        made.putFrame(json.frame());
        return made.metadata;
    }

    private static Map<String, Object> ofSentencePiece(Path folder, JsonNode config) {
        Collection<AddedToken> stated = AddedTokens.read(folder);
        SentencePiece model = SentencePieceReader.read(folder).renamed(stated);
        List<AddedToken> added = AddedTokens.resolve(stated, model.ids(), folder.toString());
        Map<String, Integer> ids = new HashMap<>(model.ids());
        added.forEach(token -> ids.put(token.content(), token.id()));
        TokenizerSettings settings = model.complete(TokenizerSettings.read(folder));
        TokenizerMetadata made = new TokenizerMetadata(folder, settings, ids);
        if (model.kind() != SentencePiece.Kind.BPE) {
            throw made.impossible("a unigram SentencePiece model");
        }
        made.putPieces(MergedPieces.withAdded(model.pieces(), added));
        made.metadata.put(PREFIX + "add_space_prefix", model.spaces() != SentencePiece.Spaces.NOWHERE);
        made.putEnds(config);
        made.metadata.put(PREFIX + "add_bos_token", settings.addBos().orElse(true));
        made.metadata.put(PREFIX + "add_eos_token", settings.addEos().orElse(false));
        return made.metadata;
    }

    private void putPieces(List<SentencePiece.Piece> pieces) {
        metadata.put(GgufVocabulary.KIND, TokenizerGguf.LLAMA);
        metadata.put(PREFIX + "pre", "default");
        String[] tokens = new String[pieces.size()];
        float[] scores = new float[tokens.length];
        int[] types = new int[tokens.length];
        for (int id = 0; id < tokens.length; id++) {
            tokens[id] = pieces.get(id).text();
            scores[id] = pieces.get(id).score();
            types[id] = pieces.get(id).type().number();
        }
        metadata.put(GgufVocabulary.TOKENS, tokens);
        metadata.put(GgufVocabulary.SCORES, scores);
        metadata.put(GgufVocabulary.TYPES, types);
    }

    private void putByteLevel(ObjectNode document, List<AddedToken> added) {
        TokenizerSplit split = TokenizerSplit.of(document.path("pre_tokenizer"))
                .orElseThrow(() -> impossible("the way in which this tokenizer cuts words"));
        metadata.put(GgufVocabulary.KIND, TokenizerGguf.GPT2);
        metadata.put(PREFIX + "pre", split.fileName());
        List<SentencePiece.Piece> pieces = MergedPieces.plain(ids, added);
        metadata.put(
                GgufVocabulary.TOKENS,
                pieces.stream().map(SentencePiece.Piece::text).toArray(String[]::new));
        metadata.put(
                GgufVocabulary.TYPES,
                pieces.stream().mapToInt(piece -> piece.type().number()).toArray());
        List<String> merges = new ArrayList<>();
        document.path("model").path("merges").forEach(merge -> merges.add(String.join(" ", TokenizerJson.pair(merge))));
        metadata.put(PREFIX + "merges", merges.toArray(String[]::new));
        if (document.path("pre_tokenizer").findValues("add_prefix_space").stream()
                .anyMatch(JsonNode::asBoolean)) {
            metadata.put(PREFIX + "add_space_prefix", true);
        }
    }

    /** The tokens that begin and end a text, and the others that have a name. */
    private void putEnds(JsonNode config) {
        Map<String, String> named = SpecialTokens.beside(folder);
        put("bos_token_id", settings.bosToken().map(ids::get).or(() -> id(config, "bos_token_id")));
        Optional<Integer> end = settings.eosToken()
                .map(ids::get)
                .or(() -> settings.eosIds().stream().findFirst());
        put("eos_token_id", end);
        put("unknown_token_id", Optional.ofNullable(named.get("unk_token")).map(ids::get));
        put("padding_token_id", Optional.ofNullable(named.get("pad_token")).map(ids::get));
        putFurtherEnds(end);
        settings.chatTemplate().ifPresent(template -> metadata.put("tokenizer.chat_template", template));
    }

    /** Further tokens at which an answer ends, as far as llama.cpp does not know them by their names. */
    private void putFurtherEnds(Optional<Integer> end) {
        Set<Integer> further = new LinkedHashSet<>(settings.eosIds());
        end.ifPresent(further::remove);
        ids.forEach((token, id) -> {
            if (GgufEnds.isEnd(token)) {
                further.remove(id);
            }
        });
        List<String> keys = List.of("eot_token_id", "eom_token_id");
        int count = 0;
        for (int id : further) {
            if (count < keys.size()) {
                put(keys.get(count++), Optional.of(id));
            }
        }
    }

    private void putFrame(Frame frame) {
        metadata.put(PREFIX + "add_bos_token", stands(frame.before(), "bos_token_id"));
        metadata.put(PREFIX + "add_eos_token", stands(frame.after(), "eos_token_id"));
    }

    /** Whether a token that has a name, if it has, is among some. */
    private boolean stands(List<Integer> ids, String key) {
        return metadata.get(PREFIX + key) instanceof Integer id && ids.contains(id);
    }

    private void put(String key, Optional<Integer> id) {
        id.ifPresent(number -> metadata.put(PREFIX + key, number));
    }

    private static Optional<Integer> id(JsonNode config, String key) {
        JsonNode id = config.path(key);
        return id.canConvertToInt() && id.intValue() >= 0 ? Optional.of(id.intValue()) : Optional.empty();
    }

    /** Whether a space is put before a text. */
    private static boolean hasSpacePrefix(ObjectNode document) {
        boolean prepends = document.path("normalizer").findValuesAsText("type").contains("Prepend");
        JsonNode cut = document.path("pre_tokenizer");
        boolean metaspace = cut.findValuesAsText("type").contains("Metaspace")
                && !cut.findValuesAsText("prepend_scheme").contains("never")
                && cut.findValues("add_prefix_space").stream().allMatch(flag -> flag.asBoolean(true));
        return prepends || metaspace;
    }

    private Failure impossible(String subject) {
        return new Failure("GGUF has no name for " + subject, folder.toString(), ADVICE);
    }
}
