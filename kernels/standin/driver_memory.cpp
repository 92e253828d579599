// Allocation, copies and fills.
#include <cstring>

#include "driver.h"

using namespace standin;

namespace standin {
namespace {

// A copy or fill whose range is wrong from the start is refused at the call, and breaks nothing.
void requireRange(Device& device, CUdeviceptr address, size_t count) {
    if (count == 0) {
        return;
    }
    try {
        device.memory.inside(address, count);
    } catch (const Fault& fault) {
        throw Fault{CUDA_ERROR_INVALID_VALUE, fault.text};
    }
}

bool pinned(Device& device, const void* host) {
    return device.memory.isHost(reinterpret_cast<uint64_t>(host));
}

// What is pageable would be read or written when the graph is launched, where it may long be gone: the driver lets that
// happen. Memory of the stream's order would be a graph's own: the stand-in has none.
void refuseInCaptureOf(Device& device, CUstream stream, const char* what) {
    auto found = device.streamOf(stream);
    if (found->capture != nullptr) {
        found->capture->refuse(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, std::string("the stand-in captures no ") + what);
    }
}

// Pageable memory is read before the call returns, as the driver does; pinned memory when the copy happens.
Mark copyToDevice(Device& device, CUdeviceptr target, const void* source, size_t count, CUstream stream) {
    requireRange(device, target, count);
    if (pinned(device, source)) {
        return device.enqueue(stream, [=, &device] { device.memory.fromHost(target, source, count); });
    }
    refuseInCaptureOf(device, stream, "copy from pageable memory");
    const auto* bytes = static_cast<const uint8_t*>(source);
    auto staged = std::make_shared<std::vector<uint8_t>>(bytes, bytes + count);
    return device.enqueue(stream, [=, &device] { device.memory.fromHost(target, staged->data(), count); });
}

Mark copyToHost(Device& device, void* target, CUdeviceptr source, size_t count, CUstream stream) {
    requireRange(device, source, count);
    if (!pinned(device, target)) {
        refuseInCaptureOf(device, stream, "copy to pageable memory");
    }
    return device.enqueue(stream, [=, &device] { device.memory.toHost(target, source, count); });
}

Mark copyWithin(Device& device, CUdeviceptr target, CUdeviceptr source, size_t count, CUstream stream) {
    requireRange(device, target, count);
    requireRange(device, source, count);
    return device.enqueue(stream, [=, &device] { device.memory.within(target, source, count); });
}

void requirePool(Device& device, CUmemoryPool pool) {
    if (pool != reinterpret_cast<CUmemoryPool>(&device.memory)) {
        throw Fault{CUDA_ERROR_INVALID_HANDLE, "no such memory pool"};
    }
}

template <typename T>
Mark fill(Device& device, CUdeviceptr target, T value, size_t count, CUstream stream) {
    if (target % sizeof(T) != 0) {
        throw Fault{CUDA_ERROR_INVALID_VALUE, "the target is not aligned to the pattern"};
    }
    requireRange(device, target, count * sizeof(T));
    return device.enqueue(stream, [=, &device] { device.memory.set(target, &value, sizeof value, count); });
}

template <typename T>
void fillAtOnce(Device& device, CUdeviceptr target, T value, size_t count) {
    device.refuseInCapture();
    fill(device, target, value, count, nullptr);
}

}  // namespace
}  // namespace standin

