// What every function of the stand-in cuBLAS does first and last.
#pragma once

#include "../driver.h"
#include "interface.h"

struct cublasContext {
    CUstream stream = nullptr;
    CUdeviceptr workspace = 0;  // 0: none was given
    uint64_t workspaceBytes = 0;
    int mathMode = CUBLAS_DEFAULT_MATH;
    int pointerMode = CUBLAS_POINTER_MODE_HOST;
};

namespace standin::cublas {

// A call that cuBLAS refuses.
struct Refusal {
    cublasStatus_t status;
    std::string text;
};

// The status of the last refusal and what it was about.
struct Report {
    cublasStatus_t status = CUBLAS_STATUS_SUCCESS;
    std::string text;
};
Report& report();

std::shared_ptr<cublasContext> find(Device& device, cublasHandle_t handle);

// Runs the body under the device's lock, in a context that works; a Refusal becomes its status and the report.
template <typename Body>
cublasStatus_t call(const char* function, Body body) {
    Device& device = Device::instance();
    std::lock_guard<std::mutex> lock(device.mutex);
    try {
        if (currentContext() == nullptr || !device.active()) {
            throw Refusal{CUBLAS_STATUS_NOT_INITIALIZED, "the calling thread has no current context"};
        }
        if (device.broken != CUDA_SUCCESS) {
            throw Refusal{CUBLAS_STATUS_EXECUTION_FAILED, device.report};
        }
        body(device);
        return CUBLAS_STATUS_SUCCESS;
    } catch (const Refusal& refusal) {
        report() = {refusal.status, std::string(function) + ": " + refusal.text};
        return refusal.status;
    } catch (const Fault& fault) {
        report() = {CUBLAS_STATUS_INVALID_VALUE, std::string(function) + ": " + fault.text};
        return CUBLAS_STATUS_INVALID_VALUE;
    }
}

inline void requireValid(bool holds, const std::string& otherwise) {
    if (!holds) {
        throw Refusal{CUBLAS_STATUS_INVALID_VALUE, otherwise};
    }
}

}  // namespace standin::cublas
