// What every function of the driver interface does first and last.
#pragma once

#pragma GCC visibility push(default)
#include <cuda.h>
#pragma GCC visibility pop

#include "device.h"

namespace standin {

// GivingBack: as Context, but the body runs in a broken context too, whose fault is returned all the same.
enum class Needs { Nothing, Initialised, Context, GivingBack };

// The context that the calling thread made current, or null.
STANDIN_EXPORT CUcontext& currentContext();

// CUDA_SUCCESS, or the status that keeps a function from running at all; fills in the report.
CUresult admit(Device& device, Needs needs);

// Runs the body under the device's lock; a Fault becomes its status and the report.
template <typename Body>
CUresult call(const char* function, Needs needs, Body body) {
    Device& device = Device::instance();
    std::lock_guard<std::mutex> lock(device.mutex);
    try {
        const CUresult admitted = admit(device, needs);
        if (admitted != CUDA_SUCCESS) {
            return admitted;
        }
        body(device);
        return needs == Needs::GivingBack ? device.broken : CUDA_SUCCESS;
    } catch (const Fault& fault) {
        if (device.broken == CUDA_SUCCESS) {
            device.fail({fault.status, std::string(function) + ": " + fault.text});
        }
        return fault.status;
    } catch (const std::exception& problem) {
        device.fail({CUDA_ERROR_UNKNOWN, std::string(function) + ": " + problem.what()});
        return CUDA_ERROR_UNKNOWN;
    }
}

template <typename T>
void require(T* pointer, const char* name) {
    if (pointer == nullptr) {
        throw Fault{CUDA_ERROR_INVALID_VALUE, std::string(name) + " is null"};
    }
}

}  // namespace standin
