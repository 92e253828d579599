package org.espalier.backend;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.espalier.tensor.Shape;

/** {@link ElementwiseOps}. */
final class ElementwiseCases {

    private static final long[][] SIZES = {{1}, {1, 3}, {3, 7}, {7, 17}, {17, 65}, {65, 1}, {3, 7, 17}, {64, 1536}};

    private ElementwiseCases() {}

    static List<OpCase<ElementwiseOps>> all() {
        List<OpCase<ElementwiseOps>> cases = new ArrayList<>();
        for (long[] dims : SIZES) {
            cases.add(add(dims, 1));
            cases.add(add(dims, -0.75f));
            cases.add(accumulate(dims, 1, 1));
            cases.add(accumulate(dims, 0.5f, 0));
            cases.add(multiply(dims, 0));
            cases.add(multiply(dims, 1));
            cases.add(swiGlu(dims, 0, 1, true, true));
            cases.add(swiGlu(dims, 1, 0, true, true));
        }
        for (String target : List.of("a", "b")) {
            cases.add(multiplyInPlace(target, 0));
            cases.add(multiplyInPlace(target, 1));
        }
        cases.add(addInPlace("a"));
        cases.add(addInPlace("b"));
        cases.add(swiGlu(new long[] {7, 17}, 0, 0, true, false));
        cases.add(swiGlu(new long[] {7, 17}, 0, 0, false, true));
        cases.add(saturated());
        cases.add(dropout(0, 0.3, 0, 3, 7));
        cases.add(dropout(1, 0.3, 0, 1, 7));
        cases.add(dropout(1, 0.05, 1L << 40 | 3, 17, 65));
        cases.add(dropout(0, 0.5, 5, 64, 1536));
        return cases;
    }

    static OpCase<ElementwiseOps> add(long[] dims, float scale) {
        long numbers = Shape.of(dims).elements();
        return new CaseBuilder<ElementwiseOps>("add", size(dims) + " scale " + scale)
                .input("a", dims)
                .input("b", dims)
                .output("out", dims)
                .forward(2 * numbers, (ops, q, t) -> ops.add(q, t.get("a"), t.get("b"), scale, t.get("out")))
                .build();
    }

    private static OpCase<ElementwiseOps> addInPlace(String target) {
        return new CaseBuilder<ElementwiseOps>("add", "7x65 into " + target)
                .input("a", 7, 65)
                .input("b", 7, 65)
                .alias("out", target)
                .compared(target)
                .forward(2 * 7 * 65, (ops, q, t) -> ops.add(q, t.get("a"), t.get("b"), 0.5f, t.get("out")))
                .build();
    }

    static OpCase<ElementwiseOps> accumulate(long[] dims, float scale, float beta) {
        long numbers = Shape.of(dims).elements();
        return new CaseBuilder<ElementwiseOps>("accumulate", size(dims) + " scale " + scale + " beta " + (int) beta)
                .input("source", dims)
                .target("target", beta, dims)
                .forward(
                        2 * numbers, (ops, q, t) -> ops.accumulate(q, t.get("source"), scale, t.target("target", beta)))
                .build();
    }

    static OpCase<ElementwiseOps> multiply(long[] dims, float beta) {
        long numbers = Shape.of(dims).elements();
        return new CaseBuilder<ElementwiseOps>("multiply", size(dims) + " beta " + (int) beta)
                .input("a", dims)
                .input("b", dims)
                .output("out", dims)
                .seed("out", "dOut")
                .gradient("a", "dA", beta)
                .gradient("b", "dB", 1 - beta)
                .forward(numbers, (ops, q, t) -> ops.multiply(q, t.get("a"), t.get("b"), t.target("out", 0)))
                .backward(2 * numbers, (ops, q, t) -> {
                    ops.multiply(q, t.get("dOut"), t.get("b"), t.target("dA", beta));
                    ops.multiply(q, t.get("dOut"), t.get("a"), t.target("dB", 1 - beta));
                })
                .build();
    }

    private static OpCase<ElementwiseOps> multiplyInPlace(String target, float beta) {
        return new CaseBuilder<ElementwiseOps>("multiply", "7x65 into " + target + " beta " + (int) beta)
                .input("a", 7, 65)
                .input("b", 7, 65)
                .alias("out", target)
                .compared(target)
                .forward(2 * 7 * 65, (ops, q, t) -> ops.multiply(q, t.get("a"), t.get("b"), t.target("out", beta)))
                .build();
    }

    static OpCase<ElementwiseOps> swiGlu(
            long[] dims, float betaGate, float betaUp, boolean wantsGate, boolean wantsUp) {
        long numbers = Shape.of(dims).elements();
        String name = size(dims) + " beta " + (int) betaGate + " " + (int) betaUp + (wantsGate ? "" : " no dGate")
                + (wantsUp ? "" : " no dUp");
        CaseBuilder<ElementwiseOps> b = new CaseBuilder<ElementwiseOps>("swiGlu", name)
                .input("gate", dims)
                .input("up", dims)
                .output("out", dims)
                .seed("out", "dOut");
        if (wantsGate) {
            b.gradient("gate", "dGate", betaGate);
        }
        if (wantsUp) {
            b.gradient("up", "dUp", betaUp);
        }
        return swiGlu(b, numbers, betaGate, betaUp);
    }

    /** Gates so large that the exponential overflows or vanishes in float32. */
    private static OpCase<ElementwiseOps> saturated() {
        double[] gates = {-1e4, -200, -104, -89, -88, -30, 0, 30, 88, 89, 104, 200, 1e4};
        CaseBuilder<ElementwiseOps> b = new CaseBuilder<ElementwiseOps>("swiGlu", "saturated")
                .input("gate", gates, gates.length)
                .input("up", gates.length)
                .output("out", gates.length)
                .seed("out", "dOut")
                .gradient("gate", "dGate", 0)
                .gradient("up", "dUp", 0);
        return swiGlu(b, gates.length, 0, 0);
    }

    static OpCase<ElementwiseOps> dropout(float beta, double rate, long run, long... dims) {
        long numbers = Shape.of(dims).elements();
        DropoutMask mask = new DropoutMask(rate, 0x123456789ABCDEFL, run, 4);
        return new CaseBuilder<ElementwiseOps>("dropout", size(dims) + " rate " + rate + " beta " + (int) beta)
                .input("x", dims)
                .output("y", dims)
                .seed("y", "dY")
                .gradient("x", "dX", beta)
                .forward(numbers, (ops, q, t) -> ops.dropout(q, t.get("x"), mask, t.target("y", 0)))
                .backward(numbers, (ops, q, t) -> ops.dropout(q, t.get("dY"), mask, t.target("dX", beta)))
                .build();
    }

    private static OpCase<ElementwiseOps> swiGlu(
            CaseBuilder<ElementwiseOps> b, long numbers, float betaGate, float betaUp) {
        return b.forward(5 * numbers, (ops, q, t) -> ops.swiGlu(q, t.get("gate"), t.get("up"), t.get("out")))
                .backward(
                        12 * numbers,
                        (ops, q, t) -> ops.swiGluBackward(
                                q,
                                t.get("gate"),
                                t.get("up"),
                                t.get("dOut"),
                                t.target("dGate", betaGate),
                                t.target("dUp", betaUp)))
                .build();
    }

    static String size(long[] dims) {
        return String.join("x", Arrays.stream(dims).mapToObj(Long::toString).toList());
    }
}
