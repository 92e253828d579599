package org.espalier.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the stand-in computes for an instruction, beside what Java computes; on a real device, what that computes. */
@ExtendWith(StandIn.class)
class StandInInstructionsTest {

    private static final float SUBNORMAL = 0x1p-140f;
    private static final float INF = Float.POSITIVE_INFINITY;
    private static final float NAN = Float.NaN;

    /**
     * One instruction on up to three operands.
     *
     * @param text     with {@code a}, {@code b}, {@code c} read and {@code d} written
     * @param registers a letter for each operand in the order a, b, c, d: h (16 bits), r (32), l (64), f (float32), g
     *                  (float64)
     * @param expected bits of d
     */
    private record Case(String text, String registers, long[] operands, long expected) {
        @Override
        public String toString() {
            return text + " of " + Arrays.toString(operands);
        }
    }

    private static final List<Case> CASES = cases();

    private static void ints(List<Case> cases, String text, String registers, long expected, long... operands) {
        cases.add(new Case(text, registers, operands, expected));
    }

    private static void floats(List<Case> cases, String text, float expected, float... operands) {
        long[] bits = new long[operands.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = bits(operands[i]);
        }
        cases.add(new Case(text, "f".repeat(operands.length + 1), bits, bits(expected)));
    }

    private static long bits(float value) {
        return Integer.toUnsignedLong(Float.floatToRawIntBits(value));
    }

    private static long bits(double value) {
        return Double.doubleToRawLongBits(value);
    }

    private static long u32(long value) {
        return value & 0xffffffffL;
    }

    private static List<Case> cases() {
        List<Case> c = new ArrayList<>();
        integers(c);
        logic(c);
        floating(c);
        conversions(c);
        return c;
    }

    private static void integers(List<Case> c) {
        ints(c, "add.s32 d, a, b;", "rrr", 1, u32(-1), 2);
        ints(c, "add.u64 d, a, b;", "lll", -2, -1, -1);
        ints(c, "add.u16 d, a, b;", "hhh", 0, 0xffff, 1);
        ints(c, "sub.s32 d, a, b;", "rrr", u32(-1), 1, 2);
        ints(c, "mul.lo.s32 d, a, b;", "rrr", u32(-6), u32(-2), 3);
        ints(c, "mul.lo.s64 d, a, b;", "lll", 0x7fffffffffffL * -3, 0x7fffffffffffL, -3);
        ints(c, "mul.hi.u32 d, a, b;", "rrr", 0xfffffffeL, 0xffffffffL, 0xffffffffL);
        ints(c, "mul.hi.s32 d, a, b;", "rrr", u32(-1), u32(-1), 5);
        ints(c, "bfi.b32 d, a, b, 8, 4;", "rrr", 0xfffff5ffL, 0x35, 0xffffffffL);
        ints(c, "bfi.b32 d, a, b, 28, 8;", "rrr", 0x50000000L, 0x35, 0);
        ints(c, "bfi.b32 d, a, b, 32, 8;", "rrr", 9, 0x35, 9);
        ints(c, "bfi.b64 d, a, b, 32, 32;", "lll", 0x77_0000_0005L, 0x77, 5);
        ints(c, "mul.hi.u64 d, a, b;", "lll", Math.unsignedMultiplyHigh(-5, 77), -5, 77);
        ints(c, "mul.wide.s32 d, a, b;", "rrl", -12, u32(-3), 4);
        ints(c, "mul.wide.u32 d, a, b;", "rrl", 0xfffffffdL * 4, 0xfffffffdL, 4);
        ints(c, "mad.lo.s32 d, a, b, c;", "rrrr", 17, 3, 4, 5);
        ints(c, "mad.wide.s32 d, a, b, c;", "rrll", -7, u32(-3), 4, 5);
        ints(c, "div.s32 d, a, b;", "rrr", u32(-3), u32(-7), 2);
        ints(c, "div.u32 d, a, b;", "rrr", 0x7ffffffcL, u32(-7), 2);
        ints(c, "rem.s32 d, a, b;", "rrr", u32(-1), u32(-7), 2);
        ints(c, "div.s32 d, a, b;", "rrr", 0x80000000L, 0x80000000L, u32(-1));
        ints(c, "min.s32 d, a, b;", "rrr", u32(-1), u32(-1), 1);
        ints(c, "min.u32 d, a, b;", "rrr", 1, u32(-1), 1);
        ints(c, "max.s64 d, a, b;", "lll", 1, -1, 1);
        ints(c, "neg.s32 d, a;", "rr", u32(-5), 5);
        ints(c, "abs.s32 d, a;", "rr", 5, u32(-5));
    }

