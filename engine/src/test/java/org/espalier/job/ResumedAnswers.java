package org.espalier.job;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import org.espalier.task.Answer;
import org.espalier.task.Question;
import org.espalier.task.Task;

/** The journal of an evaluation that is gone on with, for tests of other packages. */
public final class ResumedAnswers {

    private final AnswerJournal journal;

    private ResumedAnswers(AnswerJournal journal) {
        this.journal = journal;
    }

    /** Where the journal lies. */
    public static Path beside(Path samples) {
        return AnswerJournal.beside(samples);
    }

    /** Goes on with the journal that there is, or begins one. */
    public static ResumedAnswers of(Path samples, ObjectNode identity) {
        return new ResumedAnswers(AnswerJournal.open(samples, true, identity));
    }

    /** The answers that there are. */
    public List<Answer> answers(Task task, List<Question> questions, int together) {
        return journal.answers(task, questions, together);
    }

    /** Adds the next ones. */
    public void add(Task task, List<Answer> answers) {
        journal.add(task, answers);
    }
}
