package org.espalier.job;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import org.espalier.eval.Protocol;
import org.espalier.eval.TextFormat;
import org.espalier.eval.Windows;

/** On which text the distance between two models is measured. */
public final class DivergenceSettings extends Settings<DivergenceSettings> {

    private final PerplexitySettings.Text text;
    private int seqLen = Protocol.LLM_PRUNER.defaultSeqLen();
    private int maxWindows = Integer.MAX_VALUE;
    private MemorySettings memory = MemorySettings.defaults();

    private DivergenceSettings(PerplexitySettings.Text text) {
        this.text = text;
    }

    /**
     * A text in windows as LLM-Pruner's perplexity has them, all of them.
     *
     * @param file   UTF-8
     * @param format how its rows are read; where there is none as a whole, and tables, JSON and the like are refused
     */
    public static DivergenceSettings on(Path file, Optional<TextFormat> format) {
        return new DivergenceSettings(new PerplexitySettings.Text(file, format));
    }

    /** The text. */
    public PerplexitySettings.Text text() {
        return text;
    }

    /** Tokens of a window; all but the first are predicted. */
    public DivergenceSettings seqLen(int tokens) {
        atLeast(1, "seqLen", tokens);
        return with(copy -> copy.seqLen = tokens);
    }

    /** Tokens of a window; all but the first are predicted. */
    public int seqLen() {
        return seqLen;
    }

    /** Windows at most, from the start of the text. */
    public DivergenceSettings maxWindows(int windows) {
        atLeast(1, "maxWindows", windows);
        return with(copy -> copy.maxWindows = windows);
    }

    /** Memory for models that are gone through layer by layer. */
    public DivergenceSettings memory(MemorySettings memory) {
        return with(copy -> copy.memory = memory);
    }

    /** Memory for models that are gone through layer by layer. */
    public MemorySettings memory() {
        return memory;
    }

    @Override
    public Optional<String> complaint() {
        return seqLen < 2
                ? Optional.of("--seq-len " + seqLen + " is too short: a window's first id is not predicted")
                : Optional.empty();
    }

    Windows windows() {
        return new Windows(Protocol.LLM_PRUNER, seqLen, seqLen, maxWindows, OptionalInt.empty());
    }
}
