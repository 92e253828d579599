# Starts the JVM of the engine and of gpu-check; shared by tools/ and the packaged launchers.

# java_flags CLASS_PATH CRASH_FOLDER: sets JAVA_FLAGS. VM messages go to stderr, crash reports where they can be found;
# weights are mapped and tensors live off the heap, so the heap is small. A cache that does not suit is left alone.
java_flags() {
    JAVA_FLAGS=(-Xmx2g -XX:+UseSerialGC -XX:+DisplayVMOutputToStderr -Xlog:disable -Xlog:all=error:stderr
        '-Xlog:aot*=off:stderr'
        "-XX:ErrorFile=$2/engine-crash-%p.log" --enable-native-access=ALL-UNNAMED -cp "$1")
}

# Whether this command line computes, and so needs the Vector API; resolving that module costs start-up time.
computes() {
    local argument
    for argument in "$@"; do
        case $argument in -h | --help | --version) return 1 ;; esac
    done
    case ${1:-} in '' | -* | help | info | tokenize | report | devices) return 1 ;; esac
}

# launch JAVA ARGS...: becomes the JVM, with JAVA_FLAGS.
launch() {
    local java=$1
    shift
    # Without a UTF-8 locale Java would turn other letters of arguments and file names into question marks.
    case ${LC_ALL:-${LC_CTYPE:-${LANG:-}}} in *[Uu][Tt][Ff]-8 | *[Uu][Tt][Ff]8) ;; *) export LC_ALL=C.UTF-8 ;; esac
    # shellcheck disable=SC2206  # several flags in one variable
    local flags=("${JAVA_FLAGS[@]}" ${ESPALIER_JAVA_OPTS:-})
    [[ -t 1 ]] && flags+=(-Despalier.terminal.out=true)
    [[ -t 2 ]] && flags+=(-Despalier.terminal=true)
    { : >&2; } 2>/dev/null || exec 2>/dev/null
    # A command that computes nothing is over before the optimising compiler pays.
    computes "$@" || exec "$java" -XX:TieredStopAtLevel=1 "${flags[@]}" org.espalier.cli.Main "$@"
    # Java announces the incubating module on stderr before any of our code runs. Until Main has put the real stderr
    # (descriptor 3) back, what the JVM says passes through a filter that drops that line.
    exec "$java" --add-modules jdk.incubator.vector "${flags[@]}" -Despalier.stderr=3 org.espalier.cli.Main "$@" \
        3>&2 2> >(exec grep -v '^WARNING: Using incubator modules' >&2)
}

# check_gpu JAVA CLASS_PATH CRASH_FOLDER ARGS...: becomes gpu-check.
check_gpu() {
    local java=$1
    java_flags "$2" "$3"
    shift 3
    case ${LC_ALL:-${LC_CTYPE:-${LANG:-}}} in *[Uu][Tt][Ff]-8 | *[Uu][Tt][Ff]8) ;; *) export LC_ALL=C.UTF-8 ;; esac
    # shellcheck disable=SC2206  # several flags in one variable
    local flags=("${JAVA_FLAGS[@]}" -Xmx8g ${ESPALIER_JAVA_OPTS:-})
    exec "$java" --add-modules jdk.incubator.vector "${flags[@]}" org.espalier.bench.gpu.GpuCheck "$@" \
        2> >(exec grep --line-buffered -v '^WARNING: Using incubator modules' >&2)
}
