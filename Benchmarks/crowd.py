"""Holds 10,000 idle connections with heartbeats, then has all of them come back at once.

    crowd.py ECHO_SERVER RTLOAD [SECONDS]

Fails if the idle crowd costs 3 % of a core or more, if not all are back five seconds after they were lost, or if the 99th percentile of the
round trips of 100 others more than doubles meanwhile. The server runs on core 0, the generators on core 1: on two busy cores the last figure
says more about the machine than about the server.
"""

import json
import subprocess
import sys
import time

CROWD = 10_000


def rtload(path, port, pid, *options):
    command = ["taskset", "-c", "1", path, "--proto", "sio", "--port", str(port), "--pid", str(pid), "--srcs", "8", "--json", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def result(process):
    output, _ = process.communicate()
    return json.loads(output)


def main(server_path, rtload_path, seconds="60"):
    failed = []
    server = subprocess.Popen(["taskset", "-c", "0", server_path, "--port", "0"], stdout=subprocess.PIPE, text=True)
    running = [server]
    try:
        port = int(server.stdout.readline().rsplit(":", 1)[1])

        def start(*options):
            process = rtload(rtload_path, port, server.pid, *options)
            running.append(process)
            return process

        def others(seconds):
            return result(start("--ack", "-c", "100", "--rate", "1000", "-d", str(seconds)))["p99_us"]

        idle = result(start("--mode", "idle", "-c", str(CROWD), "-d", seconds))
        print(f"{CROWD} idle connections for {seconds} s: {idle['server_cpu_pct']} % of a core, {idle['kib_per_conn']} KiB each")
        if idle["server_cpu_pct"] >= 3:
            failed.append("the idle crowd costs too much")

        crowd = start("--mode", "idle", "-c", str(CROWD), "-d", "600")
        time.sleep(10)
        alone = others(5)
        crowd.kill()
        began = time.monotonic()
        # Ready means joined to the namespace; the generator gives up after five seconds.
        back = start("--mode", "idle", "-c", str(CROWD), "--setup-timeout", "5", "--connecting", "512", "-w", "0", "-d", "1")
        during = others(5)
        returned = result(back)
        print(f"{CROWD} came back in {returned['setup_s']} s; p99 of others {alone} µs before, {during} µs meanwhile")
        if during > 2 * alone:
            failed.append("others had to wait")
        if returned["errors"] or time.monotonic() - began > 60:
            failed.append("not all came back")
    finally:
        for process in running:
            if process.poll() is None:
                process.kill()
            process.wait()
    if failed:
        sys.exit("; ".join(failed))


if __name__ == "__main__":
    main(*sys.argv[1:])
