// cublasGemmEx. Arguments are refused at the call as cuBLAS does; the product itself is work of the stream, and every
// column that it touches is checked like an access of a kernel.
#include <cstring>

#include "library.h"
#include "multiply.h"

using namespace standin;
using namespace standin::cublas;

namespace standin::cublas {
namespace {

// A column-major matrix as it is stored.
struct Matrix {
    const char* name;
    CUdeviceptr address;
    int type;
    int rows;
    int columns;
    int stride;  // numbers from one column to the next: the leading dimension

    int bytesEach() const { return type == CUDA_R_32F ? 4 : 2; }
    uint64_t columnBytes() const { return static_cast<uint64_t>(rows) * bytesEach(); }
    uint64_t column(int index) const {
        return address + static_cast<uint64_t>(index) * static_cast<uint64_t>(stride) * bytesEach();
    }
    uint64_t end() const { return columns == 0 ? address : column(columns - 1) + columnBytes(); }
};

// A number of the host, read when the product is asked for, or of the device, read when it happens.
struct Factor {
    float value;
    CUdeviceptr address;  // 0 for one of the host

    static Factor of(int pointerMode, const void* pointer) {
        if (pointerMode == CUBLAS_POINTER_MODE_DEVICE) {
            return {0, reinterpret_cast<CUdeviceptr>(pointer)};
        }
        return {*static_cast<const float*>(pointer), 0};
    }

    float read(Memory& memory, const char* name) const {
        if (address == 0) {
            return value;
        }
        try {
            float number;
            std::memcpy(&number, memory.access(address, sizeof number, Access::Read), sizeof number);
            return number;
        } catch (const Fault& fault) {
            throw Fault{fault.status, format("cublasGemmEx, %s: ", name) + fault.text};
        }
    }
};

struct Product {
    int m, n, k;
    bool transA, transB, tf32;
    Factor alpha, beta;
    Matrix a, b, c;
    CUdeviceptr workspace;
    uint64_t workspaceBytes;
};

bool stored(int type) { return type == CUDA_R_32F || type == CUDA_R_16F || type == CUDA_R_16BF; }

void checkMatrix(const Matrix& matrix) {
    requireValid(matrix.stride >= std::max(1, matrix.rows),
                 format("ld%c is %d, less than the %d rows of %s as it is stored", matrix.name[0] | 0x20, matrix.stride,
                        matrix.rows, matrix.name));
    requireValid(matrix.rows == 0 || matrix.columns == 0 || matrix.address != 0, std::string(matrix.name) + " is null");
    requireValid(matrix.address % static_cast<uint64_t>(matrix.bytesEach()) == 0,
                 std::string(matrix.name) + " is not aligned to its numbers");
}

// What cuBLAS computes in float32: two operands of one type, into float32 or that type; here only float32 is needed.
void checkTypes(int typeA, int typeB, int typeC, int compute) {
    const bool known = compute == CUBLAS_COMPUTE_32F || compute == CUBLAS_COMPUTE_32F_PEDANTIC
                       || (compute == CUBLAS_COMPUTE_32F_FAST_TF32 && typeA == CUDA_R_32F);
    if (!known || !stored(typeA) || typeA != typeB || typeC != CUDA_R_32F) {
        throw Refusal{CUBLAS_STATUS_NOT_SUPPORTED, format("types %d and %d into %d, computed as %d", typeA, typeB,
                                                          typeC, compute)};
    }
}

// cuBLAS forbids the target to overlap an operand.
void checkApart(const Matrix& target, const Matrix& operand) {
    const bool apart = target.end() <= operand.address || operand.end() <= target.address;
    requireValid(apart, std::string(target.name) + " overlaps " + operand.name);
}

// Adds whose matrix it was to the fault of an access.
uint8_t* reach(Memory& memory, const Matrix& matrix, int column, Access access) {
    try {
        return memory.access(matrix.column(column), matrix.columnBytes(), access);
    } catch (const Fault& fault) {
        throw Fault{fault.status, format("cublasGemmEx, column %d of %s [%d, %d], leading dimension %d: ", column,
                                         matrix.name, matrix.rows, matrix.columns, matrix.stride) + fault.text};
    }
}

// The numbers of op(matrix), column-major and dense.
std::vector<float> gather(Memory& memory, const Matrix& matrix, bool transposed) {
    const size_t rows = static_cast<size_t>(matrix.rows);
    std::vector<float> numbers(rows * matrix.columns);
    std::vector<float> column(rows);
    for (int j = 0; j < matrix.columns && rows != 0; j++) {
        widen(matrix.type, reach(memory, matrix, j, Access::Read), column.data(), rows);
        for (size_t i = 0; i < rows; i++) {
            numbers[transposed ? i * matrix.columns + j : j * rows + i] = column[i];
        }
    }
    return numbers;
}

// cuBLAS may leave anything in its workspace.
void scribble(Memory& memory, const Product& product) {
    constexpr uint64_t MOST = 4096;
    if (product.workspaceBytes == 0) {
        return;
    }
    memory.holding(product.workspace, product.workspaceBytes, Access::Write);
    const uint64_t part = std::min(MOST, product.workspaceBytes);
    const uint8_t garbage = 0xff;
    memory.set(product.workspace, &garbage, 1, part);
    memory.set(product.workspace + product.workspaceBytes - part, &garbage, 1, part);
}

void carryOut(Device& device, const Product& product) {
    if (product.m == 0 || product.n == 0) {
        return;
    }
    scribble(device.memory, product);
    const float alpha = product.alpha.read(device.memory, "alpha");
    const float beta = product.beta.read(device.memory, "beta");
    if (device.memory.hasPhantoms()) {
        for (const Matrix* matrix : {&product.a, &product.b, &product.c}) {
            if (matrix->columns == 0) continue;
            reach(device.memory, *matrix, 0, Access::Read);
            reach(device.memory, *matrix, matrix->columns - 1, matrix == &product.c ? Access::Write : Access::Read);
        }
        device.products++;
        return;
    }
    std::vector<float> a = gather(device.memory, product.a, product.transA);
    std::vector<float> b = gather(device.memory, product.b, product.transB);
    if (product.tf32) {
        roundToTf32(a);
        roundToTf32(b);
    }
    std::vector<float> sums(static_cast<size_t>(product.m) * product.n);
    const int group = static_cast<int>(device.settings.at("tensor_core_products"));
    if (group != 0 && product.a.type != CUDA_R_32F) {
        multiplyOnTensorCores(group, product.m, product.n, product.k, a, b, sums);
    } else {
        multiply(product.m, product.n, product.k, a, b, sums);
    }
    for (int j = 0; j < product.n; j++) {
        const float* sum = sums.data() + static_cast<size_t>(product.m) * j;
        if (beta != 0) {
            reach(device.memory, product.c, j, Access::Read);
        }
        uint8_t* target = reach(device.memory, product.c, j, Access::Write);
        for (int i = 0; i < product.m; i++) {
            float old = 0;
            std::memcpy(&old, target + 4 * i, sizeof old);
            const float value = beta == 0 ? alpha * sum[i] : alpha * sum[i] + beta * old;
            std::memcpy(target + 4 * i, &value, sizeof value);
        }
    }
    device.products++;
}

}  // namespace
}  // namespace standin::cublas

