package org.espalier.template;

/** An expression, ready to be evaluated. */
interface Value {
    Object in(Frame frame);
}
