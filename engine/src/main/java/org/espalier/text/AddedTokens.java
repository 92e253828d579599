package org.espalier.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.espalier.error.Failure;
import org.espalier.error.Printable;

/**
 * Tokens that the files beside a vocabulary add to it, found as transformers finds them: those of
 * {@code added_tokens_decoder} in {@code tokenizer_config.json}; without it, those of {@code added_tokens.json}, and the
 * special tokens of {@code special_tokens_map.json} go before those of the configuration. A special token that has no id
 * anywhere gets the next free one.
 */
final class AddedTokens {

    private static final List<String> NAMED =
            List.of("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token");
    private static final List<String> FURTHER = List.of("extra_special_tokens", "additional_special_tokens");
    static final String DECODER = "added_tokens_decoder";

    private final SettingsFile config;
    private final Map<String, AddedToken> tokens = new LinkedHashMap<>();

    private AddedTokens(SettingsFile config) {
        this.config = config;
    }

    /** The tokens that the files in a folder state, those with an id first and by their ids. */
    static Collection<AddedToken> read(Path folder) {
        AddedTokens found = new AddedTokens(SettingsFile.of(folder.resolve(SettingsFile.CONFIG)));
        if (found.config.says(DECODER)) {
            found.addDecoder();
            found.addSpecials(found.config, found.config);
        } else {
            SettingsFile map = SettingsFile.of(folder.resolve(SettingsFile.SPECIAL_TOKENS));
            AddedTokens specials = new AddedTokens(found.config);
            specials.addSpecials(map, found.config);
            found.addFile(SettingsFile.of(folder.resolve(SettingsFile.ADDED_TOKENS)), specials.tokens.keySet());
            specials.tokens.values().forEach(found::add);
        }
        return found.tokens.values();
    }

    private void addDecoder() {
        JsonNode decoder = config.node().get(DECODER);
        if (!decoder.isObject()) {
            throw config.wrong(DECODER, "is no object with tokens by their ids");
        }
        Map<Integer, AddedToken> sorted = new TreeMap<>();
        decoder.properties().forEach(entry -> {
            String content = config.requireText(entry.getValue().path("content"), DECODER);
            int id = id(entry.getKey());
            sorted.put(id, AddedToken.of(content, id, false, entry.getValue()));
        });
        sorted.values().forEach(this::add);
    }

    private int id(String text) {
        if (text.length() > 9 || !text.chars().allMatch(c -> c >= '0' && c <= '9') || text.isEmpty()) {
            throw config.wrong(DECODER, "has the id " + Printable.quoted(text) + ", which is none");
        }
        return Integer.parseInt(text);
    }

    private void addFile(SettingsFile file, Set<String> specials) {
        Map<Integer, AddedToken> sorted = new TreeMap<>();
        file.node().properties().forEach(entry -> {
            JsonNode id = entry.getValue();
            if (!id.isIntegralNumber() || !id.canConvertToInt() || id.intValue() < 0) {
                throw file.wrong(Printable.quoted(entry.getKey()), "has no token id");
            }
            boolean special = specials.contains(entry.getKey());
            sorted.put(id.intValue(), AddedToken.plain(entry.getKey(), id.intValue(), special));
        });
        sorted.values().forEach(this::add);
    }

    /** Adds the special tokens of {@code first}, and of {@code second} those that have no name there. */
    private void addSpecials(SettingsFile first, SettingsFile second) {
        NAMED.forEach(key -> first.special(key).or(() -> second.special(key)).ifPresent(this::add));
        FURTHER.forEach(key -> (first.says(key) ? first : second).specials(key).forEach(this::add));
    }

    /** Adds a token unless its text is there already. */
    private void add(AddedToken token) {
        if (!token.content().isEmpty()) {
            tokens.putIfAbsent(token.content(), token);
        }
    }

    /**
     * Gives every token its id, as transformers does: that of the vocabulary where its text stands there, else the stated
     * one, and where that is missing or another token's, the next free one.
     *
     * @param vocabulary ids by token
     * @throws Failure if an id is too large
     */
    static List<AddedToken> resolve(Collection<AddedToken> tokens, Map<String, Integer> vocabulary, String place) {
        Set<Integer> used = new HashSet<>(vocabulary.values());
        int next = used.stream().mapToInt(id -> id + 1).max().orElse(0);
        List<AddedToken> resolved = new ArrayList<>();
        for (AddedToken token : tokens) {
            Integer known = vocabulary.get(token.content());
            boolean stated = token.id() != AddedToken.NO_ID && !used.contains(token.id());
            int id = known != null ? known : stated ? token.id() : next;
            if (id > TokenizerJson.LARGEST_ID) {
                throw new Failure(
                        "added token " + Printable.quoted(token.content()) + " has no id from 0 to "
                                + TokenizerJson.LARGEST_ID,
                        place,
                        "correct the files beside it or fetch them again");
            }
            used.add(id);
            next = Math.max(next, id + 1);
            resolved.add(token.withId(id));
        }
        return resolved;
    }

    /**
     * Puts tokens into a {@code tokenizer.json}; one whose text is an added token already replaces it. The library gives an
     * added token that the model's vocabulary lacks the next id, whatever the document says: where that is another, the
     * token is put into the vocabulary too.
     *
     * @return whether that changes the document
     * @throws Failure if the vocabulary has no place for an id
     */
    static boolean write(ObjectNode document, Collection<AddedToken> tokens, String place) {
        Map<String, JsonNode> all = new LinkedHashMap<>();
        document.path("added_tokens")
                .forEach(token -> all.put(token.path("content").asText(), token));
        Map<String, JsonNode> before = Map.copyOf(all);
        tokens.forEach(token -> all.put(token.content(), token.toJson()));
        if (all.equals(before)) {
            return false;
        }
        List<JsonNode> sorted = new ArrayList<>(all.values());
        sorted.sort(Comparator.comparingInt(token -> token.path("id").intValue()));
        document.putArray("added_tokens").addAll(sorted);
        JsonNode vocabulary = document.path("model").path("vocab");
        if (vocabulary instanceof ObjectNode ids) {
            placeInVocabulary(ids, sorted);
        } else {
            requireNextIds(vocabulary, sorted, place);
        }
        return true;
    }

    private static void placeInVocabulary(ObjectNode vocabulary, List<JsonNode> tokens) {
        int next = vocabulary.size();
        boolean follow = true;
        for (JsonNode token : tokens) {
            int id = token.path("id").intValue();
            if (!vocabulary.has(token.path("content").textValue())) {
                follow &= id == next;
                next++;
            } else {
                next = Math.max(next, id + 1);
            }
        }
        if (!follow) {
            tokens.forEach(token -> vocabulary.set(token.path("content").textValue(), token.get("id")));
        }
    }

    private static void requireNextIds(JsonNode vocabulary, List<JsonNode> tokens, String place) {
        Set<String> pieces = new HashSet<>();
        vocabulary.forEach(piece -> pieces.add(piece.path(0).asText()));
        int next = vocabulary.size();
        for (JsonNode token : tokens) {
            if (!pieces.contains(token.path("content").textValue())
                    && token.path("id").intValue() != next++) {
                throw new Failure(
                        "added token " + Printable.quoted(token.path("content").textValue()) + " has the id "
                                + token.path("id") + ", which does not follow the vocabulary's",
                        place,
                        "use a tokenizer without gaps between ids");
            }
        }
    }
}
