package org.espalier.format;

import java.util.Map;
import org.espalier.tensor.DType;

/** GGUF's numbers for tensor types, with the names of those that cannot be read. */
final class GgufType {

    private static final Map<Integer, DType> READABLE = Map.ofEntries(
            Map.entry(0, DType.F32),
            Map.entry(1, DType.F16),
            Map.entry(2, DType.Q4_0),
            Map.entry(3, DType.Q4_1),
            Map.entry(6, DType.Q5_0),
            Map.entry(7, DType.Q5_1),
            Map.entry(8, DType.Q8_0),
            Map.entry(10, DType.Q2_K),
            Map.entry(11, DType.Q3_K),
            Map.entry(12, DType.Q4_K),
            Map.entry(13, DType.Q5_K),
            Map.entry(14, DType.Q6_K),
            Map.entry(20, DType.IQ4_NL),
            Map.entry(23, DType.IQ4_XS),
            Map.entry(30, DType.BF16),
            Map.entry(39, DType.MXFP4));

    private static final Map<Integer, String> OTHERS = Map.ofEntries(
            Map.entry(9, "Q8_1"),
            Map.entry(15, "Q8_K"),
            Map.entry(16, "IQ2_XXS"),
            Map.entry(17, "IQ2_XS"),
            Map.entry(18, "IQ3_XXS"),
            Map.entry(19, "IQ1_S"),
            Map.entry(21, "IQ3_S"),
            Map.entry(22, "IQ2_S"),
            Map.entry(24, "I8"),
            Map.entry(25, "I16"),
            Map.entry(26, "I32"),
            Map.entry(27, "I64"),
            Map.entry(28, "F64"),
            Map.entry(29, "IQ1_M"),
            Map.entry(34, "TQ1_0"),
            Map.entry(35, "TQ2_0"),
            Map.entry(40, "NVFP4"));

    private GgufType() {}

    /** The type of this number, or null if it cannot be read. */
    static DType numbered(int number) {
        return READABLE.get(number);
    }

    /** Whether files hold tensors of a type. */
    static boolean has(DType type) {
        return READABLE.containsValue(type);
    }

    /** The number of a type that files hold. */
    static int number(DType type) {
        return READABLE.entrySet().stream()
                .filter(entry -> entry.getValue() == type)
                .findFirst()
                .orElseThrow()
                .getKey();
    }

    /** llama.cpp's number for files most of whose numbers are of a type: its {@code llama_ftype}. */
    static int fileType(DType most) {
        return switch (most) {
            case F16 -> 1;
            case Q4_0 -> 2;
            case Q4_1 -> 3;
            case Q8_0 -> 7;
            case Q2_K -> 10;
            case Q3_K -> 12;
            case IQ4_NL -> 25;
            case IQ4_XS -> 30;
            case MXFP4 -> 38;
            case Q5_0 -> 8;
            case Q5_1 -> 9;
            case Q4_K -> 15;
            case Q5_K -> 17;
            case Q6_K -> 18;
            case BF16 -> 32;
            default -> 0;
        };
    }

    /** What to call a number in a message. */
    static String name(int number) {
        return OTHERS.getOrDefault(number, "number " + Integer.toUnsignedString(number));
    }
}
