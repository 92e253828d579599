package org.espalier.bench;

import java.util.List;
import java.util.Set;
import java.util.function.IntFunction;
import org.espalier.model.Architectures;
import org.espalier.model.LoraConfig;
import org.espalier.model.Model;
import org.espalier.model.Packed;
import org.espalier.tune.LoraTrainer;

/** One update of rank-8 adapters beside all seven projections, with dropout, from sequences of one length that all count. */
final class LoraSpeed implements AutoCloseable {

    private static final LoraConfig LORA = new LoraConfig(8, 16, 0.05, Set.copyOf(Architectures.adapterTargets()));
    private static final double LEARNING_RATE = 3e-4;
    private static final long SEED = 42;

    private final Packed batch;
    private final LoraTrainer trainer;

    /** @param ids of so many tokens */
    LoraSpeed(Model model, int sequences, int length, IntFunction<int[]> ids) {
        batch = Packed.of(SpeedServer.cut(ids.apply(sequences * length), sequences, length));
        trainer = new LoraTrainer(model, LORA, batch, Long.MAX_VALUE, SEED);
    }

    /** Tokens of an update. */
    int tokens() {
        return batch.tokens();
    }

    /** Makes an update and returns the loss before it. */
    double update() {
        return trainer.step(List.of(batch), LEARNING_RATE, tokens -> {}).loss();
    }

    @Override
    public void close() {
        trainer.close();
    }
}
