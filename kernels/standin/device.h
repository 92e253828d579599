// The device and its one context: memory, streams, events, modules. Work given to a stream is only queued; it happens
// when somebody waits for it, so a missing wait shows.
#pragma once

#include <cuda.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "capture.h"
#include "memory.h"
#include "program.h"

// A point in a stream: the first `count` pieces of its work are done.
struct Mark {
    std::shared_ptr<CUstream_st> stream;
    uint64_t count = 0;
};

// The opaque types that cuda.h declares.
struct CUstream_st {
    struct Work {
        std::function<void()> run;
        std::vector<Mark> after;  // of other streams
    };
    bool blocking = true;  // waits for the default stream and is waited for by it
    uint64_t issued = 0;
    uint64_t done = 0;
    uint64_t freeing = 0;  // bytes that its pending work frees
    std::deque<Work> pending;
    std::shared_ptr<standin::Capture> capture;  // that records the stream's work, or null
};

struct CUevent_st {
    Mark mark;  // without a stream before it is recorded
    std::shared_ptr<standin::Capture> capture;  // that it was last recorded in, or null
    double milliseconds = 0;
};

struct CUgraph_st {
    standin::Recorded recorded;
};

struct CUgraphExec_st {
    std::shared_ptr<const standin::Recorded> recorded;
    Mark last;  // the end of its last launch
};

struct CUfunc_st {
    standin::Program program;
    uint32_t dynamicSharedLimit = 48 * 1024;
};

struct CUmod_st {
    std::map<std::string, std::shared_ptr<CUfunc_st>> functions;
    std::vector<uint64_t> variables;  // base addresses
};

struct CUctx_st {};

namespace standin {

template <typename T>
using Handles = std::map<T*, std::shared_ptr<T>>;

class STANDIN_EXPORT Device {
public:
    static Device& instance();

    // Adds work to a stream (null: the default stream), after everything that the stream rules put before it. In a capture
    // it is recorded, and nothing can wait for it.
    Mark enqueue(CUstream stream, std::function<void()> work);
    // Makes a stream's later work wait for the mark.
    void order(CUstream stream, const Mark& mark);
    // Carries out the work up to a mark; the first fault sticks and later work is dropped. Work of other streams that
    // the mark does not need is left for later or, with the setting others_first, done before: a driver may do either.
    void finish(const Mark& mark);
    void finishAll();
    // Carries out at most one piece of work; whether the mark was reached.
    bool advance(const Mark& mark);

    // Fault if the calling thread captures, so that it may not do what could disturb that; the capture is lost.
    void refuseInCapture();
    // Fault if any thread captures a stream, so that nobody may wait for all of them; every capture is lost.
    void refuseInAnyCapture();

    std::shared_ptr<CUstream_st> streamOf(CUstream stream);
    // Fault in a capture, of which there is nothing to wait for.
    Mark tailOf(CUstream stream);
    void destroy(CUstream stream);

    void retain() { retained++; }
    // The last release ends the context: what is left is remembered as lost.
    void release();
    bool active() const { return retained > 0; }
    // Forgets everything, faults and losses too.
    void reset();

    // Makes a program note what is carried out of it, together with every other of the same name and PTX lines.
    void cover(Program& program);

    // What is not given back, or was not when its context ended.
    std::vector<std::string> leaks() const;

    void fail(const Fault& fault);

    std::mutex mutex;
    bool initialised = false;
    std::map<std::string, int64_t> settings = defaultSettings();  // of standin_set, except for the memory
    CUctx_st context;
    Memory memory;
    Handles<CUstream_st> streams;
    Handles<CUevent_st> events;
    Handles<CUmod_st> modules;
    Handles<CUgraph_st> graphs;
    Handles<CUgraphExec_st> executables;
    std::map<void*, std::unique_ptr<uint8_t[]>> hostMemory;
    std::map<void*, std::shared_ptr<void>> libraryHandles;  // of libraries over the driver: cuBLAS
    uint64_t launches = 0;                   // kernels that were carried out
    std::map<std::string, uint64_t> launchesOf;  // the same by their names
    std::map<std::string, std::shared_ptr<Coverage>> coverageOf;  // of kernels that were loaded, by their names
    uint64_t launchCalls = 0;                // of cuLaunchKernel, in captures too
    uint64_t graphLaunches = 0;              // calls of cuGraphLaunch
    uint64_t products = 0;                   // matrix products of cuBLAS that were carried out
    uint64_t waits = 0;                      // of streams for events
    CUresult broken = CUDA_SUCCESS;          // the fault that ended the context's usefulness
    CUresult reported = CUDA_SUCCESS;        // the status that `report` explains
    std::string report;

private:
    static std::map<std::string, int64_t> defaultSettings();
    void clear();
    void runNext(CUstream_st& stream);
    void runOthers(const CUstream_st* wanted);
    std::vector<std::string> outstanding() const;

    int retained = 0;
    std::shared_ptr<CUstream_st> defaultStream = std::make_shared<CUstream_st>();
    std::vector<std::shared_ptr<CUstream_st>> orphans;  // destroyed with work left
    std::vector<std::string> lost;
};

// Looks a handle up; Fault if it was never made or is destroyed.
template <typename T>
std::shared_ptr<T> find(const Handles<T>& handles, T* handle, const char* what) {
    auto found = handles.find(handle);
    if (found == handles.end()) {
        throw Fault{CUDA_ERROR_INVALID_HANDLE, std::string("no such ") + what + ", or it is destroyed"};
    }
    return found->second;
}

}  // namespace standin
