#include "global_shadow.h"

#include <algorithm>

namespace standin {

GlobalShadow::Page& GlobalShadow::pageOf(uint64_t address) {
    const uint64_t number = address / PAGE;
    Known& known = recent[number % RECENT];
    if (known.number != number) {
        auto& page = pages[number];
        if (page == nullptr) {
            page = std::make_unique<Page>();
            page->cells.resize(PAGE / WORD);
        }
        known = {number, page.get()};
    }
    return *known.page;
}

void GlobalShadow::split(Page& page) {
    std::vector<Cell> bytes(PAGE);
    for (uint64_t at = 0; at < PAGE; at++) {
        bytes[at] = page.cells[at / WORD];
    }
    page.cells = std::move(bytes);
    page.ofBytes = true;
}

bool GlobalShadow::refuse(uint64_t address, uint32_t block, bool wrote) {
    last = {address, block - 1, wrote};
    return false;
}

inline bool GlobalShadow::noteCells(Cell* cells, uint64_t count, uint64_t address, uint64_t bytesEach, Touch touch) {
    const bool readOnly = touch == Touch::ReadOnlyRead;
    for (uint64_t i = 0; i < count; i++) {
        Cell& cell = cells[i];
        if (cell.writer != 0 && (cell.writer != current || readOnly)) {
            return refuse(address + i * bytesEach, cell.writer, true);
        }
        if (touch == Touch::Write) {
            const uint32_t reader = cell.reader / 4;
            if (cell.reader != 0 && (reader != current || (cell.reader & (OTHERS | READ_ONLY)) != 0)) {
                return refuse(address + i * bytesEach, reader, false);
            }
            cell.writer = current;
        } else if (cell.reader / 4 != current) {
            cell.reader = current * 4 | (cell.reader & READ_ONLY) | (cell.reader != 0 ? OTHERS : 0)
                          | (readOnly ? READ_ONLY : 0);
        } else if (readOnly) {
            cell.reader |= READ_ONLY;
        }
    }
    return true;
}

bool GlobalShadow::note(uint64_t address, uint64_t count, Touch touch) {
    while (count != 0) {
        Page& page = pageOf(address);
        const uint64_t within = address % PAGE;
        const uint64_t part = std::min(count, PAGE - within);
        if (!page.ofBytes && (within % WORD != 0 || part % WORD != 0)) {
            split(page);
        }
        const bool allowed = page.ofBytes
                                 ? noteCells(&page.cells[within], part, address, 1, touch)
                                 : noteCells(&page.cells[within / WORD], part / WORD, address, WORD, touch);
        if (!allowed) {
            return false;
        }
        address += part;
        count -= part;
    }
    return true;
}

}  // namespace standin
