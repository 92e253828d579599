package org.espalier.backend;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.espalier.tensor.DType;

/**
 * One operation at one size, with its inputs: what correctness, gradients and speed are all measured on, for every
 * backend.
 *
 * @param <F>          the family of operations that it needs
 * @param operation    the method of the family, for example {@code rmsNorm}
 * @param name         operation and what distinguishes this case, unique in {@link OpCases}
 * @param operands     every tensor, in the order of the signature
 * @param aliases      operands that are another operand, for work in place
 * @param forward      the forward step
 * @param backward     the backward step or steps, or null
 * @param gradients    differentiable operand to its gradient
 * @param seeds        output to what gives the weights {@code s} of the scalar {@code Σ s · output} that is differentiated
 * @param outputs      operands to compare, forward and backward
 * @param tolerance    largest normalised mean squared error against the reference
 * @param reason       why that tolerance
 * @param floor        mean square that an output is at least taken to have, for outputs that vanish by cancellation
 * @param forwardFlops  floating-point operations of the forward step
 * @param backwardFlops floating-point operations of the backward step
 */
public record OpCase<F>(
        String operation,
        String name,
        List<Operand> operands,
        Map<String, String> aliases,
        Call<F> forward,
        Call<F> backward,
        Map<String, String> gradients,
        Map<String, Supplier<double[]>> seeds,
        List<String> outputs,
        double tolerance,
        String reason,
        double floor,
        long forwardFlops,
        long backwardFlops) {

    /** One call of a family's method on the tensors of a run; an operand that the case leaves out is null. */
    @FunctionalInterface
    public interface Call<F> {
        void on(F ops, Queue queue, OpRun<F> tensors);
    }

    /** Puts the operands on a device; {@code misalignment} bytes are put before each weight. The caller closes the run. */
    public OpRun<F> open(MemoryOps memory, int misalignment) {
        return new OpRun<>(this, memory, misalignment, operand -> false);
    }

    /** As {@link #open}, with a number before each of these operands that is no weight. */
    public OpRun<F> openShifted(MemoryOps memory, Predicate<Operand> shifted) {
        return new OpRun<>(this, memory, 0, shifted);
    }

    /** As {@link #open}, with weights where {@code file} puts their bytes and maps them. */
    public OpRun<F> openMapped(MemoryOps memory, Function<byte[], MemorySegment> file) {
        return new OpRun<>(this, memory, file);
    }

    /** Bytes that the forward step reads and writes at least. */
    public long forwardBytes(DType compute) {
        return operands.stream()
                .filter(o -> !o.backwardOnly())
                .mapToLong(o -> touchedBytes(o, compute))
                .sum();
    }

    /** Bytes that the backward step reads and writes at least, every operand counted once. */
    public long backwardBytes(DType compute) {
        return backward == null
                ? 0
                : operands.stream().mapToLong(o -> touchedBytes(o, compute)).sum();
    }

    /** The same case with its plain weights in the compute type; block types stay. */
    public OpCase<F> exact() {
        List<Operand> exact = new ArrayList<>(operands);
        exact.replaceAll(Operand::exact);
        return new OpCase<>(
                operation,
                name,
                exact,
                aliases,
                forward,
                backward,
                gradients,
                seeds,
                outputs,
                tolerance,
                reason,
                floor,
                forwardFlops,
                backwardFlops);
    }

    public Operand operand(String operand) {
        return operands.stream()
                .filter(o -> o.name().equals(operand))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(name + " has no operand " + operand));
    }

    /** How the operand of that name is stored, or {@code compute} if there is none. */
    public DType typeOf(String operand, DType compute) {
        return operands.stream()
                .filter(o -> o.name().equals(operand))
                .findFirst()
                .map(o -> o.type(compute))
                .orElse(compute);
    }

    private static long touchedBytes(Operand operand, DType compute) {
        return operand.type(compute).bytes(operand.elements());
    }

    @Override
    public String toString() {
        return name;
    }
}
