package org.espalier.backend;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.espalier.tensor.Shape;

/** {@link ColumnOps}. */
final class ColumnCases {

    private ColumnCases() {}

    static List<OpCase<ColumnOps>> all() {
        List<OpCase<ColumnOps>> cases = new ArrayList<>();
        cases.add(parts(0, new long[] {1}, 1));
        cases.add(parts(1, new long[] {3}, 1, 1));
        cases.add(parts(0, new long[] {7}, 17, 17));
        cases.add(parts(1, new long[] {7}, 3, 1, 13));
        cases.add(parts(0, new long[] {5, 3}, 8, 4, 4));
        cases.add(parts(1, new long[] {5, 3}, 8, 4, 4));
        cases.add(parts(0, new long[] {65}, 64, 0, 65));
        cases.add(parts(0, new long[] {300}, 60, 20, 20));
        cases.add(parts(1, new long[] {64}, 576, 192, 192));
        cases.add(place(new int[] {7, 17, 3}, new int[] {9, 2}, 5));
        for (int columns = 4; columns <= 8; columns++) {
            cases.add(place(new int[] {7, 16, 4}, new int[] {20, 8}, columns));
        }
        cases.add(parts(0, new long[] {2}, 1030, 10, 4));
        cases.add(parts(1, new long[] {2}, 1030, 10, 4));
        cases.add(place(new int[] {3, 9, 0}, new int[] {9, 0}, 0));
        return cases;
    }

    /** A matrix, or heads of several rows each, divided into parts of its columns, and their gradients put together. */
    static OpCase<ColumnOps> parts(float beta, long[] rows, long... widths) {
        long[] first = firsts(widths);
        String name = "parts " + ElementwiseCases.size(rows) + " of "
                + Arrays.stream(widths).mapToObj(Long::toString).collect(Collectors.joining("+")) + " beta "
                + (int) beta;
        CaseBuilder<ColumnOps> b = new CaseBuilder<>("copyColumns", name);
        b.input("x", dims(rows, first[widths.length])).gradient("x", "dX", beta);
        for (int i = 0; i < widths.length; i++) {
            b.output("part" + i, dims(rows, widths[i])).seed("part" + i, "d" + i);
        }
        long numbers = Shape.of(dims(rows, first[widths.length])).elements();
        return b.forward(numbers, (ops, q, t) -> {
                    for (int i = 0; i < widths.length; i++) {
                        ops.copyColumns(q, t.get("x"), first[i], t.target("part" + i, 0), 0, widths[i]);
                    }
                })
                .backward(numbers, (ops, q, t) -> {
                    for (int i = 0; i < widths.length; i++) {
                        ops.copyColumns(q, t.get("d" + i), 0, t.target("dX", beta), first[i], widths[i]);
                    }
                })
                .build();
    }

    /** Where each part begins, and where the last one ends. */
    private static long[] firsts(long[] widths) {
        long[] firsts = new long[widths.length + 1];
        for (int i = 0; i < widths.length; i++) {
            firsts[i + 1] = firsts[i] + widths[i];
        }
        return firsts;
    }

    private static long[] dims(long[] rows, long columns) {
        long[] dims = Arrays.copyOf(rows, rows.length + 1);
        dims[rows.length] = columns;
        return dims;
    }

    /**
     * Some columns added to some of another matrix, whose others stay as they are.
     *
     * @param source rows, columns, the first that is copied
     * @param target columns, the first that is added to
     */
    private static OpCase<ColumnOps> place(int[] source, int[] target, int columns) {
        String name = source[0] + "x" + columns + " of " + source[1] + " from " + source[2] + " to " + target[0]
                + " from " + target[1];
        return new CaseBuilder<ColumnOps>("copyColumns", name)
                .input("x", source[0], source[1])
                .target("y", 1, source[0], target[0])
                .seed("y", "dY")
                .gradient("x", "dX", 1)
                .forward(
                        (long) source[0] * columns,
                        (ops, q, t) -> ops.copyColumns(q, t.get("x"), source[2], t.target("y", 1), target[1], columns))
                .backward(
                        (long) source[0] * columns,
                        (ops, q, t) ->
                                ops.copyColumns(q, t.get("dY"), target[1], t.target("dX", 1), source[2], columns))
                .build();
    }
}
