package org.espalier.task;

import java.util.List;

/**
 * A question with its choices, each as a context and what follows it there.
 *
 * @param contexts      one for all choices, or one for each
 * @param continuations the scored texts, with what stands between them and their contexts
 * @param lengths       characters (Unicode code points) of each choice alone
 * @param right         index of the right choice
 * @param place         the file and line that it comes from
 */
public record Question(
        List<String> contexts, List<String> continuations, List<Integer> lengths, int right, String place) {

    /** What stands before a choice. */
    public String context(int choice) {
        return contexts.get(contexts.size() == 1 ? 0 : choice);
    }
}
