#!/usr/bin/env bash
# Coverage of the Swift tests, our own sources only: a table on standard output and coverage/lcov.info.
# It builds in a folder of its own, so that the ordinary build stays as it is.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=.build-coverage
scripts/install-dependencies.sh build
swift test --scratch-path "$folder" --disable-xctest --enable-code-coverage --quiet

# llvm-cov must be the one of the compiler that wrote the profile.
toolchain=$(dirname "$(readlink -f "$(command -v swiftc)")")
llvm_cov="$toolchain/llvm-cov"
[ -x "$llvm_cov" ] || llvm_cov=$(command -v llvm-cov)

binaries=$(swift build --scratch-path "$folder" --show-bin-path)
report=(-instr-profile "$binaries/codecov/default.profdata"
    -ignore-filename-regex '/Tests/|/\.build|/DerivedSources/'
    "$binaries/dunlinPackageTests.xctest")
mkdir -p coverage
"$llvm_cov" export -format=lcov "${report[@]}" | sed "s|^SF:$PWD/|SF:|" >coverage/lcov.info
"$llvm_cov" report "${report[@]}" -show-functions=false -show-region-summary=false -show-branch-summary=false
printf 'coverage/lcov.info: %d files\n' "$(grep -c '^SF:' coverage/lcov.info)"
