package org.espalier.eval;

/** Published ways to cut a text into windows and to choose the ids that count. */
public enum Protocol {
    /** LLM-Pruner's PPLMetric: short windows, each alone; every id but a window's first is predicted. */
    LLM_PRUNER("llm-pruner", 128, false),
    /** GPTQ's: as LLM-Pruner's with long windows. */
    GPTQ("gptq", 2048, false),
    /** llama.cpp's llama-perplexity: the second half of each window counts, BOS stands in place of its first id. */
    LLAMA_CPP("llama.cpp", 512, true);

    private final String label;
    private final int seqLen;
    private final boolean secondHalf;

    Protocol(String label, int seqLen, boolean secondHalf) {
        this.label = label;
        this.seqLen = seqLen;
        this.secondHalf = secondHalf;
    }

    /** Ids in a window unless told otherwise. */
    public int defaultSeqLen() {
        return seqLen;
    }

    /** Whether only the second half of a window counts, after a BOS. */
    public boolean secondHalf() {
        return secondHalf;
    }

    /** The name on the command line. */
    @Override
    public String toString() {
        return label;
    }
}
