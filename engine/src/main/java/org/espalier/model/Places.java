package org.espalier.model;

import java.util.LinkedHashMap;
import java.util.Map;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;

/** What some families ask of the tokens of a run beside their positions. */
final class Places {

    private final int switchesBeyond;
    private final int[] plane;
    private final int[] turns;
    private int tokens;

    /** Of a run of so many tokens, texts of which are added in their order. */
    Places(ModelConfig config, int tokens) {
        switchesBeyond = config.switchesBeyond();
        plane = new int[Opening.PLANE * tokens];
        turns = new int[tokens];
    }

    /** Whether a model of this configuration asks for any. */
    static boolean matter(ModelConfig config) {
        return config.readsPromptsWhole() || config.switchesBeyond() < config.maxPositions();
    }

    /**
     * Adds tokens of a text.
     *
     * @param past   tokens of the text before them
     * @param added  how many follow
     * @param length tokens of the text that the positions are computed for, at least those of both
     */
    void add(Opening opening, int past, int added, int length) {
        opening.place(past, added, plane, tokens);
        int row = length > switchesBeyond ? 1 : 0;
        for (int i = 0; i < added; i++) {
            turns[tokens + i] = 2 * (past + i) + row;
        }
        tokens += added;
    }

    /** The inputs of a pass that has such. */
    Map<Value, int[]> inputs(Tape tape) {
        Map<Value, int[]> inputs = new LinkedHashMap<>();
        for (Value input : tape.leaves(Value.Role.INPUT)) {
            switch (input.name()) {
                case Pass.PLANE -> inputs.put(input, plane);
                case Pass.TURNS -> inputs.put(input, turns);
                default -> {}
            }
        }
        return inputs;
    }
}
