/**
 * Shapes, stored types and buffers: what a tensor is, without any operation on it. It knows nothing else; every package
 * above may use it.
 */
package org.espalier.tensor;
