// Modules, functions and launches.
#include <cstring>
#include <unordered_map>

#include "decoder.h"
#include "driver.h"
#include "execution.h"
#include "images.h"
#include "parser.h"
#include "standin.h"

using namespace standin;

namespace {

constexpr uint64_t SHARED_OPTIN = 163 * 1024;
constexpr uint32_t ELF = 0x464c457f;

// Fault if the driver is older than the text.
void requireKnown(const Device& device, const std::string& ptx) {
    const int needed = cudaVersionOf(ptx);
    if (needed > device.settings.at("driver_version")) {
        throw Fault{CUDA_ERROR_UNSUPPORTED_PTX_VERSION, format("the PTX is of CUDA %d.%d", needed / 1000, needed % 1000 / 10)};
    }
}

// What the device would run: machine code, which was made of the PTX beside it, or what the driver compiles of that.
void requireRunnable(const Device& device, const Images& images, const std::vector<std::string>& kernels) {
    const int capability = static_cast<int>(device.settings.at("capability"));
    const MachineCode* code = images.forDevice(capability);
    const bool compiled = device.settings.at("compiler") != 0 && images.ptxArchitecture <= capability;
    if (code == nullptr && !compiled) {
        throw Fault{CUDA_ERROR_NO_BINARY_FOR_GPU, format("no machine code for sm_%d", capability)};
    }
    for (const std::string& kernel : kernels) {
        if (code != nullptr && !code->has(kernel)) {
            throw Fault{CUDA_ERROR_INVALID_IMAGE, format("the machine code for sm_%d has no kernel %s", code->architecture,
                                                         kernel.c_str())};
        }
    }
}

// The PTX to be interpreted. What a driver knows nothing of, as a toolkit newer than it made it, is refused.
std::string textOf(const Device& device, const void* image) {
    uint32_t magic;
    std::memcpy(&magic, image, sizeof magic);
    if (magic == ELF) {
        throw Fault{CUDA_ERROR_NO_BINARY_FOR_GPU, "the stand-in runs fat binaries and PTX text, not machine code alone"};
    }
    const bool fat = isFatBinary(image);
    if (!fat && device.settings.at("compiler") == 0) {
        throw Fault{CUDA_ERROR_JIT_COMPILER_NOT_FOUND, "the driver has no compiler for PTX"};
    }
    std::string text = fat ? parseFatBinary(image).ptx : std::string(static_cast<const char*>(image));
    requireKnown(device, text);
    return text;
}

// Allocates and fills the module's variables.
SymbolTable placeVariables(Device& device, const ParsedModule& parsed, CUmod_st& module) {
    SymbolTable symbols;
    for (const Variable& variable : parsed.variables) {
        if (variable.space == "shared") {
            continue;
        }
        Allocation& allocation = device.memory.allocate(variable.bytes);
        allocation.internal = true;
        std::memset(allocation.data, 0, variable.bytes);
        std::copy(variable.initial.begin(), variable.initial.end(), allocation.data);
        allocation.markWritten(0, variable.bytes);
        symbols[variable.name] = allocation.base;
        module.variables.push_back(allocation.base);
    }
    return symbols;
}

void free(Device& device, const CUmod_st& module) {
    for (uint64_t base : module.variables) {
        device.memory.free(base);
    }
}

std::vector<Program> decode(const ParsedModule& parsed, const SymbolTable& symbols) {
    std::vector<Program> programs;
    for (const Kernel& kernel : parsed.kernels) {
        programs.push_back(decodeKernel(kernel, parsed, symbols));
    }
    return programs;
}

// Tests load the same texts hundreds of times, and reading one takes longer than many a kernel: what was made of those
// without variables, whose addresses differ from load to load, is kept.
std::vector<Program> programsOf(Device& device, const std::string& text, CUmod_st& module) {
    constexpr size_t MOST_TEXTS = 100;
    static std::unordered_map<std::string, std::vector<Program>> known;
    if (const auto found = known.find(text); found != known.end()) {
        return found->second;
    }
    const ParsedModule parsed = parsePtx(text.c_str());
    const std::vector<Program> programs = decode(parsed, placeVariables(device, parsed, module));
    if (module.variables.empty()) {
        if (known.size() == MOST_TEXTS) known.clear();
        known[text] = programs;
    }
    return programs;
}

CUmodule load(Device& device, const void* image) {
    const std::string text = textOf(device, image);
    auto made = std::make_shared<CUmod_st>();
    std::vector<std::string> kernels;
    try {
        for (Program& program : programsOf(device, text, *made)) {
            kernels.push_back(program.name);
            auto function = std::make_shared<CUfunc_st>();
            function->program = std::move(program);
            device.cover(function->program);
            made->functions[function->program.name] = function;
        }
        if (isFatBinary(image)) {
            requireRunnable(device, parseFatBinary(image), kernels);
        }
    } catch (const Fault&) {
        free(device, *made);
        throw;
    }
    device.modules[made.get()] = made;
    return made.get();
}

std::shared_ptr<CUfunc_st> functionOf(Device& device, CUfunction function) {
    for (auto& [handle, module] : device.modules) {
        for (auto& [name, found] : module->functions) {
            if (found.get() == function) {
                return found;
            }
        }
    }
    throw Fault{CUDA_ERROR_INVALID_HANDLE, "no such function, or its module is unloaded"};
}

[[noreturn]] void refuseLaunch(const Program& program, const std::string& what) {
    throw Fault{CUDA_ERROR_INVALID_VALUE, "kernel " + program.name + ": " + what};
}

void checkBlock(const Program& program, const Dimensions& block) {
    if (block.count() == 0 || block.x > 1024 || block.y > 1024 || block.z > 64 || block.count() > 1024) {
        refuseLaunch(program,
                     format("a block of %u x %u x %u threads; a block has 1 to 1024", block.x, block.y, block.z));
    }
    if (block.count() > program.maxThreads) {
        refuseLaunch(program, format("%llu threads a block; it was compiled for %u at most",
                                     static_cast<unsigned long long>(block.count()), program.maxThreads));
    }
    const uint32_t* required = program.required;
    if (required[0] != 0 && (block.x != required[0] || block.y != required[1] || block.z != required[2])) {
        refuseLaunch(program, format("a block of %u x %u x %u threads; it requires %u x %u x %u", block.x, block.y,
                                     block.z, required[0], required[1], required[2]));
    }
}

void checkLaunch(const CUfunc_st& function, const Dimensions& grid, const Dimensions& block, uint32_t dynamicShared) {
    const Program& program = function.program;
    if (grid.count() == 0 || grid.x > 2147483647u || grid.y > 65535 || grid.z > 65535) {
        refuseLaunch(program, format("a grid of %u x %u x %u blocks", grid.x, grid.y, grid.z));
    }
    checkBlock(program, block);
    if (program.sharedBytes + static_cast<uint64_t>(dynamicShared) > function.dynamicSharedLimit) {
        refuseLaunch(program, format("%u + %u bytes of shared memory; the limit is %u", program.sharedBytes,
                                     dynamicShared, function.dynamicSharedLimit));
    }
}

std::vector<uint8_t> collectParameters(const Program& program, void** values) {
    std::vector<uint8_t> bytes(program.parameterBytes);
    if (!program.parameters.empty()) {
        require(values, "kernelParams");
    }
    for (size_t p = 0; p < program.parameters.size(); p++) {
        require(values[p], program.parameters[p].name.c_str());
        std::memcpy(bytes.data() + program.parameters[p].offset, values[p], program.parameters[p].bytes);
    }
    return bytes;
}

}  // namespace

