package org.espalier.job;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.espalier.file.Json;
import org.espalier.file.Output;
import org.espalier.file.Sha256;
import org.espalier.format.PeftAdapter;
import org.espalier.task.Answer;
import org.espalier.task.Question;
import org.espalier.task.Task;
import org.espalier.task.TaskScore;
import org.espalier.task.Tasks;
import org.espalier.text.Tokenizer;
import org.espalier.text.TokenizerFiles;

/**
 * Asks a model the questions of tasks without having shown it any, as EleutherAI's lm-evaluation-harness does: the choice that
 * the model finds likeliest is its answer.
 */
public final class ZeroShotJob {

    /**
     * What was measured.
     *
     * @param device that computed
     * @param scores one for each task, in the order of the settings
     */
    public record Result(String device, List<TaskScore> scores) {

        /** The mean of the tasks, of each the measure that LLM-Pruner's paper takes. */
        public double average() {
            return scores.stream().mapToDouble(TaskScore::inAverage).average().orElseThrow();
        }
    }

    private final Engine engine;
    private final ZeroShotSettings settings;

    /** Asks on the devices of {@code engine}, as {@code settings} say. */
    public ZeroShotJob(Engine engine, ZeroShotSettings settings) {
        this.engine = engine;
        this.settings = settings;
    }

    private record Asked(Task task, List<Question> questions) {}

    /**
     * Asks a model that it opens and closes again.
     *
     * @param model   a checkpoint folder or a GGUF file
     * @param adapter folder of a LoRA adapter in PEFT's form
     * @throws org.espalier.error.Failure if a task's data cannot be read, or the model gives no finite likelihood
     */
    public Result run(Path model, Optional<Path> adapter) {
        settings.requireSound();
        settings.samples().ifPresent(samples -> samples.requireFree(model, settings.data()));
        List<Asked> asked = asked();
        try (OpenModel open = engine.open(model, adapter)) {
            return measured(open, adapter, asked);
        }
    }

    private List<Asked> asked() {
        return Tasks.named(settings.tasks(), settings.harness()).stream()
                .map(task -> new Asked(task, task.questions(settings.data(), settings.limit())))
                .toList();
    }

    private Result measured(OpenModel open, Optional<Path> adapter, List<Asked> asked) {
        Optional<AnswerJournal> journal = settings.samples()
                .map(samples -> AnswerJournal.open(samples.path(), settings.resume(), identity(open, adapter, asked)));
        List<List<Answer>> answers = new ArrayList<>();
        try (Tokenizer tokenizer = Tokenizer.open(open.path());
                AnswerMeter meter = new AnswerMeter(
                        open, tokenizer, settings.memory(), Shared.of(engine, ModelPlace.of(open.path(), adapter)))) {
            for (Asked task : asked) {
                answers.add(answers(meter, task, journal));
            }
        }
        settings.samples().ifPresent(samples -> write(samples, asked, answers));
        journal.ifPresent(AnswerJournal::remove);
        List<TaskScore> scores = new ArrayList<>();
        for (int t = 0; t < asked.size(); t++) {
            scores.add(TaskScore.of(asked.get(t).task, answers.get(t)));
        }
        return new Result(open.backend().name(), scores);
    }

    private List<Answer> answers(AnswerMeter meter, Asked asked, Optional<AnswerJournal> journal) {
        List<Answer> answers = journal.map(kept -> kept.answers(asked.task, asked.questions, meter.together()))
                .orElse(List.of());
        try (Progress progress = engine.listener().begin(asked.task.name(), "questions", asked.questions.size())) {
            progress.advance(answers.size());
            return meter.answers(asked.task, asked.questions, answers, more -> {
                journal.ifPresent(kept -> kept.add(asked.task, more));
                progress.advance(more.size());
            });
        }
    }

    /** What answers are of: whatever would change one. */
    private ObjectNode identity(OpenModel open, Optional<Path> adapter, List<Asked> asked) {
        ObjectNode identity = Json.object();
        identity.put("model_sha256", open.checkpoint().sha256());
        adapter.ifPresent(folder -> identity.put("adapter_sha256", PeftAdapter.sha256(folder)));
        identity.put(
                "config_sha256",
                Sha256.ofTexts(List.of(open.checkpoint().config().toString())));
        identity.put("tokenizer_sha256", Sha256.ofContents(TokenizerFiles.of(open.path(), open.checkpoint())));
        identity.put("device", open.backend().name());
        identity.put("precision", engine.compute().precision().toString());
        identity.put("harness", settings.harness().toString());
        for (Asked task : asked) {
            identity.putObject(task.task.name())
                    .put("questions", task.questions.size())
                    .put("questions_sha256", sha256(task.questions));
        }
        return identity;
    }

    /** Of what is asked, wherever it came from. */
    private static String sha256(List<Question> questions) {
        return Sha256.ofTexts(questions.stream()
                .map(question -> List.of(question.contexts(), question.continuations(), question.right()))
                .map(List::toString)
                .toList());
    }

    private static void write(Destination samples, List<Asked> asked, List<List<Answer>> answers) {
        StringBuilder text = new StringBuilder();
        for (int t = 0; t < asked.size(); t++) {
            for (int i = 0; i < answers.get(t).size(); i++) {
                text.append(AnswerJournal.line(
                                asked.get(t).task, i, answers.get(t).get(i)))
                        .append('\n');
            }
        }
        Output.writeFile(samples.path(), samples.replace(), path -> Files.writeString(path, text));
    }
}
