package org.espalier.template;

/** What can be called. */
interface Callable extends Special {

    Object call(Budget budget, Given given);

    @Override
    default String typeName() {
        return "function";
    }
}
