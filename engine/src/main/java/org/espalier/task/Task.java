package org.espalier.task;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.espalier.error.Failure;
import org.espalier.file.Sha256;

/** A task, as a harness asks it. */
public final class Task {

    private final TaskFile file;
    private final Harness harness;
    private final Prompt prompt;

    Task(TaskFile file, Harness harness) {
        this.file = file;
        this.harness = harness;
        this.prompt = new Prompt(file);
    }

    /** The name that it is asked for by. */
    public String name() {
        return file.name();
    }

    /** The name that it is shown under. */
    public String title() {
        return file.title();
    }

    /** Which harness asks. */
    public Harness harness() {
        return harness;
    }

    /** What is reported of it. */
    public List<TaskMeasure> measures() {
        return file.measures().reported();
    }

    /** Which measure goes into the average, as LLM-Pruner's paper takes it. */
    public TaskMeasure inAverage() {
        return file.measures().average();
    }

    /** Whether the last of equally likely choices is taken, not the first. */
    boolean lastOfEquals() {
        return file.measures().lastOfEquals();
    }

    /**
     * The first questions of its data, in the order of the file.
     *
     * @param data folder that holds a folder with the task's name
     * @param most of them
     * @throws Failure if there is no such data, no record in it, or a record is broken: with its line
     */
    public List<Question> questions(Path data, int most) {
        List<Question> questions = new ArrayList<>();
        for (TaskData.Subject subject : new TaskData(file, data).subjects()) {
            String shots = shots(subject);
            for (TaskData.Entry entry : subject.entries(most - questions.size())) {
                Prompt.Asked asked = prompt.asked(entry.fields(), entry.place());
                String before = prompt.instruction(entry.fields(), entry.place()) + shots;
                questions.add(new Question(
                        asked.contexts().stream().map(before::concat).toList(),
                        asked.choices().stream()
                                .map(file.prompt().delimiter()::concat)
                                .toList(),
                        asked.choices().stream()
                                .map(choice -> choice.codePointCount(0, choice.length()))
                                .toList(),
                        asked.right(),
                        entry.place()));
            }
        }
        if (questions.isEmpty()) {
            throw new Failure(
                    "no question of the task " + name() + " is there",
                    new TaskData(file, data).files().getFirst().toString(),
                    "fetch the file again");
        }
        return questions;
    }

    /**
     * SHA-256 of the file that its questions are from; of several that of the lines {@code HASH  NAME}.
     *
     * @param data as above
     * @throws Failure if it cannot be read
     */
    public String sha256(Path data) {
        return Sha256.ofFiles(new TaskData(file, data).files());
    }

    /** Questions with their answers, each followed by a separator. */
    private String shots(TaskData.Subject subject) {
        if (file.shots() == null) {
            return "";
        }
        StringBuilder text = new StringBuilder();
        for (TaskData.Entry entry : subject.shots(file.shots().count())) {
            Map<String, Object> fields = entry.fields();
            Prompt.Asked asked = prompt.asked(fields, entry.place());
            text.append(asked.contexts().getFirst())
                    .append(file.prompt().delimiter())
                    .append(asked.choices().get(asked.right()))
                    .append(file.shots().separator());
        }
        return text.toString();
    }
}
