package org.espalier.tune;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.DoubleSupplier;
import java.util.function.IntConsumer;
import org.espalier.backend.AdamW;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.backend.Target;
import org.espalier.error.Failure;
import org.espalier.error.OutOfMemory;
import org.espalier.model.Packed;
import org.espalier.tape.GradientStore;
import org.espalier.tape.Gradients;
import org.espalier.tape.Leaves;
import org.espalier.tape.Observer;
import org.espalier.tape.Retention;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/**
 * AdamW on some leaves of a recorded loss: all weights of a model, or only adapters. Numbers stay on the device; the host
 * reads losses and, once a step, the norm of the gradient.
 */
public final class Trainer implements AutoCloseable {

    /**
     * What a step did.
     *
     * @param loss         mean negative log-likelihood of the counted tokens, before the update, in nats
     * @param gradientNorm before clipping
     * @param tokens       tokens computed
     */
    public record StepResult(double loss, double gradientNorm, int tokens) {}

    private final Backend backend;
    private final Map<String, Tensor> trained;
    private final TrainingSettings settings;
    private final GradientStore gradients;
    private final Losses losses;
    private final Leaves leaves;
    private final LossRun training;
    private final LossRun evaluation;
    private final Map<String, Tensor> first = new LinkedHashMap<>();
    private final Map<String, Tensor> second = new LinkedHashMap<>();
    private final Tensor sumOfSquares;
    private final Tensor clip;
    private final Queue queue;
    private long seed;
    private int steps;

    /**
     * @param losses   records the losses of a batch
     * @param leaves   numbers of all leaves, the trained ones included
     * @param trained  the leaves to train, by name; compute type, updated in place
     */
    public Trainer(
            Backend backend,
            Losses losses,
            Leaves leaves,
            Map<String, Tensor> trained,
            TrainingSettings settings,
            Retention retention) {
        this(backend, losses, losses, leaves, trained, settings, retention, Observer.NONE);
    }

    /**
     * As above, where training differs from use.
     *
     * @param inUse    records the losses of a batch as {@link #evaluate} computes them, without what is random
     * @param observer looks on while the training walks the tape
     */
    public Trainer(
            Backend backend,
            Losses losses,
            Losses inUse,
            Leaves leaves,
            Map<String, Tensor> trained,
            TrainingSettings settings,
            Retention retention,
            Observer observer) {
        this.backend = backend;
        this.trained = trained;
        this.settings = settings;
        this.losses = losses;
        this.leaves = leaves;
        this.queue = backend.newQueue();
        this.gradients = new GradientStore(backend, trained);
        this.training = new LossRun(backend, losses, leaves, gradients, retention, observer);
        this.evaluation = new LossRun(backend, inUse, leaves, Gradients.NONE, Retention.INFERENCE, Observer.NONE);
        this.sumOfSquares = backend.allocate(DType.F64, Shape.of(1), "sum of squared gradients");
        this.clip = backend.allocate(DType.F32, Shape.of(1), "clipping factor");
        trained.forEach((name, weight) -> {
            first.put(name, moment(weight, "first moment of " + name));
            second.put(name, moment(weight, "second moment of " + name));
        });
    }

    /** Decides what is random from now on. */
    public void seed(long newSeed) {
        this.seed = newSeed;
    }

    /** Steps made so far. */
    public int steps() {
        return steps;
    }

    /** Goes on as if so many steps had been made; the caller puts the moments back. */
    public void resume(int stepsMade) {
        this.steps = stepsMade;
    }

    /** The gradients of the last step, by name. */
    public Map<String, Tensor> gradients() {
        return gradients.tensors();
    }

    /** AdamW's first moments, by name. */
    public Map<String, Tensor> firstMoments() {
        return Collections.unmodifiableMap(first);
    }

    /** AdamW's second moments, by name. */
    public Map<String, Tensor> secondMoments() {
        return Collections.unmodifiableMap(second);
    }

    /** As {@link #step(List, double, IntConsumer)}, without a listener. */
    public StepResult step(List<Packed> microBatches, double learningRate) {
        return step(microBatches, learningRate, tokens -> {});
    }

    /**
     * One update from the mean loss over all counted tokens of the micro-batches.
     *
     * @param done is told the tokens of each micro-batch that was computed
     * @throws Failure if nothing counts, or if the loss or the gradient is no longer finite: it names the first tensor that is not
     */
    public StepResult step(List<Packed> microBatches, double learningRate, IntConsumer done) {
        int counted = microBatches.stream().mapToInt(Packed::counted).sum();
        if (counted == 0) {
            throw new Failure(
                    "no token of this batch counts",
                    "training step " + (steps + 1),
                    "give samples with text after the prompt");
        }
        Told told = new Told(done);
        double loss = withLessMemory(() -> walk(microBatches, counted, told), this::makeRoomForTraining);
        double norm = gradientNorm();
        if (!Double.isFinite(loss) || !Double.isFinite(norm)) {
            throw diverged(microBatches, counted, "loss is " + loss / counted + " and gradient norm " + norm);
        }
        update(learningRate);
        return new StepResult(
                loss / counted,
                norm,
                microBatches.stream().mapToInt(Packed::tokens).sum());
    }

