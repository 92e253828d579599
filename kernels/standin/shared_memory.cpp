#include "shared_memory.h"

#include "alignment.h"
#include "program.h"

namespace standin {
namespace {

[[noreturn]] void race(const char* what, uint64_t address, uint32_t other) {
    throw Fault{CUDA_ERROR_LAUNCH_FAILED,
                format("shared-memory race: %s byte %llu that thread %u of the block touched since the last barrier",
                       what, static_cast<unsigned long long>(address), other)};
}

}  // namespace

SharedMemory::Cell& SharedMemory::byteCell(uint64_t address) {
    Word& word = words[address / WORD];
    auto& cells = bytes[address / WORD];
    if (word.splitEpoch < block) {
        word.splitEpoch = epoch;
        cells.fill(word.whole);
    }
    return cells[address % WORD];
}

inline uint32_t SharedMemory::racingWriter(const Cell& cell, uint32_t thread, const WarpOrder& order) const {
    const bool safe = cell.writeEpoch != epoch || cell.writer == thread
                      || (cell.writer / WARP == thread / WARP
                          && order.ordered(cell.writer % WARP, thread % WARP, cell.writeClock));
    return safe ? NOBODY : cell.writer;
}

inline uint32_t SharedMemory::racingAdder(const Cell& cell, uint32_t thread, const WarpOrder& order) const {
    if (cell.addEpoch != epoch) {
        return NOBODY;
    }
    if (cell.otherAdder != NOBODY) {
        return cell.adder == thread ? cell.otherAdder : cell.adder;
    }
    const bool safe = cell.adder == thread
                      || (cell.adder / WARP == thread / WARP
                          && order.ordered(cell.adder % WARP, thread % WARP, cell.addClock));
    return safe ? NOBODY : cell.adder;
}

inline uint32_t SharedMemory::racingReader(const Cell& cell, uint32_t thread, const WarpOrder& order) const {
    if (cell.readEpoch != epoch) {
        return NOBODY;
    }
    if (cell.reader / WARP != thread / WARP) {
        return cell.reader;
    }
    if (cell.foreignReader != NOBODY) {
        return cell.foreignReader;
    }
    for (uint32_t left = cell.readerLanes & ~(1u << thread % WARP); left != 0; left &= left - 1) {
        const int lane = __builtin_ctz(left);
        if (!order.ordered(lane, thread % WARP, cell.readClock)) {
            return cell.reader / WARP * WARP + static_cast<uint32_t>(lane);
        }
    }
    return NOBODY;
}

inline void SharedMemory::requireWritten(const Cell& cell, uint64_t address) const {
    if (cell.writeEpoch < block) {
        throw Fault{CUDA_ERROR_LAUNCH_FAILED, format("reads byte %llu of shared memory, never written by this block",
                                                     static_cast<unsigned long long>(address))};
    }
}

// `thread` and the other `lanes` of its warp have read.
inline void SharedMemory::noteReader(Cell& cell, uint32_t thread, uint32_t lanes, uint64_t clock) {
    if (cell.readEpoch != epoch) {
        cell.readEpoch = epoch;
        cell.reader = static_cast<uint16_t>(thread);
        cell.readerLanes = 0;
        cell.foreignReader = NOBODY;
    }
    if (cell.reader / WARP == thread / WARP) {
        cell.readerLanes |= lanes;
        cell.readClock = clock;
    } else {
        cell.foreignReader = static_cast<uint16_t>(thread);
    }
}

inline void SharedMemory::noteRead(Cell& cell, uint64_t address, uint32_t thread, uint64_t clock, const WarpOrder& order) {
    requireWritten(cell, address);
    if (uint32_t other = racingWriter(cell, thread, order); other != NOBODY) {
        race("reads", address, other);
    }
    if (uint32_t other = racingAdder(cell, thread, order); other != NOBODY) {
        race("reads", address, other);
    }
    noteReader(cell, thread, 1u << thread % WARP, clock);
}

inline void SharedMemory::noteWrite(Cell& cell, uint64_t address, uint32_t thread, uint64_t clock, const WarpOrder& order) {
    for (uint32_t other : {racingWriter(cell, thread, order), racingAdder(cell, thread, order),
                           racingReader(cell, thread, order)}) {
        if (other != NOBODY) race("writes", address, other);
    }
    cell.writer = static_cast<uint16_t>(thread);
    cell.writeEpoch = epoch;
    cell.writeClock = clock;
}

inline void SharedMemory::noteAtomic(Cell& cell, uint64_t address, uint32_t thread, uint64_t clock, const WarpOrder& order) {
    requireWritten(cell, address);
    for (uint32_t other : {racingWriter(cell, thread, order), racingReader(cell, thread, order)}) {
        if (other != NOBODY) race("writes", address, other);
    }
    if (cell.addEpoch != epoch) {
        cell.addEpoch = epoch;
        cell.otherAdder = NOBODY;
    } else if (cell.adder != thread) {
        cell.otherAdder = cell.adder;
    }
    cell.adder = static_cast<uint16_t>(thread);
    cell.addClock = clock;
}

inline void SharedMemory::note(Cell& cell, uint64_t address, Access access, uint32_t thread, uint64_t clock,
                               const WarpOrder& order) {
    if (access == Access::Read) {
        noteRead(cell, address, thread, clock, order);
    } else if (access == Access::Write) {
        noteWrite(cell, address, thread, clock, order);
    } else {
        noteAtomic(cell, address, thread, clock, order);
    }
}

// Written by this block, whole, and by nobody since the last barrier.
inline bool SharedMemory::plainlyReadable(const Word& word) const {
    return word.splitEpoch < block && word.whole.writeEpoch >= block && word.whole.writeEpoch != epoch
           && word.whole.addEpoch != epoch;
}

const uint8_t* SharedMemory::readTogether(uint64_t address, uint64_t count, uint64_t stride, uint32_t first,
                                          uint64_t clock) {
    const uint64_t whole = stride == 0 ? count : stride * WARP;
    if (address % WORD != 0 || count % WORD != 0 || address > data.size() || whole > data.size() - address) {
        return nullptr;
    }
    Word* const touched = words.data() + address / WORD;
    for (uint64_t word = 0; word < whole / WORD; word++) {
        if (!plainlyReadable(touched[word])) return nullptr;
    }
    for (uint64_t word = 0; word < whole / WORD; word++) {
        const uint32_t lane = static_cast<uint32_t>(word / (count / WORD));
        noteReader(touched[word].whole, first + lane, stride == 0 ? ALL_LANES : 1u << lane, clock);
    }
    return data.data() + address;
}

const uint8_t* SharedMemory::readEach(const uint64_t* addresses, uint64_t offset, uint64_t count, uint32_t lanes,
                                      uint32_t first, uint64_t clock) {
    if (count % WORD != 0) {
        return nullptr;
    }
    for (uint32_t left = lanes; left != 0; left &= left - 1) {
        const uint64_t address = addresses[__builtin_ctz(left)] + offset;
        if (!aligned(address, count) || address > data.size() || count > data.size() - address) {
            return nullptr;
        }
        for (uint64_t word = address / WORD; word < (address + count) / WORD; word++) {
            if (!plainlyReadable(words[word])) return nullptr;
        }
    }
    for (uint32_t left = lanes; left != 0; left &= left - 1) {
        const int lane = __builtin_ctz(left);
        const uint64_t address = addresses[lane] + offset;
        for (uint64_t word = address / WORD; word < (address + count) / WORD; word++) {
            noteReader(words[word].whole, first + static_cast<uint32_t>(lane), 1u << lane, clock);
        }
    }
    return data.data();
}

uint8_t* SharedMemory::access(uint64_t address, uint64_t count, Access access, uint32_t thread, uint64_t clock,
                              const WarpOrder& order) {
    if (address > data.size() || count > data.size() - address) {
        throw Fault{CUDA_ERROR_ILLEGAL_ADDRESS,
                    format("%s %llu bytes at %llu of the block's %zu bytes of shared memory",
                           access == Access::Read ? "reads" : "writes", static_cast<unsigned long long>(count),
                           static_cast<unsigned long long>(address), data.size())};
    }
    const uint64_t end = address + count;
    for (uint64_t at = address; at < end;) {
        Word& word = words[at / WORD];
        if (at % WORD == 0 && end - at >= WORD && word.splitEpoch < block) {
            note(word.whole, at, access, thread, clock, order);
            at += WORD;
        } else {
            note(byteCell(at), at, access, thread, clock, order);
            at++;
        }
    }
    return data.data() + address;
}

}  // namespace standin
