package org.espalier.fuzz;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.espalier.error.Failure;
import org.espalier.text.ChatTemplate;
import org.espalier.tune.BrokenRecords;
import org.espalier.tune.ExampleFile;
import org.espalier.tune.ExampleFormat;
import org.espalier.tune.Examples;
import org.espalier.tune.RecordFields;

/** A file of examples to learn from, in one of the forms that it may have. */
final class ExamplesTarget implements Target {

    private static final int MOST_EXAMPLES = 50;
    private static final ChatTemplate TEMPLATE = new ChatTemplate(
            "{% for m in messages %}[{{ m['role'] }}]{{ m['content'] }}{{ eos_token }}{% endfor %}"
                    + "{% if add_generation_prompt %}[assistant]{% endif %}",
            "", ".");

    private final ExampleFormat format;
    private final String file;
    private final List<String> contents;

    private ExamplesTarget(ExampleFormat format, String file, String... contents) {
        this.format = format;
        this.file = file;
        this.contents = List.of(contents);
    }

    static List<Target> all() {
        return List.of(
                new ExamplesTarget(ExampleFormat.ALPACA, "x.json", """
                        [{"instruction": "Add.", "input": "1 1", "output": "2"},
                         {"instruction": "Sing.", "input": "", "output": "La"}, {"instruction": "Wait.", "output": " "}]"""),
                new ExamplesTarget(ExampleFormat.JSONL, "x.jsonl", """
                        {"prompt": "1 + 1 =", "completion": " 2"}

                        {"text": "Once."}
                        {"instruction": "Sing.", "output": "La"}
                        """),
                new ExamplesTarget(ExampleFormat.CHAT, "x.jsonl", """
                        {"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}, \
                        {"role": "assistant", "content": "A"}]}
                        {"messages": [{"role": "user", "content": "V"}, {"role": "assistant", "content": ""}]}
                        {"conversations": [{"from": "human", "value": "U"}, {"from": "gpt", "value": "A"}]}
                        """),
                new ExamplesTarget(
                        ExampleFormat.TEXT,
                        "x.txt",
                        "One day.\nIt rained.\n<|endoftext|>\nAnother.\n<|endoftext|>\n",
                        "One day.\nIt rained.\n\nAnother.\n",
                        "One.\nTwo.\nThree.\n"));
    }

    @Override
    public String name() {
        return "data-" + format;
    }

    @Override
    public List<Input> seeds() {
        return contents.stream().map(content -> Input.of(file, content)).toList();
    }

    @Override
    public boolean passesFirstCheck(Input input) {
        return switch (format) {
            case ALPACA -> JsonMutator.tree(input.file(file)) != null;
            case TEXT -> TextTarget.isText(input.file(file));
            default ->
                input.text(file)
                        .lines()
                        .filter(line -> !line.isBlank())
                        .limit(1)
                        .anyMatch(
                                line -> JsonMutator.tree(line.getBytes(StandardCharsets.UTF_8)) instanceof ObjectNode);
        };
    }

    @Override
    public void read(Path folder, Input input) {
        Path path = folder.resolve(file);
        Failure refusal = null;
        try {
            every(ExampleFile.read(path, format, RecordFields.AS_USUAL, () -> TEMPLATE, BrokenRecords.refused()));
        } catch (Failure e) {
            refusal = e;
        }
        every(ExampleFile.read(path, format, RecordFields.AS_USUAL, () -> TEMPLATE, BrokenRecords.skipped()));
        if (refusal != null) {
            throw refusal;
        }
    }

    private static void every(Examples opened) {
        try (Examples examples = opened) {
            for (int i = 0; i < Math.min(MOST_EXAMPLES, examples.size()); i++) {
                Objects.requireNonNull(examples.get(i));
            }
        }
    }
}
