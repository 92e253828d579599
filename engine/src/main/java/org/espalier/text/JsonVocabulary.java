package org.espalier.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.espalier.error.Failure;
import org.espalier.error.Printable;
import org.espalier.file.Json;

/** A {@code tokenizer.json} out of which tokens can be taken: byte-pair encoding, or a unigram model. */
final class JsonVocabulary implements VocabularyFile {

    private static final String MODEL = "model";
    private static final String VOCAB = "vocab";
    private static final String MERGES = "merges";
    private static final String ADDED = "added_tokens";
    private static final String ID = "id";

    private record Pair(String left, String right) {}

    private final ObjectNode document;
    private final Map<String, Integer> ids;
    private final Map<Integer, String> tokens = new HashMap<>();
    private final Map<Pair, Integer> ranks = new HashMap<>();
    private final boolean unigram;

    private JsonVocabulary(ObjectNode document, String place) {
        this.document = document;
        this.ids = TokenizerJson.check(document, place).ids();
        JsonNode model = document.path(MODEL);
        this.unigram = model.path(VOCAB).isArray();
        for (String affix : List.of("continuing_subword_prefix", "end_of_word_suffix")) {
            if (!model.path(affix).asText("").isEmpty()) {
                throw new Failure(
                        "no tokens can be taken out of a tokenizer whose pieces have a " + affix + ", "
                                + Printable.quoted(model.path(affix).asText()),
                        place,
                        "leave out --units tokens");
            }
        }
        ids.forEach((token, id) -> tokens.put(id, token));
        for (JsonNode merge : model.path(MERGES)) {
            String[] pair = TokenizerJson.pair(merge);
            ranks.putIfAbsent(new Pair(pair[0], pair[1]), ranks.size());
        }
    }

    /** @throws Failure if it is not a tokenizer that can be used, or of a kind that cannot be cut */
    static JsonVocabulary of(byte[] file, String place) {
        return new JsonVocabulary(TokenizerJson.parse(new String(file, StandardCharsets.UTF_8), place), place);
    }

    @Override
    public int size() {
        return tokens.keySet().stream().mapToInt(id -> id + 1).max().orElse(0);
    }

    @Override
    public BitSet required() {
        BitSet required = new BitSet();
        document.path(ADDED).forEach(token -> required.set(token.path(ID).intValue()));
        JsonNode model = document.path(MODEL);
        add(required, model.path("unk_token").asText(""));
        if (model.path("unk_id").isInt()) {
            required.set(model.path("unk_id").intValue());
        }
        boolean fallsBack = model.path("byte_fallback").asBoolean();
        List<String> bytes = IntStream.range(0, SentencePiece.BYTES)
                .mapToObj("<0x%02X>"::formatted)
                .toList();
        if (fallsBack) {
            bytes.forEach(token -> add(required, token));
        }
        if (!fallsBack || !ids.keySet().containsAll(bytes)) {
            ids.keySet().stream().filter(LastMerge::isCharacter).forEach(token -> add(required, token));
        }
        add(required, SPACE);
        for (String step : List.of("normalizer", "pre_tokenizer")) {
            addCharacters(required, document.path(step));
        }
        if (unigram) {
            required.set(lowest());
        }
        return required;
    }

    private void add(BitSet required, String token) {
        if (ids.containsKey(token)) {
            required.set(ids.get(token));
        }
    }

    /** What the steps before write into a text must not fall back on bytes: those are decoded as they stand. */
    private void addCharacters(BitSet required, JsonNode step) {
        if (step.isTextual()) {
            LastMerge.characters(step.textValue()).forEach(token -> add(required, token));
        }
        step.forEach(part -> addCharacters(required, part));
    }

    /** What an unknown character costs in a unigram model follows from the lowest score. */
    private int lowest() {
        JsonNode vocab = document.path(MODEL).path(VOCAB);
        return IntStream.range(0, vocab.size())
                .reduce((a, b) -> score(vocab, b) < score(vocab, a) ? b : a)
                .orElseThrow();
    }

    private static double score(JsonNode vocab, int id) {
        return vocab.get(id).get(1).doubleValue();
    }

