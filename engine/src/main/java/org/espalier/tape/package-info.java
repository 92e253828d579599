/**
 * A forward pass recorded once as a list of operations in segments, and what can be done with the record: run it, walk it
 * backwards, cut parts out of it, run it segment by segment. It knows layers and branches of the residual stream, but no
 * family of models. Everything from {@code couple} and {@code model} upwards may depend on it.
 */
package org.espalier.tape;
