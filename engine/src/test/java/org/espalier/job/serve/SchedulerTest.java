package org.espalier.job.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.espalier.backend.Sampling;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who joins when, on a model that only counts. */
@Timeout(60)
class SchedulerTest {

    private static final int VOCABULARY = 1000;

    /** The token after {@code n} is {@code n + 1}; remembers what it was asked, and checks where tokens stand. */
    private static final class Counting implements Decoding {

        private final int rows;
        private final int[] cache;
        private final List<List<Part>> runs = new ArrayList<>();
        private final CountDownLatch gate;
        private RuntimeException fault;

        Counting(int rows, CountDownLatch gate) {
            this.rows = rows;
            this.cache = new int[rows];
            this.gate = gate;
        }

        @Override
        public int rows() {
            return rows;
        }

        @Override
        public int vocabulary() {
            return VOCABULARY;
        }

        @Override
        public Next run(List<Part> parts) {
            try {
                gate.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            if (fault != null) {
                throw fault;
            }
            runs.add(parts);
            List<Integer> last = new ArrayList<>();
            for (Part part : parts) {
                for (int i = 0; i < part.ids().length; i++) {
                    cache[part.row() + part.cached() + i] = part.ids()[i];
                    if (i >= part.wanted()) {
                        last.add(part.ids()[i]);
                    }
                }
                for (int i = 1; i < part.cached() + part.ids().length; i++) {
                    assertEquals(cache[part.row()] + i, cache[part.row() + i], "another sequence's token in the cache");
                }
            }
            return new Next() {
                @Override
                public int best(int i) {
                    return last.get(i) + 1;
                }

                @Override
                public int sample(int i, Sampling sampling, int position) {
                    return last.get(i) + 1;
                }

                @Override
                public float[] logits(int i) {
                    float[] logits = new float[VOCABULARY];
                    logits[last.get(i) + 1] = 10;
                    return logits;
                }
            };
        }

        @Override
        public void close() {}
    }

    /** Keeps what it gets. */
    private static final class Kept implements TokenSink {

        private final List<TokenScore> prompt = new ArrayList<>();
        private final List<Integer> tokens = new ArrayList<>();
        private final CountDownLatch over = new CountDownLatch(1);
        private volatile boolean cancelled;
        private RuntimeException reason;

        @Override
        public void prompt(List<TokenScore> more) {
            prompt.addAll(more);
        }

        @Override
        public boolean token(TokenScore token) {
            tokens.add(token.id());
            return token.id() % 100 != 0;
        }

        @Override
        public void finished() {
            over.countDown();
        }

        @Override
        public void failed(RuntimeException why) {
            reason = why;
            over.countDown();
        }

        @Override
        public boolean cancelled() {
            return cancelled;
        }

        Kept await() throws InterruptedException {
            assertTrue(over.await(30, TimeUnit.SECONDS), "it does not end");
            return this;
        }
    }

    private static Running counting(int from, int length, int most, TokenSink sink) {
        int[] prompt = IntStream.range(from, from + length).toArray();
        return new Running(new Sequence(prompt, most, Optional.empty(), OptionalInt.empty(), false), sink);
    }

    private static CountDownLatch open() {
        return new CountDownLatch(0);
    }

    @Test
    void sequencesGoTogetherAndJoinAsOthersLeave() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        Counting model = new Counting(64, gate);
        try (Scheduler scheduler = new Scheduler(model, 3, 10)) {
            List<Kept> kept = IntStream.range(0, 7).mapToObj(i -> new Kept()).toList();
            for (int i = 0; i < 7; i++) {
                scheduler.submit(List.of(counting(10 * i + 1, 2 + i, 4 + i % 3, kept.get(i))));
            }
            gate.countDown();
            for (int i = 0; i < 7; i++) {
                int first = 10 * i + 3 + i;
                assertEquals(
                        IntStream.range(first, first + 4 + i % 3).boxed().toList(),
                        kept.get(i).await().tokens);
            }
        }
        assertTrue(model.runs.stream().anyMatch(parts -> parts.size() == 3), "never three together");
        assertTrue(model.runs.stream().allMatch(parts -> parts.size() <= 3), "more than three together");
    }

    @Test
    void longPromptsAreReadInPiecesWhileOthersWrite() throws Exception {
        Counting model = new Counting(4096, open());
        try (Scheduler scheduler = new Scheduler(model, 2, 10)) {
            Kept writing = new Kept();
            Kept reading = new Kept();
            scheduler.submit(List.of(counting(101, 1, 90, writing), counting(1, 600, 5, reading)));
            assertEquals(List.of(601, 602, 603, 604, 605), reading.await().tokens);
            assertEquals(90, writing.await().tokens.size());
        }
        assertTrue(
                model.runs.stream()
                        .allMatch(parts -> parts.stream()
                                        .mapToInt(part -> part.ids().length)
                                        .sum()
                                <= 512),
                "a run is too long");
    }

