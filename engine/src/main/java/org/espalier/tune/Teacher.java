package org.espalier.tune;

import java.util.Map;
import java.util.OptionalDouble;
import org.espalier.error.Failure;
import org.espalier.model.Model;
import org.espalier.model.ModelConfig;
import org.espalier.model.Packed;
import org.espalier.model.Transformer;
import org.espalier.model.Transformer.Recording;
import org.espalier.tape.Executor;
import org.espalier.tape.Leaves;
import org.espalier.tensor.Tensor;

/**
 * A model whose predictions another one learns from. Of each batch only its states before the head are kept; the head itself
 * is part of the learning model's tape, so that logits of both are there a piece at a time.
 */
public final class Teacher implements AutoCloseable {

    private final Model model;
    private final double share;
    private Recording recording;
    private Executor executor;

    /**
     * @param model on the backend of the one that learns; it must stay open until this is closed
     * @param share what the divergence from it counts, beside the text's own tokens
     */
    public Teacher(Model model, double share) {
        this.model = model;
        this.share = share;
    }

    /**
     * Makes sure that another model can learn from this one.
     *
     * @throws Failure if it knows another number of tokens, or a sample does not fit this one
     */
    void requireFor(ModelConfig learner, TrainingData data) {
        if (learner.vocab() != model.config().vocab()) {
            throw new Failure(
                    "the teacher knows " + model.config().vocab() + " tokens and the model " + learner.vocab(),
                    "--teacher",
                    "name the model that this one was made from");
        }
        if (learner.readsPromptsWhole() != model.config().readsPromptsWhole()) {
            throw new Failure(
                    "the teacher is a " + model.config().modelType() + " and the model a " + learner.modelType()
                            + ", and only one of them reads prompts as a whole",
                    "--teacher",
                    "name the model that this one was made from");
        }
        data.requireFor(model.config());
    }

    /** What the predictions diverge by, where that and the texts' cross-entropy make a loss; empty where only that counts. */
    OptionalDouble divergence(double loss, double crossEntropy) {
        return share == 0 ? OptionalDouble.empty() : OptionalDouble.of((loss - (1 - share) * crossEntropy) / share);
    }

    /** The losses of batches of {@code learner}. */
    Losses losses(Transformer learner) {
        return new Losses() {
            @Override
            public Recording record(Packed batch) {
                return learner.distilled(batch.tokens(), batch.counted(), model.config(), share);
            }

            @Override
            public void feed(Executor learning, Recording losses, Packed batch) {
                batch.feed(learning, losses);
                learning.set(losses.finished(), states(batch));
            }
        };
    }

    /** Leaves of a tape that has both: those of this model, and of {@code learner} all others. */
    Leaves leaves(Leaves learner) {
        return leaf -> leaf.name().startsWith(Transformer.TEACHER)
                ? model.parameter(leaf.name().substring(Transformer.TEACHER.length()))
                : learner.tensor(leaf);
    }

    /** The normalised stream after the last layer, of the tokens that count, {@code [n, C]}; valid until the next call. */
    private Tensor states(Packed batch) {
        if (recording == null || !batch.fits(recording)) {
            close();
            recording = model.transformer().stream(batch.tokens(), batch.counted());
            executor = Executor.inference(model.backend(), recording.tape(), model.leaves(Map.of()));
        }
        batch.feed(executor, recording);
        executor.forward(batch.sequences());
        // The learning model's work is on another queue.
        executor.finish();
        return executor.tensor(recording.finished());
    }

    /** The model itself stays open. */
    @Override
    public void close() {
        if (executor != null) {
            executor.close();
            executor = null;
            recording = null;
        }
    }
}
