// Branches, leaving, barriers of the block, fences.
#include "lanes.h"
#include "operations.h"

namespace standin {
namespace {

void nothing(Warp&, const Instruction&, uint32_t) {}

void decodeBranch(Decoding& in) {
    in.take("uni");
    in.out.flow = Flow::Branch;
    in.out.target = in.label(0);
    in.execute(nothing);
}

void decodeExit(Decoding& in) {
    in.take("uni");
    in.out.flow = Flow::Exit;
    in.execute(nothing);
}

void syncWarp(Warp& warp, const Instruction&, uint32_t lanes) { warp.orderLanes(lanes); }

// bar.sync 0; barrier.sync.aligned 0; bar.warp.sync mask. A barrier of some of a block's threads is not known here.
void decodeBarrier(Decoding& in) {
    if (in.take("warp")) {
        in.out.flow = Flow::WarpSync;
        in.out.members = in.read(0, Type::B32);
        in.execute(in.take("sync") ? syncWarp : nullptr);
        return;
    }
    in.take("cta");
    const bool sync = in.take("sync");
    in.take("aligned");
    in.out.flow = Flow::BlockBarrier;
    in.execute(sync && in.operands() == 1 && in.operand(0).kind == Operand::Kind::Integer ? nothing : nullptr);
}

// Lanes and blocks run one after another here, so a fence has nothing to do.
void decodeFence(Decoding& in) {
    const bool known = !in.takeOneOf({"cta", "gl", "sys", "sc", "acq_rel"}).empty();
    in.takeOneOf({"cta", "gpu", "sys"});
    in.execute(known ? nothing : nullptr);
}

void trap(Warp&, const Instruction&, uint32_t) {
    throw Fault{CUDA_ERROR_LAUNCH_FAILED, "trap"};
}

void decodeTrap(Decoding& in) { in.execute(trap); }

}  // namespace

void addControlOperations(DecodeTable& table) {
    table["bra"] = decodeBranch;
    table["ret"] = decodeExit;
    table["exit"] = decodeExit;
    table["bar"] = decodeBarrier;
    table["barrier"] = decodeBarrier;
    table["membar"] = decodeFence;
    table["fence"] = decodeFence;
    table["trap"] = decodeTrap;
}

}  // namespace standin