    @Test
    void sinkThatWantsNoMoreEndsASequence() throws Exception {
        try (Scheduler scheduler = new Scheduler(new Counting(64, open()), 2, 10)) {
            Kept kept = new Kept();
            scheduler.submit(List.of(counting(95, 3, 50, kept)));
            assertEquals(List.of(98, 99, 100), kept.await().tokens);
        }
    }

    @Test
    void promptIsScoredTokenByToken() throws Exception {
        try (Scheduler scheduler = new Scheduler(new Counting(2048, open()), 2, 10)) {
            Kept kept = new Kept();
            int[] prompt = IntStream.range(5, 905).toArray();
            scheduler.submit(
                    List.of(new Running(new Sequence(prompt, 0, Optional.empty(), OptionalInt.of(2), true), kept)));
            kept.await();
            assertEquals(
                    IntStream.of(prompt).boxed().toList(),
                    kept.prompt.stream().map(TokenScore::id).toList());
            assertTrue(kept.prompt.getFirst().logprob().isEmpty());
            double expected = 10 - Math.log(Math.exp(10) + VOCABULARY - 1);
            for (TokenScore score : kept.prompt.subList(1, 900)) {
                assertEquals(expected, score.logprob().orElseThrow(), 1e-9);
                assertEquals(score.id(), score.likeliest().getFirst().id());
            }
            assertTrue(kept.tokens.isEmpty());
        }
    }

    @Test
    void tooManyThatWaitAreRefused() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        try (Scheduler scheduler = new Scheduler(new Counting(64, gate), 1, 2)) {
            List<Kept> kept = IntStream.range(0, 4).mapToObj(i -> new Kept()).toList();
            // More than may wait, but none waits yet.
            scheduler.submit(kept.stream().map(sink -> counting(1, 2, 3, sink)).toList());
            Refused refused =
                    assertThrows(Refused.class, () -> scheduler.submit(List.of(counting(1, 2, 3, new Kept()))));
            assertEquals(Refused.Reason.BUSY, refused.reason());
            gate.countDown();
            for (Kept sink : kept) {
                sink.await();
            }
        }
    }

    /** Rows of those that nobody waits for are there for others. */
    @Test
    void cancelledSequencesLeave() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        try (Scheduler scheduler = new Scheduler(new Counting(100, gate), 4, 10)) {
            Kept cancelled = new Kept();
            Kept waiting = new Kept();
            scheduler.submit(List.of(counting(101, 10, 80, cancelled)));
            scheduler.submit(List.of(counting(201, 10, 80, waiting)));
            cancelled.cancelled = true;
            gate.countDown();
            assertEquals(80, waiting.await().tokens.size());
            assertTrue(cancelled.tokens.size() < 80);
        }
    }

    @Test
    void failureEndsWhatItIsAboutAndNothingElse() throws Exception {
        Counting model = new Counting(64, open());
        try (Scheduler scheduler = new Scheduler(model, 2, 10)) {
            model.fault = new IllegalStateException("the device is gone");
            Kept failed = new Kept();
            scheduler.submit(List.of(counting(1, 2, 3, failed)));
            assertEquals("the device is gone", failed.await().reason.getMessage());
            model.fault = null;
            Kept later = new Kept();
            scheduler.submit(List.of(counting(1, 2, 3, later)));
            assertEquals(List.of(3, 4, 5), later.await().tokens);
        }
    }

    @Test
    void closingCutsOffAndDrainingDoesNot() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        Scheduler scheduler = new Scheduler(new Counting(64, gate), 1, 10);
        Kept cut = new Kept();
        scheduler.submit(List.of(counting(1, 2, 3, cut), counting(1, 2, 3, cut)));
        scheduler.drain(Duration.ofMillis(1));
        assertThrows(Refused.class, () -> scheduler.submit(List.of(counting(1, 2, 3, new Kept()))));
        Thread closing = Thread.ofPlatform().start(scheduler::close);
        // It waits for the run that stands before the gate.
        while (closing.getState() != Thread.State.WAITING) {
            TimeUnit.MILLISECONDS.sleep(1);
        }
        gate.countDown();
        closing.join();
        assertTrue(cut.await().reason instanceof Refused);

        Scheduler drained = new Scheduler(new Counting(64, open()), 1, 10);
        Kept whole = new Kept();
        drained.submit(List.of(counting(1, 2, 20, whole)));
        drained.drain(Duration.ofSeconds(30));
        assertEquals(20, whole.tokens.size());
        drained.close();
    }
}
