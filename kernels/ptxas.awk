# From what ptxas says of its work (-v) to a table: kernel, registers a thread and bytes of shared memory a block on
# sm_80, and on sm_90. Spills and stack frames, on any architecture, are errors.
/Compiling entry function/ {
    split($0, quoted, "'")
    kernel = quoted[2]
    architecture = quoted[4]
}

/bytes stack frame/ {
    if ($1 + $5 + $9 != 0) {
        printf "kernels: %s needs local memory on %s:%s\n", kernel, architecture, $0 > "/dev/stderr"
        spilled = 1
    }
}

/ Used [0-9]+ registers/ {
    shared = 0
    for (i = 1; i <= NF; i++) {
        if ($i == "Used") registers = $(i + 1)
        if ($i ~ /^smem/) shared = $(i - 2)
    }
    seen[kernel] = 1
    of[kernel, architecture] = sprintf("%8d %8d", registers, shared)
}

END {
    for (kernel in seen) {
        printf "%-28s %s %s\n", kernel, of[kernel, "sm_80"], of[kernel, "sm_90"]
    }
    exit spilled
}
