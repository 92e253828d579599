package org.espalier.text;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Function;
import org.espalier.error.Failure;
import org.espalier.file.Json;
import org.espalier.file.TextFile;
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

    private final TokenCodec library;
    private final Optional<SentencePieceEncoder> pieces;
    private final TextForm form;
    private final Vocabulary vocabulary;
    private final TokenizerSettings settings;
    private final List<Integer> eosIds;

    private Tokenizer(
            TokenCodec library,
            Optional<SentencePieceEncoder> pieces,
            TextForm form,
            Vocabulary vocabulary,
            TokenizerSettings settings) {
        this.library = library;
        this.pieces = pieces;
        this.form = form;
        this.vocabulary = vocabulary;
        this.settings = settings;
        Set<Integer> ends = new LinkedHashSet<>();
        settings.eosToken()
                .flatMap(token -> vocabulary.id(token).stream().boxed().findFirst())
                .ifPresent(ends::add);
        ends.addAll(settings.eosIds());
        this.eosIds = List.copyOf(ends);
    }

    /**
     * Opens the tokenizer of a model: a folder with {@code tokenizer.json} or, failing that, {@code tokenizer.model},
     * ChatGLM-6B's {@code ice_text.model} or one {@code .gguf} file; or a {@code .gguf} file.
     *
     * @throws Failure if there is none, or it is malformed or of a kind that cannot be used
     */
    public static Tokenizer open(Path model) {
        return open(model, TokenizerJson::open);
    }

    /** As above, run by what {@code library} makes of a checked document. */
    static Tokenizer open(Path model, Function<TokenizerJson, TokenCodec> library) {
        if (Checkpoints.isGguf(model)) {
            return openGguf(model, library);
        }
        if (Files.exists(model.resolve(JSON))) {
            return openJson(model, cleaning(library, model));
        }
        if (Files.exists(model.resolve(SENTENCE_PIECE))) {
            return openSentencePiece(model, cleaning(library, model));
        }
        if (Files.exists(model.resolve(IceText.FILE))) {
            return openIceText(model, library);
        }
        return openGguf(onlyGguf(model), library);
    }

    /**
     * Opens a tokenizer that is already in memory.
     *
     * @param tokenizerJson the content of a {@code tokenizer.json}
     * @throws Failure if it is malformed or of a kind that cannot be used
     */
    public static Tokenizer fromJson(String tokenizerJson, TokenizerSettings settings) {
        return make(
                TokenizerJson.check(TokenizerJson.parse(tokenizerJson, JSON), JSON),
                Optional.empty(),
                settings,
                TokenizerJson::open);
    }

    /**
     * Opens the tokenizer inside a GGUF file.
     *
     * @param metadata of a GGUF file, as {@link Checkpoint#ggufMetadata} gives it
     * @throws Failure if its tokenizer is missing, malformed or of a kind that cannot be used
     */
    public static Tokenizer fromGguf(Map<String, Object> metadata) {
        return fromGguf(metadata, "GGUF metadata", TokenizerJson::open);
    }

    /**
     * The ids of a text, however long it is. Special tokens that are written in the text become their ids; a half of a
     * surrogate pair becomes U+FFFD.
     *
     * @param special whether what the tokenizer puts around every text, such as a begin token, is put there
     */
    public int[] encode(String text, boolean special) {
        String whole = form.written(WholeText.repaired(text));
        int[] ids = pieces.map(encoder -> encoder.encode(whole)).orElseGet(() -> library.encode(whole));
        return special ? vocabulary.frame().around(ids) : ids;
    }

    /**
     * The text of some ids; ids outside the vocabulary, which some models have room for, give nothing.
     *
     * @param skipSpecial whether special tokens are left out
     */
    public String decode(int[] ids, boolean skipSpecial) {
        return form.read(library.decode(ids, skipSpecial));
    }

    /**
     * The ids of a text that a model reads to its end. Where what the tokenizer puts behind a text asks for another, as
     * ChatGLM-6B's does, the text is what was asked for.
     */
    public int[] encodeRead(String text) {
        return asking().map(asking -> encode(asking + text, false)).orElseGet(() -> encode(text, true));
    }

    /** What a text ends with that asks for another, as it is written in a text; empty where that is nothing. */
    public Optional<String> asking() {
        return form == TextForm.PLAIN ? Optional.empty() : Optional.of(IceText.ASKING);
    }

    /** The largest id and one; a model may have room for more. */
    public int vocabularySize() {
        return vocabulary.size();
    }

    /** Whether the other vocabulary has the same tokens under the same ids. */
    public boolean hasTokensOf(Tokenizer other) {
        return vocabulary.ids().equals(other.vocabulary.ids());
    }

    /** The id of a token as the vocabulary writes it. */
    public OptionalInt id(String token) {
        return vocabulary.id(token);
    }

    /**
     * The ids that tokens have in another vocabulary, by their ids in this one.
     *
     * @param rows  ids that a model has room for here; those without a token get ids that have none there
     * @param other rows there
     * @return empty if a token is not there, or there are not as many ids without one
     */
    public Optional<int[]> idsIn(Tokenizer larger, int rows, int other) {
        return vocabulary.idsIn(larger.vocabulary, rows, other);
    }

    /** Bytes of the text that a token stands for, a space at the beginning included; 0 for an id that no token has. */
    public int bytes(int id) {
        return id >= 0 && id < vocabulary.bytes().length ? vocabulary.bytes()[id] : 0;
    }

    /** The id of {@link #bosToken()}; empty if there is none, or it is not in the vocabulary. */
    public OptionalInt bosId() {
        return settings.bosToken().map(vocabulary::id).orElse(OptionalInt.empty());
    }

    /** The begin token's id, if the tokenizer puts it before every text. */
    public OptionalInt addedBosId() {
        OptionalInt bos = bosId();
        List<Integer> before = vocabulary.frame().before();
        return bos.isPresent() && before.contains(bos.getAsInt()) ? bos : OptionalInt.empty();
    }

    /** The ids that end a text, without repetition; the tokenizer's own end token first. */
    public List<Integer> eosIds() {
        return eosIds;
    }

    /** The token that begins a text, as the tokenizer's settings name it. */
    Optional<String> bosToken() {
        return settings.bosToken();
    }

    /** The token that ends a text, as the tokenizer's settings name it. */
    Optional<String> eosToken() {
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

    private static Function<TokenizerJson, TokenCodec> cleaning(
            Function<TokenizerJson, TokenCodec> library, Path folder) {
        return SpaceCleanUp.around(library, SettingsFile.of(folder.resolve(SettingsFile.CONFIG)));
    }

    private static Tokenizer openJson(Path folder, Function<TokenizerJson, TokenCodec> library) {
        TokenizerSettings settings = TokenizerSettings.read(folder);
        return make(checked(folder), Optional.empty(), settings, library);
    }

    /** The {@code tokenizer.json} of a folder, with what the files beside it say. */
    static TokenizerJson checked(Path folder) {
        Path file = folder.resolve(JSON);
        String place = file.toString();
        ObjectNode document = TokenizerJson.parse(TextFile.read(file, Json.LARGEST_FILE), place);
        PrefixSpace.apply(document, SettingsFile.of(folder.resolve(SettingsFile.CONFIG)));
        TokenizerJson checked = TokenizerJson.check(document, place);
        List<AddedToken> added = AddedTokens.resolve(AddedTokens.read(folder), checked.ids(), place);
        return AddedTokens.write(document, added, place) ? TokenizerJson.check(document, place) : checked;
    }

    private static Tokenizer openSentencePiece(Path folder, Function<TokenizerJson, TokenCodec> library) {
        String place = folder.resolve(SENTENCE_PIECE).toString();
        Collection<AddedToken> stated = AddedTokens.read(folder);
        SentencePiece model = SentencePieceReader.read(folder).renamed(stated);
        TokenizerSettings settings = model.complete(TokenizerSettings.read(folder));
        List<AddedToken> added = AddedTokens.resolve(stated, model.ids(), place);
        Map<String, Integer> ids = new HashMap<>(model.ids());
        added.forEach(token -> ids.put(token.content(), token.id()));
        ObjectNode document = SentencePieceJson.make(
                model,
                added,
                special(settings.addBos().orElse(true), settings.bosToken(), ids),
                special(settings.addEos().orElse(false), settings.eosToken(), ids),
                place);
        return make(TokenizerJson.check(document, place), encoder(model, added), settings, library);
    }

    private static Tokenizer openIceText(Path folder, Function<TokenizerJson, TokenCodec> library) {
        Path file = folder.resolve(IceText.FILE);
        SettingsFile config = SettingsFile.of(folder.resolve(SettingsFile.CONFIG));
        SentencePiece stored = SentencePieceReader.readFile(file, true);
        SentencePiece model = IceText.behindImages(stored, config);
        TokenizerSettings settings = IceText.complete(TokenizerSettings.read(folder));
        List<AddedToken> added = IceText.special(model.ids());
        ObjectNode document =
                SentencePieceJson.make(model, added, List.of(), IceText.behind(model.ids(), file), file.toString());
        return make(
                TokenizerJson.check(document, file.toString()),
                encoder(model, added),
                new IceText(stored.spaces() != SentencePiece.Spaces.NOWHERE, stored.normaliser()),
                settings,
                library);
    }

    /** The token, if it is wanted and has an id. */
    private static List<TokenizerParts.Special> special(
            boolean wanted, Optional<String> token, Map<String, Integer> ids) {
        return token.filter(t -> wanted && ids.containsKey(t)).stream()
                .map(t -> new TokenizerParts.Special(t, ids.get(t)))
                .toList();
    }

    /** Unigram models are cut by the library. */
    private static Optional<SentencePieceEncoder> encoder(SentencePiece model, List<AddedToken> added) {
        return model.kind() == SentencePiece.Kind.BPE
                ? Optional.of(new SentencePieceEncoder(model, added))
                : Optional.empty();
    }

    private static Tokenizer openGguf(Path file, Function<TokenizerJson, TokenCodec> library) {
        try (GgufFile gguf = GgufFile.open(file)) {
            return fromGguf(gguf.metadata(), file.toString(), library);
        }
    }

    private static Tokenizer fromGguf(
            Map<String, Object> metadata, String place, Function<TokenizerJson, TokenCodec> library) {
        TokenizerGguf gguf = new TokenizerGguf(metadata, place);
        return make(
                TokenizerJson.check(gguf.toJson(), place),
                gguf.sentencePiece().flatMap(model -> encoder(model, List.of())),
                gguf.settings(),
                library);
    }

    /** Nothing is left to fail once the library is open. */
    private static Tokenizer make(
            TokenizerJson checked,
            Optional<SentencePieceEncoder> pieces,
            TokenizerSettings settings,
            Function<TokenizerJson, TokenCodec> library) {
        return make(checked, pieces, TextForm.PLAIN, settings, library);
    }

    private static Tokenizer make(
            TokenizerJson checked,
            Optional<SentencePieceEncoder> pieces,
            TextForm form,
            TokenizerSettings settings,
            Function<TokenizerJson, TokenCodec> library) {
        return new Tokenizer(library.apply(checked), pieces, form, Vocabulary.of(checked), settings);
    }

    private static Path onlyGguf(Path folder) {
        if (Files.isDirectory(folder)) {
            List<Path> ggufs = Checkpoints.ggufFiles(folder);
            if (ggufs.size() == 1) {
                return ggufs.getFirst();
            }
        }
        throw new Failure(
                "no tokenizer",
                folder.toString(),
                "name a folder with tokenizer.json, tokenizer.model or ice_text.model, or a .gguf file");
    }
}
