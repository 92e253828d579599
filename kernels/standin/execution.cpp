#include "execution.h"

namespace standin {
namespace {

class Execution {
public:
    Execution(Launch& launch) : launch(launch) {
        const uint64_t count = (launch.block.count() + WARP - 1) / WARP;
        for (uint32_t index = 0; index < count; index++) {
            warps.push_back(std::make_unique<Warp>(launch, index));
        }
    }

    void run() {
        for (uint32_t z = 0; z < launch.grid.z; z = next(z, launch.grid.z)) {
            for (uint32_t y = 0; y < launch.grid.y; y = next(y, launch.grid.y)) {
                for (uint32_t x = 0; x < launch.grid.x; x = next(x, launch.grid.x)) {
                    launch.blockIndex = {x, y, z};
                    if (launch.shadow != nullptr) {
                        launch.shadow->enter((static_cast<uint64_t>(z) * launch.grid.y + y) * launch.grid.x + x);
                    }
                    runBlock();
                }
            }
        }
    }

private:
    // Of memory without storage only the first and the last blocks are of interest.
    uint32_t next(uint32_t index, uint32_t count) const {
        return launch.memory.hasPhantoms() && index == 0 && count > 1 ? count - 1 : index + 1;
    }

    void runBlock() {
        launch.shared.reset();
        for (auto& warp : warps) {
            warp->start();
        }
        do {
            for (auto& warp : warps) {
                runWarp(*warp);
            }
        } while (passBarrier());
    }

    void runWarp(Warp& warp) {
        try {
            warp.run();
        } catch (const Fault& fault) {
            throw placed(fault, warp);
        }
    }

    Fault placed(const Fault& fault, const Warp& warp) const {
        return {fault.status, "kernel " + launch.program.name + ", " + warp.whereabouts() + ": " + fault.text};
    }

    [[noreturn]] void refuse(Warp& warp, const Group& group, const std::string& what) const {
        warp.lane = __builtin_ctz(group.lanes);
        warp.instruction = &launch.program.instructions[group.at];
        throw placed({CUDA_ERROR_LAUNCH_FAILED, what}, warp);
    }

    // Every thread has left, or waits. All must wait at the same barrier; false when all have left.
    bool passBarrier() {
        Warp* waiting = nullptr;
        for (auto& warp : warps) {
            if (!warp->finished()) {
                waiting = warp.get();
            }
        }
        if (waiting == nullptr) {
            return false;
        }
        checkBarrier(*waiting, waiting->waiting().front());
        launch.shared.barrier();
        for (auto& warp : warps) {
            warp->release();
        }
        return true;
    }

    void checkBarrier(Warp& of, const Group& first) {
        for (auto& warp : warps) {
            for (const Group& group : warp->waiting()) {
                if (group.wait == Wait::WarpSync) {
                    refuse(*warp, group, "waits for lanes of its warp that never come");
                }
                if (group.at != first.at) {
                    refuse(*warp, group, format("divergent barrier: other threads wait at PTX line %d",
                                                launch.program.instructions[first.at].line));
                }
            }
        }
        for (auto& warp : warps) {
            if (warp->exitedLanes() != 0) {
                refuse(of, first, format("divergent barrier: thread %u of the block has left the kernel",
                                         warp->threadOf(__builtin_ctz(warp->exitedLanes()))));
            }
        }
    }

    Launch& launch;
    std::vector<std::unique_ptr<Warp>> warps;
};

}  // namespace

void execute(const Program& program, Memory& memory, const std::vector<uint8_t>& parameters, Dimensions grid,
             Dimensions block, uint32_t dynamicSharedBytes, bool shadowed) {
    GlobalShadow shadow;
    SharedMemory shared(program.sharedBytes + dynamicSharedBytes);
    Launch launch{program, memory, shared, shadowed ? &shadow : nullptr, parameters, grid, block, {}};
    if (memory.hasPhantoms()) {
        launch.longest = 25'000'000;  // of few blocks
    }
    Execution(launch).run();
}

}  // namespace standin
