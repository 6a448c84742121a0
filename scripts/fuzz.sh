#!/usr/bin/env bash
# Runs the fuzzers for longer than `make test` does. SEEDS, FIRST_SEED and SECONDS_AT_MOST choose how long the HTTP front's runs; what a
# failing or deadly seed did is printed, and `FIRST_SEED=n SEEDS=1 make fuzz` plays it again.
set -euo pipefail
cd "$(dirname "$0")/.."

reports=reports/fuzz
mkdir -p "$reports"
trace=$PWD/$reports/front-sequence.txt
rm -f "$trace"

export FUZZ_SEEDS=${SEEDS:-2000} FUZZ_FIRST_SEED=${FIRST_SEED:-1} FUZZ_SECONDS=${SECONDS_AT_MOST:-1800} FUZZ_TRACE=$trace
printf '== HTTP front: %s seeds from %s, %s s at most\n' "$FUZZ_SEEDS" "$FUZZ_FIRST_SEED" "$FUZZ_SECONDS"
status=0
swift test --disable-xctest --filter 'FrontFuzzTests|BothPathsFuzzTests' >"$reports/front.log" 2>&1 || status=$?
grep -E '^(✘|↳|Test run with|✔ Test run)' "$reports/front.log" || true
if [ "$status" -ne 0 ]; then
    # There only after a trap: a seed that merely fails is named in the log.
    if [ -f "$trace" ]; then cat "$trace"; else tail -n 60 "$reports/front.log"; fi
    exit "$status"
fi

if [ -x scripts/fuzz-parsers.sh ]; then scripts/fuzz-parsers.sh; fi
