// Reads PTX text: kernels, their parameters, variables, registers and statements.
#pragma once

#include <string>

#include "ptx.h"

namespace standin {

// Throws Fault (CUDA_ERROR_INVALID_PTX) that names the line.
ParsedModule parsePtx(const std::string& source);

}  // namespace standin
