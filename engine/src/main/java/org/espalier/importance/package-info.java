/**
 * What units and branches are worth, as data: criteria, scores of units, of branches and of single matrices, the file that
 * holds them, and what may go at all. {@code score} computes it, {@code plan} reads it.
 */
package org.espalier.importance;
