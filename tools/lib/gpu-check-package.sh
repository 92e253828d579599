# Packs gpu-check, with a Java runtime of its own, for a machine that has a GPU, CUDA's libraries and nothing else. Expects
# common.sh and JAVA_HOME.

# What the library needs; java.desktop and what else a person sees is left out.
readonly GPU_CHECK_MODULES=java.base,java.logging,java.management,java.xml,java.sql,jdk.incubator.vector,jdk.management,jdk.unsupported
# The archive's bytes at most: what a person can carry by hand to a machine without a network.
readonly GPU_CHECK_MOST=$((45 << 20))
# Jars that no check needs: products of bfloat16 on processors, peers, benchmarks, the server's network, other systems' calls.
readonly GPU_CHECK_WITHOUT='^(dnnl|llama|netty|jmh|jopt-simple|commons-math3|jna)-'

# pack_gpu_check FOLDER JAR_FOLDER CLASSES...: leaves FOLDER/gpu-check and FOLDER/gpu-check.tar.xz. Jars are packed without
# compression: the archive compresses all of it better.
pack_gpu_check() {
    local out=$1 jars=$2 root jar name bytes
    shift 2
    root=$out/gpu-check
    rm -rf -- "$root"
    mkdir -p "$root/lib" "$root/classes"
    "$JAVA_HOME/bin/jlink" --add-modules "$GPU_CHECK_MODULES" --vm server --strip-debug --no-header-files --no-man-pages \
        --compress zip-0 --output "$root/runtime" || fail "jlink failed, see above"
    for jar in "$jars"/*.jar; do
        name=$(basename "$jar")
        [[ $name =~ $GPU_CHECK_WITHOUT || $name == espalier-*-tests.jar ]] || lean_jar "$jar" "$root/lib/$name"
    done
    for jar in "$@"; do
        cp -r "$jar/." "$root/classes/"
    done
    cp "$ROOT/tools/lib/launch.sh" "$root/lib/"
    cat >"$root/gpu-check" <<'LAUNCHER'
#!/usr/bin/env bash
# Checks the CUDA backend on this machine's GPU and measures it; --help says more.
set -eu
HERE=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
. "$HERE/lib/launch.sh"
check_gpu "$HERE/runtime/bin/java" "$HERE/classes:$HERE/lib/*" "${TMPDIR:-/tmp}" "$@"
LAUNCHER
    chmod +x "$root/gpu-check"
    # It must start without any Java around it.
    env -u JAVA_HOME PATH=/usr/bin:/bin "$root/gpu-check" --help >/dev/null || fail "what was packed does not start, see above"
    check_packed "$root"
    tar -C "$out" -c gpu-check | xz -T1 --x86 --lzma2=preset=6,dict=64MiB >"$out/gpu-check.tar.xz.new"
    mv "$out/gpu-check.tar.xz.new" "$out/gpu-check.tar.xz"
    bytes=$(stat -c %s "$out/gpu-check.tar.xz")
    [[ $bytes -le $GPU_CHECK_MOST ]] || fail "$out/gpu-check.tar.xz has $bytes bytes, more than $GPU_CHECK_MOST"
    echo "$out/gpu-check.tar.xz ($bytes bytes)"
}

# check_packed FOLDER: whether nothing is missing in it that a check needs, on the driver that stands in for a GPU, if it is built.
check_packed() {
    local standin=$ROOT/kernels/target/standin log=$BUILD/gpu-check.log
    [[ -f $standin/libespalier-standin.so ]] || return 0
    env -u JAVA_HOME PATH=/usr/bin:/bin ESPALIER_CUDA="$standin/libespalier-standin.so" \
        ESPALIER_CUBLAS="$standin/libespalier-standin-cublas.so" \
        "$1/gpu-check" --quick --only preflight,limits,kernels,synthetic >"$log" 2>&1 ||
        { tail -n 20 "$log" >&2; fail "what was packed fails ($log), see above"; }
}

# lean_jar FROM TO: without compression, other systems' libraries, and those of JNI's callers that the engine does without.
lean_jar() {
    local folder
    folder=$(mktemp -d)
    (cd "$folder" && "$JAVA_HOME/bin/jar" -xf "$1")
    rm -rf -- "$folder"/native/lib/{linux-aarch64,osx-*,win-*} "$folder"/org/bytedeco/openblas/linux-x86_64/{libjni*,include,share}
    "$JAVA_HOME/bin/jar" -c0Mf "$2" -C "$folder" .
    rm -rf -- "$folder"
}
