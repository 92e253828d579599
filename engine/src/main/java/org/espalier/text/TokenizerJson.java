package org.espalier.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.espalier.error.Failure;
import org.espalier.error.Printable;
import org.espalier.file.Json;

/**
 * A {@code tokenizer.json} that was found free of contradictions: the library that runs it ends the process at some of
 * them, and is silent about others.
 */
final class TokenizerJson {

    static final String ADVICE = TokenizerPipeline.ADVICE;

    private static final ObjectMapper MAPPER =
            new ObjectMapper(Json.factory()).enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
    /** Above the vocabularies of all models by far. */
    static final int LARGEST_ID = (1 << 24) - 1;

    private static final Set<String> TOP_LEVEL = Set.of(
            "version",
            "truncation",
            "padding",
            "added_tokens",
            "normalizer",
            "pre_tokenizer",
            "post_processor",
            "decoder",
            "model");
    private static final Set<String> MODEL_KEYS = Set.of(
            "type",
            "dropout",
            "unk_token",
            "unk_id",
            "continuing_subword_prefix",
            "end_of_word_suffix",
            "fuse_unk",
            "byte_fallback",
            "ignore_merges",
            "vocab",
            "merges");
    private static final Set<String> TOKEN_KEYS =
            Set.of("id", "content", "single_word", "lstrip", "rstrip", "normalized", "special");
    /** All of the model's flags, which are true or false. */
    private static final Set<String> FLAGS = Set.of(
            "fuse_unk", "byte_fallback", "ignore_merges", "single_word", "lstrip", "rstrip", "normalized", "special");

    private static final Set<String> TEXTS =
            Set.of("type", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "content");

    private final ObjectNode document;
    private final String place;
    private final Map<String, Integer> ids = new HashMap<>();
    private final TokenizerPipeline pipeline;
    private Frame frame = new Frame(List.of(), List.of());
    private ObjectNode written = Json.object();

    private TokenizerJson(ObjectNode document, String place) {
        this.document = document;
        this.place = place;
        this.pipeline = new TokenizerPipeline(place);
    }

    /** @throws Failure if {@code text} is no JSON object */
    static ObjectNode parse(String text, String place) {
        try {
            if (MAPPER.readTree(text) instanceof ObjectNode document) {
                return document;
            }
            throw new Failure("not a JSON object", place, ADVICE);
        } catch (JsonProcessingException e) {
            throw Json.failure(e, Path.of(place));
        }
    }

    /** @throws Failure if it is not a tokenizer that can be used */
    static TokenizerJson check(ObjectNode document, String place) {
        TokenizerJson json = new TokenizerJson(document, place);
        json.requireKnown(document, TOP_LEVEL, "");
        json.requireModel(document.path("model"));
        json.requireAddedTokens(document.path("added_tokens"));
        new FrameCheck(json.vocabularySize(), place).require(document.path("post_processor"));
        json.frame = Frame.of(document.path("post_processor"), place);
        json.write();
        return json;
    }

    /** Writes anew what was understood: nothing is put around a text, nothing cut off or filled up. */
    private void write() {
        JsonNode given = document.path("model");
        ObjectNode model =
                TokenizerParts.typed(given.has("type") ? given.get("type").asText() : "BPE");
        given.properties().forEach(entry -> {
            if (MODEL_KEYS.contains(entry.getKey()) && !entry.getKey().equals("dropout")) {
                model.set(entry.getKey(), entry.getValue());
            }
        });
        written = TokenizerParts.document(model);
        for (JsonNode token : document.path("added_tokens")) {
            written.withArray("added_tokens").add(added(token).toJson());
        }
        pipeline.copy(document, written);
    }

    /** The document as the library gets it. */
    ObjectNode written() {
        return written;
    }

    /** The library, or a process with it, that runs this tokenizer. */
    TokenCodec open() {
        String json = written.toString();
        TokenCodec codec = needsProcess() ? TokenizerProcess.open(json, place) : TokenizerNative.open(json, place);
        return new CutCodec(codec, new TextCuts(written, pipeline.growth(), place));
    }

    /** Whether the library runs in a process of its own. */
    boolean needsProcess() {
        return pipeline.hasUnknownExpressions();
    }

    /** The ids around every text. */
    Frame frame() {
        return frame;
    }

    /** Ids by token, special or not. */
    Map<String, Integer> ids() {
        return ids;
    }

    /** The largest id and one. */
    int vocabularySize() {
        return ids.values().stream().mapToInt(id -> id + 1).max().orElse(0);
    }

    /** What is not known must say nothing, and flags and texts be such. */
    private void requireKnown(JsonNode object, Set<String> keys, String name) {
        object.properties().forEach(entry -> {
            JsonNode value = entry.getValue();
            String key = Printable.quoted(name + entry.getKey());
            if (!keys.contains(entry.getKey()) && !TokenizerSteps.saysNothing(value)) {
                throw malformed(key + " is not known");
            }
            if (FLAGS.contains(entry.getKey()) && !value.isNull() && !value.isBoolean()) {
                throw malformed(key + " is neither true nor false");
            }
            if (TEXTS.contains(entry.getKey()) && !name.isEmpty() && !value.isNull()) {
                if (!value.isTextual()) {
                    throw malformed(key + " is no text");
                }
                WholeText.require(value.textValue(), place);
            }
        });
    }

