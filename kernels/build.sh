#!/usr/bin/env bash
# Compiles the CUDA kernels to PTX and fat binaries.
# usage: build.sh [OUTPUT_FOLDER]     (default: target beside this script)
# NVCC names the compiler. What is up to date is left alone; a missing compiler is said in one line and is no error.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
target="${1:-$here/target}"
kernels="$target/classes/META-INF/espalier/kernels"

# The machine code that is shipped; any other GPU compiles the PTX in its driver.
architectures=(
    -gencode "arch=compute_80,code=sm_80"
    -gencode "arch=compute_90,code=sm_90"
    -gencode "arch=compute_80,code=compute_80"
)

# Whether $1 is missing or older than any of the files that follow.
outdated() {
    local output="$1" input
    shift
    [ -e "$output" ] || return 0
    for input in "$@"; do
        if [ "$input" -nt "$output" ]; then
            return 0
        fi
    done
    return 1
}

# Prints the path of nvcc, or nothing.
find_nvcc() {
    if [ -n "${NVCC:-}" ]; then
        command -v "$NVCC" || true
    else
        command -v nvcc || command -v /usr/local/cuda/bin/nvcc || true
    fi
}

# Output appears whole or not at all: compiled aside, then renamed.
build_kernels() {
    local nvcc="$1" source name
    local headers=("$here"/cuda/*.cuh)
    mkdir -p "$kernels"
    for source in "$here"/cuda/*.cu; do
        name="$(basename "$source" .cu)"
        if outdated "$kernels/$name.ptx" "$source" "${headers[@]}" "$here/build.sh"; then
            "$nvcc" -ptx -arch=compute_80 -Werror all-warnings -o "$kernels/$name.ptx.new" "$source"
            mv "$kernels/$name.ptx.new" "$kernels/$name.ptx"
        fi
        if outdated "$kernels/$name.fatbin" "$source" "${headers[@]}" "$here/build.sh"; then
            "$nvcc" -fatbin "${architectures[@]}" -Werror all-warnings -o "$kernels/$name.fatbin.new" "$source"
            mv "$kernels/$name.fatbin.new" "$kernels/$name.fatbin"
        fi
    done
}

nvcc="$(find_nvcc)"
if [ -z "$nvcc" ]; then
    echo "kernels: no nvcc found: the CUDA backend is left out" >&2
    exit 0
fi
build_kernels "$nvcc"
