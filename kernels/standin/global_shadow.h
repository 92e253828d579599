// Who touched what of global memory during one launch. Blocks run in no order that a kernel may rely on, so what one of them
// writes no other may touch; and what is read through the read-only cache nobody may write, not even the block that reads.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace standin {

enum class Touch : uint8_t { Read, ReadOnlyRead, Write };

class GlobalShadow {
public:
    // The block that runs now: how many the launch has before it.
    void enter(uint64_t block) { current = static_cast<uint32_t>(block) + 1; }

    // Whether the block that runs may touch all of the range; if not, `conflict` says why not.
    bool note(uint64_t address, uint64_t count, Touch touch);

    // Of the last touch that was refused.
    struct Conflict {
        uint64_t address = 0;
        uint64_t block = 0;  // that touched it before
        bool wrote = false;  // else it read
    };
    const Conflict& conflict() const { return last; }

private:
    static constexpr uint64_t PAGE = 4096;
    static constexpr uint64_t WORD = 4;
    static constexpr size_t RECENT = 64;

    // Blocks are counted from 1; 0 is nobody.
    struct Cell {
        uint32_t writer = 0;
        uint32_t reader = 0;  // the latest, times 4, and the flags below
    };
    static constexpr uint32_t OTHERS = 1;     // blocks before it have read, too
    static constexpr uint32_t READ_ONLY = 2;  // it was read through the read-only cache
    // One cell a word, or a byte from the first access on that is not of whole words.
    struct Page {
        bool ofBytes = false;
        std::vector<Cell> cells;
    };

    Page& pageOf(uint64_t address);
    static void split(Page& page);
    bool noteCells(Cell* cells, uint64_t count, uint64_t address, uint64_t bytesEach, Touch touch);
    bool refuse(uint64_t address, uint32_t block, bool wrote);

    std::unordered_map<uint64_t, std::unique_ptr<Page>> pages;
    struct Known {
        uint64_t number = ~0ull;
        Page* page = nullptr;
    };
    std::array<Known, RECENT> recent{};  // of the pages, each where its number falls
    uint32_t current = 1;
    Conflict last;
};

}  // namespace standin
