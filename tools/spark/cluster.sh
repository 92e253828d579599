# For the scripts in tools/spark: a standalone cluster on this machine, one worker a processor. Master and driver are machine 1,
# workers machines 2 and 3: addresses on loopback, or network namespaces of their own, which a bridge connects. Expects lib.sh,
# and in $work a folder that goes at the end.

started=()
namespaces=()
addresses=127.0.0
port=$((20000 + RANDOM % 20000))

# For those that are started here: what they run as has the engine in it.
export SPARK_HOME=$SPARK_TARGET/home SPARK_SCALA_VERSION=2.13

# Ends everything that was started, and the namespaces with it.
stop_cluster() {
    local name
    stop_daemons
    for name in "${namespaces[@]}"; do
        ip netns del "$name" || true
    done
    namespaces=()
}

stop_daemons() {
    while [[ ${#started[@]} -gt 0 ]]; do
        stop_last_daemon
    done
}

stop_last_daemon() {
    local pid=${started[-1]}
    # An executor is the child of its worker.
    # shellcheck disable=SC2046  # there may be several
    kill -9 $(pgrep -P "$pid") "$pid" 2>/dev/null || true
    unset 'started[-1]'
}

# make_namespaces: three, with loopback and one address each; nothing of them is seen outside.
make_namespaces() {
    local number name said
    for number in 1 2 3; do
        name=engine-spark-$$-$number
        said=$(ip netns add "$name" 2>&1) ||
            fail "network namespaces cannot be made here (ip netns add: ${said##*$'\n'}):" \
                "run as root where the system permits them, or leave --namespaces out"
        namespaces+=("$name")
    done
    addresses=10.77.0
    {
        ip -n "${namespaces[0]}" link add bridge type bridge
        give_address 1 bridge
        for number in 2 3; do
            ip -n "${namespaces[0]}" link add "to-$number" type veth peer name eth0 netns "${namespaces[number - 1]}"
            ip -n "${namespaces[0]}" link set "to-$number" master bridge up
            give_address "$number" eth0
        done
    } 2>"$work/ip.log" || fail "network namespaces cannot be connected here (ip: $(<"$work/ip.log"))"
}

# give_address NUMBER DEVICE
give_address() {
    local name=${namespaces[$1 - 1]}
    ip -n "$name" address add "$addresses.$1/24" dev "$2"
    ip -n "$name" link set "$2" up
    ip -n "$name" link set lo up
}

# on NUMBER: sets $machine to the words that run a command there.
on() {
    machine=()
    if [[ ${#namespaces[@]} -gt 0 ]]; then
        machine=(ip netns exec "${namespaces[$1 - 1]}")
    fi
}

# daemon NAME CLASS ARGS...: on $machine.
daemon() {
    local name=$1
    shift
    "${machine[@]}" "$JAVA_HOME/bin/java" "${SPARK_FLAGS[@]}" -Dspark.worker.timeout=1800 -Xmx512m -cp "$SPARK_TARGET/lib/*" "$@" >"$work/$name.log" 2>&1 &
    started+=($!)
    # The shell need not say that it was killed.
    disown
}

# wait_for SECONDS COMMAND...
wait_for() {
    local left=$(($1 * 5))
    shift
    until "$@"; do
        ((left-- > 0)) || return 1
        sleep 0.2
    done
}

start_master() {
    master=spark://$addresses.1:$port
    on 1
    daemon master org.apache.spark.deploy.master.Master --host "$addresses.1" --port "$port" \
        --webui-port $((port + 1))
    wait_for 120 listens || fail "no master came up: $(<"$work/master.log")"
}

listens() { "${machine[@]}" bash -c "exec 3<>/dev/tcp/$addresses.1/$port" 2>/dev/null; }

# start_worker NUMBER FOLDER [MODEL]: with a folder for its applications; MODEL is what it does not see.
start_worker() {
    on "$1"
    if [[ -n ${3:-} ]]; then
        # shellcheck disable=SC2016  # the inner shell's
        machine+=(unshare --mount sh -c 'mount -t tmpfs none "$0" && exec "$@"' "$3")
    fi
    daemon "worker-$1" org.apache.spark.deploy.worker.Worker --host "$addresses.$1" --cores 1 --memory 1g --work-dir "$2" \
        --webui-port 0 "$master"
    wait_for 120 workers_are $((${#started[@]} - 1)) || fail "worker $1 found no master: $(<"$work/worker-$1.log")"
}

# workers_are NUMBER: whether so many are known to the master.
workers_are() {
    on 1
    "${machine[@]}" bash -c "exec 3<>/dev/tcp/$addresses.1/$((port + 1)) && printf 'GET /json/ HTTP/1.0\r\n\r\n' >&3 && cat <&3" \
        2>/dev/null | grep -c "\"aliveworkers\" *: *$1\b" >/dev/null
}

# spark MASTER ARGS...: on machine 1. That a busy machine is slow to answer makes no worker a lost one; a closed connection does.
spark() {
    local where=$1
    shift
    on 1
    "${machine[@]}" "$ROOT/tools/spark/engine-spark" --master "$where" --conf "spark.driver.host=$addresses.1" \
        --conf "spark.driver.bindAddress=$addresses.1" --conf spark.executor.memory=768m --conf spark.task.maxFailures=8 \
        --conf spark.network.timeout=1800s --conf spark.executor.heartbeatInterval=60s "$@"
}
