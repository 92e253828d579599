/**
 * Cuts what a selection removes out of a checkpoint, and fits what is left so that it makes up for what is gone. It knows
 * neither scores nor plans; only {@code job} calls it.
 */
package org.espalier.cut;
