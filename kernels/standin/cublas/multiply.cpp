#include "multiply.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "interface.h"

namespace standin::cublas {
namespace {

float fromBits(uint32_t bits) {
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

float fromHalf(uint16_t bits) {
    const uint32_t sign = static_cast<uint32_t>(bits & 0x8000) << 16;
    const uint32_t exponent = bits >> 10 & 31;
    const uint32_t mantissa = bits & 0x3ff;
    if (exponent == 0) {
        return std::copysign(std::ldexp(static_cast<float>(mantissa), -24), fromBits(sign | 0x3f800000));
    }
    const uint32_t wide = exponent == 31 ? 255 : exponent + 112;
    return fromBits(sign | wide << 23 | mantissa << 13);
}

}  // namespace

void widen(int type, const uint8_t* from, float* to, size_t count) {
    if (type == CUDA_R_32F) {
        std::memcpy(to, from, count * sizeof(float));
        return;
    }
    for (size_t i = 0; i < count; i++) {
        uint16_t bits;
        std::memcpy(&bits, from + 2 * i, sizeof bits);
        to[i] = type == CUDA_R_16BF ? fromBits(static_cast<uint32_t>(bits) << 16) : fromHalf(bits);
    }
}

void roundToTf32(std::vector<float>& numbers) {
    for (float& number : numbers) {
        uint32_t bits;
        std::memcpy(&bits, &number, sizeof bits);
        if (std::isfinite(number)) {
            bits += 0xfff + (bits >> 13 & 1);
        }
        number = fromBits(bits & ~0x1fffu);
    }
}

void multiply(int m, int n, int k, const std::vector<float>& a, const std::vector<float>& b, std::vector<float>& c) {
    const size_t rows = static_cast<size_t>(m);
    for (int j = 0; j < n; j++) {
        float* column = c.data() + rows * j;
        std::fill_n(column, rows, 0.0f);
        for (int p = 0; p < k; p++) {
            const float factor = b[static_cast<size_t>(k) * j + p];
            const float* of = a.data() + rows * p;
            for (size_t i = 0; i < rows; i++) {
                column[i] += of[i] * factor;
            }
        }
    }
}

namespace {

// Towards zero; what is not finite stays.
float cutOff(double value) {
    const float nearest = static_cast<float>(value);
    uint32_t bits;
    std::memcpy(&bits, &nearest, sizeof bits);
    bits -= std::fabs(static_cast<double>(nearest)) > std::fabs(value) && std::isfinite(nearest) ? 1 : 0;
    return fromBits(bits);
}

}  // namespace

void multiplyOnTensorCores(int group, int m, int n, int k, const std::vector<float>& a, const std::vector<float>& b,
                           std::vector<float>& c) {
    const size_t rows = static_cast<size_t>(m);
    std::vector<double> sums(rows);
    for (int j = 0; j < n; j++) {
        float* column = c.data() + rows * j;
        std::fill_n(column, rows, 0.0f);
        for (int start = 0; start < k; start += group) {
            std::copy_n(column, rows, sums.begin());
            for (int p = start; p < std::min(k, start + group); p++) {
                const double factor = b[static_cast<size_t>(k) * j + p];
                const float* of = a.data() + rows * p;
                for (size_t i = 0; i < rows; i++) {
                    sums[i] += of[i] * factor;
                }
            }
            for (size_t i = 0; i < rows; i++) {
                column[i] = cutOff(sums[i]);
            }
        }
    }
}

}  // namespace standin::cublas
