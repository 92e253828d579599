package org.espalier.cli.serve;

import java.util.List;
import org.espalier.job.serve.Question;

/**
 * A request that was understood.
 *
 * @param questions    one for each choice of the answer, in their order
 * @param promptTokens of all prompts, each counted once
 * @param streamed     whether pieces are sent as they are written
 * @param usageAtEnd   whether a stream ends with the numbers of tokens
 * @param layout       how choices are written
 */
record Call(List<Question> questions, int promptTokens, boolean streamed, boolean usageAtEnd, Layout layout) {

    /** How many scores of tokens and of alternatives the answer may hold. */
    long scores() {
        return questions.stream().mapToLong(Call::scores).sum();
    }

    private static long scores(Question question) {
        long tokens = (long) question.most() + (question.echo().isPresent() ? question.prompt().length : 0);
        return question.alternatives().isPresent()
                ? tokens * (1 + question.alternatives().getAsInt())
                : 0;
    }
}