extern "C" {

CUresult cuModuleLoadData(CUmodule* module, const void* image) {
    return call("cuModuleLoadData", Needs::Context, [&](Device& device) {
        require(module, "module");
        require(image, "image");
        device.refuseInCapture();
        *module = load(device, image);
    });
}

// Of the options only the buffer for the compiler's complaints is heeded; the rest are advice to a compiler.
CUresult cuModuleLoadDataEx(CUmodule* module, const void* image, unsigned count, CUjit_option* options, void** values) {
    const CUresult status = cuModuleLoadData(module, image);
    char* log = nullptr;
    size_t size = 0;
    for (unsigned o = 0; o < count; o++) {
        if (options[o] == CU_JIT_ERROR_LOG_BUFFER) log = static_cast<char*>(values[o]);
        if (options[o] == CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES) size = reinterpret_cast<size_t>(values[o]);
    }
    if (log != nullptr && size != 0) {
        std::snprintf(log, size, "%s", status == CUDA_SUCCESS ? "" : standin_last_report());
    }
    return status;
}

CUresult cuModuleUnload(CUmodule module) {
    return call("cuModuleUnload", Needs::GivingBack, [&](Device& device) {
        auto found = find(device.modules, module, "module");
        device.refuseInCapture();
        if (device.broken == CUDA_SUCCESS) device.finishAll();
        free(device, *found);
        device.modules.erase(module);
    });
}

CUresult cuModuleGetFunction(CUfunction* function, CUmodule module, const char* name) {
    return call("cuModuleGetFunction", Needs::Context, [&](Device& device) {
        require(function, "hfunc");
        require(name, "name");
        auto found = find(device.modules, module, "module");
        auto kernel = found->functions.find(name);
        if (kernel == found->functions.end()) {
            throw Fault{CUDA_ERROR_NOT_FOUND, std::string("the module has no kernel ") + name};
        }
        *function = kernel->second.get();
    });
}

CUresult cuFuncGetAttribute(int* value, CUfunction_attribute attribute, CUfunction function) {
    return call("cuFuncGetAttribute", Needs::Context, [&](Device& device) {
        require(value, "pi");
        auto found = functionOf(device, function);
        const Program& program = found->program;
        switch (attribute) {
            case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK: *value = static_cast<int>(program.maxThreads); break;
            case CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES: *value = static_cast<int>(program.sharedBytes); break;
            case CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES: *value = static_cast<int>(program.localBytes); break;
            case CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES: *value = 0; break;
            case CU_FUNC_ATTRIBUTE_NUM_REGS: *value = static_cast<int>(program.registers); break;
            case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
                *value = static_cast<int>(found->dynamicSharedLimit - program.sharedBytes);
                break;
            default:
                throw Fault{CUDA_ERROR_INVALID_VALUE, format("attribute %d is not known to the stand-in", attribute)};
        }
    });
}

CUresult cuFuncSetAttribute(CUfunction function, CUfunction_attribute attribute, int value) {
    return call("cuFuncSetAttribute", Needs::Context, [&](Device& device) {
        auto found = functionOf(device, function);
        if (attribute == CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT) {
            return;
        }
        if (attribute != CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES) {
            throw Fault{CUDA_ERROR_INVALID_VALUE, format("attribute %d cannot be set", attribute)};
        }
        const uint64_t whole = found->program.sharedBytes + static_cast<uint64_t>(value);
        if (value < 0 || whole > SHARED_OPTIN) {
            refuseLaunch(found->program, format("%d bytes of dynamic shared memory; a block has %llu in all", value,
                                                static_cast<unsigned long long>(SHARED_OPTIN)));
        }
        found->dynamicSharedLimit = std::max<uint32_t>(found->dynamicSharedLimit, static_cast<uint32_t>(whole));
    });
}

CUresult cuLaunchKernel(CUfunction function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX,
                        unsigned blockY, unsigned blockZ, unsigned sharedBytes, CUstream stream, void** parameters,
                        void** extra) {
    return call("cuLaunchKernel", Needs::Context, [&](Device& device) {
        auto found = functionOf(device, function);
        if (extra != nullptr) throw Fault{CUDA_ERROR_NOT_SUPPORTED, "parameters come through kernelParams here"};
        const Dimensions grid{gridX, gridY, gridZ};
        const Dimensions block{blockX, blockY, blockZ};
        checkLaunch(*found, grid, block, sharedBytes);
        device.launchCalls++;
        device.enqueue(stream, [=, &device, bytes = collectParameters(found->program, parameters)] {
            if (const int64_t status = device.settings.at("fault"); status != 0) {
                throw Fault{static_cast<CUresult>(status), "kernel " + found->program.name + ": a planted fault"};
            }
            execute(found->program, device.memory, bytes, grid, block, sharedBytes,
                    device.settings.at("global_races") != 0);
            device.launches++;
            device.launchesOf[found->program.name]++;
        });
    });
}

}
