// Turns a parsed kernel into a program. Each family of operations (ops_*.cpp) says how its opcodes are decoded.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <unordered_map>

#include "program.h"

namespace standin {

// Where the variables of a module and a kernel lie: address in their space.
using SymbolTable = std::map<std::string, uint64_t>;

// Rows that a program needs beside its registers, each made once.
class RowTable {
public:
    explicit RowTable(Program& program) : program(program) {}
    uint32_t constant(uint64_t bits);
    uint32_t special(Special special);
    uint32_t sink();

private:
    Program& program;
    std::unordered_map<uint64_t, uint32_t> constants;
    std::unordered_map<int, uint32_t> specials;
    uint32_t sinkRow = 0;
    bool hasSink = false;
};

// One statement while it is decoded. A family takes the parts of the opcode one after another; any it leaves is a
// modifier that it does not know, which is an error, never ignored.
class Decoding {
public:
    Decoding(const Kernel& kernel, const Statement& statement, const SymbolTable& symbols, RowTable& rows);

    Instruction out;

    const std::string& base() const { return parts.front(); }
    bool lastIsFloating() const;
    bool take(const std::string& part);
    // The next part if it is one of these, else empty.
    std::string takeOneOf(std::initializer_list<const char*> choices);
    // The next part as a type; unknown() if it is none.
    Type type();

    size_t operands() const { return statement.operands.size(); }
    const Operand& operand(size_t index) const;
    // The row that holds operand `index`, read or written as `type`.
    uint32_t read(size_t index, Type type);
    uint32_t read(const Operand& operand, Type type);
    uint32_t write(size_t index);
    uint32_t write(const Operand& operand);
    // Sets a[0] and offset from an address operand.
    void address(size_t index);
    // The offset of a kernel parameter from an address operand.
    const Parameter& parameter(size_t index) const;
    uint32_t label(size_t index) const;
    uint32_t constant(uint64_t bits) { return rows.constant(bits); }
    // A row that nobody reads.
    uint32_t sink() { return rows.sink(); }
    // Whether a negated predicate operand stands at `index`.
    bool negated(size_t index) const { return operand(index).negated; }

    // Ends decoding with what executes it; unknown() if there is nothing or parts are left.
    void execute(Execute execute);
    [[noreturn]] void unknown() const;
    [[noreturn]] void fail(const std::string& what) const;

private:
    uint64_t immediate(const Operand& operand, Type type) const;

    const Kernel& kernel;
    const Statement& statement;
    const SymbolTable& symbols;
    RowTable& rows;
    std::vector<std::string> parts;
    size_t next = 1;
};

using Decode = void (*)(Decoding&);
using DecodeTable = std::unordered_map<std::string, Decode>;

// `globals` are the addresses of the module's global and constant variables.
// Throws Fault for an opcode, modifier or operand that is not known, with its line.
Program decodeKernel(const Kernel& kernel, const ParsedModule& module, const SymbolTable& globals);

// What is added to the base of an opcode whose last part is a floating type, where the float family has its own.
inline const std::string FLOATING = "/float";

}  // namespace standin