    @Override
    public int[] parts(int token) {
        String text = tokens.get(token);
        if (unigram || text == null) {
            return new int[0];
        }
        return LastMerge.of(text, (left, right) -> ranks.getOrDefault(new Pair(left, right), LastMerge.NONE))
                .map(merge -> new int[] {ids.get(merge.left()), ids.get(merge.right())})
                .orElse(new int[0]);
    }

    @Override
    public byte[] cut(int[] kept) {
        return Json.toBytes(document(kept));
    }

    private ObjectNode document(int[] kept) {
        ObjectNode cut = Json.object();
        document.properties().forEach(entry -> {
            switch (entry.getKey()) {
                case MODEL -> cut.set(MODEL, model(entry.getValue(), kept));
                case ADDED -> cut.set(ADDED, added(entry.getValue(), kept));
                case "post_processor" -> {
                    JsonNode processor = entry.getValue().deepCopy();
                    processor.findValues("ids").forEach(list -> TokenIds.renumber(list, kept));
                    cut.set(entry.getKey(), processor);
                }
                case "padding" -> {
                    JsonNode padding = entry.getValue().deepCopy();
                    TokenIds.renumber(padding, "pad_id", kept);
                    cut.set(entry.getKey(), padding);
                }
                default -> cut.set(entry.getKey(), entry.getValue());
            }
        });
        return cut;
    }

    private ObjectNode model(JsonNode model, int[] kept) {
        ObjectNode cut = Json.object();
        model.properties().forEach(entry -> {
            switch (entry.getKey()) {
                case VOCAB -> cut.set(VOCAB, unigram ? pieces(entry.getValue(), kept) : vocabulary(kept));
                case MERGES -> cut.set(MERGES, merges(kept));
                default -> cut.set(entry.getKey(), entry.getValue());
            }
        });
        TokenIds.renumber(cut, "unk_id", kept);
        return cut;
    }

    /** Ids by token, in the file's order. */
    private ObjectNode vocabulary(int[] kept) {
        ObjectNode left = Json.object();
        document.path(MODEL).path(VOCAB).properties().forEach(entry -> {
            int id = VocabularyFile.renumbered(kept, entry.getValue().intValue());
            if (id >= 0) {
                left.put(entry.getKey(), id);
            }
        });
        return left;
    }

    private static ArrayNode pieces(JsonNode vocab, int[] kept) {
        ArrayNode left = Json.object().putArray(VOCAB);
        for (int id : kept) {
            if (id < vocab.size()) {
                left.add(vocab.get(id));
            }
        }
        return left;
    }

    /** Those of tokens that stay which make one that stays, in the file's form. */
    private ArrayNode merges(int[] kept) {
        ArrayNode left = Json.object().putArray(MERGES);
        for (JsonNode merge : document.path(MODEL).path(MERGES)) {
            String[] pair = TokenizerJson.pair(merge);
            if (stays(pair[0], kept) && stays(pair[1], kept) && stays(pair[0] + pair[1], kept)) {
                left.add(merge);
            }
        }
        return left;
    }

    private boolean stays(String token, int[] kept) {
        return VocabularyFile.renumbered(kept, ids.get(token)) >= 0;
    }

    private static ArrayNode added(JsonNode tokens, int[] kept) {
        ArrayNode left = Json.object().putArray(ADDED);
        for (JsonNode token : tokens) {
            ObjectNode own = token.deepCopy();
            TokenIds.renumber(own, ID, kept);
            left.add(own);
        }
        return left;
    }

    /** {@code vocab.json} as slow tokenizers read it. */
    byte[] vocabularyFile(int[] kept) {
        return Json.toBytes(vocabulary(kept));
    }

    /** {@code merges.txt} as slow tokenizers read it. */
    byte[] mergesFile(int[] kept) {
        StringBuilder lines = new StringBuilder("#version: 0.2\n");
        merges(kept)
                .forEach(merge -> lines.append(String.join(" ", TokenizerJson.pair(merge)))
                        .append('\n'));
        return lines.toString().getBytes(StandardCharsets.UTF_8);
    }
}
