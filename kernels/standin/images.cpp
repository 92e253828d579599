#include "images.h"

#include <cstddef>
#include <cstdio>
#include <cstring>

#include "fault.h"

namespace standin {
namespace {

constexpr uint32_t MAGIC = 0xba55ed50;
constexpr uint16_t PTX = 1;
constexpr uint16_t ELF = 2;
constexpr uint64_t COMPRESSED = 0xe000;
constexpr uint16_t CUDA_MACHINE = 190;

struct Header {
    uint32_t magic;
    uint16_t version, headerBytes;
    uint64_t bytes;  // of all that follows
};

struct Entry {
    uint16_t kind, version;
    uint32_t headerBytes;
    uint64_t bytes;
    uint32_t compressedBytes, unknown;
    uint16_t minor, major;
    uint32_t architecture;
    uint32_t nameAt, nameBytes;
    uint64_t flags;
};
static_assert(sizeof(Header) == 16 && sizeof(Entry) == 48, "as in the file");

[[noreturn]] void refuse(const std::string& what) { throw Fault{CUDA_ERROR_INVALID_IMAGE, "the fat binary: " + what}; }

std::string_view machineCode(const uint8_t* code, const Entry& entry) {
    uint16_t machine = 0;
    if (entry.bytes > 64) std::memcpy(&machine, code + 18, sizeof machine);
    if (entry.bytes <= 64 || std::memcmp(code, "\x7f" "ELF", 4) != 0 || machine != CUDA_MACHINE) {
        refuse(format("what is for sm_%u is no machine code of CUDA", entry.architecture));
    }
    return {reinterpret_cast<const char*>(code), entry.bytes};
}

std::string text(const uint8_t* code, const Entry& entry) {
    if ((entry.flags & COMPRESSED) != 0) {
        refuse("its PTX is compressed, which the stand-in does not read");
    }
    return std::string(reinterpret_cast<const char*>(code), strnlen(reinterpret_cast<const char*>(code), entry.bytes));
}

}  // namespace

bool isFatBinary(const void* image) {
    uint32_t magic;
    std::memcpy(&magic, image, sizeof magic);
    return magic == MAGIC;
}

bool MachineCode::has(const std::string& kernel) const {
    using namespace std::string_literals;
    return elf.find("\0.text."s + kernel + "\0"s) != std::string_view::npos;
}

const MachineCode* Images::forDevice(int capability) const {
    const MachineCode* best = nullptr;
    for (const MachineCode& code : machineCode) {
        if (code.suits(capability) && (best == nullptr || code.architecture > best->architecture)) {
            best = &code;
        }
    }
    return best;
}

Images parseFatBinary(const void* image) {
    const auto* bytes = static_cast<const uint8_t*>(image);
    Header header;
    std::memcpy(&header, bytes, sizeof header);
    if (header.version != 1 || header.headerBytes < sizeof header) refuse("a version that is not known");
    const uint8_t* at = bytes + header.headerBytes;
    const uint8_t* end = at + header.bytes;
    Images images;
    while (at < end) {
        Entry entry;
        if (end - at < static_cast<ptrdiff_t>(sizeof entry)) refuse("it ends in the middle of an entry");
        std::memcpy(&entry, at, sizeof entry);
        if (entry.headerBytes < sizeof entry || entry.bytes > static_cast<uint64_t>(end - at)
            || entry.headerBytes > static_cast<uint64_t>(end - at) - entry.bytes) {
            refuse("an entry reaches past its end");
        }
        const uint8_t* code = at + entry.headerBytes;
        if (entry.kind == ELF) {
            images.machineCode.push_back({static_cast<int>(entry.architecture), machineCode(code, entry)});
        } else if (entry.kind == PTX) {
            images.ptx = text(code, entry);
            images.ptxArchitecture = static_cast<int>(entry.architecture);
        } else {
            refuse(format("an entry of the unknown kind %u", entry.kind));
        }
        at = code + entry.bytes;
    }
    return images;
}

// PTX 7.m came with CUDA 11.m, and 8.m with CUDA 12.m up to 12.5, of which 12.6 has the same; then each is one behind.
int cudaVersionOf(const std::string& ptx) {
    int major = 0, minor = 0;
    const size_t at = ptx.find(".version");
    if (at == std::string::npos || std::sscanf(ptx.c_str() + at, ".version %d.%d", &major, &minor) != 2) {
        throw Fault{CUDA_ERROR_INVALID_PTX, "the text has no .version"};
    }
    const bool behind = major == 8 && minor > 5;
    return (major + 4) * 1000 + (minor + (behind ? 1 : 0)) * 10;
}

}  // namespace standin
