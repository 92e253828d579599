// Capture of streams, and graphs.
#include "driver.h"

using namespace standin;

extern "C" {

CUresult cuStreamBeginCapture(CUstream stream, CUstreamCaptureMode mode) {
    return call("cuStreamBeginCapture", Needs::Context, [&](Device& device) {
        if (device.settings.at("graphs") == 0) throw Fault{CUDA_ERROR_NOT_SUPPORTED, "the driver makes no graphs"};
        if (stream == nullptr || stream == CU_STREAM_LEGACY) {
            throw Fault{CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "the default stream cannot be captured"};
        }
        auto found = device.streamOf(stream);
        if (found->capture != nullptr) throw Fault{CUDA_ERROR_ILLEGAL_STATE, "the stream is being captured already"};
        found->capture = std::make_shared<Capture>(mode);
    });
}

// However it ends, the stream captures no longer, unless another thread has to end it.
CUresult cuStreamEndCapture(CUstream stream, CUgraph* graph) {
    return call("cuStreamEndCapture", Needs::Context, [&](Device& device) {
        require(graph, "phGraph");
        *graph = nullptr;
        auto found = device.streamOf(stream);
        if (found->capture == nullptr) throw Fault{CUDA_ERROR_ILLEGAL_STATE, "no capture of the stream was begun"};
        auto made = std::make_shared<CUgraph_st>();
        try {
            made->recorded = found->capture->end();
        } catch (const Fault& fault) {
            if (fault.status != CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD) found->capture = nullptr;
            throw;
        }
        found->capture = nullptr;
        *graph = made.get();
        device.graphs[*graph] = made;
    });
}

CUresult cuStreamIsCapturing(CUstream stream, CUstreamCaptureStatus* status) {
    return call("cuStreamIsCapturing", Needs::Context, [&](Device& device) {
        require(status, "captureStatus");
        auto found = device.streamOf(stream);
        *status = found->capture == nullptr      ? CU_STREAM_CAPTURE_STATUS_NONE
                  : found->capture->isValid() ? CU_STREAM_CAPTURE_STATUS_ACTIVE
                                              : CU_STREAM_CAPTURE_STATUS_INVALIDATED;
    });
}

CUresult cuGraphInstantiateWithFlags(CUgraphExec* executable, CUgraph graph, unsigned long long flags) {
    return call("cuGraphInstantiate", Needs::Context, [&](Device& device) {
        require(executable, "phGraphExec");
        if (flags != 0) throw Fault{CUDA_ERROR_INVALID_VALUE, format("flags 0x%llx are not known to the stand-in", flags)};
        auto made = std::make_shared<CUgraphExec_st>();
        made->recorded = std::make_shared<const Recorded>(find(device.graphs, graph, "graph")->recorded);
        *executable = made.get();
        device.executables[*executable] = made;
    });
}

// The recorded work once more, as if it were given to the stream now, but after all of the launch before.
CUresult cuGraphLaunch(CUgraphExec executable, CUstream stream) {
    return call("cuGraphLaunch", Needs::Context, [&](Device& device) {
        auto found = find(device.executables, executable, "executable graph");
        if (device.streamOf(stream)->capture != nullptr) {
            device.streamOf(stream)->capture->refuse(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED,
                                                     "the stand-in records no graph inside a graph");
        }
        if (found->last.stream != nullptr) {
            device.order(stream, found->last);
        }
        for (size_t i = 0; i < found->recorded->size(); i++) {
            device.enqueue(stream, [recorded = found->recorded, i] { (*recorded)[i](); });
        }
        found->last = device.tailOf(stream);
        device.graphLaunches++;
    });
}

// A launch that is still queued happens all the same.
CUresult cuGraphExecDestroy(CUgraphExec executable) {
    return call("cuGraphExecDestroy", Needs::GivingBack, [&](Device& device) {
        find(device.executables, executable, "executable graph");
        device.executables.erase(executable);
    });
}

CUresult cuGraphDestroy(CUgraph graph) {
    return call("cuGraphDestroy", Needs::GivingBack, [&](Device& device) {
        find(device.graphs, graph, "graph");
        device.graphs.erase(graph);
    });
}

}
