package org.espalier.template;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Function;

/** What a template sees as {@code loop}. */
final class LoopState implements Callable {

    /** Renders the body of a recursive loop over a value; the second argument is the depth, from 0. */
    interface Recursion {
        Object render(Object iterable, int depth);
    }

    private final Object iterable;
    private final Recursion recursion;
    private final int depth;
    private final Budget budget;
    private Iterator<Object> rest;
    private int index = -1;
    private int length = -1;
    private Object before = Absent.VALUE;
    private Object current = Absent.VALUE;
    /** The next element where it was looked at already. */
    private Object after = Absent.VALUE;

    private Object lastChanged = Absent.VALUE;

    /**
     * @param iterable  what is gone through
     * @param recursion null where the loop is not recursive
     */
    LoopState(Object iterable, Iterator<Object> elements, Recursion recursion, int depth, Budget budget) {
        this.iterable = iterable;
        this.rest = elements;
        this.recursion = recursion;
        this.depth = depth;
        this.budget = budget;
    }

    boolean advance() {
        if (peek() == Absent.VALUE) {
            return false;
        }
        before = current;
        current = after;
        after = Absent.VALUE;
        index++;
        return true;
    }

    Object current() {
        return current;
    }

    private Object peek() {
        if (after == Absent.VALUE && rest.hasNext()) {
            after = rest.next();
        }
        return after;
    }

    private int length() {
        if (length < 0) {
            length = Sequences.size(iterable);
        }
        if (length < 0) {
            List<Object> left = new ArrayList<>();
            while (rest.hasNext()) {
                budget.items(1);
                left.add(rest.next());
            }
            rest = left.iterator();
            length = left.size() + index + 1 + (after == Absent.VALUE ? 0 : 1);
        }
        return length;
    }

    @Override
    public int size() {
        return length();
    }

    @Override
    public String typeName() {
        return "LoopContext";
    }

    @Override
    public String described(int level) {
        return "<LoopContext " + (index + 1) + "/" + length() + ">";
    }

    @Override
    public Object attribute(String name) {
        return switch (name) {
            case "index" -> index + 1L;
            case "index0" -> (long) index;
            case "revindex" -> (long) length() - index;
            case "revindex0" -> (long) length() - index - 1;
            case "first" -> index == 0;
            case "last" -> peek() == Absent.VALUE;
            case "length" -> (long) length();
            case "depth" -> depth + 1L;
            case "depth0" -> (long) depth;
            case "previtem" -> index == 0 ? new Undefined("there is no previous item") : before;
            case "nextitem" -> peek() == Absent.VALUE ? new Undefined("there is no next item") : after;
            case "cycle" -> method("cycle", this::cycle);
            case "changed" -> method("changed", this::changed);
            default -> Absent.VALUE;
        };
    }

    private Callable method(String name, Function<List<Object>, Object> function) {
        return Builtin.of(name, "*", false, (r, value, a) -> {
                    if (!a.given().named().isEmpty()) {
                        throw new TemplateError("'" + name + "' takes no arguments by name");
                    }
                    return function.apply(a.all());
                })
                .boundTo(this);
    }

    private Object cycle(List<Object> items) {
        if (items.isEmpty()) {
            throw new TemplateError("'cycle' needs items");
        }
        return items.get(Math.floorMod(index, items.size()));
    }

    private Object changed(List<Object> values) {
        Object now = new Tuple(values);
        if (lastChanged != Absent.VALUE && Equality.equal(lastChanged, now, budget)) {
            return false;
        }
        lastChanged = now;
        return true;
    }

    @Override
    public Object call(Budget used, Given given) {
        if (recursion == null) {
            throw new TemplateError("a loop that calls itself needs the word 'recursive'");
        }
        if (given.positional().size() != 1 || !given.named().isEmpty()) {
            throw new TemplateError("'loop' takes what it goes through");
        }
        return recursion.render(given.positional().getFirst(), depth + 1);
    }
}