    /** Forwards and backwards, once more from the beginning each time that it is called; the sum of the losses. */
    private double walk(List<Packed> microBatches, int counted, Told told) {
        told.begin();
        double loss = 0;
        for (int i = 0; i < microBatches.size(); i++) {
            loss += training.forward(microBatches.get(i), seed, (long) steps << 32 | i);
            training.backward(1.0 / counted, i > 0);
            told.accept(microBatches.get(i).tokens());
        }
        training.finish();
        return loss;
    }

    /** Whether activations are computed again in the backward pass; where memory does not suffice, that begins meanwhile. */
    public boolean recomputes() {
        return training.recomputes();
    }

    private boolean makeRoomForTraining() {
        boolean released = evaluation.release();
        return training.recompute() || released;
    }

    /** What cannot be for want of memory is tried again as long as there is something to give back. */
    private static double withLessMemory(DoubleSupplier work, BooleanSupplier giveBack) {
        while (true) {
            try {
                return work.getAsDouble();
            } catch (OutOfMemory full) {
                if (!giveBack.getAsBoolean()) {
                    throw full;
                }
            }
        }
    }

    /** Tells of tokens once, also of those that are computed again. */
    private static final class Told implements IntConsumer {

        private final IntConsumer listener;
        private long told;
        private long computed;

        Told(IntConsumer listener) {
            this.listener = listener;
        }

        void begin() {
            computed = 0;
        }

        @Override
        public void accept(int tokens) {
            computed += tokens;
            if (computed > told) {
                listener.accept((int) (computed - told));
                told = computed;
            }
        }
    }

    /** As {@link #evaluate(List, IntConsumer)}, without a listener. */
    public double evaluate(List<Packed> batches) {
        return evaluate(batches, tokens -> {});
    }

    /**
     * Mean negative log-likelihood of the counted tokens, in nats, without an update.
     *
     * @param done is told the tokens of each batch that was computed
     */
    public double evaluate(List<Packed> batches, IntConsumer done) {
        Told told = new Told(done);
        return withLessMemory(
                () -> {
                    told.begin();
                    return evaluation.mean(batches, told);
                },
                training::release);
    }

    /** Of all gradients together; the factor that clips them is made on the way. */
    private double gradientNorm() {
        backend.fill(queue, sumOfSquares, 0);
        gradients.tensors().values().forEach(g -> backend.sumOfSquares(queue, g, Target.accumulate(sumOfSquares)));
        if (settings.maxNorm() > 0) {
            backend.clipFactor(queue, sumOfSquares, (float) settings.maxNorm(), clip);
        }
        return Math.sqrt(HostCopy.readDoubles(backend, queue, sumOfSquares)[0]);
    }

    private void update(double learningRate) {
        steps++;
        trained.forEach((name, weight) -> backend.adamW(
                queue,
                rates(weight, learningRate),
                steps,
                weight,
                gradients.tensors().get(name),
                first.get(name),
                second.get(name),
                settings.maxNorm() > 0 ? clip : null));
        queue.finish();
    }

    /** Walks the same way again, which changes nothing, and looks where it went wrong. */
    private Failure diverged(List<Packed> microBatches, int counted, String problem) {
        training.release();
        evaluation.release();
        NotFinite search = new NotFinite(gradients);
        Retention same = recomputes() ? Retention.RECOMPUTE : Retention.KEEP;
        try (LossRun again = new LossRun(backend, losses, leaves, gradients, same, search)) {
            for (int i = 0; i < microBatches.size() && search.first().isEmpty(); i++) {
                again.forward(microBatches.get(i), seed, (long) steps << 32 | i);
                again.backward(1.0 / counted, i > 0);
            }
            again.finish();
        }
        return new Failure(
                problem
                        + search.first()
                                .map(w -> "; the first that is not finite: " + w)
                                .orElse(""),
                "training step " + (steps + 1),
                "lower the learning rate, or look for damaged data or weights");
    }

    /**
     * Makes sure that all that is trained is finite.
     *
     * @throws Failure that names a tensor which is not
     */
    void requireFinite() {
        for (Map.Entry<String, Tensor> weight : trained.entrySet()) {
            backend.fill(queue, sumOfSquares, 0);
            backend.sumOfSquares(queue, weight.getValue(), Target.accumulate(sumOfSquares));
            if (!Double.isFinite(HostCopy.readDoubles(backend, queue, sumOfSquares)[0])) {
                throw new Failure(
                        "'" + weight.getKey() + "' is no longer finite after the update (adamw)",
                        "training step " + steps,
                        "lower the learning rate");
            }
        }
    }

    private AdamW rates(Tensor weight, double learningRate) {
        double decay = weight.shape().rank() > 1 ? settings.weightDecay() : 0;
        return new AdamW(learningRate, settings.beta1(), settings.beta2(), settings.eps(), decay);
    }

    private Tensor moment(Tensor weight, String purpose) {
        Tensor moment = backend.allocate(weight.type(), weight.shape(), purpose);
        backend.fill(queue, moment, 0);
        return moment;
    }

    @Override
    public void close() {
        training.close();
        evaluation.close();
        first.values().forEach(t -> t.buffer().close());
        second.values().forEach(t -> t.buffer().close());
        sumOfSquares.buffer().close();
        clip.buffer().close();
        gradients.close();
        queue.close();
    }
}
