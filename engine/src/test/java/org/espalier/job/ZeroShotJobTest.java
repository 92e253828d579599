package org.espalier.job;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.espalier.Shared;
import org.espalier.error.Failure;
import org.espalier.task.Harness;
import org.espalier.task.Task;
import org.espalier.task.Tasks;
import org.espalier.text.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Answers that are written, interrupted and gone on with. */
class ZeroShotJobTest {

    private static final int TIMES = 20;
    /** Of each task: 64 are answered together, and two are left. */
    private static final int QUESTIONS = 66;

    @TempDir
    private Path folder;

    /** Stands for a process that is killed. */
    private static final class Killed extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    private ZeroShotSettings settings(Path samples) {
        return ZeroShotSettings.on(Shared.path("data"))
                .tasks(List.of("winogrande", "openbookqa"))
                .limit(QUESTIONS)
                .samples(Destination.at(samples));
    }

    private static ZeroShotJob.Result run(ZeroShotSettings settings, Listener listener) {
        return run(Shared.path("models/stories260K"), settings, listener);
    }

    private static ZeroShotJob.Result run(Path model, ZeroShotSettings settings, Listener listener) {
        return new ZeroShotJob(new Engine(ComputeSettings.defaults(), listener), settings).run(model, Optional.empty());
    }

    private static void copyModel(Path to) throws IOException {
        try (Stream<Path> files = Files.list(Shared.path("models/stories260K"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, to.resolve(file.getFileName().toString()));
            }
        }
    }

    /** A listener that dies of the so-manieth report of progress. */
    private static Listener dyingAt(int report) {
        int[] heard = {0};
        return new Listener() {
            @Override
            public Progress begin(String name, String unit, long total) {
                return new Progress() {
                    @Override
                    public void advance(long more) {
                        if (++heard[0] == report) {
                            throw new Killed();
                        }
                    }

                    @Override
                    public void close() {}
                };
            }
        };
    }

    @Test
    void whereverItIsInterruptedTheAnswersAreTheSame() throws IOException {
        Path whole = folder.resolve("whole.jsonl");
        ZeroShotJob.Result expected = run(settings(whole), Listener.NONE);
        assertEquals(2, expected.scores().size());
        assertEquals(2 * QUESTIONS, Files.readAllLines(whole).size());
        assertFalse(Files.exists(AnswerJournal.beside(whole)));
        Random random = new Random(7);
        for (int time = 0; time < TIMES; time++) {
            Path samples = folder.resolve("resumed" + time + ".jsonl");
            assertThrows(Killed.class, () -> run(settings(samples), dyingAt(1 + random.nextInt(6))));
            assertFalse(Files.exists(samples));
            tear(AnswerJournal.beside(samples), random);
            ZeroShotJob.Result resumed = run(settings(samples).resume(true), Listener.NONE);
            assertArrayEquals(Files.readAllBytes(whole), Files.readAllBytes(samples), "time " + time);
            assertEquals(expected.average(), resumed.average());
            assertFalse(Files.exists(AnswerJournal.beside(samples)));
        }
    }

    /** What was written last may have been written in part. */
    private static void tear(Path file, Random random) throws IOException {
        try (RandomAccessFile journal = new RandomAccessFile(file.toFile(), "rw")) {
            long header = journal.readLine().length() + 1L;
            journal.setLength(Math.max(header, journal.length() - random.nextInt(12_000)));
        }
    }

    @Test
    void answersOfSomethingElseAreNotGoneOnWith() throws IOException {
        Path samples = folder.resolve("samples.jsonl");
        assertThrows(Killed.class, () -> run(settings(samples), dyingAt(3)));
        Failure begun = assertThrows(Failure.class, () -> run(settings(samples), Listener.NONE));
        assertTrue(begun.getMessage().contains("--resume"), begun::getMessage);
        Failure other = assertThrows(
                Failure.class, () -> run(settings(samples).limit(70).resume(true), Listener.NONE));
        assertTrue(other.getMessage().contains("of another model"), other::getMessage);
        Files.writeString(AnswerJournal.beside(samples), "{");
        other = assertThrows(Failure.class, () -> run(settings(samples).resume(true), Listener.NONE));
        assertTrue(other.getMessage().contains("of another model"), other::getMessage);
    }

    private ZeroShotSettings own(String delimiter, String context, String records) throws IOException {
        Files.writeString(folder.resolve("own.json"), """
                {"name": "own", "title": "Own", "data": {"files": ["questions.jsonl"]},
                 "prompt": {"context": "%s", "delimiter": "%s", "choices": ["{{ a }}", "cat"], "answer": "0"},
                 "measures": {"reported": ["acc", "acc_norm"], "average": "acc"}}""".formatted(context, delimiter));
        Files.createDirectories(folder.resolve("own"));
        Files.writeString(folder.resolve("own/questions.jsonl"), records);
        return ZeroShotSettings.on(folder)
                .tasks(List.of(folder.resolve("own.json").toString()))
                .samples(Destination.at(folder.resolve("samples.jsonl")));
    }

