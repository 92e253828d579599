package org.espalier.score;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.espalier.backend.Backend;
import org.espalier.backend.Queue;
import org.espalier.couple.Group;
import org.espalier.couple.Member;
import org.espalier.couple.Units;
import org.espalier.error.Failure;
import org.espalier.importance.AxisScores;
import org.espalier.importance.Criterion;
import org.espalier.importance.MatrixScores;
import org.espalier.importance.Method;
import org.espalier.importance.UnitScores;
import org.espalier.importance.UnitScores.Alignment;
import org.espalier.model.LossBatches;
import org.espalier.model.Model;
import org.espalier.tape.Observer;
import org.espalier.tape.SegmentWalk;
import org.espalier.tape.Tape;
import org.espalier.tape.Value;
import org.espalier.tape.WeightUse;
import org.espalier.tape.WeightUse.Kind;
import org.espalier.tensor.DType;
import org.espalier.tensor.Tensor;

/** Scores units of a model, one layer at a time. */
public final class ModelScores {

    private final Model model;
    private final Walking walking;

    /**
     * How a model is walked.
     *
     * @param memory    bytes that may be taken, those of mapped weights aside; what waits between layers and does not fit
     *                 goes to a scratch file
     * @param scratch   folder of that file
     * @param release   whether mapped weights are let go of as soon as their layer is done
     * @param observer  looks on, for progress
     * @param announced what the work will take, before it begins
     * @param workers   who look at calibration sequences, where that is not this process
     */
    public record Walking(
            long memory,
            Path scratch,
            boolean release,
            Observer observer,
            Consumer<ScoringCost> announced,
            Optional<ScoreWorkers> workers) {

        /** By this process alone. */
        public Walking(long memory, Path scratch, boolean release, Observer observer, Consumer<ScoringCost> announced) {
            this(memory, scratch, release, observer, announced, Optional.empty());
        }

        /** The same by this process alone. */
        public Walking alone() {
            return new Walking(memory, scratch, release, observer, announced);
        }

        /** Everything in memory, watched by nobody. */
        public static Walking inMemory() {
            return new Walking(
                    Long.MAX_VALUE, Path.of(System.getProperty("java.io.tmpdir")), false, Observer.NONE, cost -> {});
        }
    }

    /** Scores units of {@code model}, which must stay open. */
    public ModelScores(Model model, Walking walking) {
        this.model = model;
        this.walking = walking;
    }

    /** As {@link #of(List, Method, List)}, with everything in memory. */
    public static List<UnitScores> of(Model model, List<Units> units, Method method, List<int[]> calibration) {
        return new ModelScores(model, Walking.inMemory()).of(units, method, calibration);
    }

    /**
     * Scores of every unit.
     *
     * @param calibration sequences of token ids; the loss is the mean over all their predicted tokens. Not looked at by
     *                    criteria that need none
     * @throws Failure if calibration is needed and missing, or if a score is not a number
     */
    public List<UnitScores> of(List<Units> units, Method method, List<int[]> calibration) {
        if (method.criterion() == Criterion.RANDOM) {
            RandomGenerator random =
                    RandomGeneratorFactory.of("L64X128MixRandom").create(method.seed());
            return units.stream()
                    .map(u -> new UnitScores(u, random.doubles(u.count()).toArray()))
                    .toList();
        }
        requireKinds(units, method.criterion());
        AxisScores axes = axes(units, method, calibration);
        List<UnitScores> scores = units.stream()
                .map(u -> method.criterion().standardised()
                        ? UnitScores.standardised(u, axes)
                        : UnitScores.of(u, axes, method.aggregate(), method.alignment()))
                .toList();
        scores.forEach(ModelScores::check);
        return scores;
    }

    /**
     * Scores of every unit by each matrix of its group alone.
     *
     * @throws Failure if the criterion looks at whole units only, or as {@link #of}
     */
    public List<MatrixScores> byMatrix(List<Units> units, Method method, List<int[]> calibration) {
        Criterion criterion = method.criterion();
        if (criterion == Criterion.RANDOM || criterion.standardised() || criterion.ofExpertsOnly()) {
            throw new Failure(
                    "criterion " + criterion + " does not score single matrices",
                    "dependency off",
                    "use another --criterion");
        }
        AxisScores axes = axes(units, method, calibration);
        return units.stream().map(u -> MatrixScores.of(u, axes)).toList();
    }

