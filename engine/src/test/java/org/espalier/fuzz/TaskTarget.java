package org.espalier.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.espalier.task.Harness;
import org.espalier.task.Tasks;

/** A task of one's own, and its records. */
final class TaskTarget implements Target {

    private static final String TASK = "own.json";
    private static final String RECORDS = "records.jsonl";
    private static final int MOST_QUESTIONS = 20;
    /** Each question has a budget of its own, as a conversation has. */
    private static final long MOST_BYTES = 2L << 30;

    @Override
    public String name() {
        return "task";
    }

    @Override
    public List<Input> seeds() {
        return List.of(seed("""
                        "prompt": {"context": "{{ q }} =", "choices": ["{{ a }}", "3"], "labels": "[\\"2\\", \\"3\\"]",
                                   "answer": "{{ right }}", "edits": ["\\\\s+", " "], "instruction": "Add.\\n"}"""), seed("""
                        "prompt": {"contexts": "{{ [q, q] | tojson }}", "choice_list": "{{ list | tojson }}",
                                   "answer": "{{ list.index(a) }}", "delimiter": ""},
                        "legacy": {"prompt": {"delimiter": " "}}"""), seed("""
                        "prompt": {"context": "{{ q[:2] }}", "choices": ["{{ q.split('+') | last }}", "x"], "answer": "0"},
                        "shots": {"files": ["records.jsonl"], "count": 1, "separator": "\\n"}"""));
    }

    private static Input seed(String prompt) {
        return Input.of(TASK, """
                        {"name": "own", "title": "Own", "data": {"files": ["records.jsonl"], "fields": ["q", "right"]},
                         "measures": {"reported": ["acc", "acc_norm"], "average": "acc"}, %s}""".formatted(prompt)).with(RECORDS, """
                        {"q": "1 + 1", "a": "2", "right": "2", "list": ["2", "3"]}
                        {"q": "1  + 2", "a": "3", "right": 3, "list": ["3", "4"]}
                        """);
    }

    @Override
    public boolean passesFirstCheck(Input input) {
        return FirstChecks.isJsonObject(input, TASK);
    }

    @Override
    public long mostBytes(Input input) {
        return MOST_BYTES;
    }

    @Override
    public void read(Path folder, Input input) throws IOException {
        Path data = Files.createDirectories(folder.resolve("own"));
        Files.write(data.resolve(RECORDS), input.file(RECORDS));
        for (Harness harness : Harness.values()) {
            Tasks.named(folder.resolve(TASK).toString(), harness).questions(folder, MOST_QUESTIONS);
        }
    }
}
