#!/usr/bin/env bash
# Leaves dist/dunlin: one stripped release binary with the Swift runtime linked in. Says what it still needs from the system, and tries it in
# an empty folder with an empty environment: every command, the pages of the server, a load test against it.
#   scripts/dist.sh [binary]       tries a binary that is built already instead of building one
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
    printf 'dist: %s\n' "$*" >&2
    exit 1
}

if [ $# -gt 0 ]; then
    binary=$(realpath "$1")
else
    scripts/install-dependencies.sh build
    swift build --configuration release --product dunlin --static-swift-stdlib
    mkdir -p dist
    cp "$(swift build --configuration release --show-bin-path)/dunlin" dist/dunlin
    strip dist/dunlin
    binary=$(realpath dist/dunlin)
fi

# What a system with the same C library has to bring along. Packages bring what these need in turn: libpq5 some twenty of them.
if ldd "$binary" | grep 'not found'; then fail "a library is missing on this machine"; fi
needed=$(readelf --dynamic "$binary" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -v ld-linux | sort)
if grep -qi -e libswift -e libFoundation -e libdispatch <<<"$needed"; then fail "the Swift runtime is not linked in: $needed"; fi
printf '%s: %s MiB; needs from the system:\n' "$binary" "$(($(stat -c %s "$binary") >> 20))"
while IFS= read -r library; do
    # By the file's name: where /lib is a link to /usr/lib, packages may name it by either.
    file=$(ldd "$binary" | awk -v name="$library" '$1 == name { print $3 }' | xargs -r realpath)
    package=$(dpkg -S "*/$(basename "$file")" 2>/dev/null | head -n 1 | cut -d: -f1 || true)
    printf '  %s%s\n' "$library" "${package:+ (Debian: $package)}"
done <<<"$needed"

folder=$(mktemp -d)
server=""
stop() {
    if [ -n "$server" ]; then kill -KILL "$server" 2>/dev/null || true; fi
    rm -rf "$folder"
}
trap stop EXIT
cp "$binary" "$folder/dunlin"
cd "$folder"
alone() { env -i HOME="$folder" "$@"; }

alone ./dunlin --version >/dev/null || fail "it does not start"
for command in serve run worker journey check report init token import backup; do
    alone ./dunlin help "$command" | grep -q . || fail "'dunlin help $command' says nothing"
done
alone ./dunlin init load load.yml >/dev/null
alone ./dunlin check load.yml >/dev/null || fail "it does not accept its own first script"

# Not by `alone`: a function in the background is a shell of its own, and signals would end that one.
env -i HOME="$folder" ./dunlin serve --port 0 --demo >serve.txt 2>serve-errors.txt &
server=$!
url=""
for _ in $(seq 300); do
    url=$(sed -n 's#^listening on \(http://.*\)$#\1#p' serve.txt)
    [ -z "$url" ] || break
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
done
[ -n "$url" ] || fail "the server did not start: $(cat serve.txt serve-errors.txt)"
python3 - "$url" <<'PYTHON' || fail "the server's pages are not in the binary"
import re
import sys
import urllib.parse
import urllib.request

url = sys.argv[1]
page = urllib.request.urlopen(url, timeout=30).read().decode()
assert "<html" in page
for name in set(re.findall(r'(?:src|href)="([^"#]+)"', page)):
    if not name.startswith(("http", "mailto", "data")):
        assert urllib.request.urlopen(urllib.parse.urljoin(url + "/", name), timeout=30).status == 200, name
PYTHON
cat >hello.yml <<SCRIPT
config: {target: "$url", phases: [{duration: 1, arrivalCount: 5}]}
scenarios: [{engine: socketio, flow: [{get: {url: /livez, expect: {statusCode: 200}}}, {emit: [auth, {token: observer_token}], acknowledge: {match: {json: \$.0.ok, value: true}}}]}]
SCRIPT
alone ./dunlin run hello.yml -q -o run.json --html run.html --workers 2 || fail "a load test failed"
alone ./dunlin report run.json >/dev/null
kill -TERM "$server"
wait "$server" || fail "the server did not end in an orderly way"
server=""
printf 'dist: runs in an empty folder with an empty environment\n'
