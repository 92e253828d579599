// Fat binaries: machine code for some architectures and PTX for the rest, as the toolkit's fatbinary writes them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace standin {

// Machine code for one architecture, compute capability times ten.
struct MachineCode {
    int architecture;
    std::string_view elf;

    bool suits(int capability) const {
        return architecture / 10 == capability / 10 && architecture % 10 <= capability % 10;
    }
    // Whether it has a section of the kernel's instructions.
    bool has(const std::string& kernel) const;
};

struct Images {
    std::vector<MachineCode> machineCode;
    std::string ptx;
    int ptxArchitecture = 0;

    // What a device of that capability runs as it is, or null.
    const MachineCode* forDevice(int capability) const;
};

bool isFatBinary(const void* image);

// Views into the image. Fault if it is not as fatbinary writes it, or its PTX is compressed.
Images parseFatBinary(const void* image);

// The version of CUDA, as cuDriverGetVersion has it, that brought the version of PTX that the text asks for.
int cudaVersionOf(const std::string& ptx);

}  // namespace standin
