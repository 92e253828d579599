package org.espalier.job.serve;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.espalier.job.GenerateSettings;

/**
 * What is to be continued, and how.
 *
 * @param prompt       tokens, at least one
 * @param most         tokens to write at most, from 0
 * @param how          temperature, limits of drawing and seed
 * @param alternatives how many of the likeliest tokens are told beside each token's score; empty if nothing is scored
 * @param stops        strings before which the answer ends, none of them empty
 * @param echo         the prompt's text, if the answer begins with the prompt; its tokens are scored then as the new ones are
 */
public record Question(
        int[] prompt,
        int most,
        GenerateSettings how,
        OptionalInt alternatives,
        List<String> stops,
        Optional<String> echo) {

    Sequence sequence() {
        return new Sequence(prompt, most, how.sampling(), alternatives, echo.isPresent() && alternatives.isPresent());
    }
}
