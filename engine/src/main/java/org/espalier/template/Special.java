package org.espalier.template;

/** A value that only templates have: functions, macros, loops, namespaces. */
interface Special {

    /** Its kind, for messages. */
    String typeName();

    /**
     * As it prints.
     *
     * @param depth of the values that it stands in
     */
    String described(int depth);

    /** An attribute that templates can read, or {@link Absent#VALUE}. */
    default Object attribute(String name) {
        return Absent.VALUE;
    }

    /** How many elements it has, or -1. */
    default int size() {
        return -1;
    }
}
