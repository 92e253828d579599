// atom.shared.add of whole numbers: lanes one after another, in no order that a kernel may rely on. Others are unknown:
// sums of floats would depend on the order.
#include "alignment.h"
#include "lanes.h"
#include "operations.h"

namespace standin {
namespace {

template <typename T>
void addShared(Warp& warp, const Instruction& i, uint32_t lanes) {
    uint64_t* d = warp.row(i.d[0]);
    const uint64_t* addresses = warp.row(i.a[0]);
    const uint64_t* added = warp.row(i.a[1]);
    forLanes(lanes, [&](int lane) {
        warp.lane = lane;
        const uint64_t address = addresses[lane] + static_cast<uint64_t>(i.offset);
        requireAlignment(address, sizeof(T));
        uint8_t* at = warp.shared(address, sizeof(T), Access::Atomic);
        T before;
        std::memcpy(&before, at, sizeof before);
        const T after = static_cast<T>(before + static_cast<T>(added[lane]));
        std::memcpy(at, &after, sizeof after);
        d[lane] = before;
    });
}

void decodeAtomic(Decoding& in) {
    in.takeOneOf({"relaxed"});
    in.takeOneOf({"cta", "gpu"});
    const bool known = in.take("shared") && in.take("add");
    const Type type = in.type();
    in.out.d[0] = in.write(0);
    in.address(1);
    in.out.a[1] = in.read(2, type);
    in.execute(!known ? nullptr : type == Type::U32 ? addShared<uint32_t>
               : type == Type::U64 ? addShared<uint64_t> : nullptr);
}

}  // namespace

void addAtomicOperations(DecodeTable& table) { table["atom"] = decodeAtomic; }

}  // namespace standin
