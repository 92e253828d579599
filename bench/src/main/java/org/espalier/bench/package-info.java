/**
 * Benchmarks: operations under JMH, and whole passes, training and pruning for comparisons with other programs. Nothing
 * depends on it.
 */
package org.espalier.bench;
