package org.espalier.template;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TemplateTest {

    private static final LocalDateTime NOW = LocalDateTime.of(2026, 1, 15, 12, 30, 5);

    /**
     * What Python 3.11 with Jinja2 3.1.6 makes of each template, in its immutable sandbox with {@code trim_blocks},
     * {@code lstrip_blocks}, loop controls, and the filters and functions that transformers adds; an error there is one here.
     */
    @TestFactory
    @SuppressWarnings("unchecked")
    Stream<DynamicTest> everyRowIsAsInJinja() throws IOException {
        ObjectMapper mapper = new ObjectMapper();
        JsonNode recorded;
        try (InputStream in = TemplateTest.class.getResourceAsStream("rendered.json")) {
            recorded = mapper.readTree(in);
        }
        Map<String, Object> given = mapper.convertValue(recorded.get("given"), Map.class);
        List<DynamicTest> tests = new ArrayList<>();
        for (var group : recorded.get("groups").properties()) {
            tests.add(DynamicTest.dynamicTest(
                    group.getKey(), () -> group.getValue().forEach(row -> requireRendered(row, given))));
        }
        assertEquals(11, tests.size());
        return tests.stream();
    }

    private static void requireRendered(JsonNode row, Map<String, Object> given) {
        String template = row.get("template").textValue();
        if (row.has("text")) {
            assertEquals(row.get("text").textValue(), render(template, given), template);
        } else {
            TemplateError error = assertThrows(TemplateError.class, () -> render(template, given), template);
            assertFalse(error.getMessage().isBlank(), template);
        }
    }

    /** Lines are counted in the template, also behind what is left out of the text. */
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "{{ x.y }};1",
                "|{% if true -%}||{{ 1 / 0 }}{% endif %};4",
                "{# a|b #}|{{ 1 }}|{% foo %};4",
                "{% macro m() %}|{{ x.y }}{% endmacro %}||{{ m() }};2",
                "{% raw %}|{% endraw %}{{ 'a|b'.index('c') }};3",
                "{% for x in [1] %}|{% set y = 1 %}|{{ y + 'a' }}|{% endfor %};3",
                "a|{{ 'b };2",
                "a|{% if x %}|b;3"
            })
    void errorsNameTheLine(String template, int line) {
        TemplateError error = assertThrows(TemplateError.class, () -> render(template.replace('|', '\n'), Map.of()));
        assertEquals(line, error.line(), error.getMessage());
    }

    /** Each would take hours, or more memory than there is. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}{% endfor %}{% endfor %}{% endfor %}",
                "{% for a in range(99999) %}{% for b in range(99999) if false %}{% endfor %}{% endfor %}",
                "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
                "{% macro m(n) %}{{ m(n - 1) ~ m(n - 1) if n }}{% endmacro %}{{ m(60) }}",
                "{% for x in [[]] recursive %}{{ loop([[]]) }}{% endfor %}",
                "{% set ns = namespace(x='ab') %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
                "{% set ns = namespace(x='ab') %}{% for i in range(99) %}{% set ns.x = ns.x.replace('a', ns.x) %}{% endfor %}",
                "{% set ns = namespace(x='ab') %}{% for i in range(99) %}{% set ns.x = ns.x.join(ns.x) %}{% endfor %}",
                "{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
                "{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
                "{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x | tojson }}",
                "{% set ns = namespace(x=[1], y=[1]) %}{% for i in range(99) %}{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x == ns.y }}",
                "{% set ns = namespace(x=[1]) %}{% for i in range(9999) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
                "{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}",
                "{% set ns = namespace(x=(1, 2)) %}{% for i in range(99) %}{% set ns.x = (ns.x, ns.x) %}{% endfor %}{{ {ns.x: 1} }}",
                "{{ 'a' * 9999999999 }}",
                "{{ [0] * 9999999999 }}",
                "{{ 'a'.center(9999999999) }}",
                "{{ '%9999999999d' % 1 }}",
                "{{ '{:999999999}'.format(1) }}",
                "{{ '%.99999999f' % 1.5 }}",
                "{{ 'a' | indent(999999999, true) }}",
                "{{ 10 ** (10 ** 10) }}",
                "{{ 2 ** 99999 }}",
                "{% set ns = namespace(x=3) %}{% for i in range(99999) %}{% set ns.x = ns.x * ns.x %}{% endfor %}",
                "{% set a = 'a' * 999999 %}{% for i in range(99999) %}{{ a.find('a' * 99999 + 'b') }}{% endfor %}",
                "{% set a = 'a' * 999999 %}{% for i in range(99999) %}{% set b = a.upper() %}{% endfor %}",
                "{% set a = 'a ' * 99999 %}{% for i in range(99999) %}{% set b = a.split() %}{% endfor %}",
                "{% set a = [1] * 99999 %}{% for i in range(99999) %}{% set b = a == [1] * 99999 %}{% endfor %}",
                "{% set a = [1] * 99999 %}{% for i in range(99999) %}{% set b = 2 in a %}{% endfor %}",
                "{% set a = 'a' * 999999 %}{% for i in range(99999) %}{% set b = a | length %}{% endfor %}",
                "{% set ns = namespace(g=[1]) %}{% for i in range(99999) %}{% set ns.g = ns.g | map('string') %}{% endfor %}{{ ns.g | list }}",
                "{{ strftime_now('%c' * 9999999) }}"
            })
    void whatHasNoEndIsGivenUp(String template) {
        TemplateError error = assertThrows(TemplateError.class, () -> render(template, Map.of()));
        assertTrue(
                error.getMessage().matches(".*(too (many|much|deeply|large|long)|many digits|malformed).*"),
                error.getMessage());
    }

    /** Brackets, operators and blocks inside each other, as many as fit a template. */
    @ParameterizedTest
    @CsvSource({
        "{{ , (, 1, ), }}",
        "{{ , [, 1, ], }}",
        "{{ , 'not ', 1, '', }}",
        "{{ , - , 1, '', }}",
        "{{ , 1 + , 1, '', }}",
        "{{ , a., b, '', }}",
        "{{ , '', a, | upper, }}",
        "{{ , '', a, (), }}",
        "{{ , '', a, [0], }}",
        "{{ , '1 if 1 else ', 1, '', }}",
        "{{ , '1 and ', 1, '', }}",
        "{% set , (, a, ), = 1 %}",
        "'', {% if 1 %}, x, {% endif %}, ''",
        "'', {% for x in y %}, x, {% endfor %}, ''",
        "'', {% macro m() %}, x, {% endmacro %}, ''"
    })
    void whatIsNestedTooDeeplyIsRefused(String begin, String open, String middle, String close, String end) {
        String template = begin + open.repeat(30_000) + middle + close.repeat(30_000) + end;
        TemplateError error = assertThrows(TemplateError.class, () -> render(template, Map.of()));
        assertTrue(error.getMessage().contains("nested too deeply"), error.getMessage());
    }

    /** Each has a hundred thousand of what a tag, a text or an expression may begin with. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{",
                "{%",
                "{{",
                "{#",
                "{% ",
                "{%-",
                "{% raw",
                "{% raw %}",
                "{% raw %}{% ",
                "{{ '",
                "{{ \"\\",
                "{{ a",
                "{{ 1",
                "{{ 1_",
                "{{ 1e",
                "{{ a.",
                "{{ a,",
                "{{ (",
                "{# #",
                "{% if a %}{% set b",
                "\n",
                "  \n",
                "{{ {",
                "{%+",
                "{%\n",
                "{{ [1,"
            })
    void anythingIsReadInTheTimeOfItsLength(String piece) {
        String text = piece.repeat(300_000 / piece.length());
        String numbered = Stream.iterate(0, i -> i + 1)
                .limit(10_000)
                .map(i -> piece + i)
                .reduce(new StringBuilder(), StringBuilder::append, StringBuilder::append)
                .toString();
        for (String template : List.of(text, numbered, piece + " ".repeat(300_000), "{% raw %}" + text)) {
            try {
                Template.parse(template);
            } catch (TemplateError e) {
                assertFalse(e.getMessage().isBlank());
            }
        }
    }

    /** Names in conditions are looked at once each, however many there are. */
    @Test
    void manyNamesAndConditionsAreReadOnceEach() {
        StringBuilder template = new StringBuilder();
        for (int i = 0; i < 20_000; i++) {
            template.append("{% if a %}{% set a").append(i).append("=1 %}{% endif %}");
        }
        assertEquals("", render(template.toString(), Map.of("a", 1)));
    }

    @Test
    void tooLongATemplateIsRefused() {
        assertThrows(TemplateError.class, () -> Template.parse("x".repeat((1 << 20) + 1)));
    }

    @Test
    void whatIsGivenMayBeOfAnyKind() {
        Map<String, Object> given = new HashMap<>();
        given.put("none", null);
        given.put("list", List.of(1, 2L, 2.5f, BigInteger.TEN, "x", true, Map.of(1, 2)));
        assertEquals("[1, 2, 2.5, 10, 'x', True, {1: 2}]", render("{{ list }}", given));
        assertThrows(IllegalArgumentException.class, () -> render("", Map.of("x", new Object())));
    }

    @Test
    void generatedPartsAreMarked() {
        String template = "a{% generation %}bc{% endgeneration %}d{% generation %}{% endgeneration %}";
        Rendered rendered = Template.parse(template).render(Map.of(), NOW);
        assertEquals("abcd", rendered.text());
        assertEquals(List.of(new Rendered.Span(1, 3), new Rendered.Span(4, 4)), rendered.generated());
        assertEquals(
                List.of(),
                Template.parse("{% set x %}" + template + "{% endset %}{{ x }}")
                        .render(Map.of(), NOW)
                        .generated());
    }

    /** A template keeps nothing of a rendering. */
    @Test
    void oneTemplateServesManyThreads() throws Exception {
        Template template = Template.parse("{% macro m(x) %}{% set y = x %}{{ y }}{% endmacro %}"
                + "{% set ns = namespace(s='') %}{% for i in range(50) %}{% set z | upper %}{{ m(t) }}{% endset %}"
                + "{% set ns.s = ns.s ~ z %}{% endfor %}{{ ns.s }}");
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Callable<String>> tasks = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                String letter = Character.toString('a' + i % 26);
                tasks.add(() -> template.render(Map.of("t", letter), NOW).text());
            }
            List<Future<String>> results = threads.invokeAll(tasks);
            for (int i = 0; i < results.size(); i++) {
                assertEquals(
                        Character.toString('A' + i % 26).repeat(50),
                        results.get(i).get());
            }
        }
    }

    private static String render(String template, Map<String, ?> given) {
        return Template.parse(template).render(given, NOW).text();
    }
}
