package org.espalier.prune;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.Collectors;
import org.espalier.backend.Backend;
import org.espalier.backend.Queue;
import org.espalier.ffi.Failure;
import org.espalier.model.Llama.Recording;
import org.espalier.model.Model;
import org.espalier.model.Packed;
import org.espalier.tape.Executor;
import org.espalier.tape.Retention;

/** Scores units of a model. */
public final class ModelScores {

    private ModelScores() {
    }

    /**
     * How units are scored.
     *
     * @param criterion what is looked at
     * @param aggregate how members of a group become one
     * @param alignment how members of different lengths are laid beside each other
     * @param seed      for {@link Criterion#RANDOM}
     */
    public record Method(Criterion criterion, Aggregate aggregate, UnitScores.Alignment alignment, long seed) {
    }

    /**
     * Scores of every unit.
     *
     * @param calibration sequences of token ids of one length; the loss is the mean over all their predicted tokens. Not
     *                    looked at by criteria that need none
     * @throws Failure if calibration is needed and missing, or if a score is not a number
     */
    public static List<UnitScores> of(Model model, List<Units> units, Method method, List<int[]> calibration) {
        if (method.criterion() == Criterion.RANDOM) {
            RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(method.seed());
            return units.stream().map(u -> new UnitScores(u, random.doubles(u.count()).toArray())).toList();
        }
        Set<String> weights = units.stream().flatMap(u -> u.members().stream()).map(m -> m.tensor())
                .filter(t -> t.shape().rank() == 2).map(t -> t.name()).collect(Collectors.toSet());
        AxisScores axes = method.criterion().needsCalibration() ? taylor(model, method, weights, calibration)
                : magnitude(model, method, weights);
        List<UnitScores> scores = units.stream()
                .map(u -> UnitScores.of(u, axes, method.aggregate(), method.alignment())).toList();
        scores.forEach(ModelScores::check);
        return scores;
    }

    private static AxisScores taylor(Model model, Method method, Set<String> weights, List<int[]> calibration) {
        Packed packed = Packed.of(calibration);
        if (packed.counted() == 0) {
            throw new Failure("there is nothing to calibrate on", "criterion " + method.criterion(),
                    "give sequences of at least two tokens");
        }
        Recording recording = model.llama().loss(packed.tokens());
        Backend backend = model.backend();
        try (Queue queue = backend.newQueue();
                ScoreObserver observer = new ScoreObserver(backend, queue, method.criterion().saliency(), weights,
                        model.weights().tensors());
                Executor executor = new Executor(backend, recording.tape(), model.leaves(Map.of()), observer,
                        Retention.RECOMPUTE, observer)) {
            packed.feed(executor, recording);
            executor.forward(packed.sequences());
            executor.backward(1.0 / packed.counted(), false);
            return observer.scores();
        }
    }

    private static AxisScores magnitude(Model model, Method method, Set<String> weights) {
        AxisScores scores = new AxisScores();
        try (Queue queue = model.backend().newQueue()) {
            weights.stream().sorted().forEach(name -> ScoreObserver.score(model.backend(), queue,
                    method.criterion().saliency(), name, model.weights().tensor(name), null, scores));
        }
        return scores;
    }

    private static void check(UnitScores scores) {
        for (double score : scores.scores()) {
            if (!Double.isFinite(score)) {
                throw new Failure("a score is " + score, scores.units().group().name(),
                        "look for damaged weights, or calibrate on other text");
            }
        }
    }
}
