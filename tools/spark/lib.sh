# For the scripts in tools/spark: builds the module and says how it is started. Expects ROOT and tools/lib/common.sh.

readonly SPARK_TARGET="$ROOT/tools/spark/target"
# What Spark needs of a JVM beside what the engine does: nothing is opened; without the last flag Java warns of Unsafe.
readonly SPARK_FLAGS=(--add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED
    --sun-misc-unsafe-memory-access=allow)

# Builds what lies in tools/spark, and all it needs, unless it is up to date. The first time Spark is fetched.
build_spark() {
    local stamp="$BUILD/spark.stamp" log="$BUILD/spark.log"
    if [[ -f $stamp && -d $SPARK_TARGET/home && -z $(newer_spark_sources "$stamp") ]]; then
        return
    fi
    require_maven
    mkdir -p "$BUILD"
    echo 'engine-spark: building; the first time Spark is fetched, 200 MB ...' >&2
    touch "$stamp.new"
    if ! (cd "$ROOT" && mvn -q -B -Pspark -pl tools/spark -am -DskipTests package) >"$log" 2>&1; then
        build_errors "$log" >&2
        fail "the build failed ($log): correct what is named above and start again"
    fi
    # A home of Spark for the masters and workers of a cluster that is started from here, with the engine in it.
    mkdir -p "$SPARK_TARGET/home"
    cp "$SPARK_TARGET"/espalier-spark-*.jar "$SPARK_TARGET/lib/"
    ln -sfn ../lib "$SPARK_TARGET/home/jars"
    mv "$stamp.new" "$stamp"
}

newer_spark_sources() {
    (cd "$ROOT" && find pom.xml native kernels engine tools/spark -name target -prune -o -newer "$1" ! -type d -print -quit)
}