extern "C" cublasStatus_t cublasGemmEx(cublasHandle_t handle, int transA, int transB, int m, int n, int k,
                                       const void* alpha, const void* a, int typeA, int lda, const void* b, int typeB,
                                       int ldb, const void* beta, void* c, int typeC, int ldc, int compute,
                                       int algorithm) {
    return cublas::call("cublasGemmEx", [&](Device& device) {
        auto found = find(device, handle);
        for (int trans : {transA, transB}) {
            requireValid(trans == CUBLAS_OP_N || trans == CUBLAS_OP_T, format("operation %d", trans));
        }
        requireValid(m >= 0 && n >= 0 && k >= 0, format("m %d, n %d, k %d: one is negative", m, n, k));
        requireValid(alpha != nullptr && beta != nullptr, "alpha or beta is null");
        requireValid(algorithm == CUBLAS_GEMM_DEFAULT, format("algorithm %d is not known to the stand-in", algorithm));
        checkTypes(typeA, typeB, typeC, compute);
        // cuBLAS would take its own workspace from the heap, which a capture forbids or makes the graph's own.
        requireValid(found->workspace != 0 || device.streamOf(found->stream)->capture == nullptr,
                     "a product that is captured needs a workspace that was given");
        const bool flipA = transA == CUBLAS_OP_T;
        const bool flipB = transB == CUBLAS_OP_T;
        auto address = [](const void* pointer) { return reinterpret_cast<CUdeviceptr>(pointer); };
        const bool tf32 = typeA == CUDA_R_32F && compute != CUBLAS_COMPUTE_32F_PEDANTIC
                          && (compute == CUBLAS_COMPUTE_32F_FAST_TF32
                              || (found->mathMode & CUBLAS_TF32_TENSOR_OP_MATH) == CUBLAS_TF32_TENSOR_OP_MATH);
        const Product product{m, n, k, flipA, flipB, tf32,
                              Factor::of(found->pointerMode, alpha), Factor::of(found->pointerMode, beta),
                              {"A", address(a), typeA, flipA ? k : m, flipA ? m : k, lda},
                              {"B", address(b), typeB, flipB ? n : k, flipB ? k : n, ldb},
                              {"C", address(c), typeC, m, n, ldc},
                              found->workspace, found->workspaceBytes};
        for (const Matrix* matrix : {&product.a, &product.b, &product.c}) {
            checkMatrix(*matrix);
        }
        checkApart(product.c, product.a);
        checkApart(product.c, product.b);
        device.enqueue(found->stream, [product, &device] { carryOut(device, product); });
    });
}
