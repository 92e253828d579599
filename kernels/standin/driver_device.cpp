// Initialisation, the device, its primary context, names of errors, and the stand-in's own questions.
#include <cstring>
#include <unordered_map>

#include "driver.h"
#include "standin.h"

using namespace standin;

namespace standin {

CUcontext& currentContext() {
    thread_local CUcontext current = nullptr;
    return current;
}

CUresult admit(Device& device, Needs needs) {
    if (needs != Needs::Nothing && !device.initialised) {
        device.fail({CUDA_ERROR_NOT_INITIALIZED, "cuInit was not called"});
        return CUDA_ERROR_NOT_INITIALIZED;
    }
    const bool inContext = needs == Needs::Context || needs == Needs::GivingBack;
    if (inContext && (currentContext() == nullptr || !device.active())) {
        device.fail({CUDA_ERROR_INVALID_CONTEXT, "the calling thread has no current context"});
        return CUDA_ERROR_INVALID_CONTEXT;
    }
    return needs == Needs::Context ? device.broken : CUDA_SUCCESS;
}

namespace {

// As a device of compute capability 8.0 has them; some can be set otherwise.
const std::unordered_map<int, int>& attributes() {
    static const std::unordered_map<int, int> VALUES = {
        {CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK, 1024},
        {CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X, 1024},
        {CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y, 1024},
        {CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z, 64},
        {CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X, 2147483647},
        {CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y, 65535},
        {CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z, 65535},
        {CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK, 48 * 1024},
        {CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, 163 * 1024},
        {CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR, 164 * 1024},
        {CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY, 65536},
        {CU_DEVICE_ATTRIBUTE_WARP_SIZE, WARP},
        {CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK, 65536},
        {CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR, 65536},
        {CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR, 2048},
        {CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE, 40 << 20},
        {CU_DEVICE_ATTRIBUTE_CLOCK_RATE, 1410000},
        {CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE, 1215000},
        {CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH, 5120},
        {CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING, 1},
        {CU_DEVICE_ATTRIBUTE_CONCURRENT_KERNELS, 1},
        {CU_DEVICE_ATTRIBUTE_ASYNC_ENGINE_COUNT, 2},
        {CU_DEVICE_ATTRIBUTE_INTEGRATED, 0}};
    return VALUES;
}

int attribute(const Device& device, CUdevice_attribute which) {
    switch (which) {
        case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR: return static_cast<int>(device.settings.at("capability") / 10);
        case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR: return static_cast<int>(device.settings.at("capability") % 10);
        case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT: return static_cast<int>(device.settings.at("multiprocessors"));
        case CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED: return static_cast<int>(device.settings.at("memory_pools"));
        default: break;
    }
    auto found = attributes().find(which);
    if (found == attributes().end()) {
        throw Fault{CUDA_ERROR_INVALID_VALUE, format("attribute %d is not known to the stand-in", which)};
    }
    return found->second;
}

struct Meaning {
    const char* name;
    const char* text;
};

#define MEANING(status, text) {status, {#status, text}}
const std::unordered_map<int, Meaning>& meanings() {
    static const std::unordered_map<int, Meaning> TABLE = {
        MEANING(CUDA_SUCCESS, "no error"),
        MEANING(CUDA_ERROR_INVALID_VALUE, "invalid argument"),
        MEANING(CUDA_ERROR_OUT_OF_MEMORY, "out of memory"),
        MEANING(CUDA_ERROR_NOT_INITIALIZED, "initialization error"),
        MEANING(CUDA_ERROR_NO_DEVICE, "no CUDA-capable device"),
        MEANING(CUDA_ERROR_INVALID_DEVICE, "invalid device ordinal"),
        MEANING(CUDA_ERROR_INVALID_IMAGE, "invalid kernel image"),
        MEANING(CUDA_ERROR_INVALID_CONTEXT, "invalid device context"),
        MEANING(CUDA_ERROR_NO_BINARY_FOR_GPU, "no kernel image for this device"),
        MEANING(CUDA_ERROR_INVALID_PTX, "the PTX could not be compiled"),
        MEANING(CUDA_ERROR_ECC_UNCORRECTABLE, "uncorrectable ECC error"),
        MEANING(CUDA_ERROR_NVLINK_UNCORRECTABLE, "uncorrectable NVLink error"),
        MEANING(CUDA_ERROR_CONTAINED, "contained memory error"),
        MEANING(CUDA_ERROR_UNSUPPORTED_PTX_VERSION, "the PTX was compiled with an unsupported toolchain"),
        MEANING(CUDA_ERROR_CONTEXT_IS_DESTROYED, "context is destroyed"),
        MEANING(CUDA_ERROR_ASSERT, "device-side assert triggered"),
        MEANING(CUDA_ERROR_HARDWARE_STACK_ERROR, "hardware stack error"),
        MEANING(CUDA_ERROR_ILLEGAL_INSTRUCTION, "illegal instruction"),
        MEANING(CUDA_ERROR_INVALID_ADDRESS_SPACE, "operation not supported on this address space"),
        MEANING(CUDA_ERROR_INVALID_PC, "invalid program counter"),
        MEANING(CUDA_ERROR_JIT_COMPILER_NOT_FOUND, "PTX JIT compiler library not found"),
        MEANING(CUDA_ERROR_INVALID_HANDLE, "invalid resource handle"),
        MEANING(CUDA_ERROR_ILLEGAL_STATE, "the operation cannot be performed in the present state"),
        MEANING(CUDA_ERROR_NOT_FOUND, "named symbol not found"),
        MEANING(CUDA_ERROR_NOT_READY, "device not ready"),
        MEANING(CUDA_ERROR_ILLEGAL_ADDRESS, "illegal memory access"),
        MEANING(CUDA_ERROR_LAUNCH_TIMEOUT, "the launch timed out"),
        MEANING(CUDA_ERROR_MISALIGNED_ADDRESS, "misaligned address"),
        MEANING(CUDA_ERROR_LAUNCH_FAILED, "unspecified launch failure"),
        MEANING(CUDA_ERROR_NOT_SUPPORTED, "operation not supported"),
        MEANING(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "operation not permitted when stream is capturing"),
        MEANING(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, "operation failed due to a previous error during capture"),
        MEANING(CUDA_ERROR_STREAM_CAPTURE_ISOLATION, "dependency created on uncaptured work in another stream"),
        MEANING(CUDA_ERROR_STREAM_CAPTURE_IMPLICIT, "operation would make the legacy stream depend on a capturing stream"),
        MEANING(CUDA_ERROR_CAPTURED_EVENT, "operation not permitted on an event last recorded in a capturing stream"),
        MEANING(CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD, "attempt to terminate a thread-local capture from another thread"),
        MEANING(CUDA_ERROR_UNKNOWN, "unknown error")};
    return TABLE;
}
#undef MEANING

void requireDevice(CUdevice device) {
    if (device != 0) {
        throw Fault{CUDA_ERROR_INVALID_DEVICE, format("there is no device %d, only device 0", device)};
    }
}

}  // namespace
}  // namespace standin

