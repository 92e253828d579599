package org.espalier.template;

/** How a statement ends. */
enum Flow {
    NEXT,
    BREAK,
    CONTINUE
}
