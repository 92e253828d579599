package org.espalier.task;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.espalier.error.Failure;
import org.espalier.template.Template;
import org.espalier.template.TemplateError;

/** Makes questions of records, as a task's file says. */
final class Prompt {

    private static final ObjectMapper MAPPER = new ObjectMapper();
    /** No template asks for the time. */
    private static final LocalDateTime NOW = LocalDateTime.of(2000, 1, 1, 0, 0);

    private final TaskFile.Form form;
    private final List<String> fields;
    private final Template context;
    private final List<Template> choices;
    private final Template labels;
    private final Template answer;
    private final Template instruction;
    private final List<Edit> edits;

    /** A question before shots are put in front. */
    record Asked(List<String> contexts, List<String> choices, int right) {}

    Prompt(TaskFile file) {
        this.form = file.prompt();
        this.fields = file.data().fields();
        context = Template.parse(form.context() == null ? form.contexts() : form.context());
        choices = Optional.ofNullable(form.choices()).orElseGet(() -> List.of(form.choiceList())).stream()
                .map(Template::parse)
                .toList();
        labels = form.labels() == null ? null : Template.parse(form.labels());
        answer = Template.parse(form.answer());
        instruction = Template.parse(form.instruction());
        edits = Edit.of(form.edits());
    }

    /** What stands before everything. */
    String instruction(Map<String, Object> record, String place) {
        // Jinja leaves out a line feed at the end of a template; the harness keeps it.
        String lineFeed = form.instruction().endsWith("\n") ? "\n" : "";
        return text(instruction, record, place) + lineFeed;
    }

    /**
     * The question of a record.
     *
     * @throws Failure if the record lacks a field, or its answer is none of its choices
     */
    Asked asked(Map<String, Object> record, String place) {
        fields.forEach(field -> requireField(record, field, place));
        String before = text(context, record, place);
        List<String> contexts = form.context() != null ? List.of(before) : list(before, place);
        List<String> texts = form.choices() == null
                ? list(text(choices.getFirst(), record, place), place)
                : choices.stream().map(choice -> text(choice, record, place)).toList();
        if (contexts.size() != 1 && contexts.size() != texts.size()) {
            throw new Failure(
                    "the record makes " + contexts.size() + " contexts of " + texts.size() + " choices",
                    place,
                    "correct the task's file or the record");
        }
        int right = right(record, texts.size(), place);
        return new Asked(
                contexts.stream().map(text -> edited(text, place)).toList(),
                texts.stream().map(text -> edited(text, place)).toList(),
                right);
    }

    private static void requireField(Map<String, Object> record, String field, String place) {
        Object value = record;
        for (String part : field.split("\\.")) {
            value = value instanceof Map<?, ?> map ? map.get(part) : null;
        }
        if (value == null) {
            throw new Failure("the record has no field '" + field + "'", place, "correct the file or fetch it again");
        }
    }

    private int right(Map<String, Object> record, int count, String place) {
        String named = text(answer, record, place).strip();
        int right = labels == null
                ? index(named)
                : list(text(labels, record, place), place).indexOf(named);
        if (right < 0 || right >= count) {
            throw new Failure(
                    "the right answer '" + named + "' is none of the " + count + " choices",
                    place,
                    "correct the file or fetch it again");
        }
        return right;
    }

    private static int index(String text) {
        return text.matches("\\d{1,9}") ? Integer.parseInt(text) : -1;
    }

    private String edited(String text, String place) {
        String edited = text;
        for (Edit edit : edits) {
            edited = edit.in(edited, place);
        }
        return edited;
    }

    private static String text(Template template, Map<String, Object> record, String place) {
        try {
            return template.render(record, NOW).text();
        } catch (TemplateError e) {
            throw new Failure(
                    "the record does not make a question: " + e.getMessage(),
                    place,
                    "correct the file or fetch it again",
                    e);
        }
    }

    private static List<String> list(String json, String place) {
        try {
            List<String> texts = new ArrayList<>();
            for (JsonNode text : MAPPER.readTree(json)) {
                texts.add(text.asText());
            }
            return texts;
        } catch (JsonProcessingException e) {
            throw new Failure(
                    "the record does not make a list of choices", place, "correct the file or fetch it again", e);
        }
    }
}