    private static void logic(List<Case> c) {
        ints(c, "and.b32 d, a, b;", "rrr", 0b1000, 0b1100, 0b1010);
        ints(c, "or.b64 d, a, b;", "lll", -1, 0xffffffffL, 0xffffffff00000000L);
        ints(c, "xor.b32 d, a, 5;", "rr", 6, 3);
        ints(c, "not.b32 d, a;", "rr", 0xfffffff0L, 15);
        ints(c, "shl.b32 d, a, b;", "rrr", 0x80000000L, 1, 31);
        ints(c, "shl.b32 d, a, b;", "rrr", 0, 1, 32);
        ints(c, "shl.b64 d, a, b;", "lrl", 1L << 63, 1, 63);
        ints(c, "shr.u32 d, a, b;", "rrr", 1, 0x80000000L, 31);
        ints(c, "shr.s32 d, a, b;", "rrr", u32(-1), 0x80000000L, 31);
        ints(c, "shr.s32 d, a, b;", "rrr", u32(-1), 0x80000000L, 200);
        ints(c, "shr.u64 d, a, b;", "lrl", 0, -1, 64);
        ints(c, "popc.b32 d, a;", "rr", 9, 0xf01fL);
        ints(c, "clz.b32 d, a;", "rr", 31, 1);
        ints(c, "clz.b64 d, a;", "lr", 64, 0);
        ints(c, "bfind.u32 d, a;", "rr", 4, 0x1f);
        ints(c, "bfind.u64 d, a;", "lr", 40, 1L << 40 | 5);
        ints(c, "bfind.shiftamt.u32 d, a;", "rr", 27, 0x1f);
        ints(c, "bfind.shiftamt.u32 d, a;", "rr", u32(-1), 0);
        ints(c, "brev.b32 d, a;", "rr", 0x80000000L, 1);
        ints(c, "prmt.b32 d, a, b, 0x7531;", "rrr", 0x77553311, 0x33221100, 0x77665544);
        ints(c, "prmt.b32 d, a, b, 0x98c3;", "rrr", 0xff00ff80L, 0x80ff8000L, 0x000000ffL);
        ints(c, "mov.b32 d, {a, b};", "hhr", 0x00020001, 1, 2);
        ints(c, "mov.b64 {d, %r30}, a;", "lr", 5, 0x700000005L);
        ints(c, "setp.lt.s32 %p1, a, b; selp.b32 d, a, b, %p1;", "rrr", u32(-1), 3, u32(-1));
        ints(c, "setp.lt.u32 %p1, a, b; selp.b32 d, a, b, %p1;", "rrr", 3, 3, u32(-1));
        ints(c, "setp.eq.s64 %p1, a, b; selp.b32 d, 1, 2, %p1;", "llr", 2, 1L << 32, 0);
        ints(c, "setp.gt.s32 %p1|%p2, a, b; selp.b32 d, 1, 2, %p2;", "rrr", 1, 1, 2);
        ints(c, "setp.eq.s32 %p1, a, 1; setp.eq.and.s32 %p2, b, 2, %p1; selp.b32 d, 1, 0, %p2;", "rrr", 1, 1, 2);
        ints(c, "setp.eq.s32 %p1, a, 1; setp.eq.or.s32 %p2, b, 2, !%p1; selp.b32 d, 1, 0, %p2;", "rrr", 0, 1, 3);
        ints(c, "setp.eq.s32 %p1, a, 1; not.pred %p2, %p1; selp.b32 d, 1, 0, %p2;", "rr", 0, 1);
        for (String unordered : List.of("neu", "equ", "ltu", "leu", "gtu", "geu", "nan")) {
            ints(c, "setp." + unordered + ".f32 %p1, a, b; selp.b32 d, 1, 0, %p1;", "ffr", 1, bits(NAN), bits(1f));
        }
        for (String ordered : List.of("ne", "eq", "lt", "le", "gt", "ge", "num")) {
            ints(c, "setp." + ordered + ".f32 %p1, a, b; selp.b32 d, 1, 0, %p1;", "ffr", 0, bits(NAN), bits(1f));
        }
        ints(c, "setp.neu.f32 %p1, a, b; selp.b32 d, 1, 0, %p1;", "ffr", 0, bits(-0f), bits(0f));
        ints(c, "ld.global.u8 d, [table+15];", "r", 255);
        ints(c, "ld.global.s8 d, [table+15];", "r", u32(-1));
        ints(c, "cvta.to.global.u64 %rd9, %rd1; ld.u32 d, [%rd9];", "r", 0);
        ints(
                c,
                "mov.u64 %rd9, depot; cvta.local.u64 %rd9, %rd9; st.u32 [%rd9+4], a; ld.local.u32 d, [depot+4];",
                "rr",
                77,
                77);
        ints(
                c,
                "mov.u64 %rd9, shared; cvta.shared.u64 %rd9, %rd9; st.u32 [%rd9], a; ld.shared.u32 d, [shared];",
                "rr",
                78,
                78);
        ints(c, "{ .reg .b32 %r2; mov.u32 %r2, 5; } add.u32 d, %r2, a;", "rr", 3, 3);
    }

