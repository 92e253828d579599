package org.espalier.tune;

import java.util.Map;
import org.espalier.error.Failure;

/**
 * Numbers that multiply units of a model, one for each: 1 leaves a unit as it is, 0 removes it.
 *
 * @param name    of the numbers
 * @param units   how many
 * @param readers the matrices that read the units, by name: the unit that each column of theirs reads
 */
public record Gate(String name, int units, Map<String, int[]> readers) {

    public Gate {
        readers = Map.copyOf(readers);
        if (readers.isEmpty()) {
            throw new Failure(
                    "no matrix reads these units by itself, so that gates cannot tell what they are worth",
                    name,
                    "use --select scores, or let heads, neurons, attentions or MLPs go");
        }
    }
}
