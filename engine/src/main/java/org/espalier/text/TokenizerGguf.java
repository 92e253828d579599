package org.espalier.text;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.espalier.error.Failure;
import org.espalier.error.Printable;
import org.espalier.error.Warnings;

/**
 * Turns the tokenizer in GGUF metadata, SentencePiece's or a byte-level one, into Hugging Face's form. What the metadata do
 * not say is what llama.cpp takes: ids of the special tokens, scores of 0, pieces that are ordinary.
 */
final class TokenizerGguf {

    private static final String PREFIX = "tokenizer.ggml.";
    private static final String ADVICE = "convert the model again";
    static final String LLAMA = "llama";
    static final String GPT2 = "gpt2";

    /** The ids of the special tokens where the file names none: llama.cpp's for SentencePiece, none for byte-level ones. */
    private record Defaults(int begin, int end, int unknown) {

        static final Defaults SENTENCE_PIECE = new Defaults(1, 2, 0);
        static final Defaults NONE = new Defaults(-1, -1, -1);
    }

    private final Map<String, Object> metadata;
    private final String place;
    private final String kind;
    private final String[] tokens;
    private final int[] types;
    private final Defaults defaults;

    TokenizerGguf(Map<String, Object> metadata, String place) {
        this.metadata = metadata;
        this.place = place;
        this.kind = value("model", String.class).orElseThrow(() -> wrong("model", "is missing"));
        this.defaults = kind.equals(LLAMA) ? Defaults.SENTENCE_PIECE : Defaults.NONE;
        this.tokens =
                kind.equals(LLAMA) ? distinct(require("tokens", String[].class)) : require("tokens", String[].class);
        this.types = array("token_type", int[].class).orElseGet(this::ordinaryTypes);
        requireLength("token_type", types.length);
        markEnds();
    }

    ObjectNode toJson() {
        return switch (kind) {
            case LLAMA -> SentencePieceJson.make(sentencePieceModel(), List.of(), before(), after(), place);
            case GPT2 -> byteLevel();
            default ->
                throw new Failure(
                        "tokenizer of the kind " + Printable.quoted(kind)
                                + " cannot be used, only 'llama' (SentencePiece) and 'gpt2' (byte-level BPE)",
                        place,
                        "put the model's tokenizer.json into a folder with it");
        };
    }

    /** The pieces, if they are SentencePiece's. */
    Optional<SentencePiece> sentencePiece() {
        return kind.equals(LLAMA) ? Optional.of(sentencePieceModel()) : Optional.empty();
    }

    TokenizerSettings settings() {
        Set<Integer> ends = new LinkedHashSet<>();
        end().ifPresent(ends::add);
        Stream.of("eot_token_id", "eom_token_id")
                .flatMap(key -> id(key, -1).stream())
                .forEach(ends::add);
        ends.addAll(GgufEnds.byName(tokens, Set.copyOf(ends)));
        return new TokenizerSettings(
                begin().map(i -> tokens[i]),
                end().map(i -> tokens[i]),
                List.copyOf(ends),
                template(),
                value("add_bos_token", Boolean.class),
                value("add_eos_token", Boolean.class));
    }

    /** llama.cpp renames pieces that are empty; SentencePiece knows no piece twice, so the later ones are renamed as well. */
    private String[] distinct(String[] pieces) {
        String[] distinct = pieces.clone();
        Set<String> known = new HashSet<>(Arrays.asList(pieces));
        Set<String> seen = new HashSet<>();
        for (int id = 0; id < distinct.length; id++) {
            if (distinct[id].isEmpty() || !seen.add(distinct[id])) {
                String name = (distinct[id].isEmpty() ? "[EMPTY_" : "[DUPLICATE_") + id + "]";
                while (!known.add(name)) {
                    name += "]";
                }
                warn(PREFIX + "tokens has " + Printable.quoted(distinct[id]) + " at " + id
                        + ", empty or once more; it is renamed");
                distinct[id] = name;
            }
        }
        return distinct;
    }

    /** All ordinary, but for the tokens that are special by their ids. */
    private int[] ordinaryTypes() {
        int[] ordinary = new int[tokens.length];
        Arrays.fill(ordinary, SentencePiece.Type.NORMAL.number());
        begin().ifPresent(id -> ordinary[id] = SentencePiece.Type.CONTROL.number());
        end().ifPresent(id -> ordinary[id] = SentencePiece.Type.CONTROL.number());
        unknown().ifPresent(id -> ordinary[id] = SentencePiece.Type.UNKNOWN.number());
        return ordinary;
    }

    /** As llama.cpp does: a token that ends an answer by its name is a control token, whatever the file says. */
    private void markEnds() {
        for (int id = 0; id < tokens.length; id++) {
            if (GgufEnds.isEnd(tokens[id]) && types[id] == SentencePiece.Type.NORMAL.number()) {
                types[id] = SentencePiece.Type.CONTROL.number();
            }
        }
    }

