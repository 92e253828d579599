package org.espalier.bench;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.IntFunction;
import org.espalier.model.Architectures;
import org.espalier.model.LoraConfig;
import org.espalier.model.Model;
import org.espalier.model.Packed;
import org.espalier.tune.LearnedAdapter;
import org.espalier.tune.TrainingSettings;
import org.espalier.tune.Tuner;
import org.espalier.tune.TuningSettings;

/** One update of rank-8 adapters beside all seven projections, with dropout, from sequences of one length that all count. */
final class LoraSpeed implements AutoCloseable {

    private static final LoraConfig LORA = new LoraConfig(8, 16, 0.05, Set.copyOf(Architectures.adapterTargets()));
    private static final double LEARNING_RATE = 3e-4;
    private static final long SEED = 42;

    private final Packed batch;
    private final LearnedAdapter adapter;
    private final Tuner tuner;

    /** @param ids of so many tokens */
    LoraSpeed(Model model, int sequences, int length, IntFunction<int[]> ids) {
        batch = Packed.of(SpeedServer.cut(ids.apply(sequences * length), sequences, length));
        adapter = new LearnedAdapter(model, LORA, SEED);
        tuner = new Tuner(
                adapter,
                Optional.empty(),
                new TuningSettings(
                        1,
                        sequences,
                        sequences,
                        new TuningSettings.Rate(LEARNING_RATE, OptionalInt.empty(), TuningSettings.Fall.LINEAR),
                        TrainingSettings.plain(),
                        OptionalInt.empty(),
                        Long.MAX_VALUE,
                        SEED),
                batch);
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
        adapter.close();
    }
}
