package org.espalier.template;

/** A text that needs no escaping in HTML; what is joined to it is escaped. */
record SafeText(String text) {}
