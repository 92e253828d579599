package org.espalier.fuzz;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.function.LongSupplier;
import org.espalier.error.Failure;
import org.espalier.ffi.NativeMemory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A reader that does what none may is found; one that accepts and refuses is not. */
class RunnerTest {

    private static final String FILE = "x.json";
    private static final Runner.Limits FEW = new Runner.Limits(200, 60_000_000_000L, 60_000_000_000L);
    private static final Runner.Limits SHORT = new Runner.Limits(200, 200_000_000, 1_000_000_000);

    /** What a reader does with a text. */
    private interface Reading {
        void read(String text) throws Exception;
    }

    /**
     * A reader of one small JSON file.
     *
     * @param elsewhere nanoseconds of computing by another process
     */
    private record Planted(Reading reading, LongSupplier elsewhere) implements Target {

        @Override
        public String name() {
            return "planted";
        }

        @Override
        public List<Input> seeds() {
            return List.of(Input.of(FILE, "{\"a\": [1, 2, {\"b\": \"c\"}], \"d\": null}"));
        }

        @Override
        public boolean passesFirstCheck(Input input) {
            return FirstChecks.isJsonObject(input, FILE);
        }

        @Override
        public long computedElsewhere() {
            return elsewhere.getAsLong();
        }

        @Override
        public void read(Path folder, Input input) throws Exception {
            reading.read(new String(Files.readAllBytes(folder.resolve(FILE)), StandardCharsets.UTF_8));
        }
    }

    private final List<Finding> found = new ArrayList<>();

    private Tally run(Runner.Limits limits, Reading reading) throws InterruptedException {
        return run(limits, new Planted(reading, () -> 0));
    }

    private Tally run(Runner.Limits limits, Planted target) throws InterruptedException {
        Runner runner = new Runner(target, 1, limits, found::add);
        runner.run(Long.MAX_VALUE / 4);
        return runner.tally();
    }

    @Test
    void aReaderThatAcceptsAndRefusesIsRight() throws InterruptedException {
        Tally tally = run(FEW, text -> {
            if (text.hashCode() % 2 == 0) {
                throw new Failure("odd", "here", "do something");
            }
        });
        assertEquals(200, tally.inputs());
        assertEquals(0, tally.findings());
        assertTrue(tally.accepted() > 0 && tally.accepted() < 200, "accepted " + tally.accepted());
        assertTrue(tally.past() > 100, "past the first check " + tally.past());
        assertEquals(List.of(), found);
    }

    /** Deeper than any stack. */
    private static int deep(int depth) {
        return depth == Integer.MAX_VALUE ? 0 : 1 + deep(depth + 1);
    }

    @ParameterizedTest
    @CsvSource({
        "throws, IllegalStateException in an unknown place",
        "overflows, StackOverflowError in an unknown place",
        "allocates, memory",
        "leaks, native memory is left",
        "loops, no end in an unknown place",
        "waits, no end in an unknown place"
    })
    void whatNoReaderMayDoIsFound(String deed, String kind) throws InterruptedException {
        CountDownLatch end = new CountDownLatch(1);
        List<NativeMemory> left = new ArrayList<>();
        Tally tally = run(deed.equals("loops") || deed.equals("waits") ? SHORT : FEW, text -> {
            // The right input is read as it should be.
            if (text.contains("\"d\": null")) {
                return;
            }
            switch (deed) {
                case "throws" -> throw new IllegalStateException("planted");
                case "overflows" -> assertEquals(0, deep(0));
                case "allocates" -> assertEquals(20 << 20, new long[20 << 20].length);
                case "leaks" -> left.add(NativeMemory.allocate(8, "planted"));
                case "loops" -> {
                    while (end.getCount() > 0) {
                        Thread.onSpinWait();
                    }
                }
                default -> end.await();
            }
        });
        end.countDown();
        left.forEach(NativeMemory::close);
        assertTrue(tally.findings() > 0, "nothing was found");
        assertTrue(found.getFirst().kind().startsWith(kind), found.getFirst().kind());
        assertFalse(found.getFirst().input().text(FILE).contains("\"d\": null"));
    }

    @Test
    void anotherProcessThatDoesNotEndIsFoundByWhatItComputes() throws InterruptedException {
        CountDownLatch end = new CountDownLatch(1);
        Runner.Limits patient = new Runner.Limits(200, 200_000_000, Long.MAX_VALUE);
        Tally tally = run(patient, new Planted(text -> end.await(), System::nanoTime));
        end.countDown();
        assertEquals(1, tally.findings());
        assertTrue(
                found.getFirst().kind().startsWith("no end"), found.getFirst().kind());
    }

    @Test
    void theSameSeedMakesTheSameInputs() {
        for (String name : List.of("x.json", "x.jsonl", "x.txt", "x.jinja", "x.gguf", "x.safetensors")) {
            byte[] content = "{\"a\": [1, 2, 3]}\n{% if x %}{{ y }}{% endif %}".getBytes(StandardCharsets.UTF_8);
            SplittableRandom first = new SplittableRandom(3);
            SplittableRandom second = new SplittableRandom(3);
            for (int i = 0; i < 200; i++) {
                assertArrayEquals(
                        Mutator.of(name).mutate(content, content, first),
                        Mutator.of(name).mutate(content, content, second),
                        name);
            }
        }
    }
}
