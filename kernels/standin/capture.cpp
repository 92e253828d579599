#include "capture.h"

#include "fault.h"

namespace standin {

void Capture::add(std::function<void()> work) {
    if (!valid) {
        throw Fault{CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, "an earlier call has invalidated the capture of the stream"};
    }
    recorded.push_back(std::move(work));
}

void Capture::refuse(CUresult status, const std::string& why) {
    valid = false;
    throw Fault{status, why};
}

bool Capture::forbidsUnsafe() const {
    return mode == CU_STREAM_CAPTURE_MODE_GLOBAL
           || (mode == CU_STREAM_CAPTURE_MODE_THREAD_LOCAL && thread == std::this_thread::get_id());
}

Recorded Capture::end() const {
    if (mode != CU_STREAM_CAPTURE_MODE_RELAXED && thread != std::this_thread::get_id()) {
        throw Fault{CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD, "another thread began the capture"};
    }
    if (!valid) {
        throw Fault{CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, "an earlier call has invalidated the capture of the stream"};
    }
    return recorded;
}

}  // namespace standin
