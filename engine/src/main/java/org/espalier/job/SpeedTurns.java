package org.espalier.job;

import java.util.ArrayList;
import java.util.List;

/** Speeds of models, measured in turns, so that what slows the machine slows all alike. */
final class SpeedTurns implements AutoCloseable {

    /** A test of a model, with what it gave so far. */
    private record Test(String model, String name, Speed speed, List<Double> samples) {}

    private final List<Test> tests = new ArrayList<>();

    /** Adds a test, which is closed with this. */
    void add(String model, String name, Speed speed) {
        tests.add(new Test(model, name, speed, new ArrayList<>()));
    }

    /** Runs every test until it is warm, then each once a turn. The speeds are in the order in which tests were added. */
    List<Speeds> measure(int warmUpSeconds, int turns, String name, Listener listener) {
        try (Progress progress = listener.begin(name, "runs", (long) tests.size() * turns)) {
            tests.forEach(test -> test.speed.warmUp(warmUpSeconds));
            for (int turn = 0; turn < turns; turn++) {
                for (Test test : tests) {
                    test.samples.add(test.speed.measure());
                    progress.advance(1);
                }
            }
        }
        return tests.stream()
                .map(test -> new Speeds(test.model, test.name, test.samples))
                .toList();
    }

    @Override
    public void close() {
        tests.forEach(test -> test.speed.close());
    }
}
