/**
 * What a model needs of a device: one interface for each family of operations, with shapes checked in one place before
 * any native code sees them. Implementations stand in the packages below; the tape and what is above it see these
 * interfaces alone.
 */
package org.espalier.backend;
