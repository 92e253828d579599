#!/usr/bin/env bash
# Compiles the CUDA kernels to PTX and fat binaries, and the stand-in driver and cuBLAS that the tests run them on.
# usage: build.sh [OUTPUT_FOLDER]     (default: target beside this script)
# NVCC and CXX name the compilers. What is up to date is left alone; a missing compiler is said in one line and is no
# error.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
target="${1:-$here/target}"
kernels="$target/classes/META-INF/espalier/kernels"
standin="$target/standin"

# One PTX for all: the machine code that is shipped is assembled from the very PTX that the stand-in interprets, and any
# other GPU of 8.0 or later compiles it in its driver.
virtual=compute_80
real=sm_80,sm_86,sm_89,sm_90,sm_100,sm_120

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

# Prints the folder of the toolkit's cuda.h, or nothing.
find_cuda_headers() {
    local top
    top="$("$1" --dryrun -x cu -c /dev/null -o /dev/null 2>&1 | sed -n 's/^#\$ TOP=//p')"
    for folder in "$top/include" "$top"/targets/*/include; do
        if [ -e "$folder/cuda.h" ]; then
            printf '%s\n' "$folder"
            return
        fi
    done
}

# Output appears whole or not at all: compiled aside, then renamed.
build_kernels() {
    local nvcc="$1" source name
    local headers=("$here"/cuda/*.cuh)
    mkdir -p "$kernels"
    for source in "$here"/cuda/*.cu; do
        name="$(basename "$source" .cu)"
        if outdated "$kernels/$name.ptx" "$source" "${headers[@]}" "$here/build.sh"; then
            "$nvcc" -ptx -arch="$virtual" -Werror all-warnings -o "$kernels/$name.ptx.new" "$source"
            mv "$kernels/$name.ptx.new" "$kernels/$name.ptx"
        fi
        if outdated "$kernels/$name.fatbin" "$source" "${headers[@]}" "$here/build.sh"; then
            "$nvcc" -fatbin -gencode "arch=$virtual,code=[$real,$virtual]" --threads 2 -Werror all-warnings \
                -o "$kernels/$name.fatbin.new" "$source"
            mv "$kernels/$name.fatbin.new" "$kernels/$name.fatbin"
        fi
    done
}

# build_library NAME FOLDER LINK_FLAGS...: makes NAME.so of the .cpp files in FOLDER.
build_library() {
    local library="$standin/$1.so" folder="$2" source object
    shift 2
    local headers=("$here"/standin/*.h "$here"/standin/*/*.h) objects=()
    for source in "$folder"/*.cpp; do
        object="$standin/$(basename "$source" .cpp).o"
        objects+=("$object")
        if outdated "$object" "$source" "${headers[@]}" "$here/build.sh"; then
            "$cxx" "${flags[@]}" -c "$source" -o "$object.new"
            mv "$object.new" "$object"
        fi
    done
    if outdated "$library" "${objects[@]}" "$here/build.sh"; then
        "$cxx" -shared -Wl,-z,defs "-Wl,-soname,$(basename "$library")" -o "$library.new" "${objects[@]}" "$@"
        mv "$library.new" "$library"
    fi
}

# The driver, and cuBLAS over it.
build_standin() {
    local flags=(-std=c++17 -O3 -ffp-contract=off -fno-math-errno -fPIC -fvisibility=hidden -Wall -Wextra -Werror
                 -isystem "$cuda_headers")
    # Without these instructions every fused multiply-add is a call; all machines that run the engine have them.
    if [ "$(uname -m)" = x86_64 ] && grep -qw avx2 /proc/cpuinfo; then
        flags+=(-march=x86-64-v3)
    fi
    mkdir -p "$standin"
    build_library libespalier-standin "$here/standin"
    build_library libespalier-standin-cublas "$here/standin/cublas" "-L$standin" -lespalier-standin '-Wl,-rpath,$ORIGIN'
}

nvcc="$(find_nvcc)"
if [ -z "$nvcc" ]; then
    echo "kernels: no nvcc found: the CUDA backend and its stand-in are left out" >&2
    exit 0
fi
build_kernels "$nvcc"

cxx="$(command -v "${CXX:-g++}" || true)"
cuda_headers="$(find_cuda_headers "$nvcc")"
if [ -z "$cxx" ]; then
    echo "kernels: no ${CXX:-g++} found: the stand-in driver for tests is left out" >&2
elif [ -z "$cuda_headers" ]; then
    echo "kernels: no cuda.h beside $nvcc: the stand-in driver for tests is left out" >&2
else
    build_standin
fi
