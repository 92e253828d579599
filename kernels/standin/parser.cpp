#include "parser.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <unordered_map>

#include "fault.h"
#include "lexer.h"

namespace standin {

Type typeNamed(const std::string& word) {
    static const std::unordered_map<std::string, Type> NAMES = {
        {"b8", Type::B8},   {"b16", Type::B16}, {"b32", Type::B32}, {"b64", Type::B64},   {"u8", Type::U8},
        {"u16", Type::U16}, {"u32", Type::U32}, {"u64", Type::U64}, {"s8", Type::S8},     {"s16", Type::S16},
        {"s32", Type::S32}, {"s64", Type::S64}, {"f16", Type::F16}, {"bf16", Type::BF16}, {"f32", Type::F32},
        {"f64", Type::F64}, {"pred", Type::Pred}};
    auto found = NAMES.find(word);
    return found == NAMES.end() ? Type::None : found->second;
}

int bytesOf(Type type) {
    switch (type) {
        case Type::B8: case Type::U8: case Type::S8: case Type::Pred: return 1;
        case Type::B16: case Type::U16: case Type::S16: case Type::F16: case Type::BF16: return 2;
        case Type::B32: case Type::U32: case Type::S32: case Type::F32: return 4;
        default: return 8;
    }
}

namespace {

class Parser {
public:
    explicit Parser(const std::string& source) : source(source), tokens(tokenize(source)) {}

    ParsedModule run() {
        while (peek().kind != Token::Kind::End) {
            topLevel();
        }
        return std::move(module);
    }

private:
    using Scope = std::unordered_map<std::string, uint32_t>;

    const Token& peek() const { return tokens[at]; }
    bool is(const char* text) const { return peek().kind != Token::Kind::End && peek().text == text; }
    Token take() { return tokens[peek().kind == Token::Kind::End ? at : at++]; }

    bool accept(const char* text) {
        bool found = is(text);
        at += found;
        return found;
    }

    void expect(const char* text) {
        if (!accept(text)) {
            fail(format("'%s' expected, found '%s'", text, peek().text.c_str()));
        }
    }

    [[noreturn]] void fail(const std::string& what) const {
        throw Fault{CUDA_ERROR_INVALID_PTX, format("PTX line %d: %s", peek().line, what.c_str())};
    }

    std::string word() {
        if (peek().kind != Token::Kind::Word) {
            fail(format("a name expected, found '%s'", peek().text.c_str()));
        }
        return take().text;
    }

    // Skips to after the next ';', or over a whole { } block.
    void skipStatement() {
        for (int depth = 0; peek().kind != Token::Kind::End;) {
            Token token = take();
            if (token.text == "{") depth++;
            if (token.text == "}" && --depth == 0) return;
            if (token.text == ";" && depth == 0) return;
        }
    }

    void skipLine() {
        for (int line = peek().line; peek().kind != Token::Kind::End && peek().line == line;) take();
    }

    void topLevel() {
        while (accept(".visible") || accept(".weak")) {
        }
        if (is(".version") || is(".target") || is(".address_size") || is(".file")) {
            skipLine();
        } else if (accept(".entry")) {
            kernel();
        } else if (is(".global") || is(".const") || is(".shared") || is(".extern")) {
            bool external = accept(".extern");
            if (is(".func")) {
                skipStatement();
            } else {
                module.variables.push_back(variable(external));
            }
        } else if (is(".func") || is(".section")) {
            skipStatement();  // a call of the function is refused as an unknown opcode
        } else {
            fail(format("'%s' is not known at the top of a module", peek().text.c_str()));
        }
    }

    int64_t integer() {
        bool negative = accept("-");
        if (peek().kind != Token::Kind::Number) {
            fail(format("a number expected, found '%s'", peek().text.c_str()));
        }
        uint64_t value = std::strtoull(take().text.c_str(), nullptr, 0);
        return static_cast<int64_t>(negative ? 0 - value : value);
    }

    // .space [.align n] [.ptr…] .type name[n] [= …];
    Variable variable(bool external) {
        Variable result;
        result.external = external;
        result.space = take().text.substr(1);
        result.align = accept(".align") ? static_cast<uint64_t>(integer()) : 0;
        Type type = typeNamed(word().substr(1));
        if (type == Type::None) {
            fail("a type expected");
        }
        result.name = word();
        result.bytes = static_cast<uint64_t>(bytesOf(type));
        result.align = result.align ? result.align : result.bytes;
        if (accept("[")) {
            result.bytes *= is("]") ? 0 : static_cast<uint64_t>(integer());
            expect("]");
        }
        if (accept("=")) {
            initialise(result, bytesOf(type));
        }
        expect(";");
        return result;
    }

    void initialise(Variable& variable, int elementBytes) {
        bool list = accept("{");
        do {
            uint64_t value = static_cast<uint64_t>(integer());
            const auto* bytes = reinterpret_cast<const uint8_t*>(&value);
            variable.initial.insert(variable.initial.end(), bytes, bytes + elementBytes);
        } while (list && accept(","));
        if (list) {
            expect("}");
        }
        variable.initial.resize(variable.bytes);
    }

    void kernel() {
        module.kernels.emplace_back();
        current = &module.kernels.back();
        current->name = word();
        scopes.assign(1, {});
        parameters();
        while (!is("{")) {
            kernelDirective();
        }
        block();
    }

