// mov, with packing and unpacking, and conversions of addresses between spaces.
#include "address_spaces.h"
#include "lanes.h"
#include "operations.h"

namespace standin {
namespace {

void copy(Warp& warp, const Instruction& i, uint32_t lanes) {
    uint64_t* d = warp.row(i.d[0]);
    const uint64_t* a = warp.row(i.a[0]);
    forLanes(lanes, [=](int lane) { d[lane] = a[lane]; });
}

// d = {a0, a1, …}, `count` parts of `bytes` each, the first lowest.
void pack(Warp& warp, const Instruction& i, uint32_t lanes) {
    const uint64_t mask = (1ull << (8 * i.bytes)) - 1;
    forLanes(lanes, [&](int lane) {
        uint64_t whole = 0;
        for (int part = 0; part < i.count; part++) {
            whole |= (warp.row(i.a[part])[lane] & mask) << (8 * i.bytes * part);
        }
        warp.row(i.d[0])[lane] = whole;
    });
}

void unpack(Warp& warp, const Instruction& i, uint32_t lanes) {
    const uint64_t mask = (1ull << (8 * i.bytes)) - 1;
    forLanes(lanes, [&](int lane) {
        const uint64_t whole = warp.row(i.a[0])[lane];
        for (int part = 0; part < i.count; part++) {
            warp.row(i.d[part])[lane] = whole >> (8 * i.bytes * part) & mask;
        }
    });
}

void decodePack(Decoding& in, Type type, const Operand& parts) {
    in.out.count = static_cast<uint8_t>(parts.parts.size());
    in.out.bytes = static_cast<uint8_t>(bytesOf(type) / in.out.count);
    in.out.d[0] = in.write(0);
    for (int part = 0; part < in.out.count; part++) {
        in.out.a[part] = in.read(parts.parts[part], in.out.bytes == 4 ? Type::B32 : Type::B16);
    }
    in.execute(pack);
}

void decodeUnpack(Decoding& in, Type type, const Operand& parts) {
    in.out.count = static_cast<uint8_t>(parts.parts.size());
    in.out.bytes = static_cast<uint8_t>(bytesOf(type) / in.out.count);
    in.out.a[0] = in.read(1, type);
    for (int part = 0; part < in.out.count; part++) {
        in.out.d[part] = in.write(parts.parts[part]);
    }
    in.execute(unpack);
}

void decodeMove(Decoding& in) {
    const Type type = in.type();
    const auto isParts = [](const Operand& operand) {
        return operand.kind == Operand::Kind::Vector && (operand.parts.size() == 2 || operand.parts.size() == 4);
    };
    if (isParts(in.operand(1))) {
        decodePack(in, type, in.operand(1));
    } else if (isParts(in.operand(0))) {
        decodeUnpack(in, type, in.operand(0));
    } else {
        operands(in, type, 1);
        in.execute(copy);
    }
}

// cvta: d = a ± the window of the space in generic addresses.
void addWindow(Warp& warp, const Instruction& i, uint32_t lanes) {
    uint64_t* d = warp.row(i.d[0]);
    const uint64_t* a = warp.row(i.a[0]);
    forLanes(lanes, [=](int lane) { d[lane] = a[lane] + static_cast<uint64_t>(i.offset); });
}

void decodeAddressConversion(Decoding& in) {
    const bool to = in.take("to");
    const std::string space = in.takeOneOf({"global", "const", "shared", "local"});
    const Type type = in.type();
    operands(in, type, 1);
    const uint64_t window = space == "shared" ? SHARED_WINDOW : space == "local" ? LOCAL_WINDOW : 0;
    in.out.offset = static_cast<int64_t>(to ? 0 - window : window);
    in.execute(space.empty() || type != Type::U64 ? nullptr : addWindow);
}

}  // namespace

void addMoves(DecodeTable& table) {
    table["mov"] = decodeMove;
    table["cvta"] = decodeAddressConversion;
}

}  // namespace standin
