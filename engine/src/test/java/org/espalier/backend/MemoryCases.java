package org.espalier.backend;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.espalier.tensor.DType;

/** {@link MemoryOps}: conversions and fills. */
final class MemoryCases {

    private static final List<DType> STORED = List.of(
            DType.F32,
            DType.BF16,
            DType.F16,
            DType.Q4_0,
            DType.Q4_1,
            DType.Q5_0,
            DType.Q5_1,
            DType.Q8_0,
            DType.Q4_K,
            DType.Q5_K,
            DType.Q6_K);

    private MemoryCases() {}

    static List<OpCase<MemoryOps>> all() {
        List<OpCase<MemoryOps>> cases = new ArrayList<>();
        for (DType from : STORED) {
            for (DType to : List.of(DType.F32, DType.BF16, DType.F16, DType.F64)) {
                long columns = from.plain() ? 65 : 512;
                cases.add(convert(from, to, 3, columns));
            }
        }
        cases.add(convert(DType.BF16, DType.F32, 17, 7));
        cases.add(convert(DType.Q4_1, DType.BF16, 17, 544));
        cases.add(wide(DType.F64, DType.F32, 0.1, 1 + 0x1p-24, 1 + 3 * 0x1p-24, 1e300, -1e-300, 1e-45, 7));
        cases.add(wide(DType.F64, DType.BF16, 0.1, 1 + 0x1p-8 + 0x1p-20, -3));
        cases.add(wide(DType.F64, DType.F16, 0.1, 1 + 0x1p-11 + 0x1p-20, -3, 1e6));
        cases.add(wide(DType.F64, DType.F64, 0.1, 1e300));
        for (DType integers : List.of(DType.I64, DType.I32, DType.I16, DType.I8, DType.U8, DType.BOOL)) {
            cases.add(wide(integers, DType.F32, 0, 1, 0, 1, 1, integers == DType.BOOL ? 0 : 100));
            cases.add(wide(integers, DType.F16, 1, 0, 1));
            cases.add(wide(integers, DType.BF16, 1, 0, 1, 1));
            cases.add(wide(integers, DType.F64, 0, 1, 1, 0));
        }
        cases.add(wide(DType.I64, DType.F64, (1L << 53) - 1, -(1L << 62), 7));
        cases.add(wide(DType.I64, DType.F32, (1L << 53) - 1, -(1L << 62) - (1L << 40), -7));
        cases.add(wide(DType.I32, DType.F32, Integer.MAX_VALUE, Integer.MIN_VALUE, (1 << 24) + 1));
        cases.add(wide(DType.I8, DType.BF16, -128, 127, -1));
        for (DType from : List.of(
                DType.F32, DType.BF16, DType.F16, DType.F64, DType.I64, DType.I32, DType.I16, DType.I8, DType.U8)) {
            for (DType to : List.of(DType.F32, DType.BF16, DType.F16, DType.F64)) {
                cases.add(counting(from, to, 7));
                cases.add(counting(from, to, 5125));
            }
        }
        // Every end of a row of fours.
        for (DType from : List.of(DType.F32, DType.BF16, DType.F16)) {
            for (DType to : List.of(DType.F32, DType.BF16, DType.F16, DType.F64)) {
                cases.add(counting(from, to, 5));
                cases.add(counting(from, to, 6));
            }
        }
        cases.add(roundings(DType.BF16));
        cases.add(roundings(DType.F16));
        for (DType type : List.of(DType.F32, DType.F64, DType.BF16, DType.F16, DType.I64, DType.I32, DType.I8)) {
            cases.add(fill(type, 3, 7, 17));
        }
        cases.add(fill(DType.F32, 0, 7, 17));
        cases.add(fill(DType.F64, -1, 17, 65));
        return cases;
    }

    static OpCase<MemoryOps> convert(DType from, DType to, long rows, long columns) {
        CaseBuilder<MemoryOps> b = new CaseBuilder<>("convert", from + " to " + to + " " + rows + "x" + columns);
        return convert(b.weight("source", from, rows, columns), to, rows * columns);
    }

    /** Given numbers of a plain type. */
    private static OpCase<MemoryOps> wide(DType from, DType to, double... numbers) {
        CaseBuilder<MemoryOps> b = new CaseBuilder<>("convert", numbers.length + " of " + from + " to " + to);
        return convert(b.fixed("source", from, numbers, numbers.length), to, numbers.length);
    }

    /** Numbers that every type has, as operands that may lie anywhere. */
    private static OpCase<MemoryOps> counting(DType from, DType to, int count) {
        double[] numbers = IntStream.range(0, count).mapToDouble(i -> i % 101).toArray();
        CaseBuilder<MemoryOps> b = new CaseBuilder<>("convert", "counting " + count + " of " + from + " to " + to);
        return convert(b.fixed("source", from, numbers, count), to, count);
    }

    /** Ties, subnormals, the largest numbers and infinities, as float32. */
    private static OpCase<MemoryOps> roundings(DType to) {
        double[] numbers = {
            0,
            -0.0,
            1,
            1 + 0x1p-8,
            1 + 3 * 0x1p-8,
            1 + 0x1p-9,
            1 + 0x1p-11,
            1 + 3 * 0x1p-11,
            1 + 0x1p-12,
            65504,
            65519,
            65520,
            1e30,
            -1e30,
            0x1p-14,
            0x1p-24,
            0x1p-25,
            3 * 0x1p-26,
            1e-30,
            Float.MIN_VALUE,
            Float.MAX_VALUE,
            Double.POSITIVE_INFINITY,
            Double.NEGATIVE_INFINITY
        };
        CaseBuilder<MemoryOps> b = new CaseBuilder<>("convert", "roundings to " + to);
        return convert(b.fixed("source", DType.F32, numbers, numbers.length), to, numbers.length);
    }

    private static OpCase<MemoryOps> convert(CaseBuilder<MemoryOps> b, DType to, long numbers) {
        return b.output("target", to, numbers)
                .tolerance(0, "rounding to nearest even has one answer")
                .forward(numbers, (ops, q, t) -> ops.convert(q, t.get("source"), t.get("target")))
                .build();
    }

    private static OpCase<MemoryOps> fill(DType type, double value, long rows, long columns) {
        return new CaseBuilder<MemoryOps>("fill", type + " with " + value)
                .output("target", type, rows, columns)
                .tolerance(0, "the number is representable")
                .forward(0, (ops, q, t) -> ops.fill(q, t.get("target"), value))
                .build();
    }
}
