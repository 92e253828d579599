// PTX text as the parser leaves it: names of registers resolved to numbers, everything else still words.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace standin {

enum class Type : uint8_t { B8, B16, B32, B64, U8, U16, U32, U64, S8, S16, S32, S64, F16, BF16, F32, F64, Pred, None };

// The type that a word such as "f32" names, or None.
Type typeNamed(const std::string& word);
int bytesOf(Type type);
inline bool isFloating(Type type) { return type >= Type::F16 && type <= Type::F64; }

struct Operand {
    enum class Kind { Register, Symbol, Integer, Float, Address, Vector, Sink };
    Kind kind = Kind::Sink;
    uint32_t reg = 0;           // Register; base of an Address with `based`
    bool based = false;         // Address: reg is its base, else symbol or offset alone
    bool negated = false;       // !%p
    std::string symbol;         // Symbol; base of an Address
    int64_t integer = 0;        // Integer; bits of a Float; byte offset of an Address
    int floatBytes = 0;         // Float: 4 for 0f…, 8 for 0d…
    std::vector<Operand> parts;  // Vector {a, b, c, d}; a pair a|b is a Vector of two
};

struct Statement {
    int line = 0;
    std::string text;
    std::string opcode;
    bool guarded = false;
    bool guardNegated = false;
    uint32_t guard = 0;
    std::vector<Operand> operands;
};

struct Parameter {
    std::string name;
    uint32_t offset = 0;
    uint32_t bytes = 0;
};

struct Variable {
    std::string name;
    std::string space;  // global, const, shared, local
    uint64_t bytes = 0;
    uint64_t align = 1;
    bool external = false;  // dynamic shared memory
    std::vector<uint8_t> initial;
};

struct Kernel {
    std::string name;
    std::vector<Parameter> parameters;
    uint32_t parameterBytes = 0;
    uint32_t maxThreads = 1024;
    uint32_t required[3] = {0, 0, 0};  // .reqntid, 0: any
    uint32_t registers = 0;
    std::vector<Variable> variables;
    std::vector<Statement> statements;
    std::map<std::string, uint32_t> labels;  // to the index of a statement
};

struct ParsedModule {
    std::vector<Variable> variables;
    std::vector<Kernel> kernels;
};

}  // namespace standin
