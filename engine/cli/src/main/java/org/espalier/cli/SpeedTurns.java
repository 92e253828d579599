package org.espalier.cli;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/** Speeds of models, measured in turns, so that what slows the machine slows all alike. */
final class SpeedTurns implements AutoCloseable {

    /**
     * A test of a model.
     *
     * @param model   its name
     * @param test    what it does, as llama.cpp names it: {@code pp512} reads 512 tokens, {@code tg128} writes 128
     * @param speed   does it
     * @param samples tokens a second, one a turn
     */
    record Series(String model, String test, Speed speed, List<Double> samples) {

        /** Turn by turn, how many times as fast as {@code other} this was. */
        List<Double> over(Series other) {
            return IntStream.range(0, samples.size())
                    .mapToObj(i -> samples.get(i) / other.samples.get(i))
                    .toList();
        }
    }

    private final List<Series> series = new ArrayList<>();

    /** Adds a test, which is closed with this. */
    void add(String model, String test, Speed speed) {
        series.add(new Series(model, test, speed, new ArrayList<>()));
    }

    /** Runs every test until it is warm, then each once a turn. */
    void measure(int warmUpSeconds, int turns, Progress progress) {
        series.forEach(one -> one.speed.warmUp(warmUpSeconds));
        for (int turn = 0; turn < turns; turn++) {
            for (Series one : series) {
                one.samples.add(one.speed.measure());
                progress.advance(1);
            }
        }
    }

    /** All tests, in the order in which they were added. */
    List<Series> series() {
        return Collections.unmodifiableList(series);
    }

    @Override
    public void close() {
        series.forEach(one -> one.speed.close());
    }
}