    @ParameterizedTest
    @EnumSource(Harness.class)
    void aChoiceThatIsNoTokenIsNamedWithItsLine(Harness harness) throws IOException {
        ZeroShotSettings settings =
                own("", "A", "{\"a\": \"dog\"}\n{\"a\": \"\"}\n").harness(harness);
        Failure failure = assertThrows(Failure.class, () -> run(settings, Listener.NONE));
        assertTrue(failure.getMessage().contains("choice 1 of the question, ''"), failure::getMessage);
        assertTrue(failure.getMessage().contains("questions.jsonl, line 2"), failure::getMessage);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aWeightThatIsNoNumberIsNamed(boolean byLayers) throws IOException {
        Path broken = Files.createDirectories(folder.resolve("broken"));
        copyModel(broken);
        Path weights = broken.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(weights);
        Arrays.fill(bytes, bytes.length - 64, bytes.length, (byte) 0xff);
        Files.write(weights, bytes);
        Task task = Tasks.named("piqa", Harness.CURRENT);
        try (OpenModel open = Engine.silent().open(broken);
                Tokenizer tokenizer = Tokenizer.open(open.path());
                AnswerMeter meter = new AnswerMeter(open, tokenizer, MemorySettings.defaults(), byLayers)) {
            Failure failure = assertThrows(
                    Failure.class,
                    () -> meter.answers(task, task.questions(Shared.path("data"), 2), List.of(), more -> {}));
            assertTrue(
                    failure.getMessage().matches("tensor '.*' holds numbers that are not finite.*"),
                    failure::getMessage);
        }
    }

    @Test
    void answersToAnotherPromptAreNotGoneOnWith() throws IOException {
        String records = "{\"a\": \"dog\"}\n";
        assertThrows(Killed.class, () -> run(own(" ", "A", records), dyingAt(2)));
        Failure other =
                assertThrows(Failure.class, () -> run(own(" ", "The", records).resume(true), Listener.NONE));
        assertTrue(other.getMessage().contains("of another model"), other::getMessage);
        assertEquals(
                1,
                run(own(" ", "A", records).resume(true), Listener.NONE).scores().size());
    }

    /** The journal of an interrupted run, with the line of one answer changed by hand. */
    private Failure changed(Path samples, String sought, String replacement) throws IOException {
        Path journal = AnswerJournal.beside(samples);
        String whole = Files.readString(journal);
        List<String> lines = new ArrayList<>(whole.lines().toList());
        String line = lines.get(2);
        lines.set(2, line.replaceFirst(sought, replacement));
        assertNotEquals(line, lines.get(2));
        Files.write(journal, lines);
        Failure failure =
                assertThrows(Failure.class, () -> run(settings(samples).resume(true), Listener.NONE));
        assertTrue(failure.place().endsWith(".part, line 3"), failure::getMessage);
        Files.writeString(journal, whole);
        return failure;
    }

    @Test
    void aLineThatWasChangedByHandIsNamed() throws IOException {
        Path samples = folder.resolve("samples.jsonl");
        assertThrows(Killed.class, () -> run(settings(samples), dyingAt(3)));
        for (String[] change : new String[][] {
            {"\"logprobs\"", "\"logprob\""},
            {"\\[.*\\]", "null"},
            {"\\[.*\\]", "[]"},
            {"\\[-", "[\"x\",-"},
            {"\\[-[0-9.]*", "[1e999"},
            {"\\[-[0-9.]*", "[true"},
            {"\"chosen\":\\d", "\"chosen\":7"},
            {"\"chosen_norm\":\\d", "\"chosen_norm\":-1"},
            {"\"target\":\\d", "\"target\":9"},
            {"\"greedy\":", "\"greedy\":0,\"x\":"},
            {"\\{", "{{"},
        }) {
            changed(samples, change[0], change[1]);
        }
        run(settings(samples).resume(true), Listener.NONE);
    }

    @Test
    void whatIsNoFileInPlaceOfTheAnswersIsNamed() throws IOException {
        Path samples = folder.resolve("samples.jsonl");
        Path journal = Files.createDirectory(AnswerJournal.beside(samples));
        for (boolean resume : new boolean[] {false, true}) {
            Failure failure =
                    assertThrows(Failure.class, () -> run(settings(samples).resume(resume), Listener.NONE));
            assertEquals(journal.toString(), failure.place());
            assertTrue(failure.oneLine().contains("--samples"), failure::oneLine);
        }
    }

    @Test
    void answersByAnotherTokenizerAreNotGoneOnWith() throws IOException {
        Path model = Files.createDirectories(folder.resolve("model"));
        copyModel(model);
        Path samples = folder.resolve("samples.jsonl");
        assertThrows(Killed.class, () -> run(model, settings(samples), dyingAt(3)));
        Path tokenizer = model.resolve("tokenizer.json");
        Files.writeString(tokenizer, Files.readString(tokenizer) + "\n");
        Failure other =
                assertThrows(Failure.class, () -> run(model, settings(samples).resume(true), Listener.NONE));
        assertTrue(other.getMessage().contains("another model or tokenizer"), other::getMessage);
    }

    @Test
    void samplesThatExistAreKept() throws IOException {
        Path samples = folder.resolve("samples.jsonl");
        Files.writeString(samples, "kept");
        Failure exists = assertThrows(Failure.class, () -> run(settings(samples), Listener.NONE));
        assertTrue(exists.getMessage().contains("output exists"), exists::getMessage);
        assertEquals("kept", Files.readString(samples));
    }
}
