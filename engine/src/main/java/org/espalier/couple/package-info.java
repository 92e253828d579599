/**
 * Finds what must be removed together: unifies the axes of a recorded pass into groups of units, and tells for a selection
 * of units and branches what is left of every parameter, or of the pass itself. It reads the tape alone. Everything that
 * scores, plans, cuts or counts depends on it.
 */
package org.espalier.couple;
