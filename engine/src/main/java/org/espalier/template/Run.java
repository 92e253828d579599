package org.espalier.template;

import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** One use of a template: what it was given, where it is, and what it prints. */
final class Run {

    private final Map<String, Object> variables;
    private final LocalDateTime now;
    private final Budget budget;
    private final List<Rendered.Span> generated = new ArrayList<>();
    private final TextSink output;
    private boolean nested;
    private int line;

    Run(Map<String, Object> variables, LocalDateTime now, Budget budget) {
        this.variables = variables;
        this.now = now;
        this.budget = budget;
        this.output = new TextSink(budget);
    }

    Budget budget() {
        return budget;
    }

    /** What is found under a name outside of the template, or {@link Absent#VALUE}. */
    Object resolve(String name) {
        Object value = variables.get(name);
        return value != null || variables.containsKey(name) ? value : Globals.find(name, now);
    }

    TextSink output() {
        return output;
    }

    void line(int number) {
        line = number;
    }

    int line() {
        return line;
    }

    /** Notes that what was printed from {@code start} on is what a model is to learn. */
    void generated(int start, TextSink sink) {
        if (sink == output) {
            generated.add(new Rendered.Span(start, output.length()));
        } else {
            nested = true;
        }
    }

    Rendered result() {
        return new Rendered(output.text(), nested ? List.of() : List.copyOf(generated));
    }
}
