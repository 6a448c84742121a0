#!/usr/bin/env bash
# Two classroom servers on this machine as one: PostgreSQL, Redis, nginx before them, all on the loopback interface and in a folder of their
# own. Everything ends with Ctrl-C, and the data goes with it.
#
#   DATABASE=postgres://…  uses that database instead of one of its own
#   REDIS=redis://…        the same for Redis
#   PORT=8080              where nginx listens
#   SECONDS_AT_MOST=60     ends by itself
set -euo pipefail
cd "$(dirname "$0")/.."

port="${PORT:-8080}"
folder="$(mktemp -d -t dunlin-cluster.XXXXXX)"
children=()

finish() {
    trap - EXIT INT TERM
    # The last one started goes first, and each has its time.
    for ((index = ${#children[@]} - 1; index >= 0; index--)); do
        kill -TERM "${children[index]}" 2>/dev/null || continue
        wait "${children[index]}" 2>/dev/null || true
    done
    rm -rf "$folder"
}
trap finish EXIT
trap 'exit 0' INT TERM

fail() {
    printf 'cluster: %s\n' "$*" >&2
    for log in "$folder"/*.log; do [ -s "$log" ] && tail -n 5 "$log" >&2; done
    exit 1
}

# Asks until a command succeeds.
wait_for() {
    local what="$1"
    shift
    for _ in $(seq 300); do
        if "$@" >/dev/null 2>&1; then return; fi
        sleep 0.1
    done
    fail "$what did not start"
}

# PostgreSQL refuses to run as root. An array and no function: the process that is started has to be the one that is ended.
as_postgres=()
if [ "$(id -u)" -eq 0 ]; then as_postgres=(setpriv --reuid=postgres --regid=postgres --clear-groups); fi

if [ -z "${DATABASE:-}" ]; then
    programs="$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)"
    [ -n "$programs" ] || fail "PostgreSQL is missing: scripts/install-dependencies.sh test brings it"
    mkdir "$folder/postgres"
    chmod 711 "$folder"
    if [ "$(id -u)" -eq 0 ]; then chown postgres "$folder/postgres"; fi
    "${as_postgres[@]}" "$programs/initdb" --pgdata "$folder/postgres/data" --username dunlin --auth trust >"$folder/initdb.log" 2>&1 ||
        fail "PostgreSQL cannot be set up"
    "${as_postgres[@]}" "$programs/postgres" -D "$folder/postgres/data" -p 5433 -c listen_addresses=127.0.0.1 \
        -c unix_socket_directories="$folder/postgres" >"$folder/postgres.log" 2>&1 &
    children+=($!)
    wait_for PostgreSQL "$programs/pg_isready" -h 127.0.0.1 -p 5433
    DATABASE="postgres://dunlin@127.0.0.1:5433/postgres"
fi

if [ -z "${REDIS:-}" ]; then
    redis-server --port 6390 --bind 127.0.0.1 --save '' --appendonly no --dir "$folder" --daemonize no >"$folder/redis.log" 2>&1 &
    children+=($!)
    wait_for Redis redis-cli -p 6390 ping
    REDIS="redis://127.0.0.1:6390"
fi

dunlin="$(swift build --show-bin-path)/dunlin"
[ -x "$dunlin" ] || fail "build it first: make run does"
for own in 3001 3002; do
    "$dunlin" serve --port "$own" --database "$DATABASE" --redis "$REDIS" --public-url "http://127.0.0.1:$port" \
        --trusted-proxy 127.0.0.1 "$@" \
        >"$folder/server-$own.out" 2>"$folder/server-$own.log" &
    children+=($!)
    wait_for "the server on port $own" curl --silent --fail "http://127.0.0.1:$own/readyz"
done

sed "s/:8080/:$port/" deploy/nginx.conf >"$folder/nginx.conf"
nginx -p "$folder" -e stderr -c "$folder/nginx.conf" -g "daemon off; pid $folder/nginx.pid;" >"$folder/nginx.log" 2>&1 &
children+=($!)
wait_for nginx curl --silent --fail "http://127.0.0.1:$port/readyz"

printf '%s\n' "one classroom on http://127.0.0.1:$port" \
    "  servers on ports 3001 and 3002: kill -TERM ${children[-3]} or ${children[-2]} and see what happens" \
    "  database $DATABASE" "  redis    $REDIS" "  logs in  $folder"
if [ -n "${SECONDS_AT_MOST:-}" ]; then sleep "$SECONDS_AT_MOST" & wait $!; else wait -n "${children[-1]}"; fi