    private static void floating(List<Case> c) {
        floats(c, "add.f32 d, a, b;", 0x1p24f, 0x1p24f, 1);
        floats(c, "sub.f32 d, a, b;", 0x1.fffffep-1f, 1, 0x1p-24f);
        floats(c, "mul.f32 d, a, b;", SUBNORMAL / 2, SUBNORMAL, 0.5f);
        floats(c, "mul.ftz.f32 d, a, b;", -0f, -SUBNORMAL, 0.5f);
        float above = Math.nextUp(1f);
        floats(c, "fma.rn.f32 d, a, b, c;", Math.fma(above, above, -1f), above, above, -1);
        floats(c, "fma.rn.f32 d, a, b, c;", Math.fma(3f, 1 / 3f, -1f), 3, 1 / 3f, -1);
        floats(c, "fma.rm.f32 d, a, b, c;", 1, 1, 1, 0x1p-30f);
        floats(c, "fma.rm.f32 d, a, b, c;", Math.nextDown(1f), 1, 1, -0x1p-60f);
        floats(c, "fma.rm.f32 d, a, b, c;", Math.nextUp(1f), 1, 1, 0x1.fp-23f);
        floats(c, "fma.rm.f32 d, a, b, c;", 7, 2, 3, 1);
        floats(c, "fma.rm.f32 d, a, b, c;", -INF, -INF, 3, 1);
        floats(c, "div.rn.f32 d, a, b;", 1 / 3f, 1, 3);
        floats(c, "div.rn.f32 d, a, b;", INF, 1, 0);
        floats(c, "rcp.rn.f32 d, a;", 1 / 49f, 49);
        floats(c, "sqrt.rn.f32 d, a;", (float) Math.sqrt(2), 2);
        floats(c, "min.f32 d, a, b;", 1, NAN, 1);
        floats(c, "min.f32 d, a, b;", -0f, 0, -0f);
        floats(c, "max.f32 d, a, b;", 0, -0f, 0);
        floats(c, "max.f32 d, a, b;", 1, 1, NAN);
        floats(c, "neg.f32 d, a;", -0f, 0);
        floats(c, "abs.f32 d, a;", 2, -2);
        floats(c, "add.f32 d, a, 0fBF800000;", -0.5f, 0.5f);
        ints(c, "fma.rn.f64 d, a, b, c;", "gggg", bits(Math.fma(0.1, 10.0, -1.0)), bits(0.1), bits(10.0), bits(-1.0));
        ints(c, "add.f64 d, a, 0d3FF0000000000000;", "gg", bits(1.1), bits(0.1));
    }

    private static void conversions(List<Case> c) {
        ints(c, "cvt.s64.s32 d, a;", "rl", -3, u32(-3));
        ints(c, "cvt.u64.u32 d, a;", "rl", 0xfffffffdL, u32(-3));
        ints(c, "cvt.u32.u64 d, a;", "lr", 5, 0x900000005L);
        ints(c, "cvt.s32.s8 d, a;", "rr", u32(-1), 0xff);
        ints(c, "cvt.rn.f32.s32 d, a;", "rf", bits(0x1p24f), (1 << 24) + 1);
        ints(c, "cvt.rn.f32.u32 d, a;", "rf", bits(0x1p32f), 0xffffffffL);
        ints(c, "cvt.rzi.s32.f32 d, a;", "fr", u32(-2), bits(-2.9f));
        ints(c, "cvt.rni.s32.f32 d, a;", "fr", 2, bits(2.5f));
        ints(c, "cvt.rmi.s32.f32 d, a;", "fr", u32(-3), bits(-2.1f));
        ints(c, "cvt.rpi.s32.f32 d, a;", "fr", 3, bits(2.1f));
        ints(c, "cvt.rzi.s32.f32 d, a;", "fr", 0x7fffffff, bits(1e20f));
        ints(c, "cvt.rzi.u32.f32 d, a;", "fr", 0, bits(-1f));
        ints(c, "cvt.rzi.s32.f32 d, a;", "fr", 0, bits(NAN));
        ints(c, "cvt.rni.u64.f32 d, a;", "fl", Long.MIN_VALUE, bits(NAN));
        ints(c, "cvt.rzi.u32.f64 d, a;", "gr", 0x80000000L, bits(Double.NaN));
        ints(c, "cvt.rpi.u64.f64 d, a;", "gl", 3, bits(2.1));
        ints(c, "cvt.rni.f32.f32 d, a;", "ff", bits(2f), bits(2.5f));
        ints(c, "cvt.f64.f32 d, a;", "fg", bits((double) 0.1f), bits(0.1f));
        ints(c, "cvt.rn.f32.f64 d, a;", "gf", bits((float) Math.PI), bits(Math.PI));
        for (float value : new float[] {
            0,
            -0f,
            1,
            -2.5f,
            65504,
            65519,
            65520,
            INF,
            0x1p-14f,
            0x1p-24f,
            0x1p-25f,
            0x1.8p-25f,
            1 + 0x1p-11f,
            1 + 0x1.8p-10f,
            0x1.ffep-15f,
            1e-30f
        }) {
            short half = Float.floatToFloat16(value);
            ints(c, "cvt.rn.f16.f32 d, a;", "fh", half & 0xffff, bits(value));
            ints(c, "cvt.f32.f16 d, a;", "hf", bits(Float.float16ToFloat(half)), half & 0xffff);
        }
        ints(c, "cvt.sat.f32.f32 d, a;", "ff", bits(0.25f), bits(0.25f));
        ints(c, "cvt.sat.f32.f32 d, a;", "ff", bits(1f), bits(7f));
        ints(c, "cvt.sat.f32.f32 d, a;", "ff", bits(0f), bits(-7f));
        ints(c, "cvt.sat.f32.f32 d, a;", "ff", bits(0f), bits(NAN));
        ints(c, "cvt.rn.bf16.f32 d, a;", "fh", 0x3f80, bits(1 + 0x1p-8f));
        ints(c, "cvt.rn.bf16.f32 d, a;", "fh", 0x3f82, bits(1 + 0x1.8p-7f));
        ints(c, "cvt.rn.bf16.f32 d, a;", "fh", 0x7f80, bits(Float.MAX_VALUE));
    }

