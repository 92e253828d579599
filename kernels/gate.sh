#!/usr/bin/env bash
# Fails if a kernel's registers or shared memory are not as in ptxas.txt, which build.sh would notice in passing only:
# they decide how many blocks a multiprocessor holds, and so the times in README.md.
# usage: gate.sh [OUTPUT_FOLDER]      (of build.sh; default: target beside this script)
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
built="${1:-$here/target}/ptxas.txt"
accepted="$here/ptxas.txt"

if [ ! -e "$built" ]; then
    echo "gate: no kernels were built (no nvcc): nothing is compared"
elif [ "$(head -n 1 "$built")" != "$(head -n 1 "$accepted")" ]; then
    echo "gate: the table is of another nvcc ($(head -n 1 "$accepted" | cut -c 3-)): nothing is compared"
elif ! diff -u "$accepted" "$built" >&2; then
    echo "gate: kernels use other registers or shared memory: if that is meant, copy $built to $accepted" >&2
    exit 1
else
    echo "gate: $(grep -vc '^#' "$built") kernels use the registers and shared memory that ptxas.txt says, and spill nothing"
fi
