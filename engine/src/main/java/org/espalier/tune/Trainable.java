package org.espalier.tune;

import java.util.Map;
import org.espalier.model.Model;
import org.espalier.model.Transformer;
import org.espalier.tape.Leaves;
import org.espalier.tensor.Tensor;

/** What an optimiser can change of a model, or beside it. */
public interface Trainable {

    /** The model as it was; it stays open and unchanged. */
    Model model();

    /** Records passes as they are trained. */
    Transformer trained();

    /** Records passes as they are used afterwards, without what is random. */
    Transformer used();

    /** The leaves of both, those that are trained among them. */
    Leaves leaves();

    /** What is trained, by name, in the compute type; updated in place. */
    Map<String, Tensor> tensors();

    /** The losses of {@link #trained} as they are trained. */
    default Losses training(Losses losses) {
        return losses;
    }

    /** The losses of {@link #used} as they are measured. */
    default Losses measured(Losses losses) {
        return losses;
    }

    /** Follows a change of {@link #tensors}. */
    default void settle() {}

    /** Numbers that are trained. */
    default long parameters() {
        return tensors().values().stream().mapToLong(t -> t.shape().elements()).sum();
    }
}
