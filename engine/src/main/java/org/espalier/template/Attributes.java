package org.espalier.template;

import java.math.BigInteger;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** {@code a.name} and {@code a[key]} as Jinja2's immutable sandbox finds them. */
final class Attributes {

    /** The methods of texts that look into what they are given. */
    private static final Map<String, Builtin> FORMATS = Map.of(
            "format", Builtin.of("format", "*", false, (budget, value, a) -> format(value, a.given(), budget)),
            "format_map", Builtin.of("format_map", "mapping", false, Attributes::formatMap));

    private static final BraceFormat.Lookup LOOKUP = new BraceFormat.Lookup() {
        @Override
        public Object attribute(Object object, String name) {
            return Attributes.attribute(object, name);
        }

        @Override
        public Object item(Object object, Object key) {
            return Attributes.item(object, key);
        }
    };

    /** What even a value that is not there has; it may be asked for, but not used. */
    private static final String CLASS = "__class__";

    private Attributes() {}

    private static Object format(Object text, Given given, Budget budget) {
        if (text instanceof SafeText safe) {
            return new SafeText(new BraceFormat(given, Escaping::escaped, LOOKUP, budget).format(safe.text()));
        }
        return new BraceFormat(given, value -> value, LOOKUP, budget).format((String) text);
    }

    private static Object formatMap(Budget budget, Object text, Builtin.Bound a) {
        if (!(a.get(0) instanceof Dict dict)) {
            throw new TemplateError("'format_map' takes a dict");
        }
        budget.items(dict.size());
        Map<String, Object> named = new HashMap<>();
        for (Dict.Entry entry : dict.entries()) {
            if (Equality.isText(entry.key())) {
                named.put(Texts.of(entry.key()), entry.value());
            }
        }
        return format(text, new Given(List.of(), named), budget);
    }

    /** {@code object.name}: an attribute, else an item. */
    static Object attribute(Object object, String name) {
        Object value = own(object, name);
        if (value == Absent.VALUE && object instanceof Dict dict) {
            Dict.Entry entry = dict.get(name);
            return entry == null ? absent(object, name) : entry.value();
        }
        return value == Absent.VALUE ? absent(object, name) : value;
    }

    /** {@code object[key]}: an item, else an attribute. */
    static Object item(Object object, Object key) {
        switch (object) {
            case Undefined missing -> throw missing.used();
            case Dict dict -> {
                Dict.Entry entry = Keys.isPossible(key) ? dict.get(key) : null;
                if (entry != null) {
                    return entry.value();
                }
            }
            case null, default -> {
                if (Integers.isInteger(key) && Sequences.isIndexed(object)) {
                    Object value = Sequences.at(object, Integers.index(key));
                    return value == Absent.VALUE ? absent(object, key) : value;
                }
            }
        }
        Object value = Equality.isText(key) ? own(object, Texts.of(key)) : Absent.VALUE;
        return value == Absent.VALUE ? absent(object, key) : value;
    }

    private static Undefined absent(Object object, Object key) {
        return new Undefined(
                Equality.isText(key)
                        ? "'" + Types.name(object) + "' has no attribute '" + Texts.of(key) + "'"
                        : "'" + Types.name(object) + "' has no such element");
    }

    /** An attribute in the narrow sense: a method or what belongs to a kind of values; else {@link Absent#VALUE}. */
    static Object own(Object object, String name) {
        if (object instanceof Undefined missing && !name.equals(CLASS)) {
            throw missing.used();
        }
        if (isInternal(name)) {
            return unsafe(object, name);
        }
        if (name.startsWith("_")) {
            return Absent.VALUE;
        }
        Object special = switch (object) {
            case Special one -> one.attribute(name);
            case Tuple tuple -> {
                int index = tuple.names().indexOf(name);
                yield index < 0 ? Absent.VALUE : tuple.items().get(index);
            }
            case Range range -> ofRange(range, name);
            case Double number -> ofNumber(number, 0.0, name);
            case Long number -> ofInteger(number, name);
            case BigInteger number -> ofInteger(number, name);
            case Boolean truth -> ofInteger(Integers.small(truth), name);
            case null, default -> Absent.VALUE;
        };
        if (special != Absent.VALUE) {
            return special;
        }
        if (Equality.isText(object) && FORMATS.containsKey(name)) {
            return FORMATS.get(name).boundTo(object);
        }
        Methods.Table methods = Methods.of(object);
        if (methods.refused().contains(name)) {
            return unsafe(object, name);
        }
        Builtin method = methods.methods().get(name);
        return method == null ? Absent.VALUE : method.boundTo(object);
    }

    private static boolean isInternal(String name) {
        return name.startsWith("__") && name.endsWith("__");
    }

    private static Undefined unsafe(Object object, String name) {
        return new Undefined("templates may not use '" + name + "' of '" + Types.name(object) + "'");
    }

    private static Object ofRange(Range range, String name) {
        return switch (name) {
            case "start" -> range.start();
            case "stop" -> range.stop();
            case "step" -> range.step();
            default -> Absent.VALUE;
        };
    }

    private static Object ofInteger(Object number, String name) {
        return switch (name) {
            case "numerator" -> number;
            case "denominator" -> 1L;
            default -> ofNumber(number, 0L, name);
        };
    }

    private static Object ofNumber(Object number, Object imaginary, String name) {
        return switch (name) {
            case "real" -> number;
            case "imag" -> imaginary;
            default -> Absent.VALUE;
        };
    }

    /** A dotted path of items, as filters take it: {@code a.0.b}, or one index. */
    static Object path(Object object, Object path, Budget budget) {
        if (!Equality.isText(path)) {
            return item(object, path);
        }
        budget.steps(Texts.of(path).length() / 8);
        Object value = object;
        for (String part : List.of(Texts.of(path).split("\\.", -1))) {
            boolean digits = !part.isEmpty() && part.chars().allMatch(c -> c >= '0' && c <= '9');
            value = item(value, digits ? Integers.parse(part, 10) : part);
        }
        return value;
    }

    /** Calls a value. */
    static Object call(Object function, Given given, Budget budget) {
        budget.steps(1 + given.positional().size() + given.named().size());
        return switch (function) {
            case Callable callable -> callable.call(budget, given);
            case Undefined missing -> throw missing.used();
            case null, default -> throw new TemplateError("'" + Types.name(function) + "' cannot be called");
        };
    }

    /** Whether {@link #call} would do something. */
    static boolean isCallable(Object value) {
        return value instanceof Callable || value instanceof Undefined;
    }
}
