#!/usr/bin/env bash
# Who needs only SocketIOServer or SocketIOClient depends on this package with `traits: []`, and must fetch nothing that these two do not use.
# Resolves such a package of its own, and compares what was fetched with the list below.
#   scripts/check-light-dependency.sh [--build]      --build also builds it in release configuration, without and with TLS, and prints the time
set -euo pipefail
cd "$(dirname "$0")/.."

needed="swift-atomics swift-collections swift-log swift-metrics swift-nio swift-system"
checkout="$PWD"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir -p Sources/light

# Arguments: the traits as a list of texts.
write_package() {
    cat >Package.swift <<SWIFT
// swift-tools-version:6.2
import PackageDescription

let package = Package(
    name: "light", platforms: [.macOS(.v15)],
    dependencies: [.package(name: "dunlin", path: "$checkout", traits: [$1])],
    targets: [
        .executableTarget(
            name: "light",
            dependencies: [
                .product(name: "SocketIOServer", package: "dunlin"), .product(name: "SocketIOClient", package: "dunlin"),
            ])
    ])
SWIFT
}
cat >Sources/light/main.swift <<'SWIFT'
import SocketIOClient
import SocketIOServer

var configuration = SocketIOConfiguration()
configuration.perMessageDeflate = PerMessageDeflateOptions()
let io = SocketIO(configuration: configuration)
io.onConnection { socket in socket.on("echo") { $0.acknowledge?($0.arguments) } }
await io.shutdown()
// Nobody listens: the first is left at once, and the second must say what is missing if there is no TLS.
for url in ["http://127.0.0.1:1", "wss://127.0.0.1:1"] {
    do {
        try await withSocketIOClient(url) { $0.disconnect() }
    } catch {
        print(error)
    }
}
SWIFT

check() {
    local traits=$1 expected=$2 fetched
    write_package "$traits"
    rm -rf .build Package.resolved
    swift package resolve >resolve.log 2>&1 || { cat resolve.log >&2; exit 1; }
    fetched=$(ls .build/checkouts | sort | xargs)
    if [ "$fetched" != "$expected" ]; then
        printf 'traits [%s]: fetched "%s", not "%s"\n' "$traits" "$fetched" "$expected" >&2
        exit 1
    fi
    printf 'traits [%s]: %d packages fetched: %s\n' "$traits" "$(wc -w <<<"$fetched")" "$fetched"
    [ "$mode" = --build ] || return 0
    local began=$SECONDS
    swift build --configuration release >build.log 2>&1 || { tail -50 build.log >&2; exit 1; }
    printf '    built in %d s, %d modules of ours and others\n' "$((SECONDS - began))" "$(find .build/release/ -maxdepth 1 -name '*.build' | wc -l)"
    local said expected=''
    [ -n "$traits" ] || expected='connectFailed("https and wss need the trait TLS of the package dunlin")'
    said=$(.build/release/light)
    [ "$said" = "$expected" ] || { printf 'traits [%s]: it said "%s", not "%s"\n' "$traits" "$said" "$expected" >&2; exit 1; }
}

mode="${1:-}"
check '' "$needed"
check '"TLS"' "$(printf '%s\n' $needed swift-nio-ssl | sort | xargs)"
