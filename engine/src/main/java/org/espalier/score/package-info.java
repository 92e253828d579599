/**
 * Computes what units are worth: observers of a walk over calibration text that see weights, activations and gradients of one
 * layer at a time. It knows neither plans nor files that are cut; only {@code job} calls it.
 */
package org.espalier.score;
