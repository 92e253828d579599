// The shared memory of one block, which knows for every byte who touched it since the last barrier.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "memory.h"

namespace standin {

// Whether, within one warp, what lane `earlier` did at `clock` is ordered before what lane `later` does now.
class WarpOrder {
public:
    virtual bool ordered(int earlier, int later, uint64_t clock) const = 0;

protected:
    ~WarpOrder() = default;
};

class SharedMemory {
public:
    explicit SharedMemory(uint64_t bytes) : data(bytes), words((bytes + WORD - 1) / WORD) {}

    // A new block: nothing is written.
    void reset() { block = ++epoch; }
    // A barrier of the whole block: everything before it is ordered before everything after.
    void barrier() { epoch++; }

    // All threads of a warp, from `first` on, read: the same bytes if `stride` is 0, else neighbouring ones, `stride` bytes
    // each. Null unless all of it is plainly in order; then each thread is to be served alone.
    const uint8_t* readTogether(uint64_t address, uint64_t count, uint64_t stride, uint32_t first, uint64_t clock);

    // Threads `lanes` of a warp, whose first thread is `first`, read, each where `addresses` has it, `offset` further on.
    // Returns where shared memory begins, or null unless all of it is plainly in order.
    const uint8_t* readEach(const uint64_t* addresses, uint64_t offset, uint64_t count, uint32_t lanes, uint32_t first,
                            uint64_t clock);

    // Thread `thread` of the block touches bytes at `clock`. Throws Fault: out of bounds, read before a write, race.
    uint8_t* access(uint64_t address, uint64_t count, Access access, uint32_t thread, uint64_t clock,
                    const WarpOrder& order);

private:
    static constexpr uint16_t NOBODY = 0xffff;  // a block has 1024 threads at most
    static constexpr uint64_t WORD = 4;

    // What happened to some bytes alike. Epochs before `block` are of blocks that are over.
    struct Cell {
        uint64_t writeClock = 0;
        uint64_t readClock = 0;           // the latest read by a lane of the readers' warp
        uint64_t addClock = 0;            // atomic operations, which do not race with each other
        uint32_t writeEpoch = 0;
        uint32_t readEpoch = 0;
        uint32_t addEpoch = 0;
        uint32_t readerLanes = 0;         // readers in the first reader's warp
        uint16_t writer = NOBODY;
        uint16_t adder = NOBODY;          // the latest
        uint16_t otherAdder = NOBODY;     // one of the epoch before it
        uint16_t reader = NOBODY;         // the first reader of the epoch
        uint16_t foreignReader = NOBODY;  // a reader of another warp
    };

    // A word's bytes are told apart only once one of them was touched without the others.
    struct Word {
        Cell whole;
        uint32_t splitEpoch = 0;
    };

    Cell& byteCell(uint64_t address);
    void note(Cell& cell, uint64_t address, Access access, uint32_t thread, uint64_t clock, const WarpOrder& order);
    bool plainlyReadable(const Word& word) const;
    void noteReader(Cell& cell, uint32_t thread, uint32_t lanes, uint64_t clock);
    void noteRead(Cell& cell, uint64_t address, uint32_t thread, uint64_t clock, const WarpOrder& order);
    void noteWrite(Cell& cell, uint64_t address, uint32_t thread, uint64_t clock, const WarpOrder& order);
    void noteAtomic(Cell& cell, uint64_t address, uint32_t thread, uint64_t clock, const WarpOrder& order);
    void requireWritten(const Cell& cell, uint64_t address) const;
    // The thread whose write, atomic operation or read, in this epoch is not ordered before `thread`'s access, or NOBODY.
    uint32_t racingWriter(const Cell& cell, uint32_t thread, const WarpOrder& order) const;
    uint32_t racingAdder(const Cell& cell, uint32_t thread, const WarpOrder& order) const;
    uint32_t racingReader(const Cell& cell, uint32_t thread, const WarpOrder& order) const;

    std::vector<uint8_t> data;
    std::vector<Word> words;
    std::unordered_map<uint64_t, std::array<Cell, WORD>> bytes;  // of split words
    uint32_t epoch = 1;
    uint32_t block = 1;  // the epoch in which the block began
};

}  // namespace standin
