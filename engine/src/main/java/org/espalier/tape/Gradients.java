package org.espalier.tape;

import java.util.function.Predicate;
import org.espalier.tensor.Tensor;

/** Which parameters want gradients, and where those go. */
public interface Gradients {

    /** Nobody wants any. */
    Gradients NONE = planned(parameter -> false);

    /** For planning only: nothing can be computed with these. */
    static Gradients planned(Predicate<Value> wanted) {
        return new Gradients() {
            @Override
            public boolean wanted(Value parameter) {
                return wanted.test(parameter);
            }

            @Override
            public Tensor tensor(Value parameter) {
                throw new IllegalStateException("there is no place for the gradient of " + parameter);
            }
        };
    }

    /** Whether the gradient of this parameter is to be computed; must not change. */
    boolean wanted(Value parameter);

    /** Where it goes: the parameter's shape in the compute type. Asked only for wanted ones, each time it is used. */
    Tensor tensor(Value parameter);
}
