package org.espalier.job;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.espalier.Shared;
import org.espalier.eval.Perplexity;
import org.espalier.eval.Protocol;
import org.junit.jupiter.api.Test;

/** Perplexity by llama.cpp's protocol is what its own {@code llama-perplexity} prints. */
class PerplexityJobTest {

    /** SmolLM2's tokenizer has a begin token and puts it before no text, so it stands in no window either. */
    @Test
    void noBeginTokenIsPutWhereTheModelAddsNone() {
        PerplexitySettings settings = PerplexitySettings.on(Shared.path("data/wikitext2/wiki.test.raw"))
                .protocol(Protocol.LLAMA_CPP)
                .seqLen(128)
                .maxWindows(4);
        Perplexity.Result result = new PerplexityJob(Engine.silent(), settings)
                .run(Shared.path("models/smollm2-135m/smollm2-135m-instruct.Q4_1.gguf"))
                .results()
                .getFirst();
        assertEquals(4, result.count());
        // llama.cpp multiplies activations rounded to 8 bits.
        assertEquals(32.2996, result.ppl(), 0.01 * 32.2996);
    }
}
