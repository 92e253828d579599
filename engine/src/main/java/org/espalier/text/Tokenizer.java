package org.espalier.text;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.error.Failure;
import org.espalier.file.Json;
import org.espalier.format.Checkpoint;
import org.espalier.format.Checkpoints;
import org.espalier.format.GgufFile;

/**
 * Text to token ids and back, with the ids that Hugging Face's library gives. May be used by several threads at once.
 * Closing frees its native memory.
 */
public final class Tokenizer implements AutoCloseable {

    static final String JSON = "tokenizer.json";
    static final String SENTENCE_PIECE = "tokenizer.model";

    private final TokenizerNative library;
    private final TokenizerJson json;
    private final TokenizerSettings settings;
    private final List<Integer> eosIds;

    private Tokenizer(TokenizerNative library, TokenizerJson json, TokenizerSettings settings) {
        this.library = library;
        this.json = json;
        this.settings = settings;
        Set<Integer> ends = new LinkedHashSet<>();
        settings.eosToken()
                .flatMap(token -> json.id(token).stream().boxed().findFirst())
                .ifPresent(ends::add);
        ends.addAll(settings.eosIds());
        this.eosIds = List.copyOf(ends);
    }

    /**
     * Opens the tokenizer of a model: a folder with {@code tokenizer.json} or, failing that, {@code tokenizer.model} or one
     * {@code .gguf} file; or a {@code .gguf} file.
     *
     * @throws Failure if there is none, or it is malformed or of a kind that cannot be used
     */
    public static Tokenizer open(Path model) {
        if (Checkpoints.isGguf(model)) {
            return openGguf(model);
        }
        Path file = model.resolve(JSON);
        if (Files.exists(file)) {
            String text = new String(Json.readFile(file, Json.LARGEST_FILE), StandardCharsets.UTF_8);
            return make(
                    text, TokenizerJson.check(text, file.toString()), TokenizerSettings.read(model), file.toString());
        }
        if (Files.exists(model.resolve(SENTENCE_PIECE))) {
            return openSentencePiece(model.resolve(SENTENCE_PIECE), TokenizerSettings.read(model));
        }
        return openGguf(onlyGguf(model));
    }

    /**
     * Opens a tokenizer that is already in memory.
     *
     * @param tokenizerJson the content of a {@code tokenizer.json}
     * @throws Failure if it is malformed or of a kind that cannot be used
     */
    public static Tokenizer fromJson(String tokenizerJson, TokenizerSettings settings) {
        return make(tokenizerJson, TokenizerJson.check(tokenizerJson, JSON), settings, JSON);
    }

    /**
     * Opens the tokenizer inside a GGUF file.
     *
     * @param metadata of a GGUF file, as {@link Checkpoint#ggufMetadata} gives it
     * @throws Failure if its tokenizer is missing, malformed or of a kind that cannot be used
     */
    public static Tokenizer fromGguf(Map<String, Object> metadata) {
        return fromGguf(metadata, "GGUF metadata");
    }

    /**
     * The ids of a text, however long it is. Special tokens that are written in the text become their ids; a half of a
     * surrogate pair becomes U+FFFD.
     *
     * @param special whether what the tokenizer puts around every text, such as a begin token, is put there
     */
    public int[] encode(String text, boolean special) {
        return library.encode(text, special);
    }

    /**
     * The text of some ids; ids outside the vocabulary, which some models have room for, give nothing.
     *
     * @param skipSpecial whether special tokens are left out
     */
    public String decode(int[] ids, boolean skipSpecial) {
        return library.decode(ids, skipSpecial);
    }

    /** The largest id and one; a model may have room for more. */
    public int vocabularySize() {
        return json.vocabularySize();
    }

    /** The id of a token as the vocabulary writes it. */
    public OptionalInt id(String token) {
        return json.id(token);
    }

    public OptionalInt bosId() {
        return settings.bosToken().map(json::id).orElse(OptionalInt.empty());
    }

    /** The ids that end a text, without repetition; the tokenizer's own end token first. */
    public List<Integer> eosIds() {
        return eosIds;
    }

    public Optional<String> bosToken() {
        return settings.bosToken();
    }

    public Optional<String> eosToken() {
        return settings.eosToken();
    }

    /** How a conversation becomes one text, in Jinja, for {@link ChatTemplate}. */
    public Optional<String> chatTemplate() {
        return settings.chatTemplate();
    }

    @Override
    public void close() {
        library.close();
    }

    private static Tokenizer openSentencePiece(Path file, TokenizerSettings given) {
        SentencePiece model = SentencePieceReader.read(file);
        TokenizerSettings settings = model.complete(given);
        ObjectNode document = SentencePieceJson.make(
                model,
                special(settings.addBos().orElse(true), settings.bosToken(), model),
                special(settings.addEos().orElse(false), settings.eosToken(), model),
                file.toString());
        return make(document, settings, file.toString());
    }

    /** The token, if it is wanted and a piece of the model. */
    private static List<TokenizerParts.Special> special(boolean wanted, Optional<String> token, SentencePiece model) {
        return token.filter(t -> wanted).stream()
                .flatMap(t -> IntStream.range(0, model.pieces().size())
                        .filter(i -> model.pieces().get(i).text().equals(t))
                        .limit(1)
                        .mapToObj(i -> new TokenizerParts.Special(t, i)))
                .toList();
    }

    private static Tokenizer openGguf(Path file) {
        try (GgufFile gguf = GgufFile.open(file)) {
            return fromGguf(gguf.metadata(), file.toString());
        }
    }

    private static Tokenizer fromGguf(Map<String, Object> metadata, String place) {
        TokenizerGguf gguf = new TokenizerGguf(metadata, place);
        return make(gguf.toJson(), gguf.settings(), place);
    }

    private static Tokenizer make(ObjectNode document, TokenizerSettings settings, String place) {
        return make(TokenizerJson.toText(document), TokenizerJson.check(document, place), settings, place);
    }

    private static Tokenizer make(String text, TokenizerJson checked, TokenizerSettings settings, String place) {
        return new Tokenizer(TokenizerNative.open(text, place), checked, settings);
    }

    private static Path onlyGguf(Path folder) {
        if (Files.isDirectory(folder)) {
            try (Stream<Path> files = Files.list(folder)) {
                List<Path> ggufs = files.filter(Checkpoints::isGguf).toList();
                if (ggufs.size() == 1) {
                    return ggufs.getFirst();
                }
            } catch (IOException e) {
                throw new Failure(
                        "folder cannot be read: " + e.getMessage(), folder.toString(), "check its permissions", e);
            }
        }
        throw new Failure(
                "no tokenizer",
                folder.toString(),
                "name a folder with tokenizer.json or tokenizer.model, or a .gguf file");
    }
}
