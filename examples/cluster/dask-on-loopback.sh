#!/usr/bin/env bash
# A Dask cluster of two workers on this machine, which listens on loopback only, and many programs diagnosed by it.
#
#     bash examples/cluster/dask-on-loopback.sh submissions --out reports      (arguments of `unstuck diagnose`)
set -euo pipefail
address=tcp://127.0.0.1:${PORT:-8786}

trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT
dask scheduler --host 127.0.0.1 --port "${PORT:-8786}" --dashboard-address 127.0.0.1:0 &
dask worker "$address" --host 127.0.0.1 --nworkers 2 --nthreads 1 --dashboard-address 127.0.0.1:0 &
unstuck diagnose "$@" --scheduler "$address"
