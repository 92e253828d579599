package org.espalier.template;

import java.util.Iterator;

/**
 * A sequence that can be gone through once, as Python's generators: it has no length, and is true even if it is empty.
 *
 * @param typeName for messages
 */
record OneTime(String typeName, Iterator<Object> iterator) {

    static OneTime generator(Iterator<Object> iterator) {
        return new OneTime("generator", iterator);
    }
}
