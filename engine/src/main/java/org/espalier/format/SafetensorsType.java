package org.espalier.format;

import java.util.List;
import org.espalier.tensor.DType;

/** The types a safetensors file can hold, in the order in which writers lay tensors out. */
final class SafetensorsType {

    /** As the reference writer sorts them: by alignment, largest first, equal alignments in its own fixed order. */
    private static final List<DType> LAYOUT = List.of(
            DType.I64,
            DType.F64,
            DType.F32,
            DType.I32,
            DType.BF16,
            DType.F16,
            DType.I16,
            DType.I8,
            DType.U8,
            DType.BOOL);

    private SafetensorsType() {}

    /** The type of this name, or null if we know none. */
    static DType named(String name) {
        for (DType type : LAYOUT) {
            if (type.name().equals(name)) {
                return type;
            }
        }
        return null;
    }

    /** The rank of {@code type} in a file's layout. */
    static int rank(DType type) {
        int rank = LAYOUT.indexOf(type);
        if (rank < 0) {
            throw new IllegalArgumentException(type + " cannot be stored in safetensors");
        }
        return rank;
    }

    static String known() {
        return "F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL";
    }
}
