// A kernel as it is executed. Everything an instruction reads is a row of 32 values, one a lane: registers, and also
// constants and special registers, which are filled in when a warp starts. So an operand is just the number of a row.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ptx.h"

namespace standin {

constexpr int WARP = 32;
constexpr uint64_t WIDEST_ACCESS = 16;  // bytes
constexpr uint32_t ALL_LANES = 0xffffffffu;

class Warp;
struct Instruction;

// Carries out an instruction for the lanes whose bit is set.
using Execute = void (*)(Warp&, const Instruction&, uint32_t lanes);

// What the warp has to do beside, or instead of, executing.
enum class Flow : uint8_t { Next, Branch, Exit, BlockBarrier, WarpSync };

struct Instruction {
    Execute execute = nullptr;
    Flow flow = Flow::Next;
    bool guarded = false;
    bool guardNegated = false;
    bool readOnly = false;             // a load through the read-only cache
    bool signExtended = false;         // a load into a wider register
    uint8_t count = 1;                 // elements of a vector access
    uint8_t bytes = 0;                 // of one element of an access
    bool flip = false;                 // of setp: its combined predicate is negated
    uint8_t variant = 0;               // which of an operation's modes
    uint32_t guard = 0;                // row of the guard predicate
    uint32_t members = 0;              // WarpSync: row of the member mask
    uint32_t target = 0;               // Branch: index of an instruction
    int64_t offset = 0;                // added to the address a[0]
    std::array<uint32_t, 4> d{};       // rows written
    std::array<uint32_t, 5> a{};       // rows read
    int line = 0;
    std::string text;
};

enum class Special : uint8_t {
    TidX, TidY, TidZ, NtidX, NtidY, NtidZ, CtaidX, CtaidY, CtaidZ, NctaidX, NctaidY, NctaidZ, LaneId, WarpId, NwarpId,
    LanemaskEq, LanemaskLt, LanemaskLe, LanemaskGt, LanemaskGe
};

struct ConstantRow {
    uint32_t row;
    uint64_t bits;
};

struct SpecialRow {
    uint32_t row;
    Special special;
};

// Which instructions of a kernel were ever carried out, by at least one lane; of all modules that hold the kernel.
struct Coverage {
    std::vector<int> lines;        // of the PTX, one an instruction
    std::vector<uint8_t> reached;  // one an instruction
};

struct Program {
    std::string name;
    std::vector<Instruction> instructions;
    uint32_t rows = 0;
    std::vector<ConstantRow> constants;
    std::vector<SpecialRow> specials;
    std::vector<Parameter> parameters;
    uint32_t parameterBytes = 0;
    uint32_t sharedBytes = 0;  // static
    uint32_t localBytes = 0;   // per thread
    uint32_t registers = 0;
    uint32_t maxThreads = 1024;
    uint32_t required[3] = {0, 0, 0};
    std::shared_ptr<Coverage> coverage;
};

}  // namespace standin
