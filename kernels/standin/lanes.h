// Arithmetic on rows: the same function in every active lane.
#pragma once

#include <cstring>

#include "decoder.h"
#include "warp.h"

namespace standin {

template <typename T>
T get(uint64_t slot) {
    T value;
    std::memcpy(&value, &slot, sizeof value);
    return value;
}

template <typename T>
uint64_t slotOf(T value) {
    uint64_t slot = 0;
    std::memcpy(&slot, &value, sizeof value);
    return slot;
}

template <typename F>
void forLanes(uint32_t lanes, F body) {
    if (lanes == ALL_LANES) {
        for (int lane = 0; lane < WARP; lane++) {
            body(lane);
        }
    } else {
        for (uint32_t left = lanes; left != 0; left &= left - 1) {
            body(__builtin_ctz(left));
        }
    }
}

template <typename T, typename F>
void unary(Warp& warp, const Instruction& i, uint32_t lanes) {
    uint64_t* d = warp.row(i.d[0]);
    const uint64_t* a = warp.row(i.a[0]);
    forLanes(lanes, [=](int lane) { d[lane] = slotOf(F::apply(get<T>(a[lane]))); });
}

template <typename T, typename F>
void binary(Warp& warp, const Instruction& i, uint32_t lanes) {
    uint64_t* d = warp.row(i.d[0]);
    const uint64_t* a = warp.row(i.a[0]);
    const uint64_t* b = warp.row(i.a[1]);
    forLanes(lanes, [=](int lane) { d[lane] = slotOf(F::apply(get<T>(a[lane]), get<T>(b[lane]))); });
}

template <typename T, typename F>
void ternary(Warp& warp, const Instruction& i, uint32_t lanes) {
    uint64_t* d = warp.row(i.d[0]);
    const uint64_t* a = warp.row(i.a[0]);
    const uint64_t* b = warp.row(i.a[1]);
    const uint64_t* c = warp.row(i.a[2]);
    forLanes(lanes, [=](int lane) { d[lane] = slotOf(F::apply(get<T>(a[lane]), get<T>(b[lane]), get<T>(c[lane]))); });
}

// Decodes d, a / d, a, b / d, a, b, c, all of one type.
inline void operands(Decoding& in, Type type, int sources) {
    in.out.d[0] = in.write(0);
    for (int s = 0; s < sources; s++) {
        in.out.a[s] = in.read(s + 1, type);
    }
}

}  // namespace standin
