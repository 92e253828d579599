package org.espalier.text;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.error.Failure;
import org.espalier.file.Printable;

/** Turns the tokenizer in GGUF metadata, SentencePiece's or a byte-level one, into Hugging Face's form. */
final class TokenizerGguf {

    private static final String PREFIX = "tokenizer.ggml.";
    private static final String ADVICE = "convert the model again";

    private final Map<String, Object> metadata;
    private final String place;
    private final String[] tokens;
    private final int[] types;

    TokenizerGguf(Map<String, Object> metadata, String place) {
        this.metadata = metadata;
        this.place = place;
        this.tokens = require("tokens", String[].class);
        int normal = SentencePiece.Type.NORMAL.number();
        this.types = array("token_type", int[].class)
                .orElseGet(() ->
                        IntStream.generate(() -> normal).limit(tokens.length).toArray());
        requireLength("token_type", types.length);
    }

    ObjectNode toJson() {
        String kind = value("model", String.class).orElseThrow(() -> wrong("model", "is missing"));
        return switch (kind) {
            case "llama" -> sentencePiece();
            case "gpt2" -> byteLevel();
            default ->
                throw new Failure(
                        "tokenizer of the kind " + Printable.quoted(kind)
                                + " cannot be used, only 'llama' (SentencePiece) and 'gpt2' (byte-level BPE)",
                        place,
                        "put the model's tokenizer.json into a folder with it");
        };
    }

    TokenizerSettings settings() {
        List<Integer> ends = Stream.of("eos_token_id", "eot_token_id", "eom_token_id")
                .map(this::id)
                .flatMap(Optional::stream)
                .distinct()
                .toList();
        return new TokenizerSettings(
                id("bos_token_id").map(i -> tokens[i]),
                id("eos_token_id").map(i -> tokens[i]),
                ends,
                template(),
                value("add_bos_token", Boolean.class),
                value("add_eos_token", Boolean.class));
    }

    private ObjectNode sentencePiece() {
        float[] scores = require("scores", float[].class);
        requireLength("scores", scores.length);
        List<SentencePiece.Piece> pieces = new ArrayList<>(tokens.length);
        for (int id = 0; id < tokens.length; id++) {
            pieces.add(new SentencePiece.Piece(tokens[id], scores[id], type(id)));
        }
        boolean spacePrefix = value("add_space_prefix", Boolean.class).orElse(true);
        SentencePiece model =
                new SentencePiece(SentencePiece.Kind.BPE, pieces, spacePrefix, Optional.empty(), Optional.empty());
        return SentencePieceJson.make(model, before(true), after(), place);
    }

    private ObjectNode byteLevel() {
        TokenizerSplit split = TokenizerSplit.named(value("pre", String.class).orElse("default"), place);
        ObjectNode bpe = TokenizerParts.bpe().put("ignore_merges", split.ignoreMerges());
        ObjectNode document = TokenizerParts.document(bpe);
        fillVocabulary(bpe.putObject("vocab"), (ArrayNode) document.get("added_tokens"));
        ArrayNode merges = bpe.putArray("merges");
        for (String merge : require("merges", String[].class)) {
            merges.add(merge);
        }
        document.set(
                "pre_tokenizer",
                split.preTokenizer(value("add_space_prefix", Boolean.class).orElse(false)));
        document.set("decoder", TokenizerParts.byteLevel(false, true));
        List<TokenizerParts.Special> before = before(split.addsBos());
        List<TokenizerParts.Special> after = after();
        if (!before.isEmpty() || !after.isEmpty()) {
            document.set("post_processor", TokenizerParts.template(before, after));
        }
        return document;
    }

    private void fillVocabulary(ObjectNode vocab, ArrayNode added) {
        for (int id = 0; id < tokens.length; id++) {
            if (vocab.has(tokens[id])) {
                throw wrong("tokens", "has " + Printable.quoted(tokens[id]) + " twice");
            }
            vocab.put(tokens[id], id);
            switch (type(id)) {
                case UNKNOWN, CONTROL -> added.add(TokenizerParts.addedToken(id, tokens[id], true));
                case USER_DEFINED -> added.add(TokenizerParts.addedToken(id, tokens[id], false));
                case NORMAL, UNUSED, BYTE -> {}
            }
        }
    }

    private List<TokenizerParts.Special> before(boolean otherwise) {
        return special("add_bos_token", otherwise, "bos_token_id");
    }

    private List<TokenizerParts.Special> after() {
        return special("add_eos_token", false, "eos_token_id");
    }

    private List<TokenizerParts.Special> special(String flag, boolean otherwise, String idKey) {
        if (!value(flag, Boolean.class).orElse(otherwise)) {
            return List.of();
        }
        int id = id(idKey).orElseThrow(() -> wrong(idKey, "is missing, but " + PREFIX + flag + " asks for it"));
        return List.of(new TokenizerParts.Special(tokens[id], id));
    }

    private SentencePiece.Type type(int id) {
        return SentencePiece.type(types[id])
                .orElseThrow(() -> wrong("token_type", "has the unknown type " + types[id] + " for token " + id));
    }

    private Optional<Integer> id(String key) {
        return value(key, Long.class).map(id -> {
            if (id < 0 || id >= tokens.length) {
                throw wrong(key, "is " + id + ", and there are " + tokens.length + " tokens");
            }
            return (int) (long) id;
        });
    }

    private Optional<String> template() {
        Object template = metadata.get("tokenizer.chat_template");
        if (template == null || template instanceof String) {
            return Optional.ofNullable((String) template);
        }
        throw new Failure("metadata tokenizer.chat_template is not a text", place, ADVICE);
    }

    private <T> T require(String key, Class<T> type) {
        return array(key, type).orElseThrow(() -> wrong(key, "is missing"));
    }

    private <T> Optional<T> array(String key, Class<T> type) {
        Object value = metadata.get(PREFIX + key);
        if (value != null && !type.isInstance(value)) {
            throw wrong(key, "is not an array of " + (type == String[].class ? "texts" : "numbers of 32 bits"));
        }
        return Optional.ofNullable(type.cast(value));
    }

    private <T> Optional<T> value(String key, Class<T> type) {
        Object value = metadata.get(PREFIX + key);
        if (value != null && !type.isInstance(value)) {
            throw wrong(key, "is not a " + (type == String.class ? "text" : type == Long.class ? "number" : "boolean"));
        }
        return Optional.ofNullable(type.cast(value));
    }

    private void requireLength(String key, int length) {
        if (length != tokens.length) {
            throw wrong(key, "has " + length + " elements for " + tokens.length + " tokens");
        }
    }

    private Failure wrong(String key, String complaint) {
        return new Failure("metadata " + PREFIX + key + " " + complaint, place, ADVICE);
    }
}
