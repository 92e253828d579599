package org.espalier.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.espalier.error.Failure;
import org.espalier.file.Json;
import org.espalier.format.Checkpoint;
import org.espalier.format.ModelContent;

/**
 * Takes tokens out of a model's tokenizer. A text that the whole tokenizer makes of tokens that stay becomes the same tokens, with
 * other numbers; any other text becomes more of them, and decodes to itself as before.
 */
public final class TokenizerCut {

    private static final String VOCABULARY = "vocab.json";
    private static final String MERGES = "merges.txt";
    private static final List<String> CONFIGURATIONS = List.of("config.json", "generation_config.json");

    private final Path model;
    private final Checkpoint checkpoint;
    private final Map<String, byte[]> files;
    private final Map<String, VocabularyFile> vocabularies = new LinkedHashMap<>();

    private TokenizerCut(Path model, Checkpoint checkpoint) {
        this.model = model;
        this.checkpoint = checkpoint;
        this.files = TokenizerFiles.of(model, checkpoint);
        if (files.containsKey(Tokenizer.JSON)) {
            vocabularies.put(Tokenizer.JSON, JsonVocabulary.of(files.get(Tokenizer.JSON), place(Tokenizer.JSON)));
        }
        if (files.containsKey(Tokenizer.SENTENCE_PIECE)) {
            vocabularies.put(
                    Tokenizer.SENTENCE_PIECE,
                    SentencePieceVocabulary.of(files.get(Tokenizer.SENTENCE_PIECE), place(Tokenizer.SENTENCE_PIECE)));
        }
        if (vocabularies.isEmpty()) {
            throw new Failure(
                    "the model has no tokenizer of a kind out of which tokens can be taken",
                    model.toString(),
                    "put its tokenizer.json or tokenizer.model beside it, or leave out --units tokens");
        }
    }

    /**
     * The tokenizer of a model.
     *
     * @param model      a checkpoint folder or a GGUF file
     * @param checkpoint the same, opened
     * @throws Failure if there is none out of which tokens can be taken
     */
    public static TokenizerCut of(Path model, Checkpoint checkpoint) {
        return new TokenizerCut(model, checkpoint);
    }

    private String place(String file) {
        return model.resolve(file).toString();
    }

    /** The tokens that must stay: special ones and those that were added, bytes or characters, those that configurations name. */
    public BitSet required() {
        BitSet required = new BitSet();
        vocabularies.values().forEach(vocabulary -> required.or(vocabulary.required()));
        for (JsonNode config : configurations()) {
            TokenIds.collect(config, required);
        }
        json(SettingsFile.CONFIG)
                .path(AddedTokens.DECODER)
                .properties()
                .forEach(token -> required.set(Integer.parseInt(token.getKey())));
        json(SettingsFile.ADDED_TOKENS)
                .properties()
                .forEach(token -> required.set(token.getValue().intValue()));
        return required;
    }

    /** The tokens without which a token would not come out where it does now; of these, the same holds. */
    public int[] parts(int token) {
        return vocabularies.values().stream()
                .flatMapToInt(vocabulary -> IntStream.of(vocabulary.parts(token)))
                .distinct()
                .toArray();
    }

    /**
     * A model's content, some of whose tokens are left, with the tokenizer of these.
     *
     * @param content with rows of these tokens alone
     * @param rows    of the whole model; tokens beyond them stay
     * @param staying ids, ascending; ids beyond the tokenizer's may be among them
     * @throws Failure if a token is missing that is {@link #required}, or one of the {@link #parts} of another one
     */
    public ModelContent beside(ModelContent content, int rows, int... staying) {
        BitSet required = required();
        int[] kept = IntStream.concat(IntStream.of(staying), required.stream().filter(token -> token >= rows))
                .toArray();
        requireWhole(required, kept);
        ObjectNode config = content.config().deepCopy();
        TokenIds.renumber(config, kept);
        Map<String, byte[]> cut = files(kept);
        return content.withConfig(config)
                .withFiles(cut)
                .withGguf(() -> TokenizerMetadata.of(model, checkpoint, cut, config));
    }

    private void requireWhole(BitSet required, int... kept) {
        BitSet stays = new BitSet();
        IntStream.of(kept).forEach(stays::set);
        BitSet missing = (BitSet) required.clone();
        IntStream.of(kept).flatMap(token -> IntStream.of(parts(token))).forEach(missing::set);
        missing.andNot(stays);
        if (!missing.isEmpty()) {
            int token = missing.nextSetBit(0);
            throw new Failure(
                    "token %d cannot go, because %s"
                            .formatted(
                                    token,
                                    required.get(token)
                                            ? "texts, templates or configurations need it"
                                            : "tokens that stay are put together of it"),
                    model.toString(),
                    "keep it among the tokens of the plan");
        }
    }

    /** The tokenizer's files of some tokens. */
    Map<String, byte[]> files(int... kept) {
        Map<String, byte[]> cut = new LinkedHashMap<>(files);
        vocabularies.forEach((name, vocabulary) -> cut.put(name, vocabulary.cut(kept)));
        cut.computeIfPresent(TokenizerFiles.GENERATION, (_, file) -> renumbered(file, kept));
        cut.computeIfPresent(SettingsFile.CONFIG, (_, file) -> withDecoder(file, kept));
        cut.computeIfPresent(SettingsFile.ADDED_TOKENS, (_, file) -> added(file, kept));
        if (vocabularies.get(Tokenizer.JSON) instanceof JsonVocabulary json) {
            cut.computeIfPresent(VOCABULARY, (_, _) -> json.vocabularyFile(kept));
            cut.computeIfPresent(MERGES, (_, _) -> json.mergesFile(kept));
        } else {
            cut.remove(VOCABULARY);
            cut.remove(MERGES);
        }
        return cut;
    }

    private List<JsonNode> configurations() {
        List<JsonNode> configurations = new ArrayList<>(List.of(checkpoint.config()));
        CONFIGURATIONS.forEach(name -> configurations.add(json(name)));
        return configurations;
    }

    private JsonNode json(String file) {
        return files.containsKey(file) ? parse(files.get(file), file) : Json.object();
    }

    private ObjectNode parse(byte[] content, String file) {
        return TokenizerJson.parse(new String(content, StandardCharsets.UTF_8), place(file));
    }

    private byte[] renumbered(byte[] file, int[] kept) {
        ObjectNode config = parse(file, TokenizerFiles.GENERATION);
        TokenIds.renumber(config, kept);
        return Json.toBytes(config);
    }

    private byte[] withDecoder(byte[] file, int[] kept) {
        ObjectNode config = parse(file, SettingsFile.CONFIG);
        TokenIds.renumber(config, kept);
        if (config.path(AddedTokens.DECODER) instanceof ObjectNode decoder) {
            ObjectNode renumbered = Json.object();
            decoder.properties()
                    .forEach(token -> renumbered.set(
                            Integer.toString(VocabularyFile.renumbered(kept, Integer.parseInt(token.getKey()))),
                            token.getValue()));
            config.set(AddedTokens.DECODER, renumbered);
        }
        return Json.toBytes(config);
    }

    private byte[] added(byte[] file, int[] kept) {
        ObjectNode tokens = parse(file, SettingsFile.ADDED_TOKENS);
        tokens.properties().forEach(token -> TokenIds.renumber(tokens, token.getKey(), kept));
        return Json.toBytes(tokens);
    }
}
