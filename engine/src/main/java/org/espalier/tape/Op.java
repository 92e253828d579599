package org.espalier.tape;

import java.util.List;
import java.util.function.UnaryOperator;

/**
 * One operation of a recorded forward pass. It knows its operands, how to run forwards and backwards on any backend, what
 * it costs, and how the axes of its operands depend on each other.
 */
public interface Op {

    /** Short name for messages and profiles, such as {@code linear}. */
    String kind();

    /** What it reads, parameters included. */
    List<Value> inputs();

    /** What it writes. */
    List<Value> outputs();

    /** The inputs and outputs that {@link #backward} reads; whatever is not named may be forgotten after the forward step. */
    List<Value> backwardReads();

    /** Runs the forward step. */
    void forward(Step step);

    /**
     * Runs the backward step: reads {@link Step#gradient} of its outputs and adds to {@link Step#target} of its inputs.
     */
    void backward(Step step);

    /** Whether a backward walk begins here, so that no gradient of its outputs is asked for. */
    default boolean seedsGradient() {
        return false;
    }

    /** Floating-point operations of the forward step, a multiply-add counting two. */
    long flops();

    /**
     * What the parameters among its operands do in it, for their scores. A parameter that is not named has no score, and no
     * unit that it belongs to can be scored by weights.
     */
    default List<WeightUse> weights() {
        return List.of();
    }

    /** The same operation on other operands; null operands stay null, and those that become null are gone. */
    Op with(UnaryOperator<Value> replacement);

    /** States how the axes of the operands depend on each other; what is not stated is frozen. */
    void couple(Coupling coupling);
}
