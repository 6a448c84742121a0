#!/usr/bin/env bash
# Server CPU per message: our echo-server and python-socketio, measured in turn in one run (A B C A B C …), the median of the ratios at
# the end. The machine's speed swings; a ratio taken side by side says more than any single time. python-socketio runs on uvicorn twice:
# as pip installs it by default, and with the faster parts of uvicorn[standard].
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

# Both say or show when they are ready: ours by its line on standard output, the other by answering on its port.
taskset -c 0 "$ECHO_SERVER_BINARY" --port 0 >reports/bench/echo-server.log 2>&1 &
ours=$!
servers+=("$ours")
our_port=""
for _ in $(seq 100); do
    our_port=$(sed -n 's#^listening on http://.*:\([0-9]*\)$#\1#p' reports/bench/echo-server.log)
    [ -z "$our_port" ] || break
    sleep 0.1
done
[ -n "$our_port" ] || { printf 'echo-server did not start:\n' >&2; cat reports/bench/echo-server.log >&2; exit 1; }

start_peer() {
    local stack=$1 port
    port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
    taskset -c 0 .tools/venv/bin/python Benchmarks/peer.py "$port" "$stack" >"reports/bench/peer-$stack.log" 2>&1 &
    peer_pid=$!
    servers+=("$peer_pid")
    for _ in $(seq 100); do
        if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
        sleep 0.1
    done
    peer_port=$port
}
start_peer plain
plain_port=$peer_port plain=$peer_pid
start_peer tuned
tuned_port=$peer_port tuned=$peer_pid

results=reports/bench/results.jsonl
: >"$results"
# Each server in turn: a label for the case, then rtload's options.
measure() {
    local label=$1
    shift
    for server in "dunlin $our_port $ours" "plain $plain_port $plain" "tuned $tuned_port $tuned"; do
        read -r name port pid <<<"$server"
        taskset -c 1 .tools/rtload --proto sio --port "$port" --pid "$pid" --label "$label|$name" -d "$seconds" --json "$@" >>"$results"
    done
}

for round in $(seq "$rounds"); do
    printf 'round %d of %d\n' "$round" "$rounds"
    for in_flight in 1 16; do
        measure "echo, $in_flight in flight" --ack -c 100 -p "$in_flight" -s 32
        measure "broadcast to 1000, $in_flight in flight" --mode broadcast -c 1000 -p "$in_flight" -s 128
    done
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
    cases.setdefault(case, {}).setdefault(server, []).append(run["cpu_us"])
print(f"\n{'CPU µs a message, median':36} {'dunlin':>8} {'python-socketio':>16} {'ratio':>6} {'with uvloop':>12} {'ratio':>6}")
for case, runs in cases.items():
    row = f"{case:36} {statistics.median(runs['dunlin']):8.2f}"
    for peer, width in (("plain", 16), ("tuned", 12)):
        ratio = statistics.median(theirs / own for own, theirs in zip(runs["dunlin"], runs[peer]))
        row += f" {statistics.median(runs[peer]):{width}.1f} {ratio:6.0f}"
    print(row)
PYTHON
