// 32 threads in step. Lanes that went different ways form groups, each with its own place in the program; the group
// that is furthest behind runs first, so that they meet again where the branches join.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "global_shadow.h"
#include "memory.h"
#include "program.h"
#include "shared_memory.h"

namespace standin {

struct Dimensions {
    uint32_t x = 1, y = 1, z = 1;
    uint64_t count() const { return static_cast<uint64_t>(x) * y * z; }
};

// What all warps of a launch share.
struct Launch {
    const Program& program;
    Memory& memory;
    SharedMemory& shared;
    GlobalShadow* shadow;  // null where nobody wants to know
    const std::vector<uint8_t>& parameters;
    Dimensions grid;
    Dimensions block;
    Dimensions blockIndex;  // of the block that runs now
    uint64_t clock = 1;     // counts the instructions of the launch
    uint64_t longest = 20'000'000'000;  // instructions after which it is said not to end
};

enum class Wait : uint8_t { None, BlockBarrier, WarpSync };

struct Group {
    uint32_t at;  // index of the next instruction
    uint32_t lanes;
    Wait wait;
};

class Warp final : public WarpOrder {
public:
    Warp(Launch& launch, uint32_t index);

    // Begins a new block.
    void start();
    // Runs until every lane has left or waits for the block's barrier. Throws Fault, with the lane in `lane`.
    void run();

    bool finished() const { return groups.empty(); }
    const std::vector<Group>& waiting() const { return groups; }
    uint32_t exitedLanes() const { return exited; }
    // Lets the lanes that wait for the barrier go on.
    void release();

    uint64_t* row(uint32_t index) { return rows.data() + static_cast<size_t>(index) * WARP; }
    // Accesses by `lane`, in one of the address spaces.
    uint8_t* global(uint64_t address, uint64_t count, Access access);
    // As global, but null where that throws.
    uint8_t* tryGlobal(uint64_t address, uint64_t count, Access access) {
        uint8_t* at = launch.memory.tryAccess(address, count, access);
        return launch.shadow == nullptr || at == nullptr || launch.shadow->note(address, count, touch(access)) ? at : nullptr;
    }
    uint8_t* shared(uint64_t address, uint64_t count, Access access);
    // All lanes read at once; null where each has to be served alone.
    const uint8_t* tryShared(uint64_t address, uint64_t count, uint64_t stride) {
        return launch.shared.readTogether(address, count, stride, threadOf(0), launch.clock);
    }
    // These lanes read, each where `addresses` has it; null where each has to be served alone.
    const uint8_t* trySharedEach(const uint64_t* addresses, uint64_t offset, uint64_t count, uint32_t lanes) {
        return launch.shared.readEach(addresses, offset, count, lanes, threadOf(0), launch.clock);
    }
    uint8_t* local(uint64_t address, uint64_t count);
    const uint8_t* parameter(uint64_t offset, uint64_t count) const;

    // Everything these lanes did so far is ordered before what any of them does next (bar.warp.sync).
    void orderLanes(uint32_t lanes);
    bool ordered(int earlier, int later, uint64_t clock) const override { return lastSync[earlier][later] > clock; }

    // "PTX line 12: 'ld…', block (0, 0, 0), thread (3, 0, 0)" for the lane and instruction at hand.
    std::string whereabouts() const;

    uint32_t threadOf(int ofLane) const { return index * WARP + static_cast<uint32_t>(ofLane); }
    Dimensions threadIndex(uint32_t thread) const;

    int lane = 0;                              // the lane that is being served
    const Instruction* instruction = nullptr;  // and its instruction

private:
    void fillConstants();
    void fillSpecials();
    uint64_t specialValue(Special special, int ofLane) const;
    Touch touch(Access access) const {
        return access == Access::Write ? Touch::Write : instruction->readOnly ? Touch::ReadOnlyRead : Touch::Read;
    }
    Group* nextRunnable();
    void step(size_t group);
    uint32_t guardLanes(const Instruction& i, uint32_t lanes);
    void branch(size_t group, uint32_t taken, uint32_t target);
    void leave(size_t group, uint32_t lanes);
    void await(size_t group, uint32_t lanes, Wait wait);
    bool arrived(const Group& group);
    void synchronise(size_t group);
    bool synchroniseOne();
    void merge();

    Launch& launch;
    const uint32_t index;
    uint8_t* const reached;  // of the program's coverage
    uint32_t present = 0;  // lanes that the block has
    uint32_t exited = 0;
    std::vector<uint64_t> rows;
    std::vector<Group> groups;
    std::vector<std::vector<uint8_t>> locals;                // per lane
    std::array<std::array<uint64_t, WARP>, WARP> lastSync{};  // clock of the last bar.warp.sync of both lanes
};

}  // namespace standin
