package org.espalier.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.espalier.error.Failure;
import org.espalier.model.Continuation.Likelihood;
import org.espalier.task.Answer;
import org.espalier.task.Harness;
import org.espalier.task.Question;
import org.espalier.task.Task;
import org.espalier.task.TaskScore;
import org.espalier.task.Tasks;

/** A task of one's own with the records that it makes questions of, as both harnesses ask it; and what answers are worth. */
final class TaskTarget implements Target {

    private static final String FILE = TaskMutator.FILE;
    private static final int MOST_QUESTIONS = 20;

    /** A text of a question may have a million characters, and each template allocates what {@link TemplateTarget} says. */
    private static final long MOST_BYTES = 2L << 30;

    @Override
    public String name() {
        return "task";
    }

    @Override
    public List<Input> seeds() {
        return List.of(
                Input.of(FILE, """
                        {"name": "own", "title": "Own", "data": {"files": ["x.jsonl"], "fields": ["passage", "question.stem"]},
                         "prompt": {"context": "{{ passage }}\\nQuestion: {{ question.stem }}?", "delimiter": "  ",
                                    "choices": ["no", "{{ question.yes|lower }}"], "answer": "{{ answer|int }}"},
                         "measures": {"reported": ["acc", "acc_norm"], "average": "acc_norm"},
                         "legacy": {"prompt": {"choices": ["yes", "no"], "answer": "{{ 1 - answer|int }}"},
                                    "measures": {"last_of_equals": true}}}""").with("x.jsonl", """
                        {"passage": "It rains.", "question": {"stem": "is it wet", "yes": "YES"}, "answer": true}
                        {"passage": "It is dry.", "question": {"stem": "is it wet", "yes": "Yes"}, "answer": false}
                        """),
                Input.of(FILE, """
                        {"name": "subjects", "title": "Subjects",
                         "data": {"files": ["*_test.csv"], "columns": ["question", "A", "B", "answer"]},
                         "prompt": {"instruction": "About {{ subject|replace('_', ' ') }}.\\n\\n",
                                    "context": "{{ question.strip() }}\\nA. {{ A }}\\nB. {{ B }}\\nAnswer:",
                                    "choices": ["A", "B"], "labels": "[\\"A\\", \\"B\\"]", "answer": "{{ answer }}"},
                         "measures": {"reported": ["acc"], "average": "acc"},
                         "shots": {"files": ["*_dev.csv"], "count": 2, "separator": "\\n\\n"}}""")
                        .with("of_rain_test.csv", "Is it wet?,yes,\"no, never\",A\n\"Is \"\"it\"\" dry?\",yes,no,B\n")
                        .with("of_rain_dev.csv", "Does it rain?,yes,no,B\nDid it?,a,b,A\n"),
                Input.of(FILE, """
                        {"name": "lists", "title": "Lists", "data": {"files": ["y.json", "x.json"]},
                         "prompt": {"context": "{{ stem }}",
                                    "choice_list": "{{ choices|map(attribute='text')|list|tojson }}",
                                    "labels": "{{ choices|map(attribute='label')|list|tojson }}", "answer": "{{ key }}",
                                    "edits": ["^\\\\s+|\\\\s+$", "", " \\\\[title\\\\]", ". ", "\\\\[.*?\\\\]", "", "(a+) +b", "$1"]},
                         "measures": {"reported": ["acc"], "average": "acc"}}""").with("x.json", """
                        [{"stem": " aaa [title] a  b ", "choices": [{"text": "x [y]", "label": "A"}, {"text": "z", "label": "B"}],
                          "key": "B"}]"""),
                Input.of(FILE, """
                        {"name": "ends", "title": "Ends", "data": {"files": ["x.jsonl"]},
                         "prompt": {"contexts": "{{ [text, text|upper]|tojson }}", "delimiter": "",
                                    "choice_list": "[\\" dog\\", \\" cat\\"]", "answer": "{{ right }}"},
                         "measures": {"reported": ["acc", "perplexity"], "average": "perplexity"}}""").with("x.jsonl", """
                        {"text": "The tail wags the", "right": 0}
                        """));
    }

    @Override
    public boolean passesFirstCheck(Input input) {
        return FirstChecks.isJsonObject(input, FILE);
    }

    @Override
    public long mostBytes(Input input) {
        return MOST_BYTES;
    }

    @Override
    public void read(Path folder, Input input) throws IOException {
        Failure refusal = null;
        for (Harness harness : Harness.values()) {
            try {
                read(folder, Tasks.named(folder.resolve(FILE).toString(), harness));
            } catch (Failure e) {
                refusal = e;
            }
        }
        if (refusal != null) {
            throw refusal;
        }
    }

    /** A task's data lie in a folder that has its name: here another name of the folder that has all files. */
    private static void read(Path folder, Task task) throws IOException {
        Path data = Files.createDirectories(folder.resolve("data"));
        Optional<Path> link = link(data, task.name(), folder);
        try {
            score(task, task.questions(data, MOST_QUESTIONS));
        } finally {
            for (Path path : link.isPresent() ? List.of(link.get(), data) : List.of(data)) {
                Files.delete(path);
            }
        }
    }

    /** Nothing where no folder can have this name: that is the reader's to say. */
    private static Optional<Path> link(Path data, String name, Path folder) {
        try {
            return Optional.of(Files.createSymbolicLink(data.resolve(name), folder));
        } catch (IOException | InvalidPathException e) {
            return Optional.empty();
        }
    }

    private static void score(Task task, List<Question> questions) {
        List<Answer> answers = new ArrayList<>();
        for (Question question : questions) {
            List<Likelihood> likelihoods = new ArrayList<>();
            for (int choice = 0; choice < question.continuations().size(); choice++) {
                likelihoods.add(new Likelihood(-question.context(choice).length() - choice, choice == 0));
            }
            answers.add(Answer.of(task, question, likelihoods));
        }
        TaskScore.of(task, answers).inAverage();
    }
}
