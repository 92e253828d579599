// Device memory. Every allocation remembers which of its bytes were written; addresses are never given out twice, so a
// late use is recognised however long ago the allocation was freed.
#pragma once

#include <cuda.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fault.h"

namespace standin {

// Atomic: reads and writes at once, which only shared memory has.
enum class Access { Read, Write, Atomic };

struct STANDIN_EXPORT Allocation {
    uint64_t base = 0;
    uint64_t bytes = 0;
    uint64_t number = 0;               // the how manieth it is, for messages
    std::unique_ptr<uint8_t[]> owned;  // null for host memory and freed allocations
    uint8_t* data = nullptr;           // null once freed
    bool host = false;                 // pinned host memory: the host writes it unseen, so it counts as written
    bool phantom = false;              // without storage: what is written is lost, and zeros are read
    bool internal = false;             // a module's variables: no leak
    bool ready = true;                 // false before a stream-ordered allocation is reached in its stream
    std::vector<uint8_t> written;      // one bit a byte

    std::string describe() const;
    // Where an access of a kernel finds, or leaves, its numbers.
    uint8_t* at(uint64_t offset, Access access);
    void markWritten(uint64_t offset, uint64_t count);
    // The first byte of the range that was never written, or offset + count.
    uint64_t firstUnwritten(uint64_t offset, uint64_t count) const;
};

class STANDIN_EXPORT Memory {
public:
    // CUDA_ERROR_OUT_OF_MEMORY as Fault if the device is full, with `promised` bytes that are in use counted as free.
    Allocation& allocate(uint64_t bytes, uint64_t promised = 0);
    Allocation& adoptHost(uint8_t* data, uint64_t bytes);
    // Fault if there is no such allocation or it was freed before.
    void free(uint64_t base);
    // The live allocation that starts here, or null.
    Allocation* startingAt(uint64_t base);

    // The allocation that holds the whole range. Throws Fault: out of bounds, use after free, use before allocation.
    Allocation& holding(uint64_t address, uint64_t count, Access access);
    // Fault unless the range lies in a live allocation, whether its stream has come to it or not.
    void inside(uint64_t address, uint64_t count) { find(address, count, Access::Write); }
    bool isHost(uint64_t address) const;
    // As holding, then: reading what was never written is a Fault too; writing marks.
    uint8_t* access(uint64_t address, uint64_t count, Access access);
    // As access, but null where that throws.
    uint8_t* tryAccess(uint64_t address, uint64_t count, Access access);

    void set(uint64_t address, const void* pattern, uint64_t patternBytes, uint64_t count);
    void fromHost(uint64_t address, const void* source, uint64_t count);
    void toHost(void* target, uint64_t address, uint64_t count);
    // Carries along which bytes were written.
    void within(uint64_t target, uint64_t source, uint64_t count);

    uint64_t totalBytes() const { return total; }
    uint64_t freeBytes() const { return total - std::min(total, used); }
    // For tests of devices that are full; at least what is in use.
    void setTotal(uint64_t bytes) { total = std::max(bytes, used); }
    // Allocations of so many bytes or more have no storage from now on; 0 for none. Where kernels go is checked all the same,
    // but not what they find there.
    void setPhantom(uint64_t bytes) { phantomFrom = bytes; }
    uint64_t phantomBytes() const { return phantomFrom; }
    bool hasPhantoms() const { return phantomFrom != 0; }
    // Live allocations of the caller's own, described.
    std::vector<std::string> live() const;

private:
    // The allocation that holds the whole range, or null.
    Allocation* lookUp(uint64_t address, uint64_t count);
    Allocation& find(uint64_t address, uint64_t count, Access access);
    Allocation& add(std::unique_ptr<Allocation> allocation);
    std::string whereabouts(uint64_t address, uint64_t count) const;

    std::map<uint64_t, std::unique_ptr<Allocation>> allocations;  // by base, freed ones included
    // The allocations used last, each where its address falls: allocations are further apart than that.
    static constexpr size_t RECENT = 64;
    std::array<Allocation*, RECENT> recent{};
    uint64_t nextBase = 0;
    uint64_t numbered = 0;
    uint64_t total = 16ull << 30;
    uint64_t used = 0;
    uint64_t phantomFrom = 0;
};

}  // namespace standin
