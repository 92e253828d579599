/**
 * Training on the same tape: examples from files, LoRA adapters, the optimiser, learning rates, training of a new model.
 * Jobs depend on it.
 */
package org.espalier.tune;
