package org.espalier.job;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.espalier.backend.LossOps;
import org.espalier.couple.Selection;
import org.espalier.error.Failure;
import org.espalier.importance.Calibration;
import org.espalier.importance.Rankings;
import org.espalier.plan.Allocation.Normalise;
import org.espalier.plan.Budget;
import org.espalier.plan.Plan;
import org.espalier.plan.Planner;
import org.espalier.tune.LearnedGates;
import org.espalier.tune.Look;
import org.espalier.tune.Sample;
import org.espalier.tune.Teacher;
import org.espalier.tune.TrainingData;
import org.espalier.tune.TrainingSettings;
import org.espalier.tune.Tuning;
import org.espalier.tune.TuningSettings;

/**
 * Learns what to keep from what the dense model predicts: gates begin in the order of scores, and at every update those are
 * open that the budget leaves.
 */
final class GateLearning {

    /** One of so many sequences is held out. */
    private static final int HELD_OUT = 8;
    /** Sequences of an update. */
    private static final int BATCH = 8;
    /** No norm is clipped: AdamW evens gradients of single units out. */
    private static final TrainingSettings OPTIMIZER = new TrainingSettings(0.9, 0.999, 1e-8, 0, 0);

    private final OpenModel open;
    private final Budget budget;
    private final Normalise normalise;
    private final GateSettings settings;
    private final long seed;
    private final Listener listener;

    /**
     * @param budget    for gates, whose numbers compare as they are
     * @param normalise what scores are divided by
     */
    GateLearning(
            OpenModel open, Budget budget, Normalise normalise, GateSettings settings, long seed, Listener listener) {
        this.open = open;
        this.budget = budget;
        this.normalise = normalise;
        this.settings = settings;
        this.seed = seed;
        this.listener = listener;
    }

    /** Under which gates are learned. */
    Budget budget() {
        return budget;
    }

    /**
     * What was chosen.
     *
     * @param selection what goes
     * @param record    how gates were learned
     */
    record Chosen(Selection selection, Plan.Gates record) {}

    /**
     * Learns gates.
     *
     * @param planner under {@link #budget}
     * @param scores  to begin with
     * @param gone    what goes whatever gates learn
     * @throws Failure if there are too few sequences, units that no gate is known for, or a loss that is not finite
     */
    Chosen choose(Planner planner, Rankings scores, Selection gone, Calibration calibration) {
        RankedGates ranked = new RankedGates(open.model().structure(), scores);
        Map<String, double[]> start = ranked.start(normalise);
        TrainingData data = data(calibration);
        try (LearnedGates learned = new LearnedGates(
                        open.model(),
                        ranked.gates(),
                        start,
                        numbers -> ranked.factors(planner.select(ranked.rankings(numbers), gone, 1)));
                Teacher teacher = new Teacher(open.model(), 1)) {
            Tuning tuning = new Tuning(learned, Optional.of(teacher), data, tuningSettings(data));
            Tuning.Result result = learn(tuning);
            List<Look> looks = result.history().looks();
            double before = looks.getFirst().loss();
            double after = looks.getLast().loss();
            listener.note("gates take the divergence from %.4f to %.4f on text held out, before anything is fitted"
                    .formatted(before, after));
            boolean better = result.keptStep() > 0;
            if (!better) {
                listener.note("kept what scores choose: gates found nothing better");
            }
            return new Chosen(
                    planner.select(ranked.rankings(better ? learned.mean() : start), gone, 1),
                    new Plan.Gates(result.tokens(), result.steps(), settings.rate(), before, better ? after : before));
        }
    }

    private Tuning.Result learn(Tuning tuning) {
        try (TrainingWatch watch = TrainingWatch.begin(
                listener,
                "learning gates",
                tuning.totalTokens(),
                open.checkpoint().weightBytes())) {
            return tuning.train(watch);
        }
    }

    private TrainingData data(Calibration calibration) {
        List<Sample> training = new ArrayList<>();
        List<Sample> heldOut = new ArrayList<>();
        List<int[]> sequences = calibration.sequences();
        for (int i = 0; i < sequences.size(); i++) {
            (i % HELD_OUT == HELD_OUT - 1 ? heldOut : training).add(sample(sequences.get(i)));
        }
        if (heldOut.isEmpty()) {
            throw new Failure(
                    sequences.size() + " calibration sequences are too few to learn gates from",
                    "--select gates",
                    "use --samples " + 2 * HELD_OUT + " or more");
        }
        return TrainingData.of(training, heldOut);
    }

    private static Sample sample(int[] ids) {
        int[] targets = Arrays.copyOfRange(ids, 1, ids.length + 1);
        targets[ids.length - 1] = LossOps.IGNORED;
        return new Sample(ids, targets);
    }

    /** As many epochs as it takes to see the tokens that are set, to the nearest. */
    private TuningSettings tuningSettings(TrainingData data) {
        int epochs = Math.toIntExact(Math.max(1, Math.round((double) settings.tokens() / data.tokens())));
        return new TuningSettings(
                epochs,
                BATCH,
                BATCH,
                new TuningSettings.Rate(settings.rate(), OptionalInt.of(1), TuningSettings.Fall.COSINE),
                OPTIMIZER,
                OptionalInt.of(Integer.MAX_VALUE),
                open.backend().ownMemory().isPresent() ? Long.MAX_VALUE : Machine.memoryAvailable() / 2,
                seed);
    }
}
