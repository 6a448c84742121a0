#!/usr/bin/env bash
# Feeds the parsers with what libFuzzer makes up: SECONDS_PER_TARGET each (60 by default), beginning with the inputs in Fuzz/Corpus.
#   scripts/fuzz-parsers.sh [TARGET]...        all of them without arguments
# An input that breaks a property is kept in .build-fuzz/found/TARGET and printed; the exit status is 1 then.
set -euo pipefail
cd "$(dirname "$0")/.."

targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(websocket polling engine socketio json)
seconds=${SECONDS_PER_TARGET:-60}

# Optimised, but with the counter of work and the assertions of a debug build.
swift build --package-path Fuzz --scratch-path .build-fuzz --configuration release --sanitize fuzzer --product fuzz-parsers \
    -Xswiftc -DDEBUG -Xswiftc -assert-config -Xswiftc Debug
binary=$(swift build --package-path Fuzz --scratch-path .build-fuzz --configuration release --sanitize fuzzer --show-bin-path)/fuzz-parsers

# With its own backtraces on, the runtime ends the process before libFuzzer can write the input down.
export SWIFT_BACKTRACE=enable=no
failed=()
for target in "${targets[@]}"; do
    work=.build-fuzz/corpus/$target found=.build-fuzz/found/$target log=.build-fuzz/$target.log
    mkdir -p "$work" "$found"
    echo "$target: $seconds seconds"
    if DUNLIN_FUZZ_TARGET=$target "$binary" "$work" "Fuzz/Corpus/$target" \
        -max_total_time="$seconds" -max_len="${MAXIMUM_LENGTH:-4096}" -timeout=10 -rss_limit_mb=2048 -artifact_prefix="$found/" \
        -dict=Fuzz/Corpus/dictionary.txt -print_final_stats=1 >"$log" 2>&1; then
        grep -E '^stat::(number_of_executed_units|average_exec_per_sec)' "$log" | sed 's/^stat::/  /'
    else
        failed+=("$target")
        tail -n 30 "$log" >&2
    fi
done

if [ ${#failed[@]} -gt 0 ]; then
    echo "a property does not hold: ${failed[*]}; run DUNLIN_FUZZ_TARGET=TARGET $binary INPUT to see it again" >&2
    exit 1
fi
