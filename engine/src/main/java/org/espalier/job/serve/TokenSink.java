package org.espalier.job.serve;

import java.util.List;

/** Gets what becomes of a sequence, from the thread that decodes. */
interface TokenSink {

    /** The next tokens of the prompt, where its tokens are scored. */
    void prompt(List<TokenScore> tokens);

    /** A new token; returns whether more are wanted. */
    boolean token(TokenScore token);

    /** Nothing comes any more: all tokens are written, or no more were wanted. */
    void finished();

    /** Nothing comes any more, for this reason. */
    void failed(RuntimeException reason);

    /** Whether nobody waits for the rest; asked again and again. */
    boolean cancelled();
}
