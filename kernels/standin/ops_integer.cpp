// Integer arithmetic. Sums and products are taken modulo the width, as PTX does, on unsigned types.
#include <type_traits>

#include "lanes.h"
#include "operations.h"

namespace standin {
namespace {

template <typename T>
using Unsigned = std::make_unsigned_t<T>;

template <typename T>
struct Wider;
template <> struct Wider<uint16_t> { using type = uint32_t; };
template <> struct Wider<int16_t> { using type = int32_t; };
template <> struct Wider<uint32_t> { using type = uint64_t; };
template <> struct Wider<int32_t> { using type = int64_t; };
template <> struct Wider<uint64_t> { using type = unsigned __int128; };
template <> struct Wider<int64_t> { using type = __int128; };
template <typename T>
using Wide = typename Wider<T>::type;

template <typename T>
T wrappingProduct(T a, T b) { return static_cast<T>(static_cast<Wide<Unsigned<T>>>(Unsigned<T>(a)) * Unsigned<T>(b)); }
template <typename T>
T wrappingSum(T a, T b) { return static_cast<T>(Unsigned<T>(a) + Unsigned<T>(b)); }
template <typename T>
T highProduct(T a, T b) { return static_cast<T>((static_cast<Wide<T>>(a) * b) >> (8 * sizeof(T))); }

struct Add { template <typename T> static T apply(T a, T b) { return wrappingSum(a, b); } };
struct Subtract {
    template <typename T>
    static T apply(T a, T b) { return static_cast<T>(Unsigned<T>(a) - Unsigned<T>(b)); }
};
struct MultiplyLow { template <typename T> static T apply(T a, T b) { return wrappingProduct(a, b); } };
struct MultiplyHigh { template <typename T> static T apply(T a, T b) { return highProduct(a, b); } };
struct MultiplyWide { template <typename T> static Wide<T> apply(T a, T b) { return static_cast<Wide<T>>(a) * b; } };
struct MadLow { template <typename T> static T apply(T a, T b, T c) { return wrappingSum(wrappingProduct(a, b), c); } };
struct MadHigh { template <typename T> static T apply(T a, T b, T c) { return wrappingSum(highProduct(a, b), c); } };
struct Minimum { template <typename T> static T apply(T a, T b) { return a < b ? a : b; } };
struct Maximum { template <typename T> static T apply(T a, T b) { return a > b ? a : b; } };
struct Negate { template <typename T> static T apply(T a) { return static_cast<T>(Unsigned<T>(0) - Unsigned<T>(a)); } };
struct Absolute { template <typename T> static T apply(T a) { return a < 0 ? Negate::apply(a) : a; } };

// Division by zero gives all ones on the device, and the least number by -1 wraps.
struct Divide {
    template <typename T>
    static T apply(T a, T b) {
        if (b == 0) return static_cast<T>(~Unsigned<T>(0));
        if (std::is_signed_v<T> && b == static_cast<T>(-1)) return Negate::apply(a);
        return static_cast<T>(a / b);
    }
};

struct Remainder {
    template <typename T>
    static T apply(T a, T b) {
        if (b == 0) return a;
        if (std::is_signed_v<T> && b == static_cast<T>(-1)) return 0;
        return static_cast<T>(a % b);
    }
};

// What applies F to the integer type at hand.
template <typename F>
Execute binaryOf(Type type) {
    switch (type) {
        case Type::U16: return binary<uint16_t, F>;
        case Type::S16: return binary<int16_t, F>;
        case Type::U32: return binary<uint32_t, F>;
        case Type::S32: return binary<int32_t, F>;
        case Type::U64: return binary<uint64_t, F>;
        case Type::S64: return binary<int64_t, F>;
        default: return nullptr;
    }
}

template <typename F>
Execute ternaryOf(Type type) {
    switch (type) {
        case Type::U16: return ternary<uint16_t, F>;
        case Type::S16: return ternary<int16_t, F>;
        case Type::U32: return ternary<uint32_t, F>;
        case Type::S32: return ternary<int32_t, F>;
        case Type::U64: return ternary<uint64_t, F>;
        case Type::S64: return ternary<int64_t, F>;
        default: return nullptr;
    }
}

template <typename F>
Execute signedUnaryOf(Type type) {
    switch (type) {
        case Type::S16: return unary<int16_t, F>;
        case Type::S32: return unary<int32_t, F>;
        case Type::S64: return unary<int64_t, F>;
        default: return nullptr;
    }
}

// mad.wide: c and d are twice as wide as a and b.
template <typename T>
void madWide(Warp& warp, const Instruction& i, uint32_t lanes) {
    uint64_t* d = warp.row(i.d[0]);
    const uint64_t* a = warp.row(i.a[0]);
    const uint64_t* b = warp.row(i.a[1]);
    const uint64_t* c = warp.row(i.a[2]);
    forLanes(lanes, [=](int lane) {
        d[lane] = slotOf(wrappingSum(MultiplyWide::apply(get<T>(a[lane]), get<T>(b[lane])), get<Wide<T>>(c[lane])));
    });
}

Execute wideProductOf(Type type) {
    switch (type) {
        case Type::U16: return binary<uint16_t, MultiplyWide>;
        case Type::S16: return binary<int16_t, MultiplyWide>;
        case Type::U32: return binary<uint32_t, MultiplyWide>;
        case Type::S32: return binary<int32_t, MultiplyWide>;
        default: return nullptr;
    }
}

Execute madWideOf(Type type) {
    switch (type) {
        case Type::U16: return madWide<uint16_t>;
        case Type::S16: return madWide<int16_t>;
        case Type::U32: return madWide<uint32_t>;
        case Type::S32: return madWide<int32_t>;
        default: return nullptr;
    }
}

Type doubled(Type type) {
    switch (type) {
        case Type::U16: return Type::U32;
        case Type::S16: return Type::S32;
        case Type::U32: return Type::U64;
        default: return Type::S64;
    }
}

template <typename F>
void decodeBinary(Decoding& in) {
    Type type = in.type();
    operands(in, type, 2);
    in.execute(binaryOf<F>(type));
}

template <typename F>
void decodeSignedUnary(Decoding& in) {
    Type type = in.type();
    operands(in, type, 1);
    in.execute(signedUnaryOf<F>(type));
}

void decodeMultiply(Decoding& in) {
    std::string part = in.takeOneOf({"lo", "hi", "wide"});
    Type type = in.type();
    operands(in, type, 2);
    in.execute(part == "lo" ? binaryOf<MultiplyLow>(type)
               : part == "hi" ? binaryOf<MultiplyHigh>(type)
               : part == "wide" ? wideProductOf(type) : nullptr);
}

void decodeMad(Decoding& in) {
    std::string part = in.takeOneOf({"lo", "hi", "wide"});
    Type type = in.type();
    operands(in, type, 2);
    in.out.a[2] = in.read(3, part == "wide" ? doubled(type) : type);
    in.execute(part == "lo" ? ternaryOf<MadLow>(type)
               : part == "hi" ? ternaryOf<MadHigh>(type)
               : part == "wide" ? madWideOf(type) : nullptr);
}

}  // namespace

void addIntegerOperations(DecodeTable& table) {
    table["add"] = decodeBinary<Add>;
    table["sub"] = decodeBinary<Subtract>;
    table["mul"] = decodeMultiply;
    table["mad"] = decodeMad;
    table["div"] = decodeBinary<Divide>;
    table["rem"] = decodeBinary<Remainder>;
    table["min"] = decodeBinary<Minimum>;
    table["max"] = decodeBinary<Maximum>;
    table["neg"] = decodeSignedUnary<Negate>;
    table["abs"] = decodeSignedUnary<Absolute>;
}

}  // namespace standin
