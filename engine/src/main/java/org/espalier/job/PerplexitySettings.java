package org.espalier.job;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;
import org.espalier.eval.Protocol;
import org.espalier.eval.TextFormat;
import org.espalier.eval.Windows;

/** On which texts perplexity is measured, and by which protocol. */
public final class PerplexitySettings extends Settings<PerplexitySettings> {

    /** How the rows of a text are read where nothing else is said. */
    public static final TextFormat FORMAT = TextFormat.TEXT;

    /**
     * A text.
     *
     * @param file  UTF-8
     * @param named how its rows are read; where nothing is named, as a whole, if it is plain text
     */
    public record Text(Path file, Optional<TextFormat> named) {

        /** How its rows are read. */
        public TextFormat format() {
            return named.orElse(FORMAT);
        }

        String read() {
            return named.isPresent()
                    ? named.get().read(file)
                    : FORMAT.readPlain(
                            file, "write its texts to a text file, or add --format text to measure it as it is");
        }
    }

    private List<Text> texts = List.of();
    private Protocol protocol = Protocol.LLM_PRUNER;
    private OptionalInt seqLen = OptionalInt.empty();
    private OptionalInt stride = OptionalInt.empty();
    private OptionalInt maxWindows = OptionalInt.empty();
    private MemorySettings memory = MemorySettings.defaults();

    private PerplexitySettings() {}

    /** No text yet; LLM-Pruner's protocol, all windows. */
    public static PerplexitySettings defaults() {
        return new PerplexitySettings();
    }

    /** A text, read as a whole; LLM-Pruner's protocol, all windows. */
    public static PerplexitySettings on(Path text) {
        return defaults().text(text);
    }

    /** One text more, read as a whole; tables, JSON and the like are refused. */
    public PerplexitySettings text(Path file) {
        return text(new Text(file, Optional.empty()));
    }

    /** One text more, whatever its file holds. */
    public PerplexitySettings text(Path file, TextFormat format) {
        return text(new Text(file, Optional.of(format)));
    }

    private PerplexitySettings text(Text text) {
        List<Text> more = new ArrayList<>(texts);
        more.add(text);
        return with(copy -> copy.texts = List.copyOf(more));
    }

    /** The texts, in the order in which they were added. */
    public List<Text> texts() {
        return texts;
    }

    /** How texts are cut into windows, and which tokens of them count. */
    public PerplexitySettings protocol(Protocol protocol) {
        return with(copy -> copy.protocol = protocol);
    }

    /** How texts are cut into windows, and which tokens of them count. */
    public Protocol protocol() {
        return protocol;
    }

    /** Tokens of a window. */
    public PerplexitySettings seqLen(int tokens) {
        atLeast(1, "seqLen", tokens);
        return with(copy -> copy.seqLen = OptionalInt.of(tokens));
    }

    /** Tokens of a window; as usual with the protocol if none were set. */
    public int seqLen() {
        return seqLen.orElse(protocol.defaultSeqLen());
    }

    /** Tokens from the start of a window to the next; where windows overlap, a token counts once. */
    public PerplexitySettings stride(int tokens) {
        atLeast(1, "stride", tokens);
        return with(copy -> copy.stride = OptionalInt.of(tokens));
    }

    /** Windows of each text at most, from its start. */
    public PerplexitySettings maxWindows(int windows) {
        atLeast(1, "maxWindows", windows);
        return with(copy -> copy.maxWindows = OptionalInt.of(windows));
    }

    /** Windows of each text at most. */
    int maxWindows() {
        return maxWindows.orElse(Integer.MAX_VALUE);
    }

    /** Memory for models that are gone through layer by layer. */
    public PerplexitySettings memory(MemorySettings memory) {
        return with(copy -> copy.memory = memory);
    }

    /** Memory for models that are gone through layer by layer. */
    public MemorySettings memory() {
        return memory;
    }

    @Override
    public Optional<String> complaint() {
        int least = protocol.secondHalf() ? 4 : 2;
        if (seqLen() < least) {
            return Optional.of("--seq-len " + seqLen() + " is too short for " + protocol + ", which needs " + least);
        }
        return protocol.secondHalf() && stride.isPresent()
                ? Optional.of("--stride does not go with --protocol " + protocol)
                : Optional.empty();
    }

    /** How a text's tokens are cut, for a tokenizer that puts {@code bos}, if anything, before every text. */
    Windows windows(OptionalInt bos) {
        return new Windows(protocol, seqLen(), stride.orElse(seqLen()), maxWindows(), bos);
    }

    /** The texts under their files' names; files of the same name under their paths. */
    SequencedMap<String, String> read() {
        SequencedMap<String, String> read = new LinkedHashMap<>();
        named().forEach((name, text) -> read.put(name, text.read()));
        return read;
    }

    /** The texts under the same names, unread. */
    SequencedMap<String, Text> named() {
        SequencedMap<String, Text> named = new LinkedHashMap<>();
        for (Text text : texts) {
            String name = text.file().getFileName().toString();
            named.put(named.containsKey(name) ? text.file().toString() : name, text);
        }
        return named;
    }
}
