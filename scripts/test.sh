#!/usr/bin/env bash
# Builds and runs every test. Servers listen on ports that the system picks and write to temporary folders; whoever starts one ends it.
# Reports stay in reports/test: the JUnit files of both runners and the whole output of each.
set -euo pipefail
cd "$(dirname "$0")/.."

reports=reports/test
python=.tools/venv/bin/python
seconds_at_most=1800
export PYTHONDONTWRITEBYTECODE=1
running=""

stop() {
    if [ -n "$running" ]; then kill -TERM "$running" 2>/dev/null || true; fi
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Runs a command under the time limit, its output in a file; shows what a filter lets through. Never ends the script.
step() {
    local title=$1 log=$2 filter=$3 began=$SECONDS
    shift 3
    printf '\n%s\n' "== $title"
    timeout --kill-after=10 "$seconds_at_most" "$@" >"$log" 2>&1 &
    running=$!
    local status=0
    wait "$running" || status=$?
    running=""
    grep -E "$filter" "$log" || true
    if [ "$status" -ne 0 ]; then
        printf '%s: exit status %d, the last lines of %s:\n' "$title" "$status" "$log"
        tail -n 60 "$log"
        failed_steps+=("$title")
    fi
    printf '(%d s)\n' "$((SECONDS - began))"
}

scripts/install-dependencies.sh test
rm -rf "$reports"
mkdir -p "$reports"
failed_steps=()

printf '\n== Build\n'
began=$SECONDS
swift build --build-tests
# `make fuzz` links them; here only the compiler looks at them, so that a change of a parser does not leave them behind.
swift build --package-path Fuzz --scratch-path .build-fuzz-check --target fuzz-parsers
printf '(%d s)\n' "$((SECONDS - began))"
binaries=$(swift build --show-bin-path)
export DUNLIN_BINARY="${DUNLIN_BINARY:-$binaries/dunlin}"
export ECHO_SERVER_BINARY="${ECHO_SERVER_BINARY:-$binaries/echo-server}"

# Real quiz questions, if they lie beside the checkout; the tests on them are skipped otherwise.
questions=$(dirname "$PWD")/shared/data/opentriviaqa
if [ -z "${DUNLIN_OPENTRIVIAQA:-}" ] && [ -d "$questions" ]; then export DUNLIN_OPENTRIVIAQA=$questions; fi

# After a trap it holds the random sequence that was being played.
export FUZZ_TRACE="$PWD/$reports/front-sequence.txt"
# All of two thousand tests at once keep each other from the processor for a minute: by groups of targets each has its turn soon.
groups=(
    'SocketIOServerTests'
    'SocketIOClientTests|SocketIOTestingTests|SocketIORedisTests|SocketIOClusterCoreTests'
    'LoadTestingTests'
    'ClassroomLiveTests|ClassroomHTTPTests'
    'ClassroomServerTests|RedisClientTests'
    'ClassroomStoreTests'
    'DunlinCommandTests'
)
others=()
for group in "${groups[@]}"; do
    others+=(--skip "^($group)\\.")
    step "Swift tests: $group" "$reports/swift-${group%%|*}.log" '^(✘|➜)|Test run with' \
        swift test --skip-build --disable-xctest --xunit-output "$reports/swift-${group%%|*}.xml" --filter "^($group)\\."
done
step 'Swift tests: all other targets' "$reports/swift-others.log" '^(✘|➜)|Test run with' \
    swift test --skip-build --disable-xctest --xunit-output "$reports/swift-others.xml" "${others[@]}"
# The test kit throws, so that it serves both libraries: these tests are XCTest's.
step 'The test kit in XCTest' "$reports/xctest.log" 'Executed [0-9]+ tests' \
    swift test --skip-build --disable-swift-testing --filter KitXCTests
grep -q 'Executed 3 tests, with 0 failures' "$reports/xctest.log" || failed_steps+=('The test kit in XCTest: not all of its tests')
if [ -f "$FUZZ_TRACE" ]; then cat "$FUZZ_TRACE"; fi
step 'Real clients, browser, kill -9' "$reports/python.log" '^(FAILED|ERROR|SKIPPED|=+ .*(passed|failed))' \
    "$python" -m pytest -c Tests/pytest.ini --junitxml "$reports/python.xml"
step 'Browser modules in Node' "$reports/node.tap" '^(not ok|# (tests|pass|fail) )' \
    node --test --test-reporter=tap Tests/BrowserTests/*.test.mjs

printf '\n'
scripts/tier-report --swift "$reports"/swift-*.xml --python "$reports/python.xml" --node "$reports/node.tap" "${failed_steps[@]}"
