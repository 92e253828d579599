#!/usr/bin/env bash
# Compiles the CUDA kernels to PTX and fat binaries, and the stand-in driver and cuBLAS that the tests run them on.
# usage: build.sh [OUTPUT_FOLDER]     (default: target beside this script)
# NVCC and CXX name the compilers. What is up to date is left alone; a missing compiler is said in one line and is no
# error.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
target="${1:-$here/target}"
kernels="$target/classes/META-INF/espalier/kernels"
ptxas="$target/ptxas"
standin="$target/standin"

# One PTX for all: the machine code that is shipped is assembled from the very PTX that the stand-in interprets, and any
# other GPU of 8.0 or later compiles it in its driver. It asks for no more than what CUDA 12.0 knows, which no instruction
# of it exceeds: a driver that refuses the fat binary of a newer toolkit takes that.
virtual=compute_80
ptx_version=8.0
wanted=(sm_80 sm_86 sm_89 sm_90 sm_100 sm_120)

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

# Prints the wanted architectures that nvcc knows, with commas: before CUDA 12.8 it lacks the last two.
known_architectures() {
    local known
    known="$("$1" --list-gpu-code)"
    printf '%s\n' "${wanted[@]}" | grep -xF -e "$known" | paste -sd,
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

# Output appears whole or not at all: compiled aside, then renamed. What ptxas says of the kernels is kept beside it.
build_kernel() {
    local nvcc="$1" source="$2" name architecture
    local headers=("$here"/cuda/*.cuh)
    name="$(basename "$source" .cu)"
    if outdated "$kernels/$name.ptx" "$source" "${headers[@]}" "$here/build.sh"; then
        "$nvcc" -ptx -arch="$virtual" -Werror all-warnings -o "$ptxas/$name.ptx" "$source"
        sed "s/^\\.version .*/.version $ptx_version/" "$ptxas/$name.ptx" >"$kernels/$name.ptx.new"
        for architecture in sm_80 sm_90; do
            "$(dirname "$nvcc")/ptxas" -arch="$architecture" -o "$ptxas/$name.cubin" "$kernels/$name.ptx.new"
        done
        mv "$kernels/$name.ptx.new" "$kernels/$name.ptx"
    fi
    if outdated "$kernels/$name.fatbin" "$source" "${headers[@]}" "$here/build.sh"; then
        if ! "$nvcc" -fatbin -gencode "arch=$virtual,code=[$real,$virtual]" -Xfatbin=-compress=false \
            --resource-usage -Werror all-warnings \
            -o "$kernels/$name.fatbin.new" "$source" >"$ptxas/$name.log" 2>&1; then
            cat "$ptxas/$name.log" >&2
            return 1
        fi
        mv "$kernels/$name.fatbin.new" "$kernels/$name.fatbin"
    fi
}

# Two files at a time.
build_kernels() {
    local nvcc="$1" source real
    mkdir -p "$kernels" "$ptxas"
    real="$(known_architectures "$nvcc")"
    for source in "$here"/cuda/*.cu; do
        if [ "$(jobs -rp | wc -l)" -ge 2 ]; then
            wait -n
        fi
        build_kernel "$nvcc" "$source" &
    done
    while [ -n "$(jobs -p)" ]; do
        wait -n
    done
    resources "$nvcc" >"$target/ptxas.txt.new"
    mv "$target/ptxas.txt.new" "$target/ptxas.txt"
    if ! cmp -s "$target/ptxas.txt" "$here/ptxas.txt"; then
        echo "kernels: registers or shared memory are not as in ptxas.txt; gate.sh shows how" >&2
    fi
}

# Prints the table that gate.sh compares with the one checked in. Fails if a kernel spills.
resources() {
    local source
    echo "# $("$1" --version | sed -n 's/.*, V\([0-9.]*\)$/nvcc \1/p'); nothing spills on any architecture"
    printf '%-28s %8s %8s %8s %8s\n' '# registers, shared bytes' sm_80 '' sm_90 ''
    for source in "$here"/cuda/*.cu; do
        cat "$ptxas/$(basename "$source" .cu).log"
    done | awk -f "$here/ptxas.awk" | LC_ALL=C sort
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
