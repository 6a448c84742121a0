#!/usr/bin/env bash
# Server CPU per message and per connection, and memory per idle connection: our echo-server, the floor and python-socketio, measured in
# turn in one run (A B C D A B C D …), the median of the ratios at the end. The machine's speed swings; a ratio taken side by side says
# more than any single time. The floor (Benchmarks/floor.c) does the least that a process can do. python-socketio runs on uvicorn twice:
# as pip installs it by default, and with the faster parts of uvicorn[standard].
# At the end: how long something held each of our event loops at most, and what we allocate per message and per connection, which fails if it is
# more than it was. Benchmarks/crowd.py, which takes minutes more, holds 10,000 connections and has them come back.
#   scripts/bench.sh [rounds] [seconds]        the server runs on core 0, the generator on core 1
# ECHO_SERVER_BINARY names a binary that is built already.
set -euo pipefail
cd "$(dirname "$0")/.."

rounds="${1:-5}"
seconds="${2:-3}"
servers=()

stop() {
    for server in "${servers[@]}"; do kill -KILL "$server" 2>/dev/null || true; done
    wait 2>/dev/null
}
trap stop EXIT

scripts/install-dependencies.sh bench
if [ -z "${ECHO_SERVER_BINARY:-}" ]; then
    swift build --configuration release --product echo-server
    ECHO_SERVER_BINARY=.build/release/echo-server
fi
mkdir -p .tools reports/bench
gcc -O2 -march=native -Wall -o .tools/rtload Benchmarks/rtload.c
gcc -O2 -march=native -D_GNU_SOURCE -o .tools/floor Benchmarks/floor.c
gcc -O2 -Wall -shared -fPIC -o .tools/malloc_count.so Benchmarks/malloc_count.c

# Both say or show when they are ready: ours by its line on standard output, the other by answering on its port.
# Starts ours. Arguments: a name for its log, then its options.
start_ours() {
    local log="reports/bench/$1.log"
    shift
    taskset -c 0 "$ECHO_SERVER_BINARY" --port 0 "$@" >"$log" 2>&1 &
    started=$!
    servers+=("$started")
    for _ in $(seq 100); do
        started_port=$(sed -n 's#^listening on http://.*:\([0-9]*\)$#\1#p' "$log")
        [ -z "$started_port" ] || return 0
        sleep 0.1
    done
    printf 'echo-server did not start:\n' >&2
    cat "$log" >&2
    exit 1
}
start_ours echo-server
our_port=$started_port ours=$started
# The same with a declared event, whose payload it decodes and encodes.
start_ours typed --typed
typed_port=$started_port typed=$started

# Starts a server that is told its port. Arguments: a name for its log, then the command, in which PORT stands for the port.
start() {
    local log="reports/bench/$1.log"
    shift
    started_port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
    taskset -c 0 "${@//PORT/$started_port}" >"$log" 2>&1 &
    started=$!
    servers+=("$started")
    for _ in $(seq 100); do
        if (exec 3<>"/dev/tcp/127.0.0.1/$started_port") 2>/dev/null; then return; fi
        sleep 0.1
    done
    printf 'a server did not start; see %s\n' "$log" >&2
    exit 1
}
start floor .tools/floor PORT
floor_port=$started_port floor=$started
start peer-plain .tools/venv/bin/python Benchmarks/peer.py PORT plain
plain_port=$started_port plain=$started
start peer-tuned .tools/venv/bin/python Benchmarks/peer.py PORT tuned
tuned_port=$started_port tuned=$started

results=reports/bench/results.jsonl
: >"$results"
# Each server in turn: a label for the case, then rtload's options. The floor knows nothing but WebSocket.
measure() {
    local label=$1 server
    shift
    for server in "dunlin $our_port $ours" "floor $floor_port $floor" "plain $plain_port $plain" "tuned $tuned_port $tuned"; do
        case "$server $*" in floor*--upgrade*) continue ;; esac
        read -r name port pid <<<"$server"
        taskset -c 1 .tools/rtload --proto sio --port "$port" --pid "$pid" --label "$label|$name" --json "$@" >>"$results"
    done
}

# The same messages to ours with a plain handler, and with one that gets and returns a `Codable` value.
measure_typed() {
    local label=$1 server
    shift
    for server in "dunlin $our_port $ours" "declared $typed_port $typed"; do
        read -r name port pid <<<"$server"
        taskset -c 1 .tools/rtload --proto sio --port "$port" --pid "$pid" --label "$label|$name" --json --ack --object "$@" >>"$results"
    done
}

# Memory first: a process gives back little of what it once had.
measure "idle connection, KiB" --mode idle -c 5000 --touch -d 1
for round in $(seq "$rounds"); do
    printf 'round %d of %d\n' "$round" "$rounds"
    for in_flight in 1 16; do
        measure "echo, $in_flight in flight" --ack -c 100 -p "$in_flight" -s 32 -d "$seconds"
        measure "broadcast to 1000, $in_flight in flight" --mode broadcast -c 1000 -p "$in_flight" -s 128 -d "$seconds"
    done
    measure_typed "echo of an object" -c 100 -p 1 -s 32 -d "$seconds"
    measure "connect" --mode connect -c 32 --srcs 8 -d "$seconds"
    measure "connect by polling, then upgrade" --mode connect --upgrade -c 32 --srcs 8 -d "$seconds"
done

python3 - "$results" <<'PYTHON'
import json
import statistics
import sys

cases = {}
for line in open(sys.argv[1], encoding="utf-8"):
    run = json.loads(line)
    assert not (run["errors"] or run["mismatches"]), f"the replies were wrong: {run}"
    case, server = run["label"].split("|")
    figure = run["kib_per_conn"] if run["mode"] == "idle" else run["cpu_us"]
    cases.setdefault(case, {}).setdefault(server, []).append(figure)
# What is wanted at most, as a multiple of the floor, or in KiB.
goals = {
    "echo, 1 in flight": "1.3",
    "echo, 16 in flight": "1.7",
    "broadcast to 1000, 1 in flight": "1.35",
    "connect": "3",
    "idle connection, KiB": "4 KiB",
}
peers = (("floor", "the floor"), ("plain", "python-socketio"), ("tuned", "with uvloop"))
print(f"\n{'CPU µs per message, median':32} {'dunlin':>8}" + "".join(f" {title:>16} {'×':>5}" for _, title in peers))
typed = cases.pop("echo of an object", None)
for case, runs in cases.items():
    row = f"{case:32} {statistics.median(runs['dunlin']):8.2f}"
    for peer, _ in peers:
        if peer not in runs:
            row += f" {'–':>16} {'':5}"
            continue
        # Above the floor it says how many times dearer we are; beside a peer, how many times dearer the peer is.
        pairs = zip(runs["dunlin"], runs[peer])
        ratio = statistics.median((own / theirs if peer == "floor" else theirs / own) for own, theirs in pairs if own and theirs)
        row += f" {statistics.median(runs[peer]):16.2f} {ratio:5.1f}"
    print(row + (f"   (goal: {goals[case]})" if case in goals else ""))
if typed:
    more = statistics.median(declared - plain for declared, plain in zip(typed["declared"], typed["dunlin"]))
    print(f"a Codable payload and answer cost {more:.2f} µs more per message (goal: 3)")
PYTHON
printf '\nlongest stall of each event loop, µs: %s\n\n' "$(curl --silent --max-time 10 "http://127.0.0.1:$our_port/stalls")"
python3 Benchmarks/allocations.py "$ECHO_SERVER_BINARY" .tools/rtload .tools/malloc_count.so
