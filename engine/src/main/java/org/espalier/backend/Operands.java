package org.espalier.backend;

import java.util.Arrays;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/** The tensors of one operation under their names, and what may be asked of them; a refusal names them all. */
final class Operands {

    private final String operation;
    private final Object[] namesAndTensors;

    private Operands(String operation, Object[] namesAndTensors) {
        this.operation = operation;
        this.namesAndTensors = namesAndTensors;
    }

    /** Operands as name, tensor or target, name, tensor or target and so on; each but the names may be null. */
    static Operands of(String operation, Object... namesAndOperands) {
        Object[] namesAndTensors = namesAndOperands.clone();
        for (int i = 1; i < namesAndTensors.length; i += 2) {
            if (namesAndTensors[i] instanceof Target target) {
                namesAndTensors[i] = target.tensor();
            }
        }
        return new Operands(operation, namesAndTensors);
    }

    /** Refuses tensors that are missing. */
    Operands present(Tensor... tensors) {
        for (Tensor tensor : tensors) {
            if (tensor == null) {
                throw refuse("an operand is missing");
            }
        }
        return this;
    }

    /** Refuses a tensor that is missing or has another number of axes. */
    Operands rank(Tensor tensor, int rank) {
        present(tensor);
        if (tensor.shape().rank() != rank) {
            throw refuse(name(tensor) + " must have " + rank + " axes");
        }
        return this;
    }

    /** Refuses a tensor that is missing, of another type or of another shape. */
    Operands is(Tensor tensor, DType type, long... dims) {
        present(tensor);
        if (tensor.type() != type || !hasShape(tensor, dims)) {
            throw refuse(name(tensor) + " must be " + type + " " + Arrays.toString(dims));
        }
        return this;
    }

    /** As {@link #is(Tensor, DType, long...)}, of a target. */
    Operands is(Target target, DType type, long... dims) {
        return is(target == null ? null : target.tensor(), type, dims);
    }

    /** As {@link #is(Target, DType, long...)}, unless nobody wants the result. */
    Operands isOrNull(Target target, DType type, long... dims) {
        return target == null ? this : is(target.tensor(), type, dims);
    }

    /** As {@link #is(Target, DType, long...)}, for the shape of another tensor. */
    Operands like(Target target, DType type, Shape shape) {
        return is(target, type, shape.toArray());
    }

    /** As {@link #is(Tensor, DType, long...)}, unless the tensor is null. */
    Operands isOrNull(Tensor tensor, DType type, long... dims) {
        return tensor == null ? this : is(tensor, type, dims);
    }

    /** As {@link #is(Tensor, DType, long...)}, for the shape of another tensor. */
    Operands like(Tensor tensor, DType type, Shape shape) {
        return is(tensor, type, shape.toArray());
    }

    /** Refuses a tensor that is missing, of a block type, of integers, or of another shape. */
    Operands floating(Tensor tensor, long... dims) {
        present(tensor);
        if (!tensor.type().plain() || !tensor.type().floating() || !hasShape(tensor, dims)) {
            throw refuse(name(tensor) + " must be of a plain floating type and " + Arrays.toString(dims));
        }
        return this;
    }

    /** Refuses a weight that is missing, of integers, or of another shape; block types are welcome. */
    Operands stored(Tensor tensor, long... dims) {
        present(tensor);
        if (!tensor.type().floating() || !hasShape(tensor, dims)) {
            throw refuse(name(tensor) + " must be of a floating or block type and " + Arrays.toString(dims));
        }
        return this;
    }

    Operands require(boolean holds, String fault) {
        if (!holds) {
            throw refuse(fault);
        }
        return this;
    }

    /** Refuses tensors that have memory in common; either may be null. */
    Operands apart(Tensor one, Tensor other) {
        return one == null || other == null
                ? this
                : require(!one.overlaps(other), name(one) + " overlaps " + name(other));
    }

    private IllegalArgumentException refuse(String fault) {
        StringBuilder shapes = new StringBuilder();
        for (int i = 0; i < namesAndTensors.length; i += 2) {
            shapes.append(i == 0 ? "" : ", ")
                    .append(namesAndTensors[i])
                    .append(' ')
                    .append(describe((Tensor) namesAndTensors[i + 1]));
        }
        return new IllegalArgumentException(operation + ": " + fault + "; " + shapes);
    }

    private String name(Tensor tensor) {
        for (int i = 0; i < namesAndTensors.length; i += 2) {
            if (namesAndTensors[i + 1] == tensor) {
                return (String) namesAndTensors[i];
            }
        }
        throw new IllegalStateException(operation + " checks a tensor that it did not name");
    }

    private static String describe(Tensor tensor) {
        return tensor == null ? "none" : tensor.type() + " " + tensor.shape();
    }

    private static boolean hasShape(Tensor tensor, long[] dims) {
        Shape shape = tensor.shape();
        if (shape.rank() != dims.length) {
            return false;
        }
        for (int axis = 0; axis < dims.length; axis++) {
            if (shape.dim(axis) != dims[axis]) {
                return false;
            }
        }
        return true;
    }
}
