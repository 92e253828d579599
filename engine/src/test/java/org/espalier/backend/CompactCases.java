package org.espalier.backend;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.espalier.tensor.DType;
import org.espalier.tensor.Shape;
import org.espalier.tensor.Tensor;

/** {@link CompactOps}. */
final class CompactCases {

    private static final List<DType> TYPES = List.of(DType.F32, DType.BF16, DType.F64, DType.I8);

    private CompactCases() {}

    static List<OpCase<CompactOps>> all() {
        List<OpCase<CompactOps>> cases = new ArrayList<>();
        for (DType type : TYPES) {
            cases.add(gather(type, 1, 1, List.of(0), List.of(0), "one"));
            cases.add(gather(type, 17, 65, some(17, 3, 1), some(65, 3, 2), "scattered"));
            cases.add(gather(type, 65, 17, List.of(64, 0, 64, 3), List.of(16, 2, 2), "in any order"));
            cases.add(gather(type, 33, 96, some(33, 2, 3), heads(96, 32, 1), "whole heads"));
            cases.add(gather(type, 7, 40, null, heads(40, 8, 2), "all rows"));
            cases.add(gather(type, 20, 33, some(20, 4, 4), null, "all columns"));
            cases.add(gather(type, 3, 4100, null, some(4100, 2, 5), "long rows"));
            cases.add(inPlace(type, 1, 1, List.of(0), List.of(0), "one"));
            cases.add(inPlace(type, 67, 65, some(67, 3, 1), some(65, 3, 2), "scattered"));
            cases.add(inPlace(type, 35, 130, null, some(130, 4, 3).reversed(), "columns, the last first"));
            cases.add(inPlace(type, 67, 33, some(67, 4, 4), null, "rows"));
            cases.add(inPlace(
                    type, 13, 17, List.of(12, 1, 2, 12, 4, 7, 6, 7, 9, 9, 11), List.of(16, 2, 2, 0), "in any order"));
            cases.add(inPlace(type, 3, 4100, List.of(0, 2), some(4100, 2, 5), "long rows"));
            cases.add(inPlace(type, 19, 21, null, null, "all"));
        }
        return cases;
    }

    /** {@code rows} or {@code columns} are null where all stay. */
    static OpCase<CompactOps> gather(
            DType type, int out, int in, List<Integer> rows, List<Integer> columns, String label) {
        String name = label + " of " + out + "x" + in + " " + type;
        return operands(name, type, out, in, rows, columns)
                .output("target", type, rows == null ? out : rows.size(), columns == null ? in : columns.size())
                .forward(
                        0,
                        (ops, q, t) -> ops.gather(q, t.get("source"), t.get("rows"), t.get("columns"), t.get("target")))
                .build();
    }

    /** The target begins where the source does; compared is all of the source, what is left behind the target too. */
    static OpCase<CompactOps> inPlace(
            DType type, int out, int in, List<Integer> rows, List<Integer> columns, String label) {
        String name = "in place " + label + " of " + out + "x" + in + " " + type;
        Shape shape = Shape.of(rows == null ? out : rows.size(), columns == null ? in : columns.size());
        return operands(name, type, out, in, rows, columns)
                .alias("target", "source")
                .compared("source")
                .forward(0, (ops, q, t) -> {
                    Tensor whole = t.get("target");
                    ops.gather(
                            q,
                            t.get("source"),
                            t.get("rows"),
                            t.get("columns"),
                            new Tensor(whole.buffer(), whole.offset(), type, shape));
                })
                .build();
    }

    private static CaseBuilder<CompactOps> operands(
            String name, DType type, int out, int in, List<Integer> rows, List<Integer> columns) {
        CaseBuilder<CompactOps> b = new CaseBuilder<CompactOps>("gather", name).tolerance(0, "numbers are only copied");
        b.fixed("source", type, () -> source(b, type, out, in), out, in);
        if (rows != null) {
            b.ints("rows", rows.stream().mapToInt(Integer::intValue).toArray());
        }
        if (columns != null) {
            b.ints("columns", columns.stream().mapToInt(Integer::intValue).toArray());
        }
        return b;
    }

    private static double[] source(CaseBuilder<CompactOps> b, DType type, int out, int in) {
        double[] numbers = b.normal("source", Shape.of(out, in));
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = type == DType.I8 ? (byte) i : numbers[i];
        }
        return numbers;
    }

    /** About one in {@code of} is cut. */
    static List<Integer> some(int count, int of, long seed) {
        Random random = new Random(seed);
        return IntStream.range(0, count)
                .filter(i -> random.nextInt(of) != 0)
                .boxed()
                .toList();
    }

    /** All but one of the heads of {@code width}. */
    private static List<Integer> heads(int count, int width, int cut) {
        return IntStream.range(0, count).filter(i -> i / width != cut).boxed().toList();
    }
}
