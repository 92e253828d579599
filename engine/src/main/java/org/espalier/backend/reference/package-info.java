/**
 * The operations once more in float64 and plain Java, slow and easy to read: what the other backends are tested against.
 * Only what opens a device depends on it.
 */
package org.espalier.backend.reference;
