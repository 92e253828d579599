package org.espalier.tune;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.espalier.error.Failure;
import org.espalier.file.JsonRecordFile;
import org.espalier.file.JsonRecords;
import org.espalier.text.ChatTemplate;
import org.espalier.text.ChatTemplate.Message;

/** Texts made from JSON records. */
final class RecordExamples implements Examples {

    private static final String ASSISTANT = "assistant";
    /** The place of a record while nothing is wrong with it. */
    private static final String UNKNOWN = "a record";

    private final JsonRecordFile records;
    private final Maker maker;
    private final BrokenRecords broken;

    private RecordExamples(JsonRecordFile records, Maker maker, BrokenRecords broken) {
        this.records = records;
        this.maker = maker;
        this.broken = broken;
    }

    /**
     * The texts of a file.
     *
     * @param template for {@link ExampleFormat#CHAT}, else null
     */
    static RecordExamples open(
            Path file, ExampleFormat format, RecordFields fields, ChatTemplate template, BrokenRecords broken) {
        Maker maker = new Maker(format, fields, template);
        // Broken ones are not even counted, so that the draw is the same as if they were not in the file.
        return new RecordExamples(
                JsonRecordFile.open(file, broken, entry -> !broken.areSkipped() || maker.isSound(entry, broken)),
                maker,
                broken);
    }

    /** What a chat template refuses is named by the template; a person has to find the conversation. */
    private static Failure at(Failure failure, String place) {
        return failure.place().equals(UNKNOWN) || failure.place().equals(place)
                ? new Failure(failure.problem(), place, failure.advice(), failure)
                : new Failure(failure.problem() + ", in " + failure.place(), place, failure.advice(), failure);
    }

    @Override
    public int broken() {
        return broken.count();
    }

    @Override
    public int size() {
        return records.size();
    }

    @Override
    public Example get(int index) {
        ObjectNode node = records.get(index);
        try {
            // Its place takes a look at the whole file.
            return maker.make(node, UNKNOWN);
        } catch (Failure e) {
            Failure placed = at(e, records.place(index));
            broken.accept(placed);
            throw placed;
        }
    }

    @Override
    public void close() {
        records.close();
    }

    /** Makes texts from records. */
    private record Maker(ExampleFormat format, RecordFields fields, ChatTemplate template) {

        boolean isSound(JsonRecords.Entry entry, BrokenRecords broken) {
            try {
                make(entry.object(), entry.place());
                return true;
            } catch (Failure e) {
                broken.accept(at(e, entry.place()));
                return false;
            }
        }

        Example make(ObjectNode node, String place) {
            return switch (format) {
                case ALPACA -> instruction(node, place);
                case CHAT -> chat(node, place);
                default ->
                    has(node, "text")
                            ? Example.text(text(node, "text", place))
                            : has(node, "prompt")
                                    ? Example.answer(text(node, "prompt", place), text(node, "completion", place))
                                    : instruction(node, place);
            };
        }

        private Example instruction(ObjectNode node, String place) {
            String input =
                    node.path(fields.of("input")).isNull() || !has(node, "input") ? "" : text(node, "input", place);
            return Example.answer(
                    AlpacaTemplate.prompt(text(node, "instruction", place), input), text(node, "output", place));
        }

        private boolean has(ObjectNode node, String usual) {
            return node.has(fields.of(usual));
        }

        private String text(ObjectNode node, String usual, String place) {
            return Conversation.text(node, fields.of(usual), place);
        }

        /** What the template adds with an assistant's message counts, what it puts before that does not. */
        private Example chat(ObjectNode node, String place) {
            List<Message> messages = Conversation.of(node, fields.of("messages"), place);
            ChatTemplate.Written written = template.write(messages, false);
            return written.answers().isEmpty() ? byHeaders(messages, written.text(), place) : byMarks(written);
        }

        /** The template says itself what the model is to learn. */
        private static Example byMarks(ChatTemplate.Written written) {
            String whole = written.text();
            List<Example.Part> parts = new ArrayList<>();
            int done = 0;
            for (ChatTemplate.Span answer : written.answers()) {
                parts.add(new Example.Part(whole.substring(done, answer.start()), false));
                parts.add(new Example.Part(whole.substring(answer.start(), answer.end()), true));
                done = answer.end();
            }
            parts.add(new Example.Part(whole.substring(done), false));
            return new Example(parts, false);
        }

        private Example byHeaders(List<Message> messages, String whole, String place) {
            List<Example.Part> parts = new ArrayList<>();
            int done = 0;
            for (int i = 0; i < messages.size(); i++) {
                if (messages.get(i).role().equals(ASSISTANT)) {
                    int start = beginning(whole, template.render(messages.subList(0, i), true), place);
                    int end = beginning(whole, template.render(messages.subList(0, i + 1), false), place);
                    if (start < done || end < start) {
                        throw unordered(place);
                    }
                    parts.add(new Example.Part(whole.substring(done, start), false));
                    parts.add(new Example.Part(
                            whole.substring(start, end),
                            !messages.get(i).content().isBlank()));
                    done = end;
                }
            }
            parts.add(new Example.Part(whole.substring(done), false));
            return new Example(parts, false);
        }

        private static int beginning(String whole, String beginning, String place) {
            if (!whole.startsWith(beginning)) {
                throw unordered(place);
            }
            return beginning.length();
        }

        private static Failure unordered(String place) {
            return new Failure(
                    "the chat template changes what it wrote before when a message is added",
                    place,
                    "write the conversations out as prompt and completion, and use --format jsonl");
        }
    }
}
