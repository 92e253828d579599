package org.espalier.tune;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import org.espalier.backend.AdamW;
import org.espalier.backend.Backend;
import org.espalier.backend.HostCopy;
import org.espalier.backend.Queue;
import org.espalier.ffi.Failure;
import org.espalier.model.Llama.Recording;
import org.espalier.model.Packed;
import org.espalier.tape.Executor;
import org.espalier.tape.GradientStore;
import org.espalier.tape.Leaves;
import org.espalier.tape.Observer;
import org.espalier.tape.Retention;
import org.espalier.tape.Value;
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
    public record StepResult(double loss, double gradientNorm, int tokens) {
    }

    private final Backend backend;
    private final IntFunction<Recording> recorder;
    private final Leaves leaves;
    private final Map<String, Tensor> trained;
    private final TrainingSettings settings;
    private final Retention retention;
    private final GradientStore gradients;
    private final Map<String, Tensor> first = new LinkedHashMap<>();
    private final Map<String, Tensor> second = new LinkedHashMap<>();
    private final Tensor sumOfSquares;
    private final Tensor clip;
    private final Queue queue;
    private Recording recording;
    private Executor executor;
    private int steps;

    /**
     * @param recorder records the loss of a number of tokens
     * @param leaves   numbers of all leaves, the trained ones included
     * @param trained  the leaves to train, by name; compute type, updated in place
     */
    public Trainer(Backend backend, IntFunction<Recording> recorder, Leaves leaves, Map<String, Tensor> trained,
            TrainingSettings settings, Retention retention) {
        this.backend = backend;
        this.recorder = recorder;
        this.leaves = leaves;
        this.trained = trained;
        this.settings = settings;
        this.retention = retention;
        this.queue = backend.newQueue();
        this.gradients = new GradientStore(backend, recorder.apply(1).tape(), trained::containsKey);
        this.sumOfSquares = backend.allocate(DType.F64, Shape.of(1), "sum of squared gradients");
        this.clip = backend.allocate(DType.F32, Shape.of(1), "clipping factor");
        trained.forEach((name, weight) -> {
            first.put(name, moment(weight, "first moment of " + name));
            second.put(name, moment(weight, "second moment of " + name));
        });
    }

    /** Steps made so far. */
    public int steps() {
        return steps;
    }

    /** The gradients of the last step, by name. */
    public Map<String, Tensor> gradients() {
        return gradients.tensors();
    }

    /**
     * One update from the mean loss over all counted tokens of the micro-batches.
     *
     * @throws Failure if nothing counts, or if the loss is no longer a number
     */
    public StepResult step(List<Packed> microBatches, double learningRate) {
        int counted = microBatches.stream().mapToInt(Packed::counted).sum();
        if (counted == 0) {
            throw new Failure("no token of this batch counts", "training step " + steps,
                    "give samples with text after the prompt");
        }
        double loss = 0;
        int tokens = 0;
        for (int i = 0; i < microBatches.size(); i++) {
            loss += forward(microBatches.get(i));
            tokens += microBatches.get(i).tokens();
            executor.backward(1.0 / counted, i > 0);
        }
        executor.finish();
        double norm = update(learningRate);
        if (!Double.isFinite(loss) || !Double.isFinite(norm)) {
            throw new Failure("loss is " + loss + " and gradient norm " + norm, "training step " + steps,
                    "lower the learning rate, or look for damaged data or weights");
        }
        return new StepResult(loss / counted, norm, tokens);
    }

    /** Mean negative log-likelihood of the counted tokens, in nats, without an update. */
    public double evaluate(List<Packed> batches) {
        double loss = 0;
        int counted = 0;
        for (Packed batch : batches) {
            loss += forward(batch);
            counted += batch.counted();
        }
        return loss / counted;
    }

    /** Runs forwards and returns the sum of the losses. */
    private double forward(Packed batch) {
        if (recording == null || recording.ids().shape().dim(0) != batch.tokens()) {
            closeExecutor();
            recording = recorder.apply(batch.tokens());
            executor = new Executor(backend, recording.tape(), leaves, gradients, retention, Observer.NONE);
        }
        batch.feed(executor, recording);
        executor.forward(batch.sequences());
        double sum = 0;
        for (Value losses : recording.losses()) {
            for (double loss : executor.read(losses)) {
                sum += loss;
            }
        }
        return sum;
    }

    private double update(double learningRate) {
        backend.fill(queue, sumOfSquares, 0);
        gradients.tensors().values().forEach(g -> backend.sumOfSquares(queue, g, sumOfSquares, 1));
        if (settings.maxNorm() > 0) {
            backend.clipFactor(queue, sumOfSquares, (float) settings.maxNorm(), clip);
        }
        double norm = Math.sqrt(HostCopy.readDoubles(backend, queue, sumOfSquares)[0]);
        steps++;
        if (Double.isFinite(norm)) {
            trained.forEach((name, weight) -> backend.adamW(queue, rates(weight, learningRate), steps, weight,
                    gradients.tensors().get(name), first.get(name), second.get(name),
                    settings.maxNorm() > 0 ? clip : null));
        }
        queue.finish();
        return norm;
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

    private void closeExecutor() {
        if (executor != null) {
            executor.close();
            executor = null;
        }
    }

    @Override
    public void close() {
        closeExecutor();
        first.values().forEach(t -> t.buffer().close());
        second.values().forEach(t -> t.buffer().close());
        sumOfSquares.buffer().close();
        clip.buffer().close();
        gradients.close();
        queue.close();
    }
}