    void parameters() {
        if (!accept("(")) {
            return;
        }
        while (!accept(")")) {
            expect(".param");
            uint32_t align = accept(".align") ? static_cast<uint32_t>(integer()) : 0;
            Type type = typeNamed(word().substr(1));
            while (accept(".ptr") || accept(".global") || accept(".shared")) {
            }
            if (accept(".align")) {
                integer();  // of what the pointer points to
            }
            uint32_t bytes = static_cast<uint32_t>(bytesOf(type));
            align = align ? align : bytes;
            Parameter parameter{word(), (current->parameterBytes + align - 1) / align * align, bytes};
            if (accept("[")) {
                parameter.bytes *= static_cast<uint32_t>(integer());
                expect("]");
            }
            current->parameterBytes = parameter.offset + parameter.bytes;
            current->parameters.push_back(parameter);
            accept(",");
        }
    }

    void kernelDirective() {
        std::string name = word();
        uint32_t dims[3] = {1, 1, 1};
        int count = 0;
        do {
            dims[count++ % 3] = static_cast<uint32_t>(integer());
        } while (accept(","));
        if (name == ".maxntid") {
            current->maxThreads = dims[0] * dims[1] * dims[2];
        } else if (name == ".reqntid") {
            std::copy(dims, dims + 3, current->required);
        } else if (name != ".minnctapersm" && name != ".maxnreg") {
            fail(format("'%s' is not known", name.c_str()));
        }
    }

    // { … }: its registers are its own.
    void block() {
        expect("{");
        scopes.emplace_back();
        while (!accept("}")) {
            if (peek().kind == Token::Kind::End) {
                fail("the text ends inside a kernel");
            } else if (is("{")) {
                block();
            } else if (is(".reg")) {
                registers();
            } else if (is(".shared") || is(".local") || is(".extern")) {
                bool external = accept(".extern");
                current->variables.push_back(variable(external));
            } else if (is(".loc")) {
                skipLine();
            } else if (is(".pragma")) {
                skipStatement();
            } else if (tokens[at + 1].text == ":") {
                current->labels[word()] = static_cast<uint32_t>(current->statements.size());
                expect(":");
            } else {
                statement();
            }
        }
        scopes.pop_back();
    }

    // .reg .type %a, %b<12>;
    void registers() {
        expect(".reg");
        word();
        do {
            std::string name = word();
            if (accept("<")) {
                int64_t count = integer();
                expect(">");
                for (int64_t i = 0; i < count; i++) {
                    scopes.back()[name + std::to_string(i)] = current->registers++;
                }
            } else {
                scopes.back()[name] = current->registers++;
            }
        } while (accept(","));
        expect(";");
    }

    bool findRegister(const std::string& name, uint32_t& reg) const {
        for (auto scope = scopes.rbegin(); scope != scopes.rend(); ++scope) {
            auto found = scope->find(name);
            if (found != scope->end()) {
                reg = found->second;
                return true;
            }
        }
        return false;
    }

    void statement() {
        Statement result;
        result.line = peek().line;
        const size_t begin = peek().begin;
        if (accept("@")) {
            result.guarded = true;
            result.guardNegated = accept("!");
            std::string name = word();
            if (!findRegister(name, result.guard)) {
                fail(format("'%s' is not declared", name.c_str()));
            }
        }
        result.opcode = word();
        while (!is(";")) {
            result.operands.push_back(operand());
            if (!is(";")) {
                expect(",");
            }
        }
        result.text = source.substr(begin, peek().begin - begin);
        expect(";");
        current->statements.push_back(std::move(result));
    }

    Operand operand() {
        Operand first = simpleOperand();
        if (accept("|")) {
            Operand pair;
            pair.kind = Operand::Kind::Vector;
            pair.parts = {first, simpleOperand()};
            return pair;
        }
        return first;
    }

    Operand simpleOperand() {
        Operand result;
        if (accept("{")) {
            result.kind = Operand::Kind::Vector;
            do {
                result.parts.push_back(simpleOperand());
            } while (accept(","));
            expect("}");
        } else if (accept("[")) {
            address(result);
        } else if (peek().kind == Token::Kind::Number || is("-")) {
            number(result);
        } else {
            result.negated = accept("!");
            named(result, word());
        }
        return result;
    }

    void named(Operand& result, const std::string& name) {
        if (name == "_") {
            result.kind = Operand::Kind::Sink;
        } else if (findRegister(name, result.reg)) {
            result.kind = Operand::Kind::Register;
        } else {
            result.kind = Operand::Kind::Symbol;
            result.symbol = name;
        }
    }

    // [%r], [%r+8], [%r+-8], [symbol+4], [16]
    void address(Operand& result) {
        if (peek().kind == Token::Kind::Word) {
            named(result, word());
            result.based = result.kind == Operand::Kind::Register;
            if (accept("+")) {
                result.integer = integer();
            } else if (is("-")) {
                result.integer = integer();
            }
        } else {
            result.integer = integer();
        }
        result.kind = Operand::Kind::Address;
        expect("]");
    }

    // 12, -3, 0xff, 0f3F800000 (the bits of a float32), 0d… (of a float64)
    void number(Operand& result) {
        const std::string text = peek().text;
        if (text.size() > 2 && text[0] == '0' && std::strchr("fFdD", text[1])) {
            result.kind = Operand::Kind::Float;
            result.floatBytes = std::strchr("fF", text[1]) ? 4 : 8;
            result.integer = static_cast<int64_t>(std::strtoull(take().text.c_str() + 2, nullptr, 16));
        } else {
            result.kind = Operand::Kind::Integer;
            result.integer = integer();
        }
    }

    const std::string& source;
    std::vector<Token> tokens;
    size_t at = 0;
    ParsedModule module;
    Kernel* current = nullptr;
    std::vector<Scope> scopes;
};

}  // namespace

ParsedModule parsePtx(const std::string& source) { return Parser(source).run(); }

}  // namespace standin
