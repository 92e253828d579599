package org.espalier.format;

import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.espalier.error.Failure;
import org.espalier.error.Warnings;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;

/**
 * In which type GGUF files hold a tensor, as llama.cpp wants it: vectors are float32, matrices have the type that is asked for,
 * and where its blocks do not divide their rows, float16. Matrices of a mixture of types are float32 until they are written:
 * which of them a matrix has depends on what files call it.
 *
 * @param requested of matrices; empty to keep the type they have
 */
record GgufTypes(Optional<DType> requested) implements NumberTypes {

    /** What can be written. */
    static final Set<DType> WRITABLE =
            Set.of(DType.F32, DType.F16, DType.BF16, DType.Q8_0, DType.Q4_0, DType.Q4_1, DType.Q4_K, DType.Q6_K);

    private static final Set<DType> MIXTURES = Set.of(DType.Q4_K, DType.Q6_K);

    @Override
    public ModelContent finished(ModelContent model) {
        return mixture() ? model.withQuantization(Quantization.to(requested.orElseThrow())) : model;
    }

    private boolean mixture() {
        return requested.filter(MIXTURES::contains).isPresent();
    }

    @Override
    public DType of(String name, Shape shape, DType stored) {
        if (shape.rank() < 2 || mixture()) {
            return DType.F32;
        }
        DType wanted = requested.orElse(stored);
        if (!GgufType.has(wanted)) {
            return DType.F32;
        }
        if (fits(wanted, shape)) {
            return wanted;
        }
        Warnings.say(new Failure(
                "rows of " + shape.dim(-1) + " numbers are not whole blocks of "
                        + wanted.name().toLowerCase(Locale.ROOT),
                "tensor " + name,
                "it is stored as f16"));
        return DType.F16;
    }

    /** Whether rows are whole blocks of a type. */
    static boolean fits(DType type, Shape shape) {
        return shape.dim(-1) % type.blockElements() == 0;
    }
}
