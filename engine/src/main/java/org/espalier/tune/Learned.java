package org.espalier.tune;

import java.nio.file.Path;
import java.util.Map;
import org.espalier.model.Model;
import org.espalier.model.Transformer;
import org.espalier.tape.Leaves;
import org.espalier.tensor.Tensor;

/** What a training changes of a model: adapters beside its weights, or the weights themselves. */
public sealed interface Learned extends AutoCloseable permits LearnedAdapter, LearnedWeights {

    /** The model as it was; it stays open and unchanged. */
    Model model();

    /** Records passes as they are trained. */
    Transformer trained();

    /** Records passes as they are used afterwards, without what is random. */
    Transformer used();

    /** The leaves of both, those that are learned among them. */
    Leaves leaves();

    /** What is learned, by name, in the compute type; updated in place. */
    Map<String, Tensor> tensors();

    /**
     * Takes the numbers that an unfinished training left in a folder.
     *
     * @throws org.espalier.error.Failure if they do not fit
     */
    void load(Path folder);

    /** Follows a change of {@link #tensors}. */
    default void settle() {}

    /** Numbers that are learned. */
    default long parameters() {
        return tensors().values().stream().mapToLong(t -> t.shape().elements()).sum();
    }

    /** Closes what is learned, not the model. */
    @Override
    void close();
}
