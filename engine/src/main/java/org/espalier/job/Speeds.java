package org.espalier.job;

import java.util.List;
import java.util.stream.IntStream;

/**
 * How fast a model did one test, measured several times.
 *
 * @param model   its name
 * @param test    what it did, as llama.cpp names it: {@code pp512} reads 512 tokens, {@code tg128} writes 128
 * @param samples tokens a second, one a turn
 */
public record Speeds(String model, String test, List<Double> samples) {

    public Speeds {
        samples = List.copyOf(samples);
    }

    /** Turn by turn, how many times as fast as {@code other} this was; both took the same turns. */
    public Speeds over(Speeds other) {
        return new Speeds(
                model + " / " + other.model,
                test,
                IntStream.range(0, samples.size())
                        .mapToObj(i -> samples.get(i) / other.samples.get(i))
                        .toList());
    }

    /** The mean of all samples. */
    public double mean() {
        return samples.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    }

    /** The middle one, or the mean of the two in the middle: what a disturbance of some measurements does not change. */
    public double median() {
        List<Double> sorted = samples.stream().sorted().toList();
        return (sorted.get((sorted.size() - 1) / 2) + sorted.get(sorted.size() / 2)) / 2;
    }

    /** Standard deviation of a sample; 0 for a single measurement. */
    public double deviation() {
        double mean = mean();
        double squares =
                samples.stream().mapToDouble(s -> (s - mean) * (s - mean)).sum();
        return samples.size() < 2 ? 0 : Math.sqrt(squares / (samples.size() - 1));
    }
}
