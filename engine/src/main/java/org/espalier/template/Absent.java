package org.espalier.template;

/** What stands for a value where there is none. */
final class Absent {

    static final Object VALUE = new Object();

    private Absent() {}
}
