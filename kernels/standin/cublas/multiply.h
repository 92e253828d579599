// The arithmetic of a matrix product, on numbers in host memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace standin::cublas {

// `count` stored numbers as float32; all of these types widen exactly.
void widen(int type, const uint8_t* from, float* to, size_t count);

// Rounds to the 10 explicit mantissa bits of TF32, ties to even.
void roundToTf32(std::vector<float>& numbers);

// c(i, j) = sum over p of a(i, p) b(p, j), the products added one by one in ascending order of p, each rounded to
// float32. All column-major and dense: a [m, k], b [k, n], c [m, n].
void multiply(int m, int n, int k, const std::vector<float>& a, const std::vector<float>& b, std::vector<float>& c);

// The same as tensor cores add: so many products, which are exact, and the sum so far together, cut off to float32 towards
// zero. (Ootomo and Yokota 2022, "Recovering single precision accuracy from Tensor Cores while surpassing the FP32
// theoretical peak performance".)
void multiplyOnTensorCores(int group, int m, int n, int k, const std::vector<float>& a, const std::vector<float>& b,
                           std::vector<float>& c);

}  // namespace standin::cublas
