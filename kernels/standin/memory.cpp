#include "memory.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "address_spaces.h"

namespace standin {
namespace {

constexpr uint64_t ALIGNMENT = 256;      // as the driver's
constexpr uint64_t GAP = 1ull << 20;     // between allocations, so that an overrun meets nothing
constexpr uint8_t POISON = 0xff;         // NaN in every floating type
constexpr uint64_t WIDEST_TOGETHER = 512;  // bytes that the lanes of a warp access at once

}  // namespace

std::string Allocation::describe() const {
    return format("%s allocation %llu of %llu bytes at 0x%llx", host ? "host" : "device",
                  static_cast<unsigned long long>(number), static_cast<unsigned long long>(bytes),
                  static_cast<unsigned long long>(base));
}

uint8_t* Allocation::at(uint64_t offset, Access access) {
    static uint8_t zeros[WIDEST_TOGETHER];
    static uint8_t lost[WIDEST_TOGETHER];
    return !phantom ? data + offset : access == Access::Write ? lost : zeros;
}

void Allocation::markWritten(uint64_t offset, uint64_t count) {
    if (host || phantom) {
        return;
    }
    uint64_t at = offset;
    const uint64_t end = offset + count;
    for (; at < end && at % 8 != 0; at++) written[at / 8] |= static_cast<uint8_t>(1u << at % 8);
    for (; at + 8 <= end; at += 8) written[at / 8] = 0xff;
    for (; at < end; at++) written[at / 8] |= static_cast<uint8_t>(1u << at % 8);
}

uint64_t Allocation::firstUnwritten(uint64_t offset, uint64_t count) const {
    if (host || phantom) {
        return offset + count;
    }
    for (uint64_t at = offset; at < offset + count;) {
        if (at % 8 == 0 && at + 8 <= offset + count && written[at / 8] == 0xff) {
            at += 8;
        } else if (written[at / 8] >> at % 8 & 1) {
            at++;
        } else {
            return at;
        }
    }
    return offset + count;
}

Allocation& Memory::add(std::unique_ptr<Allocation> allocation) {
    allocation->number = ++numbered;
    Allocation& added = *allocation;
    allocations[added.base] = std::move(allocation);
    return added;
}

Allocation& Memory::allocate(uint64_t bytes, uint64_t promised) {
    if (used - promised + bytes > total) {
        throw Fault{CUDA_ERROR_OUT_OF_MEMORY, format("%llu bytes asked for, %llu free",
                    static_cast<unsigned long long>(bytes), static_cast<unsigned long long>(freeBytes()))};
    }
    auto allocation = std::make_unique<Allocation>();
    allocation->phantom = phantomFrom != 0 && bytes >= phantomFrom;
    const uint64_t stored = allocation->phantom ? 1 : bytes;
    allocation->owned.reset(new (std::nothrow) uint8_t[stored]);
    if (allocation->owned == nullptr) {
        throw Fault{CUDA_ERROR_OUT_OF_MEMORY, "the host that stands in for the device has no such memory"};
    }
    allocation->data = allocation->owned.get();
    std::memset(allocation->data, phantomFrom == 0 ? POISON : 0, stored);
    allocation->bytes = bytes;
    // Beside memory without storage everything counts as written: not all that would write it runs.
    allocation->written.resize(stored / 8 + 1, phantomFrom == 0 ? 0 : 0xff);
    allocation->base = nextBase == 0 ? DEVICE_BASE : nextBase;
    nextBase = (allocation->base + bytes + GAP) / ALIGNMENT * ALIGNMENT;
    if (nextBase > DEVICE_END) {
        throw Fault{CUDA_ERROR_OUT_OF_MEMORY, "the stand-in's address space is used up"};
    }
    used += bytes;
    return add(std::move(allocation));
}

Allocation& Memory::adoptHost(uint8_t* data, uint64_t bytes) {
    auto allocation = std::make_unique<Allocation>();
    allocation->base = reinterpret_cast<uint64_t>(data);
    allocation->bytes = bytes;
    allocation->data = data;
    allocation->host = true;
    return add(std::move(allocation));
}

Allocation* Memory::startingAt(uint64_t base) {
    auto found = allocations.find(base);
    return found == allocations.end() || found->second->data == nullptr ? nullptr : found->second.get();
}

void Memory::free(uint64_t base) {
    auto found = allocations.find(base);
    if (found == allocations.end()) {
        throw Fault{CUDA_ERROR_INVALID_VALUE,
                    format("no allocation starts at 0x%llx", static_cast<unsigned long long>(base))};
    }
    Allocation& allocation = *found->second;
    if (allocation.data == nullptr) {
        throw Fault{CUDA_ERROR_INVALID_VALUE, "freed twice: " + allocation.describe()};
    }
    if (allocation.host) {
        allocations.erase(found);  // the host's allocator may give the address out again
        recent.fill(nullptr);
        return;
    }
    used -= allocation.bytes;
    allocation.data = nullptr;
    allocation.owned.reset();
    allocation.written = {};
}

// The range in relation to the nearest allocation.
std::string Memory::whereabouts(uint64_t address, uint64_t count) const {
    std::string text = format("%llu bytes at 0x%llx", static_cast<unsigned long long>(count),
                              static_cast<unsigned long long>(address));
    const auto above = allocations.upper_bound(address);
    if (above != allocations.end() && above->first - address < GAP / 2) {
        return text + format(", which begin %llu bytes before ",
                             static_cast<unsigned long long>(above->first - address)) + above->second->describe();
    }
    const Allocation* below = above == allocations.begin() ? nullptr : std::prev(above)->second.get();
    if (below == nullptr || address - below->base > below->bytes + GAP) {
        return text + ", where nothing is allocated";
    }
    if (below->data == nullptr) {
        return text + ", freed before: " + below->describe();
    }
    return text + format(", which end %llu bytes past ", static_cast<unsigned long long>(
                             address + count - below->base - below->bytes)) + below->describe();
}

Allocation* Memory::lookUp(uint64_t address, uint64_t count) {
    Allocation*& known = recent[address / GAP % RECENT];
    if (known == nullptr || address - known->base >= known->bytes) {
        auto above = allocations.upper_bound(address);
        known = above == allocations.begin() ? nullptr : std::prev(above)->second.get();
    }
    const bool inside = known != nullptr && known->data != nullptr && address - known->base <= known->bytes
                        && count <= known->bytes - (address - known->base);
    return inside ? known : nullptr;
}

Allocation& Memory::find(uint64_t address, uint64_t count, Access access) {
    Allocation* found = lookUp(address, count);
    if (found == nullptr) {
        throw Fault{CUDA_ERROR_ILLEGAL_ADDRESS, (access == Access::Read ? "reads " : "writes ")
                                                    + whereabouts(address, count)};
    }
    return *found;
}

Allocation& Memory::holding(uint64_t address, uint64_t count, Access access) {
    Allocation& found = find(address, count, access);
    if (!found.ready) {
        throw Fault{CUDA_ERROR_ILLEGAL_ADDRESS,
                    "uses, before its stream has come to allocating it, " + found.describe()};
    }
    return found;
}

bool Memory::isHost(uint64_t address) const {
    auto above = allocations.upper_bound(address);
    if (above == allocations.begin()) {
        return false;
    }
    const Allocation& below = *std::prev(above)->second;
    return below.host && address - below.base < below.bytes;
}

uint8_t* Memory::access(uint64_t address, uint64_t count, Access access) {
    Allocation& allocation = holding(address, count, access);
    const uint64_t offset = address - allocation.base;
    if (access == Access::Write) {
        allocation.markWritten(offset, count);
    } else if (uint64_t missing = allocation.firstUnwritten(offset, count); missing != offset + count) {
        throw Fault{CUDA_ERROR_LAUNCH_FAILED,
                    format("reads byte %llu, never written, of ", static_cast<unsigned long long>(missing))
                        + allocation.describe()};
    }
    return allocation.at(offset, access);
}

uint8_t* Memory::tryAccess(uint64_t address, uint64_t count, Access access) {
    Allocation* found = lookUp(address, count);
    if (found == nullptr || !found->ready) {
        return nullptr;
    }
    const uint64_t offset = address - found->base;
    if (access == Access::Write) {
        found->markWritten(offset, count);
    } else if (found->firstUnwritten(offset, count) != offset + count) {
        return nullptr;
    }
    return found->at(offset, access);
}

void Memory::set(uint64_t address, const void* pattern, uint64_t patternBytes, uint64_t count) {
    uint8_t* at = access(address, patternBytes * count, Access::Write);
    if (holding(address, patternBytes * count, Access::Write).phantom) {
        return;
    }
    for (uint64_t i = 0; i < count; i++) {
        std::memcpy(at + i * patternBytes, pattern, patternBytes);
    }
}

void Memory::fromHost(uint64_t address, const void* source, uint64_t count) {
    uint8_t* at = access(address, count, Access::Write);
    if (!holding(address, count, Access::Write).phantom) {
        std::memcpy(at, source, count);
    }
}

void Memory::toHost(void* target, uint64_t address, uint64_t count) {
    const uint8_t* at = access(address, count, Access::Read);
    if (holding(address, count, Access::Read).phantom) {
        std::memset(target, 0, count);
    } else {
        std::memcpy(target, at, count);
    }
}

void Memory::within(uint64_t target, uint64_t source, uint64_t count) {
    Allocation& from = holding(source, count, Access::Read);
    Allocation& to = holding(target, count, Access::Write);
    if (from.phantom || to.phantom) {
        if (!to.phantom) {
            set(target, "", 1, count);
        }
        return;
    }
    const uint64_t fromOffset = source - from.base;
    const uint64_t toOffset = target - to.base;
    std::memmove(to.data + toOffset, from.data + fromOffset, count);
    for (uint64_t at = 0; at < count && !to.host; at++) {
        const uint8_t bit = static_cast<uint8_t>(1u << (toOffset + at) % 8);
        uint8_t& bits = to.written[(toOffset + at) / 8];
        const bool isWritten = from.firstUnwritten(fromOffset + at, 1) != fromOffset + at;
        bits = static_cast<uint8_t>(isWritten ? bits | bit : bits & ~bit);
    }
}

std::vector<std::string> Memory::live() const {
    std::vector<std::string> result;
    for (const auto& [base, allocation] : allocations) {
        if (allocation->data != nullptr && !allocation->internal) {
            result.push_back(allocation->describe());
        }
    }
    return result;
}

}  // namespace standin
