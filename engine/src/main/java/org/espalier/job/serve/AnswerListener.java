package org.espalier.job.serve;

import java.util.List;

/** Gets an answer as it is written, from the thread that decodes; must not wait. */
public interface AnswerListener {

    /**
     * A token of an answer.
     *
     * @param score  what it is, and how likely
     * @param offset where in the answer's text it begins, in UTF-16 units
     */
    record Placed(TokenScore score, int offset) {}

    /**
     * More of the answer.
     *
     * @param text   that is certain now
     * @param tokens of it; none where tokens are not scored
     */
    void piece(String text, List<Placed> tokens);

    /**
     * The answer is complete.
     *
     * @param stopped whether an end token or a stop string came; else the most tokens were written
     * @param written tokens that were written, with those that ended it
     */
    void finished(boolean stopped, int written);

    /** There is no more of the answer, for this reason. */
    void failed(RuntimeException reason);
}
