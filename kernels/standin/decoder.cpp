#include "decoder.h"

#include <algorithm>

#include "fault.h"
#include "operations.h"

namespace standin {
namespace {

std::vector<std::string> splitOpcode(const std::string& opcode) {
    std::vector<std::string> parts;
    for (size_t begin = 0; begin <= opcode.size();) {
        size_t end = std::min(opcode.find('.', begin), opcode.size());
        if (end > begin) {
            parts.push_back(opcode.substr(begin, end - begin));
        }
        begin = end + 1;
    }
    return parts;
}

const std::unordered_map<std::string, Special>& specialNames() {
    static const std::unordered_map<std::string, Special> NAMES = {
        {"%tid.x", Special::TidX},           {"%tid.y", Special::TidY},       {"%tid.z", Special::TidZ},
        {"%ntid.x", Special::NtidX},         {"%ntid.y", Special::NtidY},     {"%ntid.z", Special::NtidZ},
        {"%ctaid.x", Special::CtaidX},       {"%ctaid.y", Special::CtaidY},   {"%ctaid.z", Special::CtaidZ},
        {"%nctaid.x", Special::NctaidX},     {"%nctaid.y", Special::NctaidY}, {"%nctaid.z", Special::NctaidZ},
        {"%laneid", Special::LaneId},        {"%warpid", Special::WarpId},    {"%nwarpid", Special::NwarpId},
        {"%lanemask_eq", Special::LanemaskEq}, {"%lanemask_lt", Special::LanemaskLt},
        {"%lanemask_le", Special::LanemaskLe}, {"%lanemask_gt", Special::LanemaskGt},
        {"%lanemask_ge", Special::LanemaskGe}};
    return NAMES;
}

bool mentions(const Kernel& kernel, const std::string& symbol) {
    for (const Statement& statement : kernel.statements) {
        for (const Operand& operand : statement.operands) {
            if (operand.symbol == symbol) {
                return true;
            }
        }
    }
    return false;
}

// The kernel's own variables of one space, and those of the module that it uses.
std::vector<Variable> variablesOf(const Kernel& kernel, const ParsedModule& module, const std::string& space) {
    std::vector<Variable> result;
    for (const Variable& variable : kernel.variables) {
        if (variable.space == space) {
            result.push_back(variable);
        }
    }
    for (const Variable& variable : module.variables) {
        if (variable.space == space && mentions(kernel, variable.name)) {
            result.push_back(variable);
        }
    }
    return result;
}

uint64_t roundUp(uint64_t value, uint64_t unit) { return (value + unit - 1) / unit * unit; }

// Places variables one after another, dynamic shared memory last; returns the bytes that they take.
uint32_t place(const std::vector<Variable>& variables, SymbolTable& symbols) {
    uint64_t at = 0;
    for (const Variable& variable : variables) {
        if (!variable.external) {
            at = roundUp(at, variable.align);
            symbols[variable.name] = at;
            at += variable.bytes;
        }
    }
    for (const Variable& variable : variables) {
        if (variable.external) {
            at = roundUp(at, WIDEST_ACCESS);
            symbols[variable.name] = at;
        }
    }
    return static_cast<uint32_t>(at);
}

const DecodeTable& decodeTable() {
    static const DecodeTable TABLE = [] {
        DecodeTable table;
        addIntegerOperations(table);
        addFloatOperations(table);
        addLogicOperations(table);
        addConversions(table);
        addMoves(table);
        addMemoryOperations(table);
        addAtomicOperations(table);
        addControlOperations(table);
        addWarpOperations(table);
        return table;
    }();
    return TABLE;
}

// "add.f32" is looked up as "add/float", then as "add".
Decode decodeFor(const Decoding& decoding) {
    if (decoding.lastIsFloating()) {
        auto found = decodeTable().find(decoding.base() + FLOATING);
        if (found != decodeTable().end()) {
            return found->second;
        }
    }
    auto found = decodeTable().find(decoding.base());
    if (found == decodeTable().end()) {
        decoding.unknown();
    }
    return found->second;
}

}  // namespace

uint32_t RowTable::constant(uint64_t bits) {
    auto [found, isNew] = constants.try_emplace(bits, program.rows);
    if (isNew) {
        program.constants.push_back({program.rows++, bits});
    }
    return found->second;
}

uint32_t RowTable::special(Special special) {
    auto [found, isNew] = specials.try_emplace(static_cast<int>(special), program.rows);
    if (isNew) {
        program.specials.push_back({program.rows++, special});
    }
    return found->second;
}

uint32_t RowTable::sink() {
    if (!hasSink) {
        hasSink = true;
        sinkRow = program.rows++;
    }
    return sinkRow;
}

Decoding::Decoding(const Kernel& kernel, const Statement& statement, const SymbolTable& symbols, RowTable& rows)
    : kernel(kernel), statement(statement), symbols(symbols), rows(rows), parts(splitOpcode(statement.opcode)) {
    out.line = statement.line;
    out.text = statement.text;
    out.guarded = statement.guarded;
    out.guardNegated = statement.guardNegated;
    out.guard = statement.guard;
}

void Decoding::fail(const std::string& what) const {
    throw Fault{CUDA_ERROR_INVALID_PTX,
                format("kernel %s, PTX line %d: %s in '%s'", kernel.name.c_str(), statement.line, what.c_str(),
                       statement.text.c_str())};
}

void Decoding::unknown() const { fail("unknown opcode " + statement.opcode); }

bool Decoding::lastIsFloating() const { return isFloating(typeNamed(parts.back())); }

bool Decoding::take(const std::string& part) {
    bool found = next < parts.size() && parts[next] == part;
    next += found;
    return found;
}

std::string Decoding::takeOneOf(std::initializer_list<const char*> choices) {
    for (const char* choice : choices) {
        if (take(choice)) {
            return choice;
        }
    }
    return "";
}

Type Decoding::type() {
    Type type = next < parts.size() ? typeNamed(parts[next]) : Type::None;
    if (type == Type::None) {
        unknown();
    }
    next++;
    return type;
}

const Operand& Decoding::operand(size_t index) const {
    if (index >= statement.operands.size()) {
        fail(format("operand %zu is missing", index + 1));
    }
    return statement.operands[index];
}

uint64_t Decoding::immediate(const Operand& operand, Type type) const {
    if (operand.kind == Operand::Kind::Float ? operand.floatBytes != bytesOf(type) : isFloating(type)) {
        fail("an immediate that does not fit the type");
    }
    const int bits = type == Type::Pred ? 1 : 8 * bytesOf(type);
    const uint64_t mask = bits == 64 ? ~0ull : (1ull << bits) - 1;
    return static_cast<uint64_t>(operand.integer) & mask;
}

uint32_t Decoding::read(const Operand& operand, Type type) {
    switch (operand.kind) {
        case Operand::Kind::Register:
            return operand.reg;
        case Operand::Kind::Integer:
        case Operand::Kind::Float:
            return rows.constant(immediate(operand, type));
        case Operand::Kind::Symbol: {
            auto special = specialNames().find(operand.symbol);
            if (special != specialNames().end()) {
                return rows.special(special->second);
            }
            auto symbol = symbols.find(operand.symbol);
            if (symbol != symbols.end()) {
                return rows.constant(symbol->second);
            }
            fail("unknown name " + operand.symbol);
        }
        default:
            fail("an operand that cannot be read");
    }
}

uint32_t Decoding::read(size_t index, Type type) { return read(operand(index), type); }

uint32_t Decoding::write(const Operand& operand) {
    if (operand.kind == Operand::Kind::Sink) {
        return rows.sink();
    }
    if (operand.kind != Operand::Kind::Register) {
        fail("an operand that cannot be written");
    }
    return operand.reg;
}

uint32_t Decoding::write(size_t index) { return write(operand(index)); }

void Decoding::address(size_t index) {
    const Operand& at = operand(index);
    if (at.kind != Operand::Kind::Address) {
        fail("an address expected");
    }
    out.offset = at.integer;
    if (at.based) {
        out.a[0] = at.reg;
    } else if (at.symbol.empty()) {
        out.a[0] = rows.constant(0);
    } else {
        auto symbol = symbols.find(at.symbol);
        if (symbol == symbols.end()) {
            fail("unknown name " + at.symbol);
        }
        out.a[0] = rows.constant(symbol->second);
    }
}

const Parameter& Decoding::parameter(size_t index) const {
    for (const Parameter& parameter : kernel.parameters) {
        if (parameter.name == operand(index).symbol) {
            return parameter;
        }
    }
    fail("unknown parameter " + operand(index).symbol);
}

uint32_t Decoding::label(size_t index) const {
    auto found = kernel.labels.find(operand(index).symbol);
    if (found == kernel.labels.end()) {
        fail("unknown label " + operand(index).symbol);
    }
    return found->second;
}

void Decoding::execute(Execute execute) {
    if (execute == nullptr || next != parts.size()) {
        unknown();
    }
    out.execute = execute;
}

Program decodeKernel(const Kernel& kernel, const ParsedModule& module, const SymbolTable& globals) {
    Program program;
    program.name = kernel.name;
    program.rows = program.registers = kernel.registers;
    program.parameters = kernel.parameters;
    program.parameterBytes = kernel.parameterBytes;
    program.maxThreads = kernel.maxThreads;
    std::copy(kernel.required, kernel.required + 3, program.required);
    SymbolTable symbols = globals;
    for (const Parameter& parameter : kernel.parameters) {
        symbols[parameter.name] = parameter.offset;  // its address in the parameters' own space
    }
    program.sharedBytes = place(variablesOf(kernel, module, "shared"), symbols);
    program.localBytes = place(variablesOf(kernel, module, "local"), symbols);
    RowTable rows(program);
    for (const Statement& statement : kernel.statements) {
        Decoding decoding(kernel, statement, symbols, rows);
        decodeFor(decoding)(decoding);
        program.instructions.push_back(std::move(decoding.out));
    }
    return program;
}

}  // namespace standin
