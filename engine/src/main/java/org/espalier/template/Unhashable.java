package org.espalier.template;

/** A value that can be no key of a dict. */
interface Unhashable {}
