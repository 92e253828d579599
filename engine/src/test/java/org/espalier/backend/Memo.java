package org.espalier.backend;

import java.util.function.Supplier;

/**
 * What is made when it is first asked for. So a list of cases costs next to nothing, and only those that run draw their
 * numbers.
 */
final class Memo<T> implements Supplier<T> {

    private Supplier<T> maker;
    private T made;

    Memo(Supplier<T> maker) {
        this.maker = maker;
    }

    @Override
    public T get() {
        if (maker != null) {
            made = maker.get();
            maker = null;
        }
        return made;
    }
}
