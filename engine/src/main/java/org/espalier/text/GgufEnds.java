package org.espalier.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * Tokens that end an answer by their names, as llama.cpp has it: many GGUF files name as their end token the one that ended
 * the documents of pretraining, and a chat model never writes it.
 */
final class GgufEnds {

    /** Ends of a turn. */
    private static final Set<String> TURN_ENDS =
            Set.of("<|eot_id|>", "<|eom_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<end_of_utterance>", "<EOT>");
    /** Ends of a document; they end an answer as well. */
    private static final Set<String> DOCUMENT_ENDS = Set.of("<|endoftext|>", "<|end_of_text|>");

    private GgufEnds() {}

    /**
     * The ids at which an answer ends by name. Where the file itself names the end of a turn, the end of a document is left
     * to it.
     *
     * @param tokens by id
     * @param stated ids that the file names
     */
    static List<Integer> byName(String[] tokens, Set<Integer> stated) {
        boolean turnEndIsStated = stated.stream().anyMatch(id -> TURN_ENDS.contains(tokens[id]));
        // In the harmony format <|end|> parts the messages of one answer.
        boolean harmony = Arrays.asList(tokens).containsAll(List.of("<|return|>", "<|call|>"));
        List<Integer> ends = new ArrayList<>();
        for (int id = 0; id < tokens.length; id++) {
            boolean turnEnd = TURN_ENDS.contains(tokens[id]) && !(harmony && tokens[id].equals("<|end|>"));
            if (turnEnd || !turnEndIsStated && DOCUMENT_ENDS.contains(tokens[id])) {
                ends.add(id);
            }
        }
        return ends;
    }

    /** Whether a token of that name ends an answer. */
    static boolean isEnd(String token) {
        return TURN_ENDS.contains(token) || DOCUMENT_ENDS.contains(token);
    }
}
