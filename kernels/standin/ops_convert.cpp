// cvt: between widths, integers and floating types.
#include <cmath>
#include <limits>
#include <type_traits>

#include "lanes.h"
#include "operations.h"

namespace standin {
namespace {

// Storage-only 16-bit floats.
struct Half { uint16_t bits; };
struct BFloat { uint16_t bits; };

float widen(BFloat value) { return get<float>(static_cast<uint64_t>(value.bits) << 16); }

float widen(Half value) {
    const uint32_t exponent = value.bits >> 10 & 31;
    const uint32_t fraction = value.bits & 1023;
    float magnitude;
    if (exponent == 31) {
        magnitude = fraction ? std::numeric_limits<float>::quiet_NaN() : std::numeric_limits<float>::infinity();
    } else if (exponent == 0) {
        magnitude = std::ldexp(static_cast<float>(fraction), -24);
    } else {
        magnitude = std::ldexp(static_cast<float>(fraction + 1024), static_cast<int>(exponent) - 25);
    }
    return value.bits & 0x8000 ? -magnitude : magnitude;
}

float widen(float value) { return value; }

// Drops `low` bits of `bits`, rounding to nearest, ties to even.
uint32_t roundOff(uint32_t bits, int low) {
    const uint32_t half = 1u << (low - 1);
    return (bits + half - 1 + (bits >> low & 1)) >> low;
}

template <typename T> T narrow(float value);
template <> float narrow<float>(float value) { return value; }

template <> BFloat narrow<BFloat>(float value) {
    const uint32_t bits = static_cast<uint32_t>(slotOf(value));
    return {static_cast<uint16_t>(std::isnan(value) ? 0x7fff : roundOff(bits, 16))};
}

template <> Half narrow<Half>(float value) {
    const uint32_t bits = static_cast<uint32_t>(slotOf(value));
    const uint16_t sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
    const float magnitude = std::fabs(value);
    if (std::isnan(value)) return {0x7fff};
    if (magnitude >= 65520.0f) return {static_cast<uint16_t>(sign | 0x7c00)};
    if (magnitude < 0x1p-14f) {
        return {static_cast<uint16_t>(sign | static_cast<uint16_t>(std::nearbyint(magnitude * 0x1p24f)))};
    }
    return {static_cast<uint16_t>(sign | (roundOff(bits & 0x7fffffff, 13) - (112u << 10)))};
}

// Truncates or extends by the sign of the source type.
template <typename D, typename S>
void integerToInteger(Warp& warp, const Instruction& i, uint32_t lanes) {
    uint64_t* d = warp.row(i.d[0]);
    const uint64_t* a = warp.row(i.a[0]);
    forLanes(lanes, [=](int lane) { d[lane] = slotOf(static_cast<D>(get<S>(a[lane]))); });
}

template <typename D, typename S>
void integerToFloat(Warp& warp, const Instruction& i, uint32_t lanes) {
    uint64_t* d = warp.row(i.d[0]);
    const uint64_t* a = warp.row(i.a[0]);
    forLanes(lanes, [=](int lane) { d[lane] = slotOf(static_cast<D>(get<S>(a[lane]))); });
}

enum class Integral : uint8_t { Nearest, Zero, Down, Up };

template <typename T>
T integral(T value, Integral how) {
    switch (how) {
        case Integral::Nearest: return std::nearbyint(value);
        case Integral::Zero: return std::trunc(value);
        case Integral::Down: return std::floor(value);
        default: return std::ceil(value);
    }
}

// Out of range clamps. NaN gives 0, or the sign bit alone where either side has 64 bits.
template <typename D, typename S>
void floatToInteger(Warp& warp, const Instruction& i, uint32_t lanes) {
    uint64_t* d = warp.row(i.d[0]);
    const uint64_t* a = warp.row(i.a[0]);
    const Integral how = static_cast<Integral>(i.variant);
    constexpr S LEAST = static_cast<S>(std::numeric_limits<D>::min());
    constexpr bool LONG = sizeof(D) == 8 || sizeof(S) == 8;
    constexpr D NOT_A_NUMBER = static_cast<D>(LONG ? 1ull << (8 * sizeof(D) - 1) : 0);
    constexpr S BEYOND = static_cast<S>(std::numeric_limits<D>::max() / 2 + 1) * 2;
    forLanes(lanes, [=](int lane) {
        const S value = integral(get<S>(a[lane]), how);
        d[lane] = slotOf(std::isnan(value) ? NOT_A_NUMBER
                         : value <= LEAST ? std::numeric_limits<D>::min()
                         : value >= BEYOND ? std::numeric_limits<D>::max() : static_cast<D>(value));
    });
}

// cvt.rni.f32.f32 and the like.
template <typename T>
void floatToIntegral(Warp& warp, const Instruction& i, uint32_t lanes) {
    uint64_t* d = warp.row(i.d[0]);
    const uint64_t* a = warp.row(i.a[0]);
    const Integral how = static_cast<Integral>(i.variant);
    forLanes(lanes, [=](int lane) { d[lane] = slotOf(integral(get<T>(a[lane]), how)); });
}

// cvt.sat.f32.f32: into [0, 1], NaN gives 0.
void saturate(Warp& warp, const Instruction& i, uint32_t lanes) {
    uint64_t* d = warp.row(i.d[0]);
    const uint64_t* a = warp.row(i.a[0]);
    forLanes(lanes, [=](int lane) {
        const float value = get<float>(a[lane]);
        d[lane] = slotOf(value > 0 ? std::fmin(value, 1.0f) : 0.0f);
    });
}

template <typename D, typename S>
void floatToFloat(Warp& warp, const Instruction& i, uint32_t lanes) {
    uint64_t* d = warp.row(i.d[0]);
    const uint64_t* a = warp.row(i.a[0]);
    forLanes(lanes, [=](int lane) { d[lane] = slotOf(static_cast<D>(get<S>(a[lane]))); });
}

template <typename D, typename S>
void throughFloat32(Warp& warp, const Instruction& i, uint32_t lanes) {
    uint64_t* d = warp.row(i.d[0]);
    const uint64_t* a = warp.row(i.a[0]);
    forLanes(lanes, [=](int lane) { d[lane] = slotOf(narrow<D>(widen(get<S>(a[lane])))); });
}

// What converts to D from whichever type `from` is: Kind<D, S>::run chosen by S.
template <template <typename, typename> class Kind, typename D>
Execute fromInteger(Type from) {
    switch (from) {
        case Type::U8: return Kind<D, uint8_t>::run;
        case Type::S8: return Kind<D, int8_t>::run;
        case Type::U16: return Kind<D, uint16_t>::run;
        case Type::S16: return Kind<D, int16_t>::run;
        case Type::U32: return Kind<D, uint32_t>::run;
        case Type::S32: return Kind<D, int32_t>::run;
        case Type::U64: return Kind<D, uint64_t>::run;
        case Type::S64: return Kind<D, int64_t>::run;
        default: return nullptr;
    }
}

template <template <typename, typename> class Kind, typename S>
Execute toInteger(Type to) {
    switch (to) {
        case Type::U8: return Kind<uint8_t, S>::run;
        case Type::S8: return Kind<int8_t, S>::run;
        case Type::U16: return Kind<uint16_t, S>::run;
        case Type::S16: return Kind<int16_t, S>::run;
        case Type::U32: return Kind<uint32_t, S>::run;
        case Type::S32: return Kind<int32_t, S>::run;
        case Type::U64: return Kind<uint64_t, S>::run;
        case Type::S64: return Kind<int64_t, S>::run;
        default: return nullptr;
    }
}

template <typename D, typename S> struct Resize { static constexpr Execute run = integerToInteger<D, S>; };
template <typename D, typename S> struct ToFloat { static constexpr Execute run = integerToFloat<D, S>; };
template <typename D, typename S> struct ToInteger { static constexpr Execute run = floatToInteger<D, S>; };

Execute integerToIntegerOf(Type to, Type from) {
    switch (to) {
        case Type::U8: return fromInteger<Resize, uint8_t>(from);
        case Type::S8: return fromInteger<Resize, int8_t>(from);
        case Type::U16: return fromInteger<Resize, uint16_t>(from);
        case Type::S16: return fromInteger<Resize, int16_t>(from);
        case Type::U32: return fromInteger<Resize, uint32_t>(from);
        case Type::S32: return fromInteger<Resize, int32_t>(from);
        case Type::U64: return fromInteger<Resize, uint64_t>(from);
        case Type::S64: return fromInteger<Resize, int64_t>(from);
        default: return nullptr;
    }
}

Execute integerToFloatOf(Type to, Type from) {
    return to == Type::F32 ? fromInteger<ToFloat, float>(from)
           : to == Type::F64 ? fromInteger<ToFloat, double>(from) : nullptr;
}

Execute floatToIntegerOf(Type to, Type from) {
    return from == Type::F32 ? toInteger<ToInteger, float>(to)
           : from == Type::F64 ? toInteger<ToInteger, double>(to) : nullptr;
}

// Widening, which must come without a rounding mode, and narrowing, which must come with one.
Execute wideningOf(Type to, Type from) {
    if (to == Type::F64) return from == Type::F32 ? floatToFloat<double, float> : nullptr;
    if (to != Type::F32) return nullptr;
    return from == Type::F16 ? throughFloat32<float, Half>
           : from == Type::BF16 ? throughFloat32<float, BFloat> : nullptr;
}

Execute narrowingOf(Type to, Type from) {
    if (from == Type::F64) return to == Type::F32 ? floatToFloat<float, double> : nullptr;
    if (from != Type::F32) return nullptr;
    return to == Type::F16 ? throughFloat32<Half, float> : to == Type::BF16 ? throughFloat32<BFloat, float> : nullptr;
}

Execute floatToFloatOf(Type to, Type from, bool rounded, bool isIntegral) {
    if (isIntegral) {
        return to != from ? nullptr
               : to == Type::F32 ? floatToIntegral<float>
               : to == Type::F64 ? floatToIntegral<double> : nullptr;
    }
    return rounded ? narrowingOf(to, from) : wideningOf(to, from);
}

void decodeConvert(Decoding& in) {
    const bool rounded = in.take("rn");
    const std::string how = in.takeOneOf({"rni", "rzi", "rmi", "rpi"});
    const bool saturated = in.take("sat");
    const Type to = in.type();
    const Type from = in.type();
    in.out.d[0] = in.write(0);
    in.out.a[0] = in.read(1, from);
    in.out.variant = static_cast<uint8_t>(how == "rni" ? Integral::Nearest : how == "rzi" ? Integral::Zero
                                          : how == "rmi" ? Integral::Down : Integral::Up);
    if (saturated) {
        in.execute(to == Type::F32 && from == Type::F32 && !rounded && how.empty() ? saturate : nullptr);
    } else if (isFloating(to) && isFloating(from)) {
        in.execute(floatToFloatOf(to, from, rounded, !how.empty()));
    } else if (isFloating(to)) {
        in.execute(rounded ? integerToFloatOf(to, from) : nullptr);
    } else if (isFloating(from)) {
        in.execute(how.empty() ? nullptr : floatToIntegerOf(to, from));
    } else {
        in.execute(rounded || !how.empty() ? nullptr : integerToIntegerOf(to, from));
    }
}

}  // namespace

void addConversions(DecodeTable& table) { table["cvt"] = decodeConvert; }

}  // namespace standin