    private static AddedToken added(JsonNode token) {
        return AddedToken.of(token.path("content").textValue(), token.path("id").intValue(), false, token);
    }

    private void requireModel(JsonNode model) {
        requireKnown(model, MODEL_KEYS, "model.");
        String type = model.path("type").asText(model.has("merges") ? "BPE" : "");
        switch (type) {
            case "BPE" -> requireBpe(model);
            case "Unigram" -> requireUnigram(model);
            default ->
                throw new Failure(
                        "model of the kind " + Printable.quoted(type) + " cannot be used, only BPE and Unigram",
                        place,
                        "use a model with another tokenizer");
        }
    }

    private void requireBpe(JsonNode model) {
        if (model.path("dropout").asDouble(0) != 0) {
            throw malformed("model.dropout makes the ids random");
        }
        JsonNode vocab = model.path("vocab");
        if (!vocab.isObject() || vocab.isEmpty()) {
            throw malformed("model.vocab is not an object with tokens");
        }
        Map<Integer, String> tokens = new HashMap<>();
        vocab.properties().forEach(entry -> {
            int id = requireId(entry.getValue(), "token " + Printable.quoted(entry.getKey()));
            WholeText.require(entry.getKey(), place);
            String other = tokens.put(id, entry.getKey());
            if (other != null) {
                throw malformed("tokens " + Printable.quoted(other) + " and " + Printable.quoted(entry.getKey())
                        + " have the same id " + id);
            }
            ids.put(entry.getKey(), id);
        });
        requireMerges(
                model.path("merges"), model.path("continuing_subword_prefix").asText(""));
        String unknown = model.path("unk_token").asText(null);
        if (!model.path("unk_token").isNull() && unknown != null && !ids.containsKey(unknown)) {
            throw malformed("model.unk_token " + Printable.quoted(unknown) + " is not in the vocabulary");
        }
    }

    private void requireMerges(JsonNode merges, String continuation) {
        if (!merges.isArray()) {
            throw malformed("model.merges is not an array");
        }
        int number = 0;
        for (JsonNode merge : merges) {
            String[] pair = pair(merge, number);
            requireToken(pair[0], number);
            requireToken(pair[1], number);
            if (!pair[1].startsWith(continuation)) {
                throw malformed("merge " + number + " lacks the prefix " + Printable.quoted(continuation));
            }
            requireToken(pair[0] + pair[1].substring(continuation.length()), number);
            number++;
        }
    }

    /** Either {@code "left right"} or {@code ["left", "right"]}. */
    static String[] pair(JsonNode merge) {
        return merge.isArray()
                        && merge.size() == 2
                        && merge.get(0).isTextual()
                        && merge.get(1).isTextual()
                ? new String[] {merge.get(0).textValue(), merge.get(1).textValue()}
                : merge.asText("").split(" ", -1);
    }

    private String[] pair(JsonNode merge, int number) {
        String[] pair = pair(merge);
        if (pair.length != 2 || pair[0].isEmpty() || pair[1].isEmpty()) {
            throw malformed("merge " + number + " does not name two tokens");
        }
        return pair;
    }

    private void requireToken(String token, int merge) {
        if (!ids.containsKey(token)) {
            throw malformed("merge " + merge + " names or makes " + Printable.quoted(token)
                    + ", which is not in the vocabulary");
        }
    }

    private void requireUnigram(JsonNode model) {
        JsonNode vocab = model.path("vocab");
        if (!vocab.isArray() || vocab.isEmpty()) {
            throw malformed("model.vocab is not an array with tokens");
        }
        int id = 0;
        for (JsonNode entry : vocab) {
            if (!entry.isArray()
                    || entry.size() != 2
                    || entry.get(0).asText("").isEmpty()
                    || !entry.get(1).isNumber()
                    || !Double.isFinite(entry.get(1).doubleValue())) {
                throw malformed("token " + id + " is not a text and a finite score");
            }
            ids.putIfAbsent(WholeText.require(entry.get(0).asText(), place), id++);
        }
        JsonNode unknown = model.path("unk_id");
        if (!unknown.isMissingNode() && !unknown.isNull() && requireId(unknown, "model.unk_id") >= id) {
            throw malformed("model.unk_id is not in the vocabulary");
        }
    }

    private void requireAddedTokens(JsonNode added) {
        if (!added.isMissingNode() && !added.isArray()) {
            throw malformed("added_tokens is not an array");
        }
        for (JsonNode token : added) {
            JsonNode content = token.path("content");
            if (!content.isTextual() || content.textValue().isEmpty()) {
                throw malformed("an added token has no content");
            }
            requireKnown(token, TOKEN_KEYS, "added_tokens.");
            String name = "added token " + Printable.quoted(content.textValue());
            int id = requireId(token.path("id"), name);
            Integer known = ids.putIfAbsent(content.textValue(), id);
            if (known != null && known != id) {
                throw malformed(name + " has the id " + id + " and, in the vocabulary, " + known);
            }
        }
    }

    private int requireId(JsonNode id, String owner) {
        if (!id.isIntegralNumber() || !id.canConvertToInt() || id.intValue() < 0 || id.intValue() > LARGEST_ID) {
            throw malformed(owner + " has no id from 0 to " + LARGEST_ID);
        }
        return id.intValue();
    }

    private Failure malformed(String complaint) {
        return new Failure("not a usable tokenizer: " + complaint, place, ADVICE);
    }
}
