#!/usr/bin/env bash
# Everything that can be judged without building.
set -euo pipefail
cd "$(dirname "$0")/.."

swift format lint --strict --parallel --recursive Sources Tests Examples Package.swift Fuzz/Sources/fuzz-parsers Fuzz/Package.swift
scripts/check-arrows --self-test
scripts/check-arrows
scripts/check-tables --self-test
scripts/check-tables
scripts/check-examples
for script in scripts/*.sh .ci/run; do bash -n "$script"; done
if command -v shellcheck >/dev/null 2>&1; then shellcheck scripts/*.sh .ci/run; fi
if command -v python3 >/dev/null 2>&1; then
    find scripts Tests Benchmarks -type f \( -name '*.py' -o -path 'scripts/check-arrows' -o -path 'scripts/check-examples' -o -path 'scripts/check-tables' -o -path 'scripts/tier-report' \) -print0 |
        xargs -0 python3 -c 'import ast, sys
for path in sys.argv[1:]:
    ast.parse(open(path, encoding="utf-8").read(), path)'
fi
if command -v node >/dev/null 2>&1; then
    find Sources/ClassroomHTTP/Pages Tests \( -name '*.js' -o -name '*.mjs' \) -print0 | while IFS= read -r -d '' module; do
        node --input-type=module --check <"$module" || { printf '%s is not a valid module\n' "$module" >&2; exit 1; }
    done
fi
printf 'lint: nothing to report\n'
