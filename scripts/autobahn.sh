#!/usr/bin/env bash
# Autobahn's test suite for WebSocket (PyPI: autobahntestsuite, which needs Python 2.7): its fuzzing client plays against the example
# websocket-echo, its fuzzing server against our client. Categories 1 to 10 (301 cases) run without compression, 12 and 13 with it.
#   scripts/autobahn.sh [all|basic|deflate]
# PYTHON27 names the interpreter (default: python2.7), WEBSOCKET_ECHO_BINARY a binary that is built already. The suite is installed into .tools.
# Exit status 1 if a case fails, or one of 6.4.* is not strictly right. Details of each case are in reports/autobahn.
set -euo pipefail
cd "$(dirname "$0")/.."

parts="${1:-all}"
python="${PYTHON27:-python2.7}"
site="$PWD/.tools/autobahn"
command -v "$python" >/dev/null || { printf 'autobahntestsuite needs Python 2.7; set PYTHON27\n' >&2; exit 1; }
[ -d "$site" ] || "$python" -m pip install --quiet --target "$site" autobahntestsuite wsaccel
if [ -z "${WEBSOCKET_ECHO_BINARY:-}" ]; then
    swift build --configuration release --product websocket-echo
    WEBSOCKET_ECHO_BINARY=.build/release/websocket-echo
fi
mkdir -p reports/autobahn
processes=()

stop() {
    for process in "${processes[@]}"; do kill -TERM "$process" 2>/dev/null || true; done
    wait 2>/dev/null
}
trap stop EXIT

# Its packages share a namespace, which only a site folder does.
suite="import site; site.addsitedir('$site'); from autobahntestsuite.wstest import run; run()"
free_port() { python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
await_port() {
    for _ in $(seq 100); do
        if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return; fi
        sleep 0.1
    done
    printf 'nothing answers on port %s\n' "$1" >&2
    exit 1
}

# Arguments: a name, the cases as a JSON list, an option for websocket-echo or nothing.
run() {
    local name=$1 cases=$2 option=${3:-} port folder
    port=$(free_port)
    "$WEBSOCKET_ECHO_BINARY" --port "$port" $option >"reports/autobahn/$name-echo.log" 2>&1 &
    processes+=("$!")
    await_port "$port"
    folder="reports/autobahn/server-$name"
    printf '{"outdir": "%s", "servers": [{"agent": "dunlin", "url": "ws://127.0.0.1:%s"}], "cases": %s, "exclude-cases": [], "exclude-agent-cases": {}}' \
        "$folder" "$port" "$cases" >"$folder.json"
    "$python" -c "$suite" -m fuzzingclient -s "$folder.json" >"$folder.log" 2>&1 || { tail "$folder.log" >&2; exit 1; }
    judge "$folder"

    port=$(free_port)
    folder="reports/autobahn/client-$name"
    printf '{"outdir": "%s", "url": "ws://127.0.0.1:%s", "cases": %s, "exclude-cases": [], "exclude-agent-cases": {}}' \
        "$folder" "$port" "$cases" >"$folder.json"
    "$python" -c "$suite" -m fuzzingserver -s "$folder.json" >"$folder.log" 2>&1 &
    processes+=("$!")
    await_port "$port"
    "$WEBSOCKET_ECHO_BINARY" --fuzzing-server "ws://127.0.0.1:$port" $option
    judge "$folder"
}

failed=0
judge() {
    python3 - "$1" <<'PYTHON' || failed=1
import collections
import json
import sys

cases = json.load(open(sys.argv[1] + "/index.json", encoding="utf-8"))["dunlin"]
counts = collections.Counter(case["behavior"] for case in cases.values())
bad = [name for name, case in cases.items() if case["behavior"] not in ("OK", "NON-STRICT", "INFORMATIONAL")]
bad += [name for name, case in cases.items() if case["behaviorClose"] not in ("OK", "INFORMATIONAL")]
bad += [name for name, case in cases.items() if name.startswith("6.4.") and case["behavior"] != "OK"]
print(f"{sys.argv[1]}: {len(cases)} cases, {dict(counts)}", *sorted(set(bad)))
sys.exit(bool(bad))
PYTHON
}

case "$parts" in
    all | basic) run basic '["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "9.*", "10.*"]' ;;&
    all | deflate) run deflate '["12.*", "13.*"]' --compress ;;
    basic) ;;
    *) printf 'unknown part: %s\n' "$parts" >&2; exit 2 ;;
esac
exit "$failed"
