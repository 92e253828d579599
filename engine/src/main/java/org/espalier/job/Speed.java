package org.espalier.job;

import java.util.function.Consumer;
import java.util.random.RandomGeneratorFactory;
import org.espalier.model.Generator;
import org.espalier.model.Model;

/** Measures a model's speed on random tokens; which tokens they are does not matter to speed. */
final class Speed implements AutoCloseable {

    private final Generator generator;
    private final int tokens;
    private final Consumer<Generator> work;

    private Speed(Model model, int tokens, Consumer<Generator> work) {
        this.generator = new Generator(model, tokens);
        this.tokens = tokens;
        this.work = work;
    }

    /** Reads {@code tokens} tokens as one prompt. */
    static Speed reading(Model model, int tokens, long seed) {
        int[] ids = ids(model, tokens, seed);
        return new Speed(model, tokens, generator -> generator.next(ids));
    }

    /** Writes {@code tokens} tokens one by one. */
    static Speed writing(Model model, int tokens, long seed) {
        int[] ids = ids(model, tokens, seed);
        return new Speed(model, tokens, generator -> {
            for (int id : ids) {
                generator.next(id);
            }
        });
    }

    /** Runs until the JVM has compiled what is hot: once, and on until {@code seconds} have passed. */
    void warmUp(int seconds) {
        long start = System.nanoTime();
        do {
            measure();
        } while (System.nanoTime() - start < seconds * 1_000_000_000L);
    }

    /** One measurement from an empty cache, in tokens a second. */
    double measure() {
        generator.rewind(0);
        long start = System.nanoTime();
        work.accept(generator);
        return tokens / ((System.nanoTime() - start) / 1e9);
    }

    @Override
    public void close() {
        generator.close();
    }

    private static int[] ids(Model model, int tokens, long seed) {
        return RandomGeneratorFactory.of("L64X128MixRandom")
                .create(seed)
                .ints(tokens, 0, model.config().vocab())
                .toArray();
    }
}
