#include "device.h"

namespace standin {

Device& Device::instance() {
    static Device device;
    return device;
}

// A driver for CUDA 13.0 and a device of compute capability 8.0.
std::map<std::string, int64_t> Device::defaultSettings() {
    return {{"others_first", 0}, {"missing_wait", 0}, {"driver_version", 13000}, {"devices", 1},
            {"capability", 80},  {"multiprocessors", 108}, {"memory_pools", 1}, {"graphs", 1}, {"fault", 0}, {"compiler", 1},
            {"tensor_core_products", 8}, {"global_races", 1}};
}

std::shared_ptr<CUstream_st> Device::streamOf(CUstream stream) {
    return stream == nullptr || stream == CU_STREAM_LEGACY ? defaultStream : find(streams, stream, "stream");
}

void Device::refuseInCapture() {
    for (auto& [handle, stream] : streams) {
        if (stream->capture != nullptr && stream->capture->forbidsUnsafe()) {
            stream->capture->refuse(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "not permitted while a stream is captured");
        }
    }
}

void Device::refuseInAnyCapture() {
    std::shared_ptr<Capture> refusing;
    for (auto& [handle, stream] : streams) {
        if (stream->capture != nullptr) {
            stream->capture->invalidate();
            refusing = stream->capture;
        }
    }
    if (refusing != nullptr) {
        refusing->refuse(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "nothing waits for all streams while a stream is captured");
    }
}

Mark Device::tailOf(CUstream stream) {
    auto found = streamOf(stream);
    if (found->capture != nullptr) {
        found->capture->refuse(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED,
                               "the stream is captured: its work does not happen, so nothing can wait for it");
    }
    return {found, found->issued};
}

Mark Device::enqueue(CUstream stream, std::function<void()> run) {
    auto target = streamOf(stream);
    if (target->capture != nullptr) {
        target->capture->add(std::move(run));
        return {};
    }
    CUstream_st::Work work{std::move(run), {}};
    if (target == defaultStream) {
        for (auto& [handle, other] : streams) {
            if (other->blocking) {
                if (other->capture != nullptr) {
                    other->capture->refuse(CUDA_ERROR_STREAM_CAPTURE_IMPLICIT,
                                           "the default stream would wait for a stream that is captured");
                }
                work.after.push_back({other, other->issued});
            }
        }
    } else if (target->blocking) {
        work.after.push_back({defaultStream, defaultStream->issued});
    }
    target->pending.push_back(std::move(work));
    return {target, ++target->issued};
}

void Device::order(CUstream stream, const Mark& mark) {
    Mark waiting = enqueue(stream, [] {});
    waiting.stream->pending.back().after.push_back(mark);
}

void Device::fail(const Fault& fault) {
    report = fault.text;
    reported = fault.status;
}

// After a fault the work that is left counts as done, without being done.
void Device::runNext(CUstream_st& stream) {
    CUstream_st::Work work = std::move(stream.pending.front());
    stream.pending.pop_front();
    for (const Mark& before : work.after) {
        while (before.stream->done < before.count) {
            runNext(*before.stream);
        }
    }
    if (broken == CUDA_SUCCESS) {
        try {
            work.run();
        } catch (const Fault& fault) {
            fail(fault);
            broken = fault.status;
        }
    }
    stream.done++;
}

void Device::runOthers(const CUstream_st* wanted) {
    for (auto& [handle, stream] : streams) {
        while (stream.get() != wanted && stream->done < stream->issued) {
            runNext(*stream);
        }
    }
}

void Device::finish(const Mark& mark) {
    if (settings.at("others_first") != 0) {
        runOthers(mark.stream.get());
    }
    while (mark.stream != nullptr && mark.stream->done < mark.count) {
        runNext(*mark.stream);
    }
    if (broken != CUDA_SUCCESS) {
        throw Fault{broken, report};
    }
}

bool Device::advance(const Mark& mark) {
    if (mark.stream != nullptr && mark.stream->done < mark.count) {
        runNext(*mark.stream);
    }
    if (broken != CUDA_SUCCESS) {
        throw Fault{broken, report};
    }
    return mark.stream == nullptr || mark.stream->done >= mark.count;
}

void Device::finishAll() {
    std::vector<Mark> tails{{defaultStream, defaultStream->issued}};
    for (auto& [handle, stream] : streams) tails.push_back({stream, stream->issued});
    for (auto& stream : orphans) tails.push_back({stream, stream->issued});
    for (const Mark& tail : tails) {
        finish(tail);
    }
    orphans.clear();
}

void Device::destroy(CUstream stream) {
    auto found = find(streams, stream, "stream");
    if (found->capture != nullptr) {
        found->capture->refuse(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "the stream is captured");
    }
    if (found->done < found->issued) {
        orphans.push_back(found);
    }
    streams.erase(stream);
}

void Device::cover(Program& program) {
    std::vector<int> lines;
    for (const Instruction& instruction : program.instructions) {
        lines.push_back(instruction.line);
    }
    auto& known = coverageOf[program.name];
    if (known == nullptr || known->lines != lines) {
        known = std::make_shared<Coverage>();
        known->reached.resize(lines.size());
        known->lines = std::move(lines);
    }
    program.coverage = known;
}

std::vector<std::string> Device::outstanding() const {
    std::vector<std::string> result = memory.live();
    if (!streams.empty()) result.push_back(format("%zu stream(s)", streams.size()));
    if (!events.empty()) result.push_back(format("%zu event(s)", events.size()));
    if (!modules.empty()) result.push_back(format("%zu module(s)", modules.size()));
    if (!graphs.empty()) result.push_back(format("%zu graph(s)", graphs.size()));
    if (!executables.empty()) result.push_back(format("%zu executable graph(s)", executables.size()));
    if (!libraryHandles.empty()) result.push_back(format("%zu cuBLAS handle(s)", libraryHandles.size()));
    return result;
}

std::vector<std::string> Device::leaks() const {
    std::vector<std::string> result = lost;
    for (auto& text : outstanding()) {
        result.push_back(text);
    }
    return result;
}

void Device::clear() {
    const uint64_t total = memory.totalBytes();
    const uint64_t phantom = memory.phantomBytes();
    memory = Memory();
    memory.setTotal(total);
    memory.setPhantom(phantom);
    streams.clear();
    events.clear();
    modules.clear();
    graphs.clear();
    executables.clear();
    hostMemory.clear();
    libraryHandles.clear();
    orphans.clear();
    defaultStream = std::make_shared<CUstream_st>();
    broken = CUDA_SUCCESS;
}

void Device::release() {
    if (--retained == 0) {
        lost = leaks();
        clear();
    }
}

void Device::reset() {
    clear();
    memory = Memory();
    retained = 0;
    settings = defaultSettings();
    lost.clear();
    launches = 0;
    launchesOf.clear();
    coverageOf.clear();
    launchCalls = 0;
    graphLaunches = 0;
    products = 0;
    waits = 0;
    report.clear();
    reported = CUDA_SUCCESS;
}

}  // namespace standin
