#!/usr/bin/env bash
# Runs the Swift tests of cores, server, kit and classroom under a sanitizer, in a build folder of its own (a clean build of everything).
#   scripts/sanitize.sh address|thread [swift test's options]
set -euo pipefail
cd "$(dirname "$0")/.."

sanitizer="${1:-}"
case "$sanitizer" in
    # Swift's runtime and NIO keep memory until the process ends: leaks are looked for by tests with weak references.
    address) export ASAN_OPTIONS="detect_leaks=0:${ASAN_OPTIONS:-}" ;;
    thread) export TSAN_OPTIONS="halt_on_error=0:exitcode=66:suppressions=$PWD/scripts/thread-sanitizer-suppressions.txt:${TSAN_OPTIONS:-}" ;;
    *)
        printf 'usage: scripts/sanitize.sh address|thread [options of swift test]\n' >&2
        exit 64
        ;;
esac
shift
scripts/install-dependencies.sh build
mkdir -p reports
log="reports/sanitize-$sanitizer.log"
swift build --build-tests --sanitize="$sanitizer" --scratch-path ".build-$sanitizer"
status=0
# One test after the other: under a sanitizer each takes ten times as long, and all at once would miss the time-outs of clients and servers.
swift test --no-parallel --skip-build --disable-xctest --sanitize="$sanitizer" --scratch-path ".build-$sanitizer" \
    --skip DunlinCommandTests "$@" >"$log" 2>&1 || status=$?
grep -E '^✘|Test run with|SUMMARY: |ERROR: AddressSanitizer|WARNING: ThreadSanitizer' "$log" || true
if grep -qE 'ERROR: AddressSanitizer|WARNING: ThreadSanitizer' "$log"; then status=1; fi
# A test that uses an embedded loop from two threads: NIO says so each time, the sanitizer only if the two happen to meet.
if grep -B3 'EmbeddedEventLoop is not thread-safe' "$log" | grep -E '^◇|^ERROR' | sort -u; then status=1; fi
printf '%s sanitizer: exit status %d, the output is in %s\n' "$sanitizer" "$status" "$log"
exit "$status"
