// Streams and events.
#include <chrono>

#include "driver.h"

using namespace standin;

namespace {

double now() {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Where an event was recorded; Fault for one that a capture has, which never happens.
Mark markOf(Device& device, CUevent event) {
    auto found = find(device.events, event, "event");
    if (found->capture != nullptr) {
        found->capture->refuse(CUDA_ERROR_CAPTURED_EVENT, "the event was last recorded in a stream that was captured");
    }
    return found->mark;
}

// A stream that is captured waits in its order alone; what comes from outside must be waited for before the launch.
void waitInCapture(Capture& capture, const CUevent_st& event) {
    if (event.capture.get() != &capture && (event.capture != nullptr || event.mark.stream != nullptr)) {
        capture.refuse(CUDA_ERROR_STREAM_CAPTURE_ISOLATION, "the event was recorded outside of the capture");
    }
}

CUresult query(const char* function, const std::function<Mark(Device&)>& mark) {
    bool reached = false;
    const CUresult status = call(function, Needs::Context, [&](Device& device) {
        const Mark asked = mark(device);
        device.refuseInCapture();
        reached = device.advance(asked);
    });
    return status == CUDA_SUCCESS && !reached ? CUDA_ERROR_NOT_READY : status;
}

}  // namespace

extern "C" {

CUresult cuStreamCreate(CUstream* stream, unsigned flags) {
    return call("cuStreamCreate", Needs::Context, [&](Device& device) {
        require(stream, "phStream");
        auto made = std::make_shared<CUstream_st>();
        made->blocking = (flags & CU_STREAM_NON_BLOCKING) == 0;
        *stream = made.get();
        device.streams[*stream] = made;
    });
}

CUresult cuStreamDestroy(CUstream stream) {
    return call("cuStreamDestroy", Needs::GivingBack, [&](Device& device) { device.destroy(stream); });
}

CUresult cuStreamSynchronize(CUstream stream) {
    return call("cuStreamSynchronize", Needs::Context, [&](Device& device) {
        const Mark tail = device.tailOf(stream);
        device.refuseInCapture();
        device.finish(tail);
    });
}

// Every question lets one piece of work happen, so that a loop of questions ends.
CUresult cuStreamQuery(CUstream stream) {
    return query("cuStreamQuery", [=](Device& device) { return device.tailOf(stream); });
}

CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned) {
    return call("cuStreamWaitEvent", Needs::Context, [&](Device& device) {
        auto found = find(device.events, event, "event");
        auto waiting = device.streamOf(stream);
        if (waiting->capture != nullptr) {
            waitInCapture(*waiting->capture, *found);
        } else if (found->capture != nullptr) {
            found->capture->refuse(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED,
                                   "the stand-in captures one stream at a time, and no other can join it");
        } else if (static_cast<int64_t>(++device.waits) != device.settings.at("missing_wait")
                   && found->mark.stream != nullptr) {
            device.order(stream, found->mark);
        }
    });
}

CUresult cuEventCreate(CUevent* event, unsigned) {
    return call("cuEventCreate", Needs::Context, [&](Device& device) {
        require(event, "phEvent");
        auto made = std::make_shared<CUevent_st>();
        *event = made.get();
        device.events[*event] = made;
    });
}

CUresult cuEventDestroy(CUevent event) {
    return call("cuEventDestroy", Needs::GivingBack, [&](Device& device) {
        find(device.events, event, "event");
        device.events.erase(event);
    });
}

CUresult cuEventRecord(CUevent event, CUstream stream) {
    return call("cuEventRecord", Needs::Context, [&](Device& device) {
        auto found = find(device.events, event, "event");
        found->capture = device.streamOf(stream)->capture;
        found->mark = device.enqueue(stream, [found] { found->milliseconds = now(); });
    });
}

CUresult cuEventSynchronize(CUevent event) {
    return call("cuEventSynchronize", Needs::Context, [&](Device& device) {
        const Mark mark = markOf(device, event);
        device.refuseInCapture();
        device.finish(mark);
    });
}

CUresult cuEventQuery(CUevent event) {
    return query("cuEventQuery", [=](Device& device) { return markOf(device, event); });
}

CUresult cuEventElapsedTime(float* milliseconds, CUevent from, CUevent to) {
    return call("cuEventElapsedTime", Needs::Context, [&](Device& device) {
        auto first = find(device.events, from, "event");
        auto last = find(device.events, to, "event");
        for (const auto& event : {first, last}) {
            if (event->mark.stream == nullptr) throw Fault{CUDA_ERROR_INVALID_HANDLE, "the event was never recorded"};
            if (event->mark.stream->done < event->mark.count) {
                throw Fault{CUDA_ERROR_NOT_READY, "the event was not waited for"};
            }
        }
        *milliseconds = static_cast<float>(last->milliseconds - first->milliseconds);
    });
}

}
