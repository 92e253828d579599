// What lanes of a warp do together: shuffles, votes.
#include <string>

#include "lanes.h"
#include "operations.h"

namespace standin {
namespace {

enum class Shuffle : uint8_t { Index, Up, Down, Butterfly };

// The lane that `lane` reads from, and whether it lies in range (else the lane reads itself).
int sourceLane(Shuffle how, int lane, uint32_t by, uint32_t clampAndSegment, bool& inRange) {
    const int segment = clampAndSegment >> 8 & 31;
    const int clamp = clampAndSegment & 31;
    const int distance = static_cast<int>(by & 31);
    const int last = (lane & segment) | (clamp & ~segment);
    const int first = lane & segment;
    int source = lane;
    switch (how) {
        case Shuffle::Up: source = lane - distance; inRange = source >= last; break;
        case Shuffle::Down: source = lane + distance; inRange = source <= last; break;
        case Shuffle::Butterfly: source = lane ^ distance; inRange = source <= last; break;
        case Shuffle::Index: source = first | (distance & ~segment & 31); inRange = source <= last; break;
    }
    return inRange ? source : lane;
}

// d[0] | d[1] = shfl a[0], a[1] lanes away, clamp and segment a[2]
void shuffle(Warp& warp, const Instruction& i, uint32_t lanes) {
    const uint64_t* a = warp.row(i.a[0]);
    uint64_t values[WARP];
    std::copy(a, a + WARP, values);
    forLanes(lanes, [&](int lane) {
        bool inRange = false;
        const int source = sourceLane(static_cast<Shuffle>(i.variant), lane, get<uint32_t>(warp.row(i.a[1])[lane]),
                                      get<uint32_t>(warp.row(i.a[2])[lane]), inRange);
        if (!(lanes >> source & 1)) {
            warp.lane = lane;
            throw Fault{CUDA_ERROR_LAUNCH_FAILED, format("shuffles from lane %d, which is inactive", source)};
        }
        warp.row(i.d[1])[lane] = inRange;
        warp.row(i.d[0])[lane] = values[source];
    });
}

void decodeShuffle(Decoding& in) {
    if (!in.take("sync")) in.unknown();
    const std::string how = in.takeOneOf({"idx", "up", "down", "bfly"});
    if (how.empty()) in.unknown();
    const Type type = in.type();
    in.out.variant = static_cast<uint8_t>(how == "idx" ? Shuffle::Index : how == "up" ? Shuffle::Up
                                          : how == "down" ? Shuffle::Down : Shuffle::Butterfly);
    const Operand& result = in.operand(0);
    const bool pair = result.kind == Operand::Kind::Vector;
    in.out.d[0] = in.write(pair ? result.parts[0] : result);
    in.out.d[1] = pair ? in.write(result.parts[1]) : in.sink();
    in.out.a[0] = in.read(1, type);
    in.out.a[1] = in.read(2, Type::B32);
    in.out.a[2] = in.read(3, Type::B32);
    in.out.members = in.read(4, Type::B32);
    in.out.flow = Flow::WarpSync;
    in.execute(type == Type::B32 ? shuffle : nullptr);
}

enum class Vote : uint8_t { All, Any, Uniform, Ballot };

void vote(Warp& warp, const Instruction& i, uint32_t lanes) {
    const uint64_t* p = warp.row(i.a[0]);
    uint32_t holds = 0;
    forLanes(lanes, [&](int lane) { holds |= static_cast<uint32_t>((p[lane] & 1) ^ i.flip) << lane; });
    const Vote how = static_cast<Vote>(i.variant);
    const uint64_t result = how == Vote::Ballot ? holds
                            : how == Vote::All ? holds == lanes
                            : how == Vote::Any ? holds != 0 : holds == 0 || holds == lanes;
    forLanes(lanes, [&](int lane) { warp.row(i.d[0])[lane] = result; });
}

void decodeVote(Decoding& in) {
    if (!in.take("sync")) in.unknown();
    const std::string how = in.takeOneOf({"all", "any", "uni", "ballot"});
    const Type type = in.type();
    in.out.variant = static_cast<uint8_t>(how == "all" ? Vote::All : how == "any" ? Vote::Any
                                          : how == "uni" ? Vote::Uniform : Vote::Ballot);
    in.out.d[0] = in.write(0);
    in.out.a[0] = in.read(1, Type::Pred);
    in.out.flip = in.negated(1);
    in.out.members = in.read(2, Type::B32);
    in.out.flow = Flow::WarpSync;
    in.execute(!how.empty() && type == (how == "ballot" ? Type::B32 : Type::Pred) ? vote : nullptr);
}

void activeMask(Warp& warp, const Instruction& i, uint32_t lanes) {
    forLanes(lanes, [&](int lane) { warp.row(i.d[0])[lane] = lanes; });
}

void decodeActiveMask(Decoding& in) {
    const Type type = in.type();
    in.out.d[0] = in.write(0);
    in.execute(type == Type::B32 ? activeMask : nullptr);
}

}  // namespace

void addWarpOperations(DecodeTable& table) {
    table["shfl"] = decodeShuffle;
    table["vote"] = decodeVote;
    table["activemask"] = decodeActiveMask;
}

}  // namespace standin
