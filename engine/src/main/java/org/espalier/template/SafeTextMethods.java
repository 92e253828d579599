package org.espalier.template;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The methods of texts that need no escaping: what they give needs none either, what is put in is escaped. */
final class SafeTextMethods {

    /** Those that give parts of the text or the text in another case. */
    private static final Set<String> GIVING_TEXTS = Set.of(
            "upper",
            "lower",
            "casefold",
            "capitalize",
            "title",
            "swapcase",
            "strip",
            "lstrip",
            "rstrip",
            "removeprefix",
            "removesuffix",
            "split",
            "rsplit",
            "splitlines",
            "partition",
            "rpartition",
            "center",
            "ljust",
            "rjust",
            "zfill",
            "expandtabs");

    private static final Map<String, Builtin> PLAIN = TextMethods.all();

    private SafeTextMethods() {}

    static Map<String, Builtin> all() {
        Map<String, Builtin> methods = new HashMap<>();
        PLAIN.forEach((name, plain) -> methods.put(name, safe(plain)));
        methods.put("join", Builtin.of("join", "iterable", false, (budget, value, a) -> {
            List<Object> escaped = new ArrayList<>();
            Sequences.toList(a.get(0), budget)
                    .forEach(item -> escaped.add(Escaping.escaped(item).text()));
            Object joined = PLAIN.get("join").apply(budget, text(value), Given.of(escaped));
            return new SafeText((String) joined);
        }));
        methods.put(
                "replace",
                Builtin.of(
                        "replace",
                        "old new count?",
                        false,
                        (budget, value, a) -> new SafeText(TextParts.replace(
                                text(value),
                                a.text(0),
                                Escaping.escaped(a.get(1)).text(),
                                a.integer(2, -1),
                                budget))));
        return methods;
    }

    private static String text(Object value) {
        return ((SafeText) value).text();
    }

    private static Builtin safe(Builtin plain) {
        boolean gives = GIVING_TEXTS.contains(plain.name());
        return new Builtin(plain.name(), plain.parameters(), plain.byName(), (budget, value, arguments) -> {
            Object result = plain.body().apply(budget, text(value), arguments);
            return gives ? marked(result) : result;
        });
    }

    private static Object marked(Object result) {
        return switch (result) {
            case String text -> new SafeText(text);
            case List<?> list -> Lists.mapped(list, SafeTextMethods::marked);
            case Tuple tuple -> new Tuple(Lists.mapped(tuple.items(), SafeTextMethods::marked));
            default -> result;
        };
    }
}
