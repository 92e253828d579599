// ld and st, one element or a vector of 2 or 4, in every space.
#include "address_spaces.h"
#include "alignment.h"
#include "lanes.h"
#include "operations.h"

namespace standin {
namespace {

bool inWindow(uint64_t address, uint64_t window) { return address - window < WINDOW_BYTES; }

uint8_t* reachGlobal(Warp& warp, uint64_t address, uint64_t count, Access access) {
    return warp.global(address, count, access);
}

uint8_t* reachShared(Warp& warp, uint64_t address, uint64_t count, Access access) {
    return warp.shared(address, count, access);
}

uint8_t* reachLocal(Warp& warp, uint64_t address, uint64_t count, Access) { return warp.local(address, count); }

// Parameters are only read, and nobody writes through what this returns.
uint8_t* reachParameter(Warp& warp, uint64_t address, uint64_t count, Access) {
    return const_cast<uint8_t*>(warp.parameter(address, count));
}

// A generic address: the space follows from its window.
uint8_t* reachGeneric(Warp& warp, uint64_t address, uint64_t count, Access access) {
    if (inWindow(address, SHARED_WINDOW)) return warp.shared(address - SHARED_WINDOW, count, access);
    if (inWindow(address, LOCAL_WINDOW)) return warp.local(address - LOCAL_WINDOW, count);
    return warp.global(address, count, access);
}

using Reach = uint8_t* (*)(Warp&, uint64_t address, uint64_t count, Access);

uint64_t extended(uint64_t bits, int bytes) {
    const int unused = 64 - 8 * bytes;
    return static_cast<uint64_t>(static_cast<int64_t>(bits << unused) >> unused);
}

// Where all lanes read the same, or neighbours in the order of the lanes, one check does for all; `stride` is then the
// distance from lane to lane. Null where they do not, or where the access is refused: then each lane is served alone,
// and the one at fault is named.
using Together = const uint8_t* (*)(Warp&, uint64_t first, uint64_t whole, uint64_t stride);

const uint8_t* globalTogether(Warp& warp, uint64_t first, uint64_t whole, uint64_t stride) {
    return warp.tryGlobal(first, stride * (WARP - 1) + whole, Access::Read);
}

const uint8_t* sharedTogether(Warp& warp, uint64_t first, uint64_t whole, uint64_t stride) {
    return warp.tryShared(first, whole, stride);
}

template <Together TOGETHER>
const uint8_t* readTogether(Warp& warp, const Instruction& i, uint64_t whole, uint64_t& stride) {
    const uint64_t* addresses = warp.row(i.a[0]);
    const uint64_t first = addresses[0] + static_cast<uint64_t>(i.offset);
    stride = addresses[1] - addresses[0];
    if ((stride != 0 && stride != whole) || !aligned(first, whole)) {
        return nullptr;
    }
    for (int lane = 2; lane < WARP; lane++) {
        if (addresses[lane] - addresses[lane - 1] != stride) return nullptr;
    }
    return TOGETHER(warp, first, whole, stride);
}

uint8_t* writeTogether(Warp& warp, const Instruction& i, uint64_t whole) {
    const uint64_t* addresses = warp.row(i.a[0]);
    const uint64_t first = addresses[0] + static_cast<uint64_t>(i.offset);
    if (!aligned(first, whole)) {
        return nullptr;
    }
    for (int lane = 1; lane < WARP; lane++) {
        if (addresses[lane] - addresses[lane - 1] != whole) return nullptr;
    }
    return warp.tryGlobal(first, whole * WARP, Access::Write);
}

template <typename T>
void spread(Warp& warp, const Instruction& i, const uint8_t* from, uint64_t stride) {
    for (int element = 0; element < i.count; element++) {
        uint64_t* to = warp.row(i.d[element]);
        for (int lane = 0; lane < WARP; lane++) {
            T value;
            std::memcpy(&value, from + lane * stride + element * sizeof(T), sizeof value);
            to[lane] = value;
        }
    }
}

template <typename T>
void collect(Warp& warp, const Instruction& i, uint8_t* to) {
    for (int element = 0; element < i.count; element++) {
        const uint64_t* from = warp.row(i.a[element + 1]);
        for (int lane = 0; lane < WARP; lane++) {
            const T value = static_cast<T>(from[lane]);
            std::memcpy(to + (lane * i.count + element) * sizeof(T), &value, sizeof value);
        }
    }
}

// Lane by lane; a T that has a sign is extended with it.
template <Reach REACH, typename T>
void loadAs(Warp& warp, const Instruction& i, uint32_t lanes) {
    const uint64_t whole = i.count * sizeof(T);
    const uint64_t* addresses = warp.row(i.a[0]);
    uint64_t* to[4];
    for (int element = 0; element < i.count; element++) {
        to[element] = warp.row(i.d[element]);
    }
    forLanes(lanes, [&](int lane) {
        warp.lane = lane;
        const uint64_t address = addresses[lane] + static_cast<uint64_t>(i.offset);
        requireAlignment(address, whole);
        const uint8_t* from = REACH(warp, address, whole, Access::Read);
        for (int element = 0; element < i.count; element++) {
            T value;
            std::memcpy(&value, from + element * sizeof(T), sizeof value);
            to[element][lane] = static_cast<uint64_t>(static_cast<int64_t>(value));
        }
    });
}

template <Reach REACH>
void load(Warp& warp, const Instruction& i, uint32_t lanes) {
    switch (i.bytes) {
        case 1: i.signExtended ? loadAs<REACH, int8_t>(warp, i, lanes) : loadAs<REACH, uint8_t>(warp, i, lanes); break;
        case 2: i.signExtended ? loadAs<REACH, int16_t>(warp, i, lanes) : loadAs<REACH, uint16_t>(warp, i, lanes); break;
        case 4: i.signExtended ? loadAs<REACH, int32_t>(warp, i, lanes) : loadAs<REACH, uint32_t>(warp, i, lanes); break;
        default: loadAs<REACH, uint64_t>(warp, i, lanes); break;
    }
}

template <Reach REACH, typename T>
void storeAs(Warp& warp, const Instruction& i, uint32_t lanes) {
    const uint64_t whole = i.count * sizeof(T);
    const uint64_t* addresses = warp.row(i.a[0]);
    const uint64_t* from[4];
    for (int element = 0; element < i.count; element++) {
        from[element] = warp.row(i.a[element + 1]);
    }
    forLanes(lanes, [&](int lane) {
        warp.lane = lane;
        const uint64_t address = addresses[lane] + static_cast<uint64_t>(i.offset);
        requireAlignment(address, whole);
        uint8_t* to = REACH(warp, address, whole, Access::Write);
        for (int element = 0; element < i.count; element++) {
            const T value = static_cast<T>(from[element][lane]);
            std::memcpy(to + element * sizeof(T), &value, sizeof value);
        }
    });
}

template <Reach REACH>
void store(Warp& warp, const Instruction& i, uint32_t lanes) {
    switch (i.bytes) {
        case 1: storeAs<REACH, uint8_t>(warp, i, lanes); break;
        case 2: storeAs<REACH, uint16_t>(warp, i, lanes); break;
        case 4: storeAs<REACH, uint32_t>(warp, i, lanes); break;
        default: storeAs<REACH, uint64_t>(warp, i, lanes); break;
    }
}

template <typename T>
void gather(Warp& warp, const Instruction& i, const uint8_t* from, uint32_t lanes) {
    const uint64_t* addresses = warp.row(i.a[0]);
    // A lane's address is read before what it loads is written, maybe to the same register.
    forLanes(lanes, [&](int lane) {
        const uint8_t* first = from + addresses[lane] + static_cast<uint64_t>(i.offset);
        for (int element = 0; element < i.count; element++) {
            T value;
            std::memcpy(&value, first + element * sizeof(T), sizeof value);
            warp.row(i.d[element])[lane] = value;
        }
    });
}

// Lanes that read here and there in a tile: one check of all of them, where nothing was written since the last barrier.
void loadShared(Warp& warp, const Instruction& i, uint32_t lanes) {
    const uint64_t whole = static_cast<uint64_t>(i.count) * i.bytes;
    const uint8_t* from = i.signExtended || i.bytes < 4
                              ? nullptr
                              : warp.trySharedEach(warp.row(i.a[0]), static_cast<uint64_t>(i.offset), whole, lanes);
    if (from == nullptr) {
        load<reachShared>(warp, i, lanes);
    } else if (i.bytes == 4) {
        gather<uint32_t>(warp, i, from, lanes);
    } else {
        gather<uint64_t>(warp, i, from, lanes);
    }
}

// Lanes that cannot be served together are left to REST.
template <Together TOGETHER, Execute REST>
void loadRow(Warp& warp, const Instruction& i, uint32_t lanes) {
    uint64_t stride = 0;
    const uint8_t* from = lanes == ALL_LANES && !i.signExtended
                              ? readTogether<TOGETHER>(warp, i, static_cast<uint64_t>(i.count) * i.bytes, stride) : nullptr;
    if (from == nullptr) {
        REST(warp, i, lanes);
        return;
    }
    switch (i.bytes) {
        case 1: spread<uint8_t>(warp, i, from, stride); break;
        case 2: spread<uint16_t>(warp, i, from, stride); break;
        case 4: spread<uint32_t>(warp, i, from, stride); break;
        default: spread<uint64_t>(warp, i, from, stride); break;
    }
}

void storeGlobal(Warp& warp, const Instruction& i, uint32_t lanes) {
    uint8_t* to = lanes == ALL_LANES ? writeTogether(warp, i, static_cast<uint64_t>(i.count) * i.bytes) : nullptr;
    if (to == nullptr) {
        store<reachGlobal>(warp, i, lanes);
        return;
    }
    switch (i.bytes) {
        case 1: collect<uint8_t>(warp, i, to); break;
        case 2: collect<uint16_t>(warp, i, to); break;
        case 4: collect<uint32_t>(warp, i, to); break;
        default: collect<uint64_t>(warp, i, to); break;
    }
}

// A parameter named in the instruction: the same for all lanes.
void loadParameter(Warp& warp, const Instruction& i, uint32_t lanes) {
    uint64_t bits = 0;
    std::memcpy(&bits, warp.parameter(static_cast<uint64_t>(i.offset), i.bytes), i.bytes);
    bits = i.signExtended ? extended(bits, i.bytes) : bits;
    forLanes(lanes, [&](int lane) { warp.row(i.d[0])[lane] = bits; });
}

// The modifiers about caches say nothing about values.
void skipCacheHints(Decoding& in) {
    in.take("volatile");
    in.takeOneOf({"relaxed", "acquire", "release", "weak"});
    in.takeOneOf({"cta", "gpu", "sys"});
}

void skipCacheOperators(Decoding& in) {
    in.takeOneOf({"ca", "cg", "cs", "lu", "cv", "wb", "wt"});
    in.takeOneOf({"L1::evict_normal", "L1::evict_first", "L1::evict_last", "L1::no_allocate"});
}

// .v2, .v4 and the type
Type elements(Decoding& in) {
    const std::string vector = in.takeOneOf({"v2", "v4"});
    const Type type = in.type();
    in.out.count = vector == "v2" ? 2 : vector == "v4" ? 4 : 1;
    in.out.bytes = static_cast<uint8_t>(bytesOf(type));
    if (static_cast<uint64_t>(in.out.count) * in.out.bytes > WIDEST_ACCESS) in.unknown();
    return type;
}

const Operand& element(const Decoding& in, const Operand& operand, size_t index) {
    if (in.out.count == 1) {
        return operand;
    }
    if (operand.parts.size() != in.out.count) {
        in.fail("a vector of another length");
    }
    return operand.parts[index];
}

void decodeNamedParameter(Decoding& in) {
    const Parameter& parameter = in.parameter(1);
    const int64_t within = in.operand(1).integer;
    if (in.out.count != 1 || within < 0 || within + in.out.bytes > parameter.bytes) {
        in.fail("a read beyond the parameter");
    }
    in.out.offset = parameter.offset + within;
    in.out.d[0] = in.write(0);
    in.execute(loadParameter);
}

void decodeLoad(Decoding& in) {
    skipCacheHints(in);
    const std::string space = in.takeOneOf({"global", "const", "shared", "local", "param"});
    in.out.readOnly = in.take("nc");
    skipCacheOperators(in);
    in.out.readOnly |= in.take("nc");
    const Type type = elements(in);
    in.out.signExtended = type == Type::S8 || type == Type::S16 || type == Type::S32;
    if (space == "param" && !in.operand(1).based) {
        decodeNamedParameter(in);
        return;
    }
    for (int e = 0; e < in.out.count; e++) {
        in.out.d[e] = in.write(element(in, in.operand(0), e));
    }
    in.address(1);
    in.execute(space == "shared" ? loadRow<sharedTogether, loadShared> : space == "local" ? load<reachLocal>
               : space == "param" ? load<reachParameter> : space.empty() ? load<reachGeneric>
               : loadRow<globalTogether, load<reachGlobal>>);
}

void decodeStore(Decoding& in) {
    skipCacheHints(in);
    const std::string space = in.takeOneOf({"global", "shared", "local"});
    skipCacheOperators(in);
    const Type type = elements(in);
    in.address(0);
    for (int e = 0; e < in.out.count; e++) {
        in.out.a[e + 1] = in.read(element(in, in.operand(1), e), type);
    }
    in.execute(space == "shared" ? store<reachShared> : space == "local" ? store<reachLocal>
               : space.empty() ? store<reachGeneric> : storeGlobal);
}

}  // namespace

void addMemoryOperations(DecodeTable& table) {
    table["ld"] = decodeLoad;
    table["st"] = decodeStore;
}

}  // namespace standin
