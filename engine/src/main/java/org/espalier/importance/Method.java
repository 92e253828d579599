package org.espalier.importance;

import org.espalier.importance.UnitScores.Alignment;

/**
 * How units are scored.
 *
 * @param criterion what is looked at
 * @param aggregate how members of a group become one
 * @param alignment how members of different lengths are laid beside each other
 * @param seed      for {@link Criterion#RANDOM}
 */
public record Method(Criterion criterion, Aggregate aggregate, Alignment alignment, long seed) {}
