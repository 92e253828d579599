// Bits, shifts, comparisons and selection.
#include <algorithm>
#include <cmath>
#include <type_traits>

#include "lanes.h"
#include "operations.h"

namespace standin {
namespace {

struct And { template <typename T> static T apply(T a, T b) { return a & b; } };
struct Or { template <typename T> static T apply(T a, T b) { return a | b; } };
struct Xor { template <typename T> static T apply(T a, T b) { return a ^ b; } };
struct Not { template <typename T> static T apply(T a) { return static_cast<T>(~a); } };
struct NotPredicate { static uint8_t apply(uint8_t a) { return a ^ 1; } };
struct CountOnes { template <typename T> static uint32_t apply(T a) { return __builtin_popcountll(a); } };
struct LeadingZeros {
    template <typename T>
    static uint32_t apply(T a) { return a == 0 ? 8 * sizeof(T) : __builtin_clzll(a) - (64 - 8 * sizeof(T)); }
};
// The place of the highest one, or how far it has to be shifted to the top; all ones if there is none.
struct HighestOne {
    template <typename T>
    static uint32_t apply(T a) { return a == 0 ? ~0u : static_cast<uint32_t>(63 - __builtin_clzll(a)); }
};
struct ShiftOfHighestOne {
    template <typename T>
    static uint32_t apply(T a) { return a == 0 ? ~0u : LeadingZeros::apply(a); }
};
struct ReverseBits {
    template <typename T>
    static T apply(T a) {
        T result = 0;
        for (size_t bit = 0; bit < 8 * sizeof(T); bit++) {
            result = static_cast<T>(result << 1 | (a >> bit & 1));
        }
        return result;
    }
};

// Each byte of the result is one of the eight of a and b; the selector's fourth bit spreads that byte's sign instead.
struct Permute {
    static uint32_t apply(uint32_t a, uint32_t b, uint32_t selector) {
        const uint64_t bytes = static_cast<uint64_t>(b) << 32 | a;
        uint32_t result = 0;
        for (int at = 0; at < 4; at++) {
            const uint32_t select = selector >> (4 * at) & 15;
            const uint8_t byte = static_cast<uint8_t>(bytes >> (8 * (select & 7)));
            const uint32_t value = select & 8 ? (byte & 0x80 ? 0xff : 0) : byte;
            result |= value << (8 * at);
        }
        return result;
    }
};

template <typename F>
Execute bitsBinaryOf(Type type) {
    switch (type) {
        case Type::Pred: return binary<uint8_t, F>;
        case Type::B16: return binary<uint16_t, F>;
        case Type::B32: return binary<uint32_t, F>;
        case Type::B64: return binary<uint64_t, F>;
        default: return nullptr;
    }
}

template <typename F>
void decodeBitsBinary(Decoding& in) {
    Type type = in.type();
    operands(in, type, 2);
    in.execute(bitsBinaryOf<F>(type));
}

void decodeNot(Decoding& in) {
    Type type = in.type();
    operands(in, type, 1);
    in.execute(type == Type::Pred ? unary<uint8_t, NotPredicate>
               : type == Type::B16 ? unary<uint16_t, Not>
               : type == Type::B32 ? unary<uint32_t, Not>
               : type == Type::B64 ? unary<uint64_t, Not> : nullptr);
}

template <typename F>
void decodeCount(Decoding& in) {
    Type type = in.type();
    operands(in, type, 1);
    in.execute(type == Type::B32 ? unary<uint32_t, F> : type == Type::B64 ? unary<uint64_t, F> : nullptr);
}

template <typename F>
void decodeFindOf(Decoding& in) {
    Type type = in.type();
    operands(in, type, 1);
    in.execute(type == Type::U32 ? unary<uint32_t, F> : type == Type::U64 ? unary<uint64_t, F> : nullptr);
}

void decodeFind(Decoding& in) {
    if (in.take("shiftamt")) {
        decodeFindOf<ShiftOfHighestOne>(in);
    } else {
        decodeFindOf<HighestOne>(in);
    }
}

void decodePermute(Decoding& in) {
    Type type = in.type();
    operands(in, type, 3);
    in.execute(type == Type::B32 ? ternary<uint32_t, Permute> : nullptr);
}

// bfi: the low bits of a, as many as a[3] says, in b from place a[2] on. Both counts are bytes; what lies beyond is dropped.
template <typename T>
void insertBits(Warp& warp, const Instruction& i, uint32_t lanes) {
    uint64_t* d = warp.row(i.d[0]);
    const uint64_t* a = warp.row(i.a[0]);
    const uint64_t* b = warp.row(i.a[1]);
    const uint64_t* start = warp.row(i.a[2]);
    const uint64_t* length = warp.row(i.a[3]);
    constexpr uint64_t WIDTH = 8 * sizeof(T);
    forLanes(lanes, [=](int lane) {
        const uint64_t from = start[lane] & 255;
        const uint64_t bits = length[lane] & 255;
        const uint64_t mask = bits < 64 ? (1ull << bits) - 1 : ~0ull;
        const uint64_t inserted = from < WIDTH ? mask << from : 0;
        d[lane] = slotOf(static_cast<T>((b[lane] & ~inserted) | (inserted != 0 ? a[lane] << from & inserted : 0)));
    });
}

void decodeInsertBits(Decoding& in) {
    Type type = in.type();
    operands(in, type, 2);
    in.out.a[2] = in.read(3, Type::U32);
    in.out.a[3] = in.read(4, Type::U32);
    in.execute(type == Type::B32 ? insertBits<uint32_t> : type == Type::B64 ? insertBits<uint64_t> : nullptr);
}

// Shifts by the width or more give 0, or copies of the sign.
template <typename T>
void shiftLeft(Warp& warp, const Instruction& i, uint32_t lanes) {
    uint64_t* d = warp.row(i.d[0]);
    const uint64_t* a = warp.row(i.a[0]);
    const uint64_t* by = warp.row(i.a[1]);
    forLanes(lanes, [=](int lane) {
        uint32_t count = get<uint32_t>(by[lane]);
        d[lane] = count < 8 * sizeof(T) ? slotOf(static_cast<T>(get<T>(a[lane]) << count)) : 0;
    });
}

template <typename T>
void shiftRight(Warp& warp, const Instruction& i, uint32_t lanes) {
    uint64_t* d = warp.row(i.d[0]);
    const uint64_t* a = warp.row(i.a[0]);
    const uint64_t* by = warp.row(i.a[1]);
    forLanes(lanes, [=](int lane) {
        uint32_t count = std::min<uint32_t>(get<uint32_t>(by[lane]), 8 * sizeof(T));
        T value = get<T>(a[lane]);
        T half = static_cast<T>(value >> (count / 2));  // two steps: one by the whole width is undefined in C++
        d[lane] = slotOf(static_cast<T>(half >> (count - count / 2)));
    });
}

void decodeShift(Decoding& in, Execute (*pick)(Type)) {
    Type type = in.type();
    in.out.d[0] = in.write(0);
    in.out.a[0] = in.read(1, type);
    in.out.a[1] = in.read(2, Type::U32);
    in.execute(pick(type));
}

void decodeShiftLeft(Decoding& in) {
    decodeShift(in, [](Type type) -> Execute {
        return type == Type::B16 ? shiftLeft<uint16_t> : type == Type::B32 ? shiftLeft<uint32_t>
               : type == Type::B64 ? shiftLeft<uint64_t> : nullptr;
    });
}

void decodeShiftRight(Decoding& in) {
    decodeShift(in, [](Type type) -> Execute {
        switch (type) {
            case Type::B16: case Type::U16: return shiftRight<uint16_t>;
            case Type::B32: case Type::U32: return shiftRight<uint32_t>;
            case Type::B64: case Type::U64: return shiftRight<uint64_t>;
            case Type::S16: return shiftRight<int16_t>;
            case Type::S32: return shiftRight<int32_t>;
            case Type::S64: return shiftRight<int64_t>;
            default: return nullptr;
        }
    });
}

struct Equal { template <typename T> static bool apply(T a, T b) { return a == b; } };
struct NotEqual { template <typename T> static bool apply(T a, T b) { return a < b || a > b; } };  // false for NaN
struct Less { template <typename T> static bool apply(T a, T b) { return a < b; } };
struct LessEqual { template <typename T> static bool apply(T a, T b) { return a <= b; } };
struct Greater { template <typename T> static bool apply(T a, T b) { return a > b; } };
struct GreaterEqual { template <typename T> static bool apply(T a, T b) { return a >= b; } };
struct Ordered { template <typename T> static bool apply(T a, T b) { return a == a && b == b; } };
// The comparison or either is NaN.
template <typename F>
struct OrUnordered {
    template <typename T>
    static bool apply(T a, T b) { return !Ordered::apply(a, b) || F::apply(a, b); }
};
struct Unordered { template <typename T> static bool apply(T a, T b) { return !Ordered::apply(a, b); } };

enum class Combine : uint8_t { None, And, Or, Xor };

// setp: d[0] = comparison (combined with predicate a[2]), d[1] = its negation likewise.
// `variant` is the combination, `flip` negates a[2].
template <typename T, typename F>
void setPredicate(Warp& warp, const Instruction& i, uint32_t lanes) {
    const uint64_t* a = warp.row(i.a[0]);
    const uint64_t* b = warp.row(i.a[1]);
    const uint64_t* c = warp.row(i.a[2]);
    uint64_t* p = warp.row(i.d[0]);
    uint64_t* q = warp.row(i.d[1]);
    const Combine combine = static_cast<Combine>(i.variant);
    const bool flip = i.flip;
    forLanes(lanes, [=](int lane) {
        const bool holds = F::apply(get<T>(a[lane]), get<T>(b[lane]));
        const bool with = (c[lane] & 1) ^ flip;
        const auto combined = [=](bool value) {
            return combine == Combine::And ? value && with
                   : combine == Combine::Or ? value || with
                   : combine == Combine::Xor ? value != with : value;
        };
        q[lane] = combined(!holds);
        p[lane] = combined(holds);
    });
}

template <typename F>
Execute integerComparison(Type type) {
    switch (type) {
        case Type::B16: case Type::U16: return setPredicate<uint16_t, F>;
        case Type::B32: case Type::U32: return setPredicate<uint32_t, F>;
        case Type::B64: case Type::U64: return setPredicate<uint64_t, F>;
        case Type::S16: return setPredicate<int16_t, F>;
        case Type::S32: return setPredicate<int32_t, F>;
        case Type::S64: return setPredicate<int64_t, F>;
        default: return nullptr;
    }
}

template <typename F>
Execute floatComparison(Type type) {
    return type == Type::F32 ? setPredicate<float, F> : type == Type::F64 ? setPredicate<double, F> : nullptr;
}

template <typename F>
Execute comparison(Type type) {
    return isFloating(type) ? floatComparison<F>(type) : integerComparison<F>(type);
}

Execute comparisonOf(const std::string& name, Type type) {
    if (name == "eq") return comparison<Equal>(type);
    if (name == "ne") return comparison<NotEqual>(type);
    if (name == "lt" || name == "lo") return comparison<Less>(type);
    if (name == "le" || name == "ls") return comparison<LessEqual>(type);
    if (name == "gt" || name == "hi") return comparison<Greater>(type);
    if (name == "ge" || name == "hs") return comparison<GreaterEqual>(type);
    if (name == "equ") return floatComparison<OrUnordered<Equal>>(type);
    if (name == "neu") return floatComparison<OrUnordered<NotEqual>>(type);
    if (name == "ltu") return floatComparison<OrUnordered<Less>>(type);
    if (name == "leu") return floatComparison<OrUnordered<LessEqual>>(type);
    if (name == "gtu") return floatComparison<OrUnordered<Greater>>(type);
    if (name == "geu") return floatComparison<OrUnordered<GreaterEqual>>(type);
    if (name == "num") return floatComparison<Ordered>(type);
    if (name == "nan") return floatComparison<Unordered>(type);
    return nullptr;
}

void decodeSetPredicate(Decoding& in) {
    const std::string name = in.takeOneOf({"eq", "ne", "lt", "lo", "le", "ls", "gt", "hi", "ge", "hs", "equ", "neu",
                                           "ltu", "leu", "gtu", "geu", "num", "nan"});
    const std::string combine = in.takeOneOf({"and", "or", "xor"});
    Type type = in.type();
    const Operand& result = in.operand(0);
    const bool pair = result.kind == Operand::Kind::Vector;
    in.out.d[0] = in.write(pair ? result.parts[0] : result);
    in.out.d[1] = in.sink();
    if (pair) {
        in.out.d[1] = in.write(result.parts[1]);
    }
    in.out.a[0] = in.read(1, type);
    in.out.a[1] = in.read(2, type);
    in.out.a[2] = combine.empty() ? in.constant(0) : in.read(3, Type::Pred);
    in.out.flip = !combine.empty() && in.negated(3);
    in.out.variant = static_cast<uint8_t>(combine == "and" ? Combine::And : combine == "or" ? Combine::Or
                                        : combine == "xor" ? Combine::Xor : Combine::None);
    in.execute(comparisonOf(name, type));
}

// d = p ? a : b
void select(Warp& warp, const Instruction& i, uint32_t lanes) {
    uint64_t* d = warp.row(i.d[0]);
    const uint64_t* a = warp.row(i.a[0]);
    const uint64_t* b = warp.row(i.a[1]);
    const uint64_t* p = warp.row(i.a[2]);
    forLanes(lanes, [=](int lane) { d[lane] = p[lane] & 1 ? a[lane] : b[lane]; });
}

void decodeSelect(Decoding& in) {
    Type type = in.type();
    operands(in, type, 2);
    in.out.a[2] = in.read(3, Type::Pred);
    in.execute(select);
}

}  // namespace

void addLogicOperations(DecodeTable& table) {
    table["and"] = decodeBitsBinary<And>;
    table["or"] = decodeBitsBinary<Or>;
    table["xor"] = decodeBitsBinary<Xor>;
    table["not"] = decodeNot;
    table["shl"] = decodeShiftLeft;
    table["shr"] = decodeShiftRight;
    table["popc"] = decodeCount<CountOnes>;
    table["clz"] = decodeCount<LeadingZeros>;
    table["bfind"] = decodeFind;
    table["brev"] = decodeCount<ReverseBits>;
    table["prmt"] = decodePermute;
    table["bfi"] = decodeInsertBits;
    table["setp"] = decodeSetPredicate;
    table["selp"] = decodeSelect;
}

}  // namespace standin