extern "C" {

CUresult cuMemGetInfo(size_t* free, size_t* total) {
    return call("cuMemGetInfo", Needs::Context, [&](Device& device) {
        *free = device.memory.freeBytes();
        *total = device.memory.totalBytes();
    });
}

CUresult cuMemAlloc(CUdeviceptr* address, size_t bytes) {
    return call("cuMemAlloc", Needs::Context, [&](Device& device) {
        require(address, "dptr");
        if (bytes == 0) throw Fault{CUDA_ERROR_INVALID_VALUE, "0 bytes asked for"};
        device.refuseInCapture();
        *address = device.memory.allocate(bytes).base;
    });
}

// Unlike the driver this waits for nothing: a kernel still queued that uses the memory is told of as a use after free.
CUresult cuMemFree(CUdeviceptr address) {
    return call("cuMemFree", Needs::GivingBack, [&](Device& device) {
        device.refuseInCapture();
        if (address != 0) device.memory.free(address);
    });
}

// Memory that the stream frees before can be had at once, in the stream's order; that of others once it is free.
CUresult cuMemAllocAsync(CUdeviceptr* address, size_t bytes, CUstream stream) {
    return call("cuMemAllocAsync", Needs::Context, [&](Device& device) {
        require(address, "dptr");
        if (bytes == 0) throw Fault{CUDA_ERROR_INVALID_VALUE, "0 bytes asked for"};
        refuseInCaptureOf(device, stream, "allocation");
        Allocation& allocation = device.memory.allocate(bytes, device.streamOf(stream)->freeing);
        allocation.ready = false;
        const uint64_t base = *address = allocation.base;
        device.enqueue(stream, [=, &device] {
            if (Allocation* reached = device.memory.startingAt(base)) reached->ready = true;
        });
    });
}

CUresult cuMemFreeAsync(CUdeviceptr address, CUstream stream) {
    return call("cuMemFreeAsync", Needs::GivingBack, [&](Device& device) {
        if (address == 0) return;
        refuseInCaptureOf(device, stream, "freeing of memory");
        const Allocation* allocation = device.memory.startingAt(address);
        if (allocation == nullptr) {
            throw Fault{CUDA_ERROR_INVALID_VALUE, format("no live allocation starts at 0x%llx", address)};
        }
        if (device.broken != CUDA_SUCCESS) {
            device.memory.free(address);  // work is no longer done
            return;
        }
        auto owner = device.streamOf(stream);
        const uint64_t bytes = allocation->bytes;
        owner->freeing += bytes;
        device.enqueue(stream, [=, &device] {
            owner->freeing -= bytes;
            device.memory.free(address);
        });
    });
}

// The device's one pool. How long it keeps freed memory is not modelled: it keeps none.
CUresult cuDeviceGetDefaultMemPool(CUmemoryPool* pool, CUdevice of) {
    return call("cuDeviceGetDefaultMemPool", Needs::Initialised, [&](Device& device) {
        require(pool, "pool");
        if (of != 0) throw Fault{CUDA_ERROR_INVALID_DEVICE, format("there is no device %d", of)};
        *pool = reinterpret_cast<CUmemoryPool>(&device.memory);
    });
}

CUresult cuMemPoolSetAttribute(CUmemoryPool pool, CUmemPool_attribute attribute, void* value) {
    return call("cuMemPoolSetAttribute", Needs::Initialised, [&](Device& device) {
        require(value, "value");
        requirePool(device, pool);
        if (attribute != CU_MEMPOOL_ATTR_RELEASE_THRESHOLD) {
            throw Fault{CUDA_ERROR_INVALID_VALUE, format("pool attribute %d cannot be set", attribute)};
        }
    });
}

CUresult cuMemPoolTrimTo(CUmemoryPool pool, size_t) {
    return call("cuMemPoolTrimTo", Needs::GivingBack, [&](Device& device) { requirePool(device, pool); });
}

CUresult cuMemHostAlloc(void** host, size_t bytes, unsigned) {
    return call("cuMemHostAlloc", Needs::Context, [&](Device& device) {
        require(host, "pp");
        device.refuseInCapture();
        auto memory = std::make_unique<uint8_t[]>(bytes);
        *host = memory.get();
        device.memory.adoptHost(memory.get(), bytes);
        device.hostMemory[*host] = std::move(memory);
    });
}

CUresult cuMemFreeHost(void* host) {
    return call("cuMemFreeHost", Needs::GivingBack, [&](Device& device) {
        if (device.hostMemory.count(host) == 0) {
            throw Fault{CUDA_ERROR_INVALID_VALUE, "not allocated with cuMemHostAlloc"};
        }
        device.refuseInCapture();
        device.memory.free(reinterpret_cast<uint64_t>(host));
        device.hostMemory.erase(host);
    });
}

CUresult cuMemcpyHtoD(CUdeviceptr target, const void* source, size_t count) {
    return call("cuMemcpyHtoD", Needs::Context, [&](Device& device) {
        device.refuseInCapture();
        device.finish(copyToDevice(device, target, source, count, nullptr));
    });
}

CUresult cuMemcpyHtoDAsync(CUdeviceptr target, const void* source, size_t count, CUstream stream) {
    return call("cuMemcpyHtoDAsync", Needs::Context, [&](Device& device) {
        copyToDevice(device, target, source, count, stream);
    });
}

CUresult cuMemcpyDtoH(void* target, CUdeviceptr source, size_t count) {
    return call("cuMemcpyDtoH", Needs::Context, [&](Device& device) {
        device.refuseInCapture();
        device.finish(copyToHost(device, target, source, count, nullptr));
    });
}

// Into pageable memory the driver returns when the copy is complete.
CUresult cuMemcpyDtoHAsync(void* target, CUdeviceptr source, size_t count, CUstream stream) {
    return call("cuMemcpyDtoHAsync", Needs::Context, [&](Device& device) {
        Mark done = copyToHost(device, target, source, count, stream);
        if (!pinned(device, target)) {
            device.finish(done);
        }
    });
}

CUresult cuMemcpyDtoD(CUdeviceptr target, CUdeviceptr source, size_t count) {
    return call("cuMemcpyDtoD", Needs::Context, [&](Device& device) {
        device.refuseInCapture();
        copyWithin(device, target, source, count, nullptr);
    });
}

CUresult cuMemcpyDtoDAsync(CUdeviceptr target, CUdeviceptr source, size_t count, CUstream stream) {
    return call("cuMemcpyDtoDAsync", Needs::Context, [&](Device& device) {
        copyWithin(device, target, source, count, stream);
    });
}

CUresult cuMemsetD8(CUdeviceptr target, unsigned char value, size_t count) {
    return call("cuMemsetD8", Needs::Context, [&](Device& device) { fillAtOnce(device, target, value, count); });
}

CUresult cuMemsetD8Async(CUdeviceptr target, unsigned char value, size_t count, CUstream stream) {
    return call("cuMemsetD8Async", Needs::Context, [&](Device& device) { fill(device, target, value, count, stream); });
}

CUresult cuMemsetD16(CUdeviceptr target, unsigned short value, size_t count) {
    return call("cuMemsetD16", Needs::Context, [&](Device& device) { fillAtOnce(device, target, value, count); });
}

CUresult cuMemsetD16Async(CUdeviceptr target, unsigned short value, size_t count, CUstream stream) {
    return call("cuMemsetD16Async", Needs::Context,
                [&](Device& device) { fill(device, target, value, count, stream); });
}

CUresult cuMemsetD32(CUdeviceptr target, unsigned value, size_t count) {
    return call("cuMemsetD32", Needs::Context, [&](Device& device) { fillAtOnce(device, target, value, count); });
}

CUresult cuMemsetD32Async(CUdeviceptr target, unsigned value, size_t count, CUstream stream) {
    return call("cuMemsetD32Async", Needs::Context,
                [&](Device& device) { fill(device, target, value, count, stream); });
}

}
