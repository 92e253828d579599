// Numbers from any stored type to a plain floating type. Narrow types are rounded to nearest even, by way of float32.
// One type to the same is a copy, which is the driver's: here it stops the kernel.
// Bound by memory bandwidth: each number is read once and written once.
#include <type_traits>

#include "stored.cuh"

// Numbers of a block of threads; whole blocks of every stored type.
constexpr int CHUNK = 4096;

// What the launch says about the target.
enum Target : int { TO_F32, TO_BF16, TO_F16, TO_F64 };

template <typename T>
class Written {
public:
    __device__ Written(void* target, std::size_t first)
        : numbers(static_cast<T*>(target) + first), isWide(wide(numbers)) {}

    // `end` is where the four numbers end, or all do.
    __device__ void four(int at, int end, float4 value) const { store4(numbers, at, end, isWide, value); }
    __device__ void one(int at, double value) const { numbers[at] = value; }

private:
    T* numbers;
    bool isWide;
};

template <>
__device__ inline void Written<float>::one(int at, double value) const { numbers[at] = static_cast<float>(value); }
template <>
__device__ inline void Written<__half>::one(int at, double value) const {
    narrow(static_cast<float>(value), numbers + at);
}
template <>
__device__ inline void Written<__nv_bfloat16>::one(int at, double value) const {
    narrow(static_cast<float>(value), numbers + at);
}

// The numbers of this block of threads: the rest of the last one is shorter.
__device__ inline int chunkCount(std::size_t first, std::size_t count) {
    return static_cast<int>(min(static_cast<unsigned long long>(count - first), static_cast<unsigned long long>(CHUNK)));
}

template <typename Source, typename T>
__device__ inline void convertFours(const void* source, void* target, std::size_t count) {
    if constexpr (std::is_same<typename Source::Number, T>::value) {
        __trap();
    } else {
        const std::size_t first = static_cast<std::size_t>(blockIdx.x) * CHUNK;
        const int n = chunkCount(first, count);
        const Source from(source, blockIdx.x, CHUNK, n);
        const Written<T> to(target, first);
        for (int at = 4 * static_cast<int>(threadIdx.x); at < n; at += 4 * static_cast<int>(blockDim.x)) {
            to.four(at, Source::end(at, n), from.four(at));
        }
    }
}

// Through float64, for types that float32 does not hold.
template <typename Source, typename T>
__device__ inline void convertOnes(const void* source, void* target, std::size_t count) {
    if constexpr (std::is_same<Source, T>::value) {
        __trap();
    } else {
        const std::size_t first = static_cast<std::size_t>(blockIdx.x) * CHUNK;
        const int n = chunkCount(first, count);
        const Source* from = static_cast<const Source*>(source) + first;
        const Written<T> to(target, first);
        for (int at = threadIdx.x; at < n; at += blockDim.x) {
            to.one(at, static_cast<double>(from[at]));
        }
    }
}

#define CONVERT_BY(NAME, SOURCE, HOW)                                                                              \
    extern "C" __global__ void convert_##NAME(const void* __restrict__ source, void* __restrict__ target, int to,   \
                                              std::size_t count) {                                                  \
        switch (to) {                                                                                               \
            case TO_F32: HOW<SOURCE, float>(source, target, count); break;                                          \
            case TO_BF16: HOW<SOURCE, __nv_bfloat16>(source, target, count); break;                                 \
            case TO_F16: HOW<SOURCE, __half>(source, target, count); break;                                         \
            default: HOW<SOURCE, double>(source, target, count); break;                                             \
        }                                                                                                           \
    }
#define CONVERT_FOURS(NAME, SOURCE) CONVERT_BY(NAME, SOURCE, convertFours)
#define CONVERT_ONES(NAME, SOURCE) CONVERT_BY(NAME, SOURCE, convertOnes)

CONVERT_ONES(f64, double)
CONVERT_ONES(i64, long long)
CONVERT_ONES(i32, int)
CONVERT_ONES(i16, short)
CONVERT_ONES(i8, signed char)
CONVERT_ONES(u8, unsigned char)
FOR_EVERY_FLOAT32_TYPE(CONVERT_FOURS)

// Every number of a float64 or int64 tensor gets these bits; narrower patterns are the driver's cuMemset.
extern "C" __global__ void fill_64(unsigned long long* __restrict__ target, unsigned long long bits, std::size_t count) {
    const std::size_t stride = static_cast<std::size_t>(gridDim.x) * blockDim.x;
    for (std::size_t i = static_cast<std::size_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += stride) {
        target[i] = bits;
    }
}
