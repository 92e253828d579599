// Where things lie in the 64-bit address space that a kernel sees. None of it can be an address of the host process,
// whose heaps lie lower and whose mappings lie higher.
#pragma once

#include <cstdint>

namespace standin {

constexpr uint64_t SHARED_WINDOW = 0x090000000000;  // generic address of shared address 0
constexpr uint64_t LOCAL_WINDOW = 0x0a0000000000;   // of local address 0
constexpr uint64_t WINDOW_BYTES = 0x010000000000;
constexpr uint64_t DEVICE_BASE = 0x100000000000;    // device allocations, in rising order, never used twice
constexpr uint64_t DEVICE_END = 0x500000000000;

}  // namespace standin
