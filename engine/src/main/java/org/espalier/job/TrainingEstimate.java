package org.espalier.job;

import java.util.Optional;
import org.espalier.tune.TrainingMemory;
import org.espalier.tune.Update;

/** What a training will take, in words: memory before it begins, time after its first updates. */
final class TrainingEstimate {

    /** Updates after which the time of all is told; the first is slow. */
    private static final int MEASURED = 3;

    private double seconds;
    private int made;

    /** The memory; {@code weights} are the bytes of the model as it was. */
    static String of(TrainingMemory memory, long weights) {
        return "training takes about %s of memory: the model %s, what is learned %s, gradients %s, moments %s, %sactivations %s (%s)"
                .formatted(
                        Machine.size(weights + memory.total()),
                        Machine.size(weights),
                        Machine.size(memory.learned()),
                        Machine.size(memory.gradients()),
                        Machine.size(memory.moments()),
                        memory.best() == 0 ? "" : "the best so far %s, ".formatted(Machine.size(memory.best())),
                        Machine.size(memory.activations()),
                        memory.recomputed() ? "computed again on the way back" : "kept");
    }

    /** The time that all updates but the first take, once a few are made and there are more to come. */
    Optional<String> after(Update update, int steps) {
        made++;
        if (made > 1) {
            seconds += update.seconds();
        }
        int left = steps - update.step();
        if (made != MEASURED || left == 0) {
            return Optional.empty();
        }
        double each = seconds / (MEASURED - 1);
        return Optional.of("an update takes %.1f s: the %,d left some %s, and looks at held-out texts beside them"
                .formatted(each, left, duration(each * left)));
    }

    static String duration(double seconds) {
        return seconds < 90
                ? "%.0f s".formatted(seconds)
                : seconds < 5400 ? "%.0f min".formatted(seconds / 60) : "%.1f h".formatted(seconds / 3600);
    }
}