    private SentencePiece sentencePieceModel() {
        float[] scores = array("scores", float[].class).orElseGet(() -> new float[tokens.length]);
        requireLength("scores", scores.length);
        List<SentencePiece.Piece> pieces = new ArrayList<>(tokens.length);
        for (int id = 0; id < tokens.length; id++) {
            pieces.add(new SentencePiece.Piece(tokens[id], scores[id], type(id)));
        }
        boolean spacePrefix = value("add_space_prefix", Boolean.class).orElse(true);
        return new SentencePiece(
                SentencePiece.Kind.BPE,
                pieces,
                SentencePiece.Spaces.of(spacePrefix, true),
                SentencePiece.Normaliser.NONE,
                Optional.empty(),
                Optional.empty());
    }

    private ObjectNode byteLevel() {
        TokenizerSplit split = split();
        ObjectNode bpe = TokenizerParts.bpe().put("ignore_merges", split.ignoreMerges());
        ObjectNode document = TokenizerParts.document(bpe);
        fillVocabulary(bpe.putObject("vocab"), document);
        bpe.putArray("merges");
        for (String merge : require("merges", String[].class)) {
            bpe.withArray("merges").add(merge);
        }
        split.normalizer().ifPresent(normalizer -> document.set("normalizer", normalizer));
        document.set(
                "pre_tokenizer",
                split.preTokenizer(value("add_space_prefix", Boolean.class).orElse(false)));
        document.set("decoder", TokenizerParts.byteLevel(false, true));
        List<TokenizerParts.Special> before = before();
        List<TokenizerParts.Special> after = after();
        if (!before.isEmpty() || !after.isEmpty()) {
            document.set("post_processor", TokenizerParts.template(before, after));
        }
        return document;
    }

    private TokenizerSplit split() {
        return TokenizerSplit.named(value("pre", String.class).orElse("default"), place);
    }

    private void fillVocabulary(ObjectNode vocab, ObjectNode document) {
        List<AddedToken> added = new ArrayList<>();
        for (int id = 0; id < tokens.length; id++) {
            if (vocab.has(tokens[id])) {
                throw wrong("tokens", "has " + Printable.quoted(tokens[id]) + " twice");
            }
            vocab.put(tokens[id], id);
            switch (type(id)) {
                case UNKNOWN, CONTROL -> added.add(AddedToken.plain(tokens[id], id, true));
                case USER_DEFINED -> added.add(new AddedToken(tokens[id], id, false, false, false, false, false));
                case NORMAL, UNUSED, BYTE -> {}
            }
        }
        AddedTokens.write(document, added, place);
    }

    private List<TokenizerParts.Special> before() {
        boolean otherwise = !kind.equals(GPT2) || split().addsBos();
        return special("add_bos_token", otherwise, "bos_token_id", begin());
    }

    private List<TokenizerParts.Special> after() {
        return special("add_eos_token", false, "eos_token_id", end());
    }

    private List<TokenizerParts.Special> special(
            String flag, boolean otherwise, String idKey, Optional<Integer> known) {
        if (!value(flag, Boolean.class).orElse(otherwise)) {
            return List.of();
        }
        int id = known.orElseThrow(() -> wrong(idKey, "is missing, but " + PREFIX + flag + " asks for it"));
        return List.of(new TokenizerParts.Special(tokens[id], id));
    }

    private SentencePiece.Type type(int id) {
        return SentencePiece.type(types[id])
                .orElseThrow(() -> wrong("token_type", "has the unknown type " + types[id] + " for token " + id));
    }

    private Optional<Integer> begin() {
        return id("bos_token_id", defaults.begin());
    }

    private Optional<Integer> end() {
        return id("eos_token_id", defaults.end());
    }

    private Optional<Integer> unknown() {
        return id("unknown_token_id", defaults.unknown());
    }

    /** The id under a key; one beyond the vocabulary counts as none, and for none there is the default. */
    private Optional<Integer> id(String key, int otherwise) {
        long id = value(key, Long.class).orElse((long) otherwise);
        if (id < 0 && metadata.containsKey(PREFIX + key)) {
            throw wrong(key, "is " + id + ", and there are " + tokens.length + " tokens");
        }
        if (id >= tokens.length && id != otherwise) {
            warn(PREFIX + key + " is " + id + ", and there are " + tokens.length + " tokens; " + otherwise
                    + " is taken");
        }
        long known = id < tokens.length ? id : otherwise;
        return known >= 0 && known < tokens.length ? Optional.of((int) known) : Optional.empty();
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

    private void warn(String complaint) {
        Warnings.say(new Failure("metadata " + complaint, place, ADVICE));
    }

    private Failure wrong(String key, String complaint) {
        return new Failure("metadata " + PREFIX + key + " " + complaint, place, ADVICE);
    }
}
