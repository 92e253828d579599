// Handles, their stream and workspace, and the names of statuses.
#include <unordered_map>

#include "library.h"

using namespace standin;
using namespace standin::cublas;

namespace standin::cublas {
namespace {

constexpr int VERSION = 130000;
constexpr uint64_t WORKSPACE_ALIGNMENT = 256;

struct Meaning {
    const char* name;
    const char* text;
};

#define MEANING(status, text) {status, {#status, text}}
const std::unordered_map<int, Meaning>& meanings() {
    static const std::unordered_map<int, Meaning> TABLE = {
        MEANING(CUBLAS_STATUS_SUCCESS, "no error"),
        MEANING(CUBLAS_STATUS_NOT_INITIALIZED, "the library was not initialized"),
        MEANING(CUBLAS_STATUS_INVALID_VALUE, "an unsupported value or parameter was passed to the function"),
        MEANING(CUBLAS_STATUS_EXECUTION_FAILED, "the function failed to launch on the GPU"),
        MEANING(CUBLAS_STATUS_NOT_SUPPORTED, "the functionality requested is not supported")};
    return TABLE;
}
#undef MEANING

}  // namespace

Report& report() {
    static Report last;
    return last;
}

std::shared_ptr<cublasContext> find(Device& device, cublasHandle_t handle) {
    auto found = device.libraryHandles.find(handle);
    if (found == device.libraryHandles.end()) {
        throw Refusal{CUBLAS_STATUS_NOT_INITIALIZED, "no such handle, or it is destroyed"};
    }
    return std::static_pointer_cast<cublasContext>(found->second);
}

}  // namespace standin::cublas

extern "C" {

cublasStatus_t cublasCreate_v2(cublasHandle_t* handle) {
    return cublas::call("cublasCreate", [&](Device& device) {
        requireValid(handle != nullptr, "handle is null");
        auto made = std::make_shared<cublasContext>();
        *handle = made.get();
        device.libraryHandles[*handle] = made;
    });
}

// A handle can be given back in a broken context too.
cublasStatus_t cublasDestroy_v2(cublasHandle_t handle) {
    Device& device = Device::instance();
    std::lock_guard<std::mutex> lock(device.mutex);
    return device.libraryHandles.erase(handle) == 1 ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_INITIALIZED;
}

cublasStatus_t cublasGetVersion_v2(cublasHandle_t handle, int* version) {
    return cublas::call("cublasGetVersion", [&](Device& device) {
        find(device, handle);
        requireValid(version != nullptr, "version is null");
        *version = VERSION;
    });
}

// As in cuBLAS, a workspace that was given belongs to the stream before.
cublasStatus_t cublasSetStream_v2(cublasHandle_t handle, CUstream_st* stream) {
    return cublas::call("cublasSetStream", [&](Device& device) {
        auto found = find(device, handle);
        device.streamOf(stream);
        found->stream = stream;
        found->workspace = 0;
        found->workspaceBytes = 0;
    });
}

cublasStatus_t cublasSetWorkspace_v2(cublasHandle_t handle, void* workspace, unsigned long bytes) {
    return cublas::call("cublasSetWorkspace", [&](Device& device) {
        auto found = find(device, handle);
        const auto address = reinterpret_cast<uint64_t>(workspace);
        requireValid(address % WORKSPACE_ALIGNMENT == 0, "the workspace is not aligned to 256 bytes");
        // A product that finds less takes another algorithm, or fails: the engine gives what NVIDIA recommends.
        const uint64_t recommended = device.settings.at("capability") < 90 ? 8ull << 20 : 32ull << 20;
        requireValid(bytes >= recommended, format("a workspace of %lu bytes; %llu are recommended for this device", bytes,
                                                  static_cast<unsigned long long>(recommended)));
        device.memory.inside(address, bytes);
        found->workspace = address;
        found->workspaceBytes = bytes;
    });
}

cublasStatus_t cublasSetPointerMode_v2(cublasHandle_t handle, int mode) {
    return cublas::call("cublasSetPointerMode", [&](Device& device) {
        auto found = find(device, handle);
        requireValid(mode == CUBLAS_POINTER_MODE_HOST || mode == CUBLAS_POINTER_MODE_DEVICE,
                     format("pointer mode %d", mode));
        found->pointerMode = mode;
    });
}

cublasStatus_t cublasSetMathMode(cublasHandle_t handle, int mode) {
    return cublas::call("cublasSetMathMode", [&](Device& device) {
        auto found = find(device, handle);
        const int base = mode & ~CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION;
        requireValid(base == CUBLAS_DEFAULT_MATH || base == CUBLAS_TF32_TENSOR_OP_MATH,
                     format("math mode %d is not known to the stand-in", mode));
        found->mathMode = mode;
    });
}

const char* cublasGetStatusName(cublasStatus_t status) {
    auto found = meanings().find(status);
    return found == meanings().end() ? "unknown status" : found->second.name;
}

// Beyond the status' general meaning: the report, if this is the status that it explains.
const char* cublasGetStatusString(cublasStatus_t status) {
    thread_local std::string whole;
    std::lock_guard<std::mutex> lock(Device::instance().mutex);
    auto found = meanings().find(status);
    whole = found == meanings().end() ? "unknown status" : found->second.text;
    if (status != CUBLAS_STATUS_SUCCESS && report().status == status) {
        whole += ": " + report().text;
    }
    return whole.c_str();
}

}
