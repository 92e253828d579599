// Accesses are of 1, 2, 4, 8 or 16 bytes, at an address that is a multiple of that.
#pragma once

#include <cstdint>

#include "fault.h"

namespace standin {

inline bool aligned(uint64_t address, uint64_t count) { return (address & (count - 1)) == 0; }

inline void requireAlignment(uint64_t address, uint64_t count) {
    if (!aligned(address, count)) {
        throw Fault{CUDA_ERROR_MISALIGNED_ADDRESS,
                    format("misaligned: 0x%llx is not a multiple of %llu", static_cast<unsigned long long>(address),
                           static_cast<unsigned long long>(count))};
    }
}

}  // namespace standin
