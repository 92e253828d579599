package org.espalier.tape;

import org.espalier.tensor.Tensor;

/** Which parameters want gradients, and where those go. */
public interface Gradients {

    /** Nobody wants any. */
    Gradients NONE = new Gradients() {
        @Override
        public boolean wanted(Value parameter) {
            return false;
        }

        @Override
        public Tensor tensor(Value parameter) {
            throw new IllegalStateException("no gradient of " + parameter + " is wanted");
        }
    };

    /** Whether the gradient of this parameter is to be computed; must not change. */
    boolean wanted(Value parameter);

    /** Where it goes: the parameter's shape in the compute type. Asked only for wanted ones, each time it is used. */
    Tensor tensor(Value parameter);
}
