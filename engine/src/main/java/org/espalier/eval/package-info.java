/**
 * How good a model is: perplexity by the protocols that the field publishes. Jobs depend on it.
 */
package org.espalier.eval;