    /** Scores of the rows and columns that these units consist of. */
    public AxisScores axes(List<Units> units, Method method, List<int[]> calibration) {
        units.forEach(this::requireUses);
        Scored scored = Scored.of(units);
        return method.criterion().needsCalibration()
                ? walked(method.criterion(), scored, calibration)
                : magnitudes(method, scored);
    }

    private static void requireKinds(List<Units> units, Criterion criterion) {
        if (criterion.ofExpertsOnly() && units.stream().anyMatch(u -> u.group().role() != Group.Role.EXPERTS)) {
            throw new Failure(
                    "criterion " + criterion + " scores experts only",
                    "units "
                            + units.stream()
                                    .filter(u -> u.group().role() != Group.Role.EXPERTS)
                                    .findFirst()
                                    .orElseThrow()
                                    .group()
                                    .name(),
                    "use --units experts, or another --criterion");
        }
    }

    /** What operations state of the parameters that they read. */
    private Stream<WeightUse> uses() {
        return model.structure().tape().segments().stream()
                .flatMap(segment -> segment.ops().stream())
                .flatMap(op -> op.weights().stream());
    }

    /** A unit is never scored without a part of it that an operation says nothing of. */
    private void requireUses(Units units) {
        Set<String> stated = uses().map(use -> use.weight().name()).collect(Collectors.toSet());
        for (Member member : units.members()) {
            if (!stated.contains(member.tensor().name())) {
                throw new Failure(
                        "no operation says how '" + member.tensor().name() + "' can be scored",
                        "units " + units.group().name(),
                        "leave these units out, or use --criterion random");
            }
        }
    }

    private AxisScores walked(Criterion criterion, Scored scored, List<int[]> calibration) {
        LossBatches batches = LossBatches.of(model.transformer(), calibration);
        if (batches.counted() == 0) {
            throw new Failure(
                    "there is nothing to calibrate on",
                    "criterion " + criterion,
                    "give sequences of at least two tokens");
        }
        ScoreTask task = new ScoreTask(
                criterion,
                scored.axes(),
                batches.counted(),
                batches.sequences(),
                batches.batches().size());
        try (Queue queue = model.backend().newQueue();
                WeightScorer scorer = scorer(task, queue, new BatchSums(0), batches, Optional.empty())) {
            if (walking.workers().isPresent()) {
                return byWorkers(walking.workers().get(), task, scorer, calibration);
            }
            walk().run(scorer, batches, batches.counted(), 0);
            return scorer.scores();
        }
    }

    private AxisScores byWorkers(ScoreWorkers workers, ScoreTask task, WeightScorer scorer, List<int[]> calibration) {
        List<ScorePart> parts = ScorePart.of(calibration, workers.parts());
        if (!task.movesGradients()) {
            workers.sums(task, parts, sums -> sums.forEach(scorer.sums()::add));
            return scorer.scores();
        }
        List<JoinedSums> joined = new ArrayList<>();
        workers.gradients(task, parts, gradientBytes(task), joined::add);
        joined.forEach(sums -> sums.vectors().forEach(scorer.sums()::add));
        AxisScores scores = scorer.scores();
        for (JoinedSums sums : joined) {
            if (sums.rows() != null) {
                scores.put(sums.weight(), 0, sums.rows());
                scores.put(sums.weight(), 1, sums.columns());
            }
        }
        return scores;
    }

    private long gradientBytes(ScoreTask task) {
        int kinds = task.criterion().saliency().needsFisher() ? 2 : 1;
        return task.axes().keySet().stream()
                .map(name -> model.weights().tensor(name).shape())
                .filter(shape -> shape.rank() == 2)
                .mapToLong(shape -> kinds * DType.F32.bytes(shape.elements()))
                .sum();
    }

    /**
     * Sums of a part of the calibration sequences, for whoever scores.
     *
     * @param task that moves no gradients
     * @throws Failure that names a sequence on which the model computes no finite loss
     */
    public List<ScoreSum> sums(ScoreTask task, ScorePart part) {
        LossBatches batches = LossBatches.of(model.transformer(), List.of(part.sequences()));
        try (Queue queue = model.backend().newQueue();
                WeightScorer scorer =
                        scorer(task, queue, new BatchSums(part.firstBatch()), batches, Optional.empty())) {
            walk().run(scorer, batches, task.counted(), part.firstSequence());
            return scorer.sums().nodes();
        }
    }

