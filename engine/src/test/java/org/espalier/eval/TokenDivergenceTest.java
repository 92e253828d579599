package org.espalier.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Distances that can be told without a computer. */
class TokenDivergenceTest {

    private static final double LN2 = Math.log(2);

    /** Halves and quarters, with a row before them that must not matter. */
    @Test
    void ofHalvesAndQuarters() {
        float[] reference = {9, 9, 9, (float) Math.log(2), 0, 0};
        float[] model = {1, 2, 3, 5, 5 + (float) Math.log(2), 5};
        TokenDivergence token = TokenDivergence.of(reference, model, 1, 3, 2);
        assertEquals(LN2 / 4, token.kl(), 1e-7);
        assertFalse(token.sameTop());
        assertEquals(2 * LN2, token.nll(), 1e-7);
        assertEquals(2 * LN2, token.referenceNll(), 1e-7);
    }

    @Test
    void ofEqualsTheLowestIdIsTheTop() {
        assertTrue(TokenDivergence.of(new float[] {0, 1, 1}, new float[] {0, 2, 1}, 0, 3, 0)
                .sameTop());
        assertFalse(TokenDivergence.of(new float[] {0, 1, 1}, new float[] {0, 1, 2}, 0, 3, 0)
                .sameTop());
    }

    /** Whose powers overflow. */
    @Test
    void largeLogitsAreNoTrouble() {
        TokenDivergence token = TokenDivergence.of(new float[] {2000, -2000}, new float[] {3000, 3000}, 0, 2, 1);
        assertEquals(LN2, token.kl(), 1e-12);
        assertEquals(4000, token.referenceNll(), 1e-9);
    }

    @Test
    void quantilesLieBetweenTokens() {
        List<TokenDivergence> tokens = IntStream.of(4, 1, 0, 3, 2)
                .mapToObj(kl -> new TokenDivergence(kl, kl == 0, 1, 1))
                .toList();
        Divergence.Result result = Divergence.of(tokens);
        assertEquals(2, result.median());
        assertEquals(3.6, result.p90(), 1e-12);
        assertEquals(3.96, result.p99(), 1e-12);
        assertEquals(new Divergence.Mean(2, Math.sqrt(0.5)), result.kl());
        assertEquals(0.2, result.sameTop().value());
        assertEquals(new Divergence.Mean(Math.E, 0), result.ppl());
        assertEquals(0, Divergence.of(tokens.subList(0, 1)).kl().stderr());
    }
}