extern "C" {

CUresult cuInit(unsigned flags) {
    return call("cuInit", Needs::Nothing, [&](Device& device) {
        if (flags != 0) throw Fault{CUDA_ERROR_INVALID_VALUE, "flags must be 0"};
        if (device.settings.at("devices") == 0) throw Fault{CUDA_ERROR_NO_DEVICE, "the machine has none"};
        device.initialised = true;
    });
}

CUresult cuDriverGetVersion(int* version) {
    return call("cuDriverGetVersion", Needs::Nothing, [&](Device& device) {
        require(version, "driverVersion");
        *version = static_cast<int>(device.settings.at("driver_version"));
    });
}

CUresult cuDeviceGetCount(int* count) {
    return call("cuDeviceGetCount", Needs::Initialised, [&](Device& device) {
        require(count, "count");
        *count = static_cast<int>(device.settings.at("devices"));
    });
}

CUresult cuDeviceGet(CUdevice* device, int ordinal) {
    return call("cuDeviceGet", Needs::Initialised, [&](Device&) {
        require(device, "device");
        requireDevice(ordinal);
        *device = 0;
    });
}

CUresult cuDeviceGetName(char* name, int length, CUdevice device) {
    return call("cuDeviceGetName", Needs::Initialised, [&](Device&) {
        require(name, "name");
        requireDevice(device);
        std::snprintf(name, static_cast<size_t>(length), "Espalier stand-in (interprets PTX)");
    });
}

CUresult cuDeviceGetAttribute(int* value, CUdevice_attribute attribute, CUdevice device) {
    return call("cuDeviceGetAttribute", Needs::Initialised, [&](Device& of) {
        require(value, "pi");
        requireDevice(device);
        *value = standin::attribute(of, attribute);
    });
}

CUresult cuDeviceTotalMem(size_t* bytes, CUdevice device) {
    return call("cuDeviceTotalMem", Needs::Initialised, [&](Device& of) {
        require(bytes, "bytes");
        requireDevice(device);
        *bytes = of.memory.totalBytes();
    });
}

CUresult cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice device) {
    return call("cuDevicePrimaryCtxRetain", Needs::Initialised, [&](Device& of) {
        require(context, "pctx");
        requireDevice(device);
        of.retain();
        *context = &of.context;
    });
}

CUresult cuDevicePrimaryCtxRelease(CUdevice device) {
    return call("cuDevicePrimaryCtxRelease", Needs::Initialised, [&](Device& of) {
        requireDevice(device);
        if (!of.active()) throw Fault{CUDA_ERROR_INVALID_CONTEXT, "the primary context is not retained"};
        of.release();
    });
}