    /**
     * The same of a task that moves gradients, told segment by segment.
     *
     * @param sink gets parts of sums; those of a weight belong together
     */
    public void gradients(ScoreTask task, ScorePart part, Consumer<GradientSum> sink) {
        LossBatches batches = LossBatches.of(model.transformer(), List.of(part.sequences()));
        try (Queue queue = model.backend().newQueue();
                WeightScorer scorer =
                        scorer(task, queue, new BatchSums(part.firstBatch()), batches, Optional.of(sink))) {
            walk().run(scorer, batches, task.counted(), part.firstSequence());
            scorer.sums().nodes().forEach(vector -> sink.accept(GradientSum.of(vector)));
        }
    }

    /** Scores a weight by what {@link #gradients} told of it, for all parts. */
    public JoinedSums join(ScoreTask task, List<GradientSum> parts) {
        try (Queue queue = model.backend().newQueue()) {
            return new GradientJoin(model.backend(), queue, task.criterion().saliency())
                    .of(parts, model.weights().tensor(parts.getFirst().weight()));
        }
    }

    private ScoreWalk walk() {
        return new ScoreWalk(
                model, walking.memory(), walking.scratch(), walking.release(), walking.observer(), walking.announced());
    }

    /** What summing a part takes, for whoever does it. */
    public ScoringCost cost(ScoreTask task, ScorePart part) {
        LossBatches batches = LossBatches.of(model.transformer(), List.of(part.sequences()));
        try (Queue queue = model.backend().newQueue();
                WeightScorer scorer =
                        scorer(task, queue, new BatchSums(part.firstBatch()), batches, Optional.of(sum -> {}))) {
            return walk().cost(scorer, batches);
        }
    }

    private WeightScorer scorer(
            ScoreTask task, Queue queue, BatchSums sums, LossBatches batches, Optional<Consumer<GradientSum>> told) {
        Backend backend = model.backend();
        Criterion criterion = task.criterion();
        Scored scored = Scored.of(task.axes());
        Function<String, Tensor> weights = model.weights()::tensor;
        List<Tape> tapes =
                batches.batches().stream().map(SegmentWalk.Batch::tape).toList();
        return switch (criterion.source()) {
            case INPUTS -> new InputScorer(backend, queue, criterion, scored, weights, this::done, sums);
            case OUTPUTS -> new ExpertScorer(backend, sums);
            case VECTORS -> new VectorScorer(backend, queue, scored, Set.copyOf(tapes), sums);
            case GRADIENTS -> {
                Taylor taylor = new Taylor(backend, queue, criterion.saliency(), scored, task.factors(), weights);
                yield task.movesGradients()
                        ? new GradientScorer(taylor, tapes, sums, told)
                        : new SquareScorer(taylor, Set.copyOf(tapes), sums);
            }
            default -> throw new IllegalStateException(criterion + " needs no walk");
        };
    }

    /** Of what norms, linear layers and embeddings hold; biases have no score. */
    private AxisScores magnitudes(Method method, Scored scored) {
        Set<Value> weights = new LinkedHashSet<>();
        uses()
                // LLM-Pruner drops the embedding from magnitudes, or fails on it.
                .filter(use -> use.kind() != Kind.BIAS
                        && (use.kind() != Kind.LOOKUP || method.alignment() == Alignment.BY_UNIT))
                .forEach(use -> weights.add(use.weight()));
        try (Queue queue = model.backend().newQueue()) {
            WeightScores scores = new WeightScores(model.backend(), queue);
            for (Value weight : weights.stream().filter(scored::any).toList()) {
                scores.saliency(
                        method.criterion().saliency(),
                        weight.name(),
                        model.weights().tensor(weight.name()),
                        null,
                        null);
                done(weight.name());
            }
            return scores.scores();
        }
    }

    private void done(String weight) {
        if (walking.release()) {
            model.weights().release(weight);
        }
    }

    private static void check(UnitScores scores) {
        for (double score : scores.scores()) {
            if (!Double.isFinite(score)) {
                throw new Failure(
                        "a score is " + score,
                        scores.units().group().name(),
                        "look for damaged weights, or calibrate on other text");
            }
        }
    }
}
