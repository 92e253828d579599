package org.espalier.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.espalier.error.Failure;
import org.espalier.job.ComputeSettings;
import org.espalier.job.ModelPlace;
import org.espalier.job.Work;
import org.espalier.job.WorkPlace;
import org.espalier.job.Workers.Held;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What workers keep open, lose and make again. */
class StationTest {

    private static final AtomicInteger OPENED = new AtomicInteger();
    private static final AtomicInteger CLOSED = new AtomicInteger();

    /** Adds up what it is given, and fails at 13. */
    private record Adding(int start) implements Work<Integer, Integer> {

        @Override
        public List<ModelPlace> models() {
            return List.of();
        }

        @Override
        public Opened<Integer, Integer> open(WorkPlace place) {
            OPENED.incrementAndGet();
            return new Opened<>() {
                private int sum = start;

                @Override
                public Integer compute(Integer piece) {
                    if (piece == 13) {
                        throw new Failure("13 is unlucky", "piece " + piece, "leave it out");
                    }
                    sum += piece;
                    return sum;
                }

                @Override
                public void close() {
                    CLOSED.incrementAndGet();
                }
            };
        }
    }

    @AfterEach
    void everythingIsClosed() {
        Station.closeAll();
        assertEquals(OPENED.get(), CLOSED.get());
    }

    private static SparkWorkers workers(int parts) {
        return OneSession.workers(ComputeSettings.defaults(), parts);
    }

    @Test
    void worksStayOpenBetweenPieces() {
        int before = OPENED.get();
        List<Integer> sums = new ArrayList<>();
        workers(1).compute("sums", new Adding(0), List.of(1, 2, 3), sums::add);
        workers(1).compute("sums", new Adding(0), List.of(4), sums::add);
        assertEquals(List.of(1, 3, 6, 10), sums);
        assertEquals(1, OPENED.get() - before);
    }

    @Test
    void aPieceThatCannotBeDoneIsNamed() {
        List<Integer> sums = new ArrayList<>();
        Failure failure = assertThrows(
                Failure.class, () -> workers(3).compute("sums", new Adding(0), List.of(1, 2, 13, 4), sums::add));
        assertEquals("13 is unlucky (piece 13): leave it out", failure.oneLine());
    }

    /** As after a worker was lost: what it held is made again of all questions. */
    @Test
    void whatWasLostIsMadeAgain() {
        try (Held<Integer, Integer> held = workers(2).hold("sums", List.of(new Adding(100), new Adding(200)))) {
            assertEquals(List.of(101, 201), held.ask(1));
            assertEquals(List.of(103, 203), held.ask(2));
            int before = OPENED.get();
            Station.closeAll();
            assertEquals(List.of(106, 206), held.ask(3));
            assertEquals(2, OPENED.get() - before);
            assertEquals(List.of(110, 210), held.ask(4));
            assertEquals(2, OPENED.get() - before);
        }
    }

    @Test
    void anExceptionOfAWorkerIsOneLine() {
        Failure failure =
                assertThrows(Failure.class, () -> workers(1).compute("sums", new Adding(0), nothing(), sum -> {}));
        assertTrue(failure.oneLine().startsWith("workers cannot do their part, "), failure::oneLine);
    }

    private static List<Integer> nothing() {
        List<Integer> nothing = new ArrayList<>();
        nothing.add(null);
        return nothing;
    }
}
