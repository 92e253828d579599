#include "lexer.h"

#include <cctype>
#include <cstring>

#include "fault.h"

namespace standin {
namespace {

bool startsWord(char c) { return std::isalpha(static_cast<unsigned char>(c)) || std::strchr("_$%.", c); }
bool continuesWord(char c) { return std::isalnum(static_cast<unsigned char>(c)) || std::strchr("_$.", c); }

class Lexer {
public:
    explicit Lexer(const std::string& source) : source(source) {}

    std::vector<Token> run() {
        while (skipBlank()) {
            next();
        }
        tokens.push_back({Token::Kind::End, "", line, source.size(), source.size()});
        return std::move(tokens);
    }

private:
    // Skips white space and comments; false at the end.
    bool skipBlank() {
        while (at < source.size()) {
            if (source[at] == '\n') {
                line++;
                at++;
            } else if (std::isspace(static_cast<unsigned char>(source[at]))) {
                at++;
            } else if (source.compare(at, 2, "//") == 0) {
                at = std::min(source.find('\n', at), source.size());
            } else if (source.compare(at, 2, "/*") == 0) {
                size_t close = std::min(source.find("*/", at + 2), source.size() - 2);
                for (; at < close + 2; at++) {
                    line += source[at] == '\n';
                }
            } else {
                return true;
            }
        }
        return false;
    }

    void next() {
        const char c = source[at];
        size_t end = at + 1;
        if (startsWord(c)) {
            // A '::' belongs to the word, as in L1::evict_last.
            while (end < source.size() && (continuesWord(source[end]) || isDoubleColon(end))) {
                end += isDoubleColon(end) ? 2 : 1;
            }
            add(Token::Kind::Word, end);
        } else if (std::isdigit(static_cast<unsigned char>(c))) {
            while (end < source.size() && continuesWord(source[end])) end++;
            add(Token::Kind::Number, end);
        } else if (c == '"') {
            end = std::min(source.find('"', end), source.size() - 1) + 1;
            add(Token::Kind::Text, end);
        } else if (std::strchr("{}[]()<>,;:@!|+-=*", c)) {
            add(Token::Kind::Sign, end);
        } else {
            throw Fault{CUDA_ERROR_INVALID_PTX, format("PTX line %d: unexpected character '%c'", line, c)};
        }
    }

    bool isDoubleColon(size_t position) const { return source.compare(position, 2, "::") == 0; }

    void add(Token::Kind kind, size_t end) {
        tokens.push_back({kind, source.substr(at, end - at), line, at, end});
        at = end;
    }

    const std::string& source;
    std::vector<Token> tokens;
    size_t at = 0;
    int line = 1;
};

}  // namespace

std::vector<Token> tokenize(const std::string& source) { return Lexer(source).run(); }

}  // namespace standin
