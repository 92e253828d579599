// Work that a stream records, between cuStreamBeginCapture and cuStreamEndCapture, instead of queueing it; what it becomes
// then; and launches of that. One stream makes a graph, whose work has the stream's order.
#pragma once

#include <cuda.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "export.h"

namespace standin {

using Recorded = std::vector<std::function<void()>>;

class STANDIN_EXPORT Capture {
public:
    explicit Capture(CUstreamCaptureMode mode) : mode(mode) {}

    // Fault if an earlier call has invalidated it.
    void add(std::function<void()> work);
    // Nothing more can be recorded.
    void invalidate() { valid = false; }
    // What a call does that a capture forbids: nothing more can be recorded, and the Fault says why.
    [[noreturn]] void refuse(CUresult status, const std::string& why);
    // Whether the calling thread may not do what could disturb what is captured.
    bool forbidsUnsafe() const;
    // What was recorded. Fault if the capture was invalidated, or is another thread's.
    Recorded end() const;
    bool isValid() const { return valid; }

private:
    CUstreamCaptureMode mode;
    std::thread::id thread = std::this_thread::get_id();
    bool valid = true;
    Recorded recorded;
};

}  // namespace standin
