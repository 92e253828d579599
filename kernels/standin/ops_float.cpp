// Floating-point arithmetic as IEEE 754 has it: this code must be compiled without contraction of a * b + c.
// The device's approximations (.approx) are computed in double and rounded once, so nearer the truth than the hardware.
#include <cmath>
#include <limits>

#include "lanes.h"
#include "operations.h"

namespace standin {
namespace {

struct Add { template <typename T> static T apply(T a, T b) { return a + b; } };
struct Subtract { template <typename T> static T apply(T a, T b) { return a - b; } };
struct Multiply { template <typename T> static T apply(T a, T b) { return a * b; } };
struct Divide { template <typename T> static T apply(T a, T b) { return a / b; } };
struct FusedMultiplyAdd { template <typename T> static T apply(T a, T b, T c) { return std::fma(a, b, c); } };
// a b + c rounded towards minus infinity. In double the product is exact, and the sum's error is known (Knuth's TwoSum).
struct FusedMultiplyAddDown {
    static float apply(float a, float b, float c) {
        const double product = static_cast<double>(a) * b;
        const double sum = product + c;
        const float nearest = static_cast<float>(sum);
        if (!std::isfinite(sum)) return nearest;
        const double added = sum - product;
        const double error = (product - (sum - added)) + (c - added);
        const bool above = nearest > sum || (nearest == sum && error < 0);
        return above ? std::nextafter(nearest, -std::numeric_limits<float>::infinity()) : nearest;
    }
};
struct Negate { template <typename T> static T apply(T a) { return -a; } };
struct Absolute { template <typename T> static T apply(T a) { return std::fabs(a); } };
struct SquareRoot { template <typename T> static T apply(T a) { return std::sqrt(a); } };
struct Reciprocal { template <typename T> static T apply(T a) { return T(1) / a; } };

// The other operand if one is NaN; -0 is less than +0.
struct Minimum {
    template <typename T>
    static T apply(T a, T b) { return a == b ? (std::signbit(a) ? a : b) : std::fmin(a, b); }
};
struct Maximum {
    template <typename T>
    static T apply(T a, T b) { return a == b ? (std::signbit(a) ? b : a) : std::fmax(a, b); }
};

struct InverseRoot { static double apply(double a) { return 1.0 / std::sqrt(a); } };
struct Exp2 { static double apply(double a) { return std::exp2(a); } };
struct Log2 { static double apply(double a) { return std::log2(a); } };
struct Sine { static double apply(double a) { return std::sin(a); } };
struct Cosine { static double apply(double a) { return std::cos(a); } };
struct Tanh { static double apply(double a) { return std::tanh(a); } };

// A float32 function computed in double.
template <typename F>
struct Approximate { static float apply(float a) { return static_cast<float>(F::apply(static_cast<double>(a))); } };

inline float flushed(float a) { return std::fpclassify(a) == FP_SUBNORMAL ? std::copysign(0.0f, a) : a; }

// .ftz: subnormal inputs and results become zeros.
template <typename F>
struct Flushing {
    template <typename... T>
    static float apply(T... a) { return flushed(F::apply(flushed(a)...)); }
};

// The rounding to nearest is the only one that kernels here use, and the default where it may be left out.
template <typename F>
void decodeBinary(Decoding& in) {
    in.take("rn");
    bool flush = in.take("ftz");
    Type type = in.type();
    operands(in, type, 2);
    in.execute(type == Type::F32 ? (flush ? binary<float, Flushing<F>> : binary<float, F>)
               : type == Type::F64 && !flush ? binary<double, F> : nullptr);
}

template <typename F>
void decodeUnary(Decoding& in) {
    bool flush = in.take("ftz");
    Type type = in.type();
    operands(in, type, 1);
    in.execute(type == Type::F32 ? (flush ? unary<float, Flushing<F>> : unary<float, F>)
               : type == Type::F64 && !flush ? unary<double, F> : nullptr);
}

void decodeFma(Decoding& in) {
    if (in.take("rm")) {
        Type type = in.type();
        operands(in, type, 3);
        in.execute(type == Type::F32 ? ternary<float, FusedMultiplyAddDown> : nullptr);
        return;
    }
    if (!in.take("rn")) in.unknown();
    bool flush = in.take("ftz");
    Type type = in.type();
    operands(in, type, 3);
    const Execute single = flush ? ternary<float, Flushing<FusedMultiplyAdd>> : ternary<float, FusedMultiplyAdd>;
    in.execute(type == Type::F32 ? single : type == Type::F64 && !flush ? ternary<double, FusedMultiplyAdd> : nullptr);
}

// div, rcp and sqrt: .rn, or for float32 .approx (and div.full).
void requireRounding(Decoding& in) {
    if (in.takeOneOf({"rn", "approx", "full"}).empty()) in.unknown();
}

void decodeDivide(Decoding& in) {
    requireRounding(in);
    decodeBinary<Divide>(in);
}

template <typename F>
void decodeRounded(Decoding& in) {
    requireRounding(in);
    decodeUnary<F>(in);
}

template <typename F>
void decodeApproximate(Decoding& in) {
    if (!in.take("approx")) in.unknown();
    bool flush = in.take("ftz");
    Type type = in.type();
    operands(in, type, 1);
    using Rounded = Approximate<F>;
    in.execute(type == Type::F32 ? (flush ? unary<float, Flushing<Rounded>> : unary<float, Rounded>) : nullptr);
}

}  // namespace

void addFloatOperations(DecodeTable& table) {
    table["add" + FLOATING] = decodeBinary<Add>;
    table["sub" + FLOATING] = decodeBinary<Subtract>;
    table["mul" + FLOATING] = decodeBinary<Multiply>;
    table["min" + FLOATING] = decodeBinary<Minimum>;
    table["max" + FLOATING] = decodeBinary<Maximum>;
    table["neg" + FLOATING] = decodeUnary<Negate>;
    table["abs" + FLOATING] = decodeUnary<Absolute>;
    table["fma" + FLOATING] = decodeFma;
    table["div" + FLOATING] = decodeDivide;
    table["rcp" + FLOATING] = decodeRounded<Reciprocal>;
    table["sqrt" + FLOATING] = decodeRounded<SquareRoot>;
    table["rsqrt" + FLOATING] = decodeApproximate<InverseRoot>;
    table["ex2" + FLOATING] = decodeApproximate<Exp2>;
    table["lg2" + FLOATING] = decodeApproximate<Log2>;
    table["sin" + FLOATING] = decodeApproximate<Sine>;
    table["cos" + FLOATING] = decodeApproximate<Cosine>;
    table["tanh" + FLOATING] = decodeApproximate<Tanh>;
}

}  // namespace standin