    static List<Case> all() {
        return CASES;
    }

    @ParameterizedTest
    @MethodSource("all")
    void instructionGivesTheBitsThatJavaGives(Case instruction) {
        long[] in = Arrays.copyOf(instruction.operands, 4);
        assertEquals(instruction.expected, PlantedKernel.run(body(instruction), 1, in)[0]);
    }

    /** Loads the operands into registers of their kinds, runs the instruction, stores d. */
    private static String body(Case instruction) {
        StringBuilder body = new StringBuilder();
        String text = " " + instruction.text;
        int operands = instruction.operands.length;
        for (int o = 0; o <= operands; o++) {
            char kind = instruction.registers.charAt(o);
            String register = register(kind, 10 + o);
            if (o < operands) {
                body.append("ld.global." + type(kind) + " " + register + ", [%rd1+" + 8 * o + "];\n");
            }
            String name = o == operands ? "d" : String.valueOf((char) ('a' + o));
            text = text.replaceAll("(?<=[ {])" + name + "(?=[,;}])", register);
        }
        char result = instruction.registers.charAt(operands);
        return body.append(text)
                .append("\nst.global.")
                .append(type(result))
                .append(" [%rd2], ")
                .append(register(result, 10 + operands))
                .append(";\n")
                .toString();
    }

    private static String register(char kind, int number) {
        return switch (kind) {
                    case 'h' -> "%rs";
                    case 'r' -> "%r";
                    case 'l' -> "%rd";
                    case 'f' -> "%f";
                    default -> "%fd";
                }
                + number;
    }

    private static String type(char kind) {
        return switch (kind) {
            case 'h' -> "b16";
            case 'r' -> "b32";
            case 'l' -> "b64";
            case 'f' -> "f32";
            default -> "f64";
        };
    }

    /** Approximations may differ between devices; the stand-in's are within one unit in the last place. */
    @Test
    void approximationsAreNearTheTruth() {
        near("rsqrt.approx.f32", 3, 1 / Math.sqrt(3));
        near("rcp.approx.ftz.f32", 3, 1 / 3.0);
        near("sqrt.approx.f32", 3, Math.sqrt(3));
        near("ex2.approx.ftz.f32", -1.5f, Math.pow(2, -1.5));
        near("lg2.approx.f32", 10, Math.log(10) / Math.log(2));
        near("sin.approx.f32", 1, Math.sin(1));
        near("cos.approx.f32", 1, Math.cos(1));
        near("tanh.approx.f32", 0.5f, Math.tanh(0.5));
    }

    private static void near(String opcode, float a, double expected) {
        String body = "ld.global.f32 %f1, [%rd1]; " + opcode + " %f2, %f1; st.global.f32 [%rd2], %f2;";
        long[] out = PlantedKernel.run(body, 1, bits(a), 0);
        float found = Float.intBitsToFloat((int) out[0]);
        double tolerance = StandIn.isItself() ? Math.ulp((float) expected) : 1e-3 * Math.abs(expected);
        assertEquals(expected, found, tolerance, opcode);
    }
}
