// Runs one launch: block after block, all warps of a block from barrier to barrier.
#pragma once

#include <memory>
#include <vector>

#include "memory.h"
#include "warp.h"

namespace standin {

// Throws Fault whose text names kernel, instruction and thread.
void execute(const Program& program, Memory& memory, const std::vector<uint8_t>& parameters, Dimensions grid,
             Dimensions block, uint32_t dynamicSharedBytes, bool shadowed);

}  // namespace standin
