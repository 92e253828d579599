# For tools/test: runs a few tests soon after a line was edited. Java sources are compiled here, only those that changed;
# when anything else changed (a pom, a resource, a kernel, a source that is new or gone), Maven compiles first. Expects
# common.sh, JAVA_HOME and ROOT as the folder it runs in.

# JMH's annotation processor has a part in compiling bench, and Spark's module is not built by default: the tests of both are
# left to Maven.
QUICK_MODULES=()
while read -r module; do
    [[ -d $module/src && $module != bench && $module != tools/spark ]] && QUICK_MODULES+=("$module")
done < <(sed -n 's/.*<module>\(.*\)<\/module>.*/\1/p' "$ROOT/pom.xml")
readonly QUICK_MODULES
# A compiler that runs for two seconds is done before the optimising one of the JVM pays.
readonly SHORT_LIVED=(-XX:TieredStopAtLevel=1 -XX:+UseSerialGC)

# The tools written in Java, compiled once.
java_tool() {
    local classes="$BUILD/tools"
    if [[ ! -d $classes || -n $(find tools/lib -name '*.java' -newer "$classes" -print -quit) ]]; then
        rm -rf -- "$classes"
        "$JAVA_HOME/bin/javac" -J-XX:TieredStopAtLevel=1 -Xlint:all -Werror -d "$classes" tools/lib/*.java
    fi
    "$JAVA_HOME/bin/java" "${SHORT_LIVED[@]}" -cp "$classes" "$@"
}

report_folders() {
    local module
    for module in $(sed -n 's/.*<module>\(.*\)<\/module>.*/\1/p' pom.xml); do
        echo "$module/target/surefire-reports"
    done
}

test_totals() {
    java_tool TestTotals "$@"
}

# select_tests A,B*,C#method: sets SELECTED to lines "MODULE CLASS [METHOD]", in Maven's notation. Fails where Maven has to
# do it: another notation, no such test, a test of bench, one that starts the built engine.
select_tests() {
    local pattern class_pattern method module file patterns found
    SELECTED=()
    IFS=, read -ra patterns <<<"$1"
    for pattern in "${patterns[@]}"; do
        class_pattern=${pattern%%#*}
        method=
        [[ $pattern != *'#'* ]] || method=${pattern#*#}
        [[ $class_pattern =~ ^[A-Za-z0-9_.*]+$ && $method =~ ^[A-Za-z0-9_*]*$ ]] || return 1
        found=
        for module in "${QUICK_MODULES[@]}"; do
            [[ -d $module/src/test/java ]] || continue
            while IFS= read -r file; do
                [[ $file != */org/espalier/tools/* ]] || return 1
                file=${file#"$module"/src/test/java/}
                file=${file%.java}
                SELECTED+=("$module ${file//\//.} ${method//\*/.*}")
                found=yes
            done < <(find "$module/src/test/java" -path "*/${class_pattern//.//}.java" -name '*Test.java')
        done
        [[ -n $found && -z $(find bench/src/test/java -path "*/${class_pattern//.//}.java") ]] || return 1
    done
}

# Everything but the Java sources, and which of these there are and which an annotation processor reads.
compile_state() {
    {
        grep -rl --include='*.java' '^@AutoService' "${QUICK_MODULES[@]/%//src}" | LC_ALL=C sort
        find "${QUICK_MODULES[@]}" -name '*.java' ! -path '*/target/*' | LC_ALL=C sort
        find pom.xml "${QUICK_MODULES[@]/%//pom.xml}" "${QUICK_MODULES[@]/%//src}" kernels -name target -prune -o \
            ! -type d ! -name '*.java' -printf '%p %s %T@\n' | LC_ALL=C sort -u
        echo "$JAVA_HOME"
    } | cksum | tr ' ' -
}

compile_tests() {
    local state built= stamp="$BUILD/tests.stamp" log="$BUILD/tests.log"
    mkdir -p "$BUILD"
    state=$(compile_state)
    [[ ! -r $stamp ]] || read -r built <"$stamp"
    if [[ $built != "$state" ]]; then
        require_maven
        rm -f "$stamp"
        echo 'engine: compiling with Maven ...' >&2
        if ! MAVEN_OPTS="${SHORT_LIVED[*]} ${MAVEN_OPTS:-}" mvn -q -B -pl "kernels,$(IFS=, && echo "${QUICK_MODULES[*]}")" \
            test-compile dependency:build-classpath >"$log" 2>&1; then
            build_errors "$log" >&2
            fail "the sources do not compile ($log): correct what is named above and start again"
        fi
        echo "$state" >"$stamp"
    fi
    java_tool CompileChanged . "${QUICK_MODULES[@]}" || fail "the sources do not compile: correct what is named above and start again"
}

# test_class_path MODULE: the class path of its tests, which compile_tests compiled, for programs that start in any folder.
test_class_path() {
    local entry classpath=
    while IFS= read -rd : entry; do
        # Those that are relative are so to the module.
        [[ $entry == /* ]] || entry=$ROOT/$1/$entry
        classpath+="$entry:"
    done <<<"target/test-classes:target/classes:$(<"$1/target/test-classpath.txt"):"
    echo "${classpath%:}"
}

# The value of an element of the root pom.
pom_value() {
    sed -n "s/.*<$1>\(.*\)<\/$1>.*/\1/p" pom.xml
}

# One JVM for each module with a selected test, started as Maven starts it. run_selected_tests PROPERTIES...
run_selected_tests() {
    local module status=0 ended crashed=() flags arguments selected class method methods
    flags=$(pom_value argLine)
    flags=${flags//'${jvm.flags}'/$(pom_value jvm.flags)}
    flags=${flags//'${test.flags}'/}
    rm -rf -- $(report_folders)
    # Where one method is named, the other classes have to name all of theirs.
    methods=$(printf '%s\n' "${SELECTED[@]}" | grep -c ' .* .' || true)
    for module in "${QUICK_MODULES[@]}"; do
        arguments=()
        for selected in "${SELECTED[@]}"; do
            read -r selected class method <<<"$selected"
            [[ $selected == "$module" ]] || continue
            arguments+=("--select-class=$class")
            [[ $methods -eq 0 ]] || arguments+=("--include-methodname=${class//./\\.}#${method:-.*}")
        done
        [[ ${#arguments[@]} -gt 0 ]] || continue
        # shellcheck disable=SC2086  # several flags in one variable
        (cd "$module" && exec "$JAVA_HOME/bin/java" $flags "$@" \
            -cp "target/test-classes:target/classes:$(<target/test-classpath.txt)" \
            org.junit.platform.console.ConsoleLauncher execute --disable-banner --disable-ansi-colors --details=tree \
            --reports-dir=target/surefire-reports "${arguments[@]}") && ended=0 || ended=$?
        # 1 and 2 are JUnit's own; any other JVM ended before its tests did, and its report is missing from the totals.
        [[ $ended -le 2 ]] || crashed+=("the JVM of $module's tests ended with $ended")
        [[ $ended -eq 0 ]] || status=$ended
    done
    test_totals $(report_folders) || status=1
    [[ ${#crashed[@]} -eq 0 ]] || printf '%s\n' "${crashed[@]}"
    return $status
}
