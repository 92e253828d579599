// Splits PTX text into tokens.
#pragma once

#include <string>
#include <vector>

namespace standin {

struct Token {
    enum class Kind { Word, Number, Text, Sign, End };
    Kind kind;
    std::string text;
    int line;
    size_t begin;  // where it starts and ends in the source
    size_t end;
};

// The last token is End. Throws Fault for a character that PTX does not have.
std::vector<Token> tokenize(const std::string& source);

}  // namespace standin
