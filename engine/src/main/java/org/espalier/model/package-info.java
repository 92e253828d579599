/**
 * Models of any family: the configuration that all have in common, recorded passes, weights on a device, generation, and the
 * walk of the residual stream through a model's branches. Families stand in {@code model.arch} and are found by
 * {@link org.espalier.model.Architectures}. Everything that works with a model depends on it.
 */
package org.espalier.model;
