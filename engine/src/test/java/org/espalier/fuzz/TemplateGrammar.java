package org.espalier.fuzz;

import java.util.random.RandomGenerator;

/** Writes pieces of chat templates that parse, most of them: statements and expressions of any shape. */
final class TemplateGrammar {

    private static final String[] NAMES = {
        "messages",
        "m",
        "x",
        "loop",
        "ns",
        "bos_token",
        "eos_token",
        "tools",
        "add_generation_prompt",
        "none",
        "true",
        "undefined_name"
    };
    private static final String[] FILTERS = {
        "abs",
        "attr('role')",
        "batch(2)",
        "capitalize",
        "center(9)",
        "count",
        "default('x')",
        "dictsort",
        "escape",
        "filesizeformat",
        "first",
        "float",
        "forceescape",
        "format(1)",
        "groupby('role')",
        "indent(2)",
        "int",
        "items",
        "join(',')",
        "last",
        "length",
        "list",
        "lower",
        "map('upper')",
        "map(attribute='role')",
        "max",
        "min",
        "pprint",
        "random",
        "reject",
        "rejectattr('role')",
        "replace('a', 'b')",
        "reverse",
        "round(2)",
        "safe",
        "select('string')",
        "selectattr('role', 'equalto', 'user')",
        "slice(2)",
        "sort",
        "string",
        "striptags",
        "sum",
        "title",
        "tojson",
        "tojson(indent=2)",
        "trim",
        "truncate(5)",
        "unique",
        "upper",
        "urlencode",
        "wordcount",
        "wordwrap(3)",
        "xmlattr"
    };
    private static final String[] TESTS = {
        "boolean",
        "callable",
        "defined",
        "divisibleby(2)",
        "even",
        "in [1]",
        "integer",
        "iterable",
        "lower",
        "mapping",
        "none",
        "number",
        "odd",
        "sameas none",
        "sequence",
        "string",
        "true",
        "undefined"
    };
    private static final String[] CALLS = {
        ".split(' ')",
        ".strip()",
        ".upper()",
        ".items()",
        ".get('role')",
        ".keys()",
        ".join(['a'])",
        ".startswith('a')",
        ".replace('', 'x')",
        ".format(1)",
        ".append(1)",
        ".pop()",
        ".index('a')",
        ".count('a')",
        ".zfill(9)",
        ".ljust(1000)",
        ".encode()",
        ".role",
        ".content",
        ".copy()",
        ".update({})",
        ".rsplit()",
        ".partition('a')",
        ".expandtabs(8)",
        ".splitlines()",
        "['role']",
        "[0]",
        "[-1]",
        "[::-1]",
        "[1:]",
        "[:9:2]",
        "()",
        "(1)",
        ".index0",
        ".x"
    };
    private static final String[] BINARY = {
        "+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", ">", "<=", ">=", "and", "or", "in", "not in"
    };
    private static final String[] NUMBERS = {
        "0",
        "1",
        "-1",
        "2",
        "7",
        "64",
        "1000",
        "1e3",
        "0.5",
        "1e308",
        "9223372036854775807",
        "99999999999999999999",
        "1_000"
    };

    private final RandomGenerator random;

    TemplateGrammar(RandomGenerator random) {
        this.random = random;
    }

    /** Text, an output, or a statement with what belongs to it. */
    String piece(int depth) {
        return switch (random.nextInt(depth > 0 ? 14 : 4)) {
            case 0 -> "a\n";
            case 1, 2 -> "{{ " + expression(3) + " }}";
            case 3 -> "{%- set " + pick("x", "y", "ns.a") + " = " + expression(2) + " -%}";
            case 4, 5 -> "{% for m in " + expression(2) + " %}" + piece(depth - 1) + "{% endfor %}";
            case 6 ->
                "{% for k, v in " + expression(1) + pick(".items()", "|dictsort", "") + " if " + expression(1) + " %}"
                        + piece(depth - 1) + "{% else %}" + piece(depth - 1) + "{% endfor %}";
            case 7, 8 ->
                "{% if " + expression(2) + " %}" + piece(depth - 1) + "{% elif " + expression(1) + " %}"
                        + piece(depth - 1) + "{% else %}" + piece(depth - 1) + "{% endif %}";
            case 9 ->
                "{% macro f(a, b=" + expression(1) + ") %}" + piece(depth - 1) + "{% endmacro %}{{ f(" + expression(1)
                        + ") }}";
            case 10 -> "{% set x %}" + piece(depth - 1) + "{% endset %}";
            case 11 -> "{% set ns = namespace(a=" + expression(1) + ") %}" + piece(depth - 1);
            case 12 -> "{% filter " + pick(FILTERS) + " %}" + piece(depth - 1) + "{% endfilter %}";
            default ->
                "{% for i in range(" + pick("3", "9", "50") + ") %}" + piece(depth - 1)
                        + pick("", "{% break %}", "{% continue %}", "{{ loop.index }}", "{{ loop.cycle(1, 2) }}")
                        + "{% endfor %}";
        };
    }

    String expression(int depth) {
        if (depth == 0) {
            return atom();
        }
        return switch (random.nextInt(11)) {
            case 0, 1, 2 -> expression(depth - 1) + "|" + pick(FILTERS);
            case 3, 4 -> expression(depth - 1) + pick(CALLS);
            case 5 -> "(" + expression(depth - 1) + " is " + pick("", "not ") + pick(TESTS) + ")";
            case 6 ->
                "(" + expression(depth - 1) + " if " + expression(depth - 1) + " else " + expression(depth - 1) + ")";
            case 7 -> "[" + expression(depth - 1) + ", " + expression(depth - 1) + "]";
            case 8 -> "{'a': " + expression(depth - 1) + ", 1: " + expression(depth - 1) + "}";
            default -> "(" + expression(depth - 1) + " " + pick(BINARY) + " " + expression(depth - 1) + ")";
        };
    }

    private String atom() {
        return switch (random.nextInt(8)) {
            case 0, 1 -> pick(NUMBERS);
            case 2 -> "'" + OddValues.text(random).replaceAll("['\\\\]", "") + "'";
            case 3 -> pick("'a b'", "'%s %d'", "'{}{0}'", "''", "'x' * 50", "[]", "{}", "(1,)", "range(5)");
            case 4 ->
                pick(
                        "raise_exception('x')",
                        "strftime_now('%Y-%m-%d %H')",
                        "dict(a=1)",
                        "cycler(1, 2)",
                        "joiner(',')",
                        "namespace()",
                        "lipsum()",
                        "[1, 2, 3]");
            default -> pick(NAMES);
        };
    }

    private String pick(String... choices) {
        return choices[random.nextInt(choices.length)];
    }
}
