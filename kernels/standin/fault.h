// What goes wrong in the stand-in: the driver's status and a text that says what, where and whose it was.
#pragma once

#include <cuda.h>

#include <cstdarg>
#include <cstdio>
#include <string>

#include "export.h"

namespace standin {

struct STANDIN_EXPORT Fault {
    CUresult status;
    std::string text;
};

// printf into a string.
[[gnu::format(printf, 1, 2)]] inline std::string format(const char* pattern, ...) {
    va_list arguments;
    va_start(arguments, pattern);
    va_list again;
    va_copy(again, arguments);
    std::string text(static_cast<size_t>(std::vsnprintf(nullptr, 0, pattern, again)), '\0');
    va_end(again);
    std::vsnprintf(text.data(), text.size() + 1, pattern, arguments);
    va_end(arguments);
    return text;
}

}  // namespace standin
