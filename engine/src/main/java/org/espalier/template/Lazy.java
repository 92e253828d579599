package org.espalier.template;

import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.Function;
import java.util.function.Supplier;

/** Sequences whose elements are made when they are asked for, as those of Python's generators. */
final class Lazy {

    private Lazy() {}

    /** The elements of a list that is made when the first is asked for. */
    static Iterator<Object> of(Supplier<List<Object>> list) {
        return chained(() -> list.get().iterator());
    }

    /** The elements of a sequence that is begun when the first is asked for. */
    static Iterator<Object> chained(Supplier<Iterator<Object>> sequence) {
        return new Iterator<>() {
            private Iterator<Object> elements;

            @Override
            public boolean hasNext() {
                if (elements == null) {
                    elements = sequence.get();
                }
                return elements.hasNext();
            }

            @Override
            public Object next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                return elements.next();
            }
        };
    }

    /** What becomes of the elements of a sequence. */
    static <T> Iterator<Object> mapped(Iterator<T> elements, Function<T, Object> function) {
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return elements.hasNext();
            }

            @Override
            public Object next() {
                return function.apply(elements.next());
            }
        };
    }

    /** Gives the next element, or {@link Absent#VALUE} at the end. */
    interface Source {
        Object next();
    }

    /** The elements of a source. */
    static Iterator<Object> from(Source source) {
        return new Iterator<>() {
            private Object next = Absent.VALUE;
            private boolean ended;

            @Override
            public boolean hasNext() {
                if (!ended && next == Absent.VALUE) {
                    next = source.next();
                    ended = next == Absent.VALUE;
                }
                return !ended;
            }

            @Override
            public Object next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                Object element = next;
                next = Absent.VALUE;
                return element;
            }
        };
    }
}