CUresult cuCtxSetCurrent(CUcontext context) {
    return call("cuCtxSetCurrent", Needs::Initialised, [&](Device& of) {
        if (context != nullptr && (context != &of.context || !of.active())) {
            throw Fault{CUDA_ERROR_INVALID_CONTEXT, "no such context, or it has ended"};
        }
        currentContext() = context;
    });
}

CUresult cuCtxGetCurrent(CUcontext* context) {
    return call("cuCtxGetCurrent", Needs::Initialised, [&](Device&) {
        require(context, "pctx");
        *context = currentContext();
    });
}

CUresult cuCtxSynchronize() {
    return call("cuCtxSynchronize", Needs::Context, [](Device& device) {
        device.refuseInAnyCapture();
        device.finishAll();
    });
}

CUresult cuGetErrorName(CUresult status, const char** name) {
    auto found = meanings().find(status);
    *name = found == meanings().end() ? nullptr : found->second.name;
    return *name == nullptr ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

// Beyond the status' general meaning: the report, if this is the status that it explains.
CUresult cuGetErrorString(CUresult status, const char** text) {
    thread_local std::string whole;
    auto found = meanings().find(status);
    if (found == meanings().end()) {
        *text = nullptr;
        return CUDA_ERROR_INVALID_VALUE;
    }
    Device& device = Device::instance();
    std::lock_guard<std::mutex> lock(device.mutex);
    whole = found->second.text;
    if (status != CUDA_SUCCESS && device.reported == status) {
        whole += ": " + device.report;
    }
    *text = whole.c_str();
    return CUDA_SUCCESS;
}

const char* standin_last_report() {
    thread_local std::string copy;
    Device& device = Device::instance();
    std::lock_guard<std::mutex> lock(device.mutex);
    copy = device.report;
    return copy.c_str();
}

size_t standin_leaks(char* text, size_t size) {
    Device& device = Device::instance();
    std::lock_guard<std::mutex> lock(device.mutex);
    const auto leaks = device.leaks();
    std::string lines;
    for (const auto& leak : leaks) {
        lines += leak + "\n";
    }
    if (size != 0) {
        std::snprintf(text, size, "%s", lines.c_str());
    }
    return leaks.size();
}

uint64_t standin_launches() {
    Device& device = Device::instance();
    std::lock_guard<std::mutex> lock(device.mutex);
    return device.launches;
}

uint64_t standin_launches_of(const char* kernel) {
    Device& device = Device::instance();
    std::lock_guard<std::mutex> lock(device.mutex);
    const auto found = device.launchesOf.find(kernel);
    return found == device.launchesOf.end() ? 0 : found->second;
}

size_t standin_instructions_of(const char* kernel) {
    Device& device = Device::instance();
    std::lock_guard<std::mutex> lock(device.mutex);
    const auto found = device.coverageOf.find(kernel);
    return found == device.coverageOf.end() ? 0 : found->second->lines.size();
}

size_t standin_unreached_of(const char* kernel, int32_t* lines, size_t room) {
    Device& device = Device::instance();
    std::lock_guard<std::mutex> lock(device.mutex);
    const auto found = device.coverageOf.find(kernel);
    size_t count = 0;
    for (size_t i = 0; found != device.coverageOf.end() && i < found->second->lines.size(); i++) {
        if (!found->second->reached[i] && count++ < room) {
            lines[count - 1] = found->second->lines[i];
        }
    }
    return count;
}

uint64_t standin_launch_calls() {
    Device& device = Device::instance();
    std::lock_guard<std::mutex> lock(device.mutex);
    return device.launchCalls;
}

uint64_t standin_graph_launches() {
    Device& device = Device::instance();
    std::lock_guard<std::mutex> lock(device.mutex);
    return device.graphLaunches;
}

uint64_t standin_products() {
    Device& device = Device::instance();
    std::lock_guard<std::mutex> lock(device.mutex);
    return device.products;
}

uint64_t standin_waits() {
    Device& device = Device::instance();
    std::lock_guard<std::mutex> lock(device.mutex);
    return device.waits;
}

int standin_set(const char* what, int64_t value) {
    Device& device = Device::instance();
    std::lock_guard<std::mutex> lock(device.mutex);
    if (std::strcmp(what, "memory") == 0) {
        device.memory.setTotal(static_cast<uint64_t>(value));
        return 1;
    }
    if (std::strcmp(what, "phantom") == 0) {
        device.memory.setPhantom(static_cast<uint64_t>(value));
        return 1;
    }
    auto found = device.settings.find(what);
    if (found == device.settings.end()) {
        return 0;
    }
    found->second = value;
    return 1;
}

void standin_reset() {
    Device& device = Device::instance();
    std::lock_guard<std::mutex> lock(device.mutex);
    device.reset();
    currentContext() = nullptr;
}

}
