# For the scripts in tools/: finds Java and Maven, and builds what is out of date. Expects ROOT, the repository.

. "$ROOT/tools/lib/launch.sh"

readonly REQUIRED_JAVA=25
readonly BUILD="$ROOT/.build"

fail() {
    printf 'engine: %s\n' "$*" >&2
    exit 1
}

# Major version of the JDK at $1, read from its release file because starting a JVM for it takes 40 ms.
java_major() {
    local key value
    [[ -x $1/bin/java && -x $1/bin/javac ]] || return 1
    if [[ -r $1/release ]]; then
        while IFS='=' read -r key value; do
            if [[ $key == JAVA_VERSION ]]; then
                value=${value//\"/}
                echo "${value%%[!0-9]*}"
                return
            fi
        done <"$1/release"
    fi
    "$1/bin/java" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p'
}

# Sets JAVA_HOME to the first JDK that is new enough: the one named, the one on the PATH, those under /usr/lib/jvm.
find_java() {
    local candidates=() candidate major seen=
    [[ -n ${JAVA_HOME:-} ]] && candidates+=("$JAVA_HOME")
    if candidate=$(command -v javac); then
        candidate=$(readlink -f "$candidate")
        candidates+=("${candidate%/bin/javac}")
    fi
    candidates+=("${ESPALIER_JVM_DIR:-/usr/lib/jvm}"/*)
    for candidate in "${candidates[@]}"; do
        major=$(java_major "$candidate") || continue
        if [[ $major -ge $REQUIRED_JAVA ]]; then
            export JAVA_HOME=$candidate
            return
        fi
        seen+="${seen:+, }$major"
    done
    fail "no JDK $REQUIRED_JAVA or later (JAVA_HOME, PATH and /usr/lib/jvm hold ${seen:-none}):" \
        "install one, for example 'apt install openjdk-$REQUIRED_JAVA-jdk' or https://adoptium.net," \
        "or point JAVA_HOME at it"
}

require_maven() {
    command -v mvn >/dev/null || fail "Maven is missing (no mvn on the PATH): install it, for example 'apt install maven'"
}

# One word that changes when a source of the product is added, changed or deleted, or another JDK is used.
source_state() {
    (
        cd "$ROOT"
        find pom.xml native kernels engine -name target -prune -o -path '*/src/test' -prune -o ! -type d \
            -printf '%p %s %T@\n' | LC_ALL=C sort
        echo "$JAVA_HOME"
    ) | cksum | tr ' ' -
}

# Sets ENGINE_JAR to the newest jar of the program; fails when there is none.
find_jar() {
    local jar
    ENGINE_JAR=
    for jar in "$ROOT"/engine/cli/target/espalier-cli-*.jar; do
        [[ $jar == *-tests.jar || ! -f $jar ]] && continue
        [[ -z $ENGINE_JAR || $jar -nt $ENGINE_JAR ]] && ENGINE_JAR=$jar
    done
    [[ -n $ENGINE_JAR && -d $ROOT/engine/cli/target/lib ]]
}

up_to_date() {
    local built
    find_jar && [[ -r $BUILD/stamp ]] && read -r built <"$BUILD/stamp" && [[ $built == "$1" ]]
}

# Builds unless the last build was of these sources; a second start waits for the first.
ensure_built() {
    up_to_date "$(source_state)" && return
    require_maven
    mkdir -p "$BUILD"
    exec 9>"$BUILD/lock"
    flock 9
    local state
    state=$(source_state)
    up_to_date "$state" || build "$state"
    exec 9>&-
}

build() {
    local start=${EPOCHREALTIME/[.,]/} log="$BUILD/build.log"
    rm -f "$BUILD/stamp"
    printf 'engine: building, a minute or two the first time ...' >&2
    if ! (cd "$ROOT" && mvn -q -B -pl engine/cli -am -DskipTests package) >"$log" 2>&1 9>&- || ! find_jar; then
        printf ' failed\n' >&2
        build_errors "$log" >&2
        fail "the build failed ($log): correct what is named above and start again"
    fi
    make_start_caches
    echo "$1" >"$BUILD/stamp.new"
    mv "$BUILD/stamp.new" "$BUILD/stamp"
    local tenths=$(((${EPOCHREALTIME/[.,]/} - start) / 100000))
    printf ' done in %d.%d s\n' $((tenths / 10)) $((tenths % 10)) >&2
    # What was left out, for want of a compiler.
    sed -n 's/^kernels: /engine: &/p' "$log" >&2
}

# Builds what lies in bench/, and all it needs, unless it is up to date.
build_benchmarks() {
    local stamp="$BUILD/bench.stamp" log="$BUILD/bench.log"
    [[ -f $stamp && -d $ROOT/bench/target/lib && -z $(newer_sources "$stamp") ]] && return
    require_maven
    mkdir -p "$BUILD"
    echo 'engine: building the benchmarks ...' >&2
    touch "$stamp.new"
    if ! (cd "$ROOT" && mvn -q -B -pl bench -am -DskipTests package) >"$log" 2>&1; then
        build_errors "$log" >&2
        fail "the build failed ($log): correct what is named above and start again"
    fi
    mv "$stamp.new" "$stamp"
}

newer_sources() {
    (cd "$ROOT" && find pom.xml native kernels engine bench -name target -prune -o -newer "$1" ! -type d -print -quit)
}

# Maven's errors without its advice on how to use Maven; the end of the log if it names none.
build_errors() {
    sed -n 's/^\[ERROR\] *//p' "$1" | grep -vE '^$|^-> |^To see the full|^Re-run Maven|^For more information|^\[Help|^After correcting|mvn <args>' ||
        tail -n 20 "$1"
}

# Java's flags, after find_jar.
engine_flags() {
    java_flags "$ENGINE_JAR:$ROOT/engine/cli/target/lib/*" "$BUILD"
}

# Classes that commands load, kept for the next start; starts work the same without them. "start" is for those that compute
# nothing, "compute" for the others: where the Vector API's module is added, Java keeps no classes linked.
make_start_caches() {
    local model="$BUILD/tiny"
    cat >"$BUILD/tiny.json" <<'CONFIG'
{"model_type": "llama", "vocab_size": 8, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2,
 "intermediate_size": 8}
CONFIG
    engine_flags
    make_start_cache start -XX:TieredStopAtLevel=1 -- info "$BUILD/tiny.json" --json
    "$JAVA_HOME/bin/java" -XX:TieredStopAtLevel=1 "${JAVA_FLAGS[@]}" org.espalier.cli.Main random "$BUILD/tiny.json" \
        --out "$model" --force >"$BUILD/start.log" 2>&1 9>&- || return 0
    # Without profiles: those of so small a model let Java inline wrongly, which makes long work take half as long again.
    make_start_cache compute -XX:+UnlockDiagnosticVMOptions -XX:-AOTRecordTraining -XX:-AOTClassLinking \
        --add-modules jdk.incubator.vector -- \
        logits "$model" --ids 1,2,3 --out "$BUILD/tiny.logits" --force
}

# make_start_cache NAME FLAGS... -- COMMAND...: of what that command loads.
make_start_cache() {
    local name=$1 new="$BUILD/$1.new.aot" flags=()
    shift
    while [[ $1 != -- ]]; do
        flags+=("$1")
        shift
    done
    shift
    rm -f "$BUILD/$name.aot" "$BUILD/$name.state"
    "$JAVA_HOME/bin/java" "-XX:AOTCacheOutput=$new" "${flags[@]}" "${JAVA_FLAGS[@]}" org.espalier.cli.Main "$@" \
        >"$BUILD/start.log" 2>&1 9>&- && [[ -f $new ]] && mv "$new" "$BUILD/$name.aot" &&
        start_cache_state "$name" >"$BUILD/$name.state"
    return 0
}

# What changes when a bit of the file does, also of one as large and as old, or another JDK stands where the one was that
# made it.
start_cache_state() {
    cksum "$BUILD/$1.aot" "$JAVA_HOME/release" 2>/dev/null
}

start_cache_is_whole() {
    [[ -r $BUILD/$1.state && $(<"$BUILD/$1.state") == "$(start_cache_state "$1")" ]]
}

# Whether there is a cache of that name to start with; one that is not as it was made is made again. Java would say what is
# wrong with it on every start.
have_start_cache() {
    [[ -f $BUILD/$1.aot ]] || return 1
    if ! start_cache_is_whole "$1"; then
        exec 9>"$BUILD/lock"
        flock 9
        start_cache_is_whole "$1" || make_start_caches
        exec 9>&-
    fi
    [[ -f $BUILD/$1.aot ]]
}
