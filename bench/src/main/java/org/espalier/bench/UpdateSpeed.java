package org.espalier.bench;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.espalier.model.Architectures;
import org.espalier.model.LoraConfig;
import org.espalier.model.Model;
import org.espalier.model.Packed;
import org.espalier.tune.Learned;
import org.espalier.tune.LearnedAdapter;
import org.espalier.tune.LearnedWeights;
import org.espalier.tune.Teacher;
import org.espalier.tune.TrainingSettings;
import org.espalier.tune.Tuner;
import org.espalier.tune.TuningSettings;

/**
 * One update from sequences of one length that all count: of rank-8 adapters with dropout beside all seven projections, or of
 * all weights; by the sequences' own tokens, or by what the model itself, as a teacher that is computed anew, predicts.
 */
final class UpdateSpeed implements AutoCloseable {

    private static final LoraConfig LORA = new LoraConfig(8, 16, 0.05, Set.copyOf(Architectures.adapterTargets()));
    private static final Pattern TEST = Pattern.compile("(taught-)?(lora|full)([1-9][0-9]{0,4})x([1-9][0-9]{0,4})");
    private static final double LEARNING_RATE = 3e-4;
    private static final long SEED = 42;

    private final Packed batch;
    private final Learned learned;
    private final Optional<Teacher> teacher;
    private final Tuner tuner;

    /**
     * @param test {@code lora4x128} for 4 sequences of 128 tokens, {@code taught-full4x128} and so on
     * @param ids  of so many tokens
     */
    UpdateSpeed(Model model, String test, IntFunction<int[]> ids) {
        Matcher parts = TEST.matcher(test);
        if (!parts.matches()) {
            throw new IllegalArgumentException("no such test: " + test);
        }
        int sequences = Integer.parseInt(parts.group(3));
        int length = Integer.parseInt(parts.group(4));
        boolean full = parts.group(2).equals("full");
        batch = Packed.of(SpeedServer.cut(ids.apply(sequences * length), sequences, length));
        learned = full ? new LearnedWeights(model) : new LearnedAdapter(model, LORA, SEED);
        teacher = Optional.ofNullable(parts.group(1)).map(taught -> new Teacher(model, 1));
        tuner = new Tuner(
                learned,
                teacher,
                new TuningSettings(
                        1,
                        sequences,
                        sequences,
                        new TuningSettings.Rate(LEARNING_RATE, OptionalInt.empty(), TuningSettings.Fall.LINEAR),
                        full ? TrainingSettings.allWeights() : TrainingSettings.plain(),
                        OptionalInt.empty(),
                        OptionalInt.empty(),
                        Long.MAX_VALUE,
                        SEED),
                batch);
    }

    /** Whether there is a test of this name. */
    static boolean knows(String test) {
        return TEST.matcher(test).matches();
    }

    /** Tokens of an update. */
    int tokens() {
        return batch.tokens();
    }

    /** Makes an update and returns the loss before it. */
    double update() {
        return tuner.step(List.of(batch), LEARNING_RATE, tokens -> {}).loss();
    }

    @Override
    public void close() {
        tuner.close();
        teacher.ifPresent(Teacher::close);
        learned.close();
    }
}
