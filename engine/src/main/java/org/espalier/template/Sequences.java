package org.espalier.template;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.IntFunction;

/** What can be gone through, counted and cut. */
final class Sequences {

    private Sequences() {}

    /**
     * The elements of a value.
     *
     * @throws TemplateError if it has none
     */
    static Iterator<Object> iterate(Object value) {
        return switch (value) {
            case String text -> characters(text);
            case SafeText safe -> characters(safe.text());
            case List<?> list -> cast(list);
            case Tuple tuple -> tuple.items().iterator();
            case Dict dict -> Lazy.mapped(dict.entries().iterator(), Dict.Entry::key);
            case DictView view -> view.elements();
            case Range range -> numbers(range);
            case OneTime once -> once.iterator();
            case Undefined missing -> Collections.emptyIterator();
            case null, default -> throw new TemplateError("'" + Types.name(value) + "' cannot be gone through");
        };
    }

    @SuppressWarnings("unchecked")
    private static Iterator<Object> cast(List<?> list) {
        return ((List<Object>) list).iterator();
    }

    private static Iterator<Object> characters(String text) {
        return new Iterator<>() {
            private int next;

            @Override
            public boolean hasNext() {
                return next < text.length();
            }

            @Override
            public Object next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                int start = next;
                next += Character.charCount(text.codePointAt(start));
                return text.substring(start, next);
            }
        };
    }

    private static Iterator<Object> numbers(Range range) {
        return new Iterator<>() {
            private int next;

            @Override
            public boolean hasNext() {
                return next < range.size();
            }

            @Override
            public Object next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                return range.get(next++);
            }
        };
    }

    /** Whether {@link #iterate} gives something. */
    static boolean isIterable(Object value) {
        return isIndexed(value)
                || value instanceof Dict
                || value instanceof DictView
                || value instanceof OneTime
                || value instanceof Undefined;
    }

    /** All elements of a value as a new list. */
    static List<Object> toList(Object value, Budget budget) {
        List<Object> list = new ArrayList<>();
        for (Iterator<Object> rest = iterate(value); rest.hasNext(); ) {
            budget.items(1);
            list.add(rest.next());
        }
        return list;
    }

    /** How many elements a value has, or -1 if it does not say. */
    static int size(Object value) {
        return switch (value) {
            case String text -> Characters.count(text);
            case SafeText safe -> Characters.count(safe.text());
            case List<?> list -> list.size();
            case Tuple tuple -> tuple.items().size();
            case Dict dict -> dict.size();
            case DictView view -> view.dict().size();
            case Range range -> range.size();
            case Undefined missing -> 0;
            case Special special -> special.size();
            case null, default -> -1;
        };
    }

    /**
     * How many elements a value has.
     *
     * @throws TemplateError if it does not say
     */
    static int length(Object value) {
        int size = size(value);
        if (size < 0) {
            throw new TemplateError("'" + Types.name(value) + "' has no length");
        }
        return size;
    }

    /** The element at an index that may count from the end; {@link Absent#VALUE} if there is none. */
    static Object at(Object value, int index) {
        int size = size(value);
        int place = index < 0 ? index + size : index;
        if (place < 0 || place >= size) {
            return Absent.VALUE;
        }
        return switch (value) {
            case String text -> Characters.between(text, place, place + 1);
            case SafeText safe -> Characters.between(safe.text(), place, place + 1);
            case List<?> list -> list.get(place);
            case Tuple tuple -> tuple.items().get(place);
            case Range range -> range.get(place);
            default -> Absent.VALUE;
        };
    }

    /** Whether elements can be had by their index. */
    static boolean isIndexed(Object value) {
        return value instanceof String
                || value instanceof SafeText
                || value instanceof List<?>
                || value instanceof Tuple
                || value instanceof Range;
    }

    /** {@code value[start:stop:step]}; null where nothing is given. */
    static Object slice(Object value, Object start, Object stop, Object step, Budget budget) {
        if (value instanceof Undefined missing) {
            throw missing.used();
        }
        if (!isIndexed(value)) {
            throw new TemplateError("'" + Types.name(value) + "' cannot be cut");
        }
        int size = size(value);
        int stride = step == null ? 1 : Integers.index(step);
        if (stride == 0) {
            throw new TemplateError("the step of a slice is 0");
        }
        int first = bound(start, size, stride, stride > 0 ? 0 : size - 1);
        int last = bound(stop, size, stride, stride > 0 ? size : -1);
        int count = (int)
                Math.max(0, stride > 0 ? ceil((long) last - first, stride) : ceil((long) first - last, -(long) stride));
        budget.characters(count);
        return switch (value) {
            case String text -> cut(text, first, stride, count);
            case SafeText safe -> cut(safe.text(), first, stride, count);
            case List<?> list -> pick(i -> list.get(first + i * stride), count);
            case Tuple tuple -> new Tuple(pick(i -> tuple.items().get(first + i * stride), count));
            case Range range ->
                new Range(
                        range.start() + first * range.step(),
                        range.start() + last * range.step(),
                        range.step() * stride,
                        count);
            default -> throw new IllegalStateException("not indexed");
        };
    }

    /** An index that may count from the end, within a size. */
    static int bound(int index, int size) {
        return Math.clamp(index < 0 ? (long) index + size : index, 0, size);
    }

    private static long ceil(long distance, long step) {
        return distance <= 0 ? 0 : (distance + step - 1) / step;
    }

    private static int bound(Object given, int size, int step, int absent) {
        if (given == null) {
            return absent;
        }
        long index = Integers.index(given);
        index = index < 0 ? index + size : index;
        return (int) (step > 0 ? Math.clamp(index, 0, size) : Math.clamp(index, -1, size - 1L));
    }

    private static List<Object> pick(IntFunction<Object> items, int count) {
        List<Object> list = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            list.add(items.apply(i));
        }
        return list;
    }

    private static String cut(String text, int first, int step, int count) {
        if (step == 1) {
            return Characters.between(text, first, first + count);
        }
        int[] characters = text.codePoints().toArray();
        StringBuilder out = new StringBuilder(count);
        for (int i = 0; i < count; i++) {
            out.appendCodePoint(characters[first + i * step]);
        }
        return out.toString();
    }
}
