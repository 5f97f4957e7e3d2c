#!/usr/bin/env bash
# Two hosts to try with on one machine: two network namespaces joined by a cable. Linux, as root.
#
#     bash examples/cluster/two-hosts.sh --hidden 100 --epochs 2      (arguments of `unstuck train`)
#
# Between real hosts only the two lines with torchrun are needed, one on each.
set -euo pipefail
first=unstuck-first-$$ second=unstuck-second-$$

trap 'ip netns delete $first; ip netns delete $second' EXIT
for host in $first $second; do
    ip netns add $host
    ip -netns $host link set lo up
done
ip link add eth0 netns $first type veth peer name eth0 netns $second
ip -netns $first address add 10.77.0.1/24 dev eth0
ip -netns $second address add 10.77.0.2/24 dev eth0
ip -netns $first link set eth0 up
ip -netns $second link set eth0 up

on() { # the number of a host, its name, the arguments
    ip netns exec "$2" torchrun --nnodes 2 --node-rank "$1" --master-addr 10.77.0.1 --master-port 29500 \
        --nproc-per-node 1 -m unstuck train "${@:3}"
}
export GLOO_SOCKET_IFNAME=eth0
on 1 $second "$@" &
on 0 $first "$@"
wait
