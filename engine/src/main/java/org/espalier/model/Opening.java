package org.espalier.model;

/**
 * How a text begins for a model that reads a prompt as a whole (GLM, Du et al. 2022): the tokens of the prompt all see each
 * other, those written after it see what came before them. Every token has two positions: one in the prompt, at which what is
 * written holds still, and one in what is written, 0 in the prompt.
 *
 * @param prompt tokens of the prompt; 0 if nothing is asked, so that every token sees those before it alone
 * @param held   the position in the prompt of everything that is written
 */
public record Opening(int prompt, int held) {

    /** Positions of a token. */
    public static final int PLANE = 2;

    /** Of a text that asks nothing. */
    public static final Opening NONE = new Opening(0, 0);

    public Opening {
        if (prompt < 0 || held < 0) {
            throw new IllegalArgumentException("a prompt of " + prompt + " tokens, held at " + held);
        }
    }

    /**
     * Writes both positions of some tokens of the text.
     *
     * @param past   tokens of the text before them
     * @param tokens of the text that follow
     * @param plane  {@code [., 2]}
     * @param row    where in it they begin
     */
    void place(int past, int tokens, int[] plane, int row) {
        for (int i = 0; i < tokens; i++) {
            int token = past + i;
            plane[PLANE * (row + i)] = token < prompt ? token : held;
            plane[PLANE * (row + i) + 1] = Math.max(0, token - prompt + 1);
        }
    }
}
