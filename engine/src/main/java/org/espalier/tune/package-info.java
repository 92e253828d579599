/**
 * Training on the same tape: examples from files; what is learned, adapters beside a model's weights or these themselves, from texts
 * or a teacher's predictions; the optimiser, learning rates, training of a new model. Jobs depend on it.
 */
package org.espalier.tune;
