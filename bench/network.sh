#!/bin/sh
# network.sh DIALECT ROUNDS SECONDS: TCP through epair, bridge, epair, made by ifconfig of DIALECT and by ip(8).
#
# For unshare(1) with --net --mount --pid: what it makes goes with its namespaces. Each round measures all, one after
# the other, and prints `NAME KBITS_A_SECOND` for each: what the receiver got.
set -eu
dialect=$1 rounds=$2 seconds=$3
mount -t tmpfs tmpfs /run
mkdir /run/netns
for end in k1 k2 i1 i2; do ip netns add $end; done

# A jail's usual network, as FreeBSD's lines make it.
ifconfig() { "$dialect/ifconfig" "$@"; }
ifconfig bridge0 create
for unit in 1 2; do
    ifconfig epair$unit create up > /dev/null
    ifconfig bridge0 up addm epair${unit}a
    ip link set epair${unit}b netns k$unit
    ip netns exec k$unit "$dialect/ifconfig" epair${unit}b inet 10.0.0.$unit/24 inet6 fd00::$unit/64 up
done

# The same by ip(8).
ip link add br0 type bridge
ip link set br0 up
for unit in 1 2; do
    ip link add v${unit}a type veth peer name v${unit}b netns i$unit
    ip link set v${unit}a master br0 up
    ip -n i$unit address add 10.0.0.$unit/24 dev v${unit}b
    ip -n i$unit address add fd00::$unit/64 dev v${unit}b
    ip -n i$unit link set v${unit}b up
done

measure() {     # NAMESPACE ADDRESS SECONDS
    ip netns exec "$1" iperf3 --format k --time "$3" --client "$2" | awk '/receiver/ { print $7 }'
}

for end in k2 i2; do ip netns exec $end iperf3 --server > /dev/null 2>&1 & done
for end in k1 i1; do    # until the server listens and the addresses are known to be unique
    until [ -n "$(measure $end fd00::2 1 2> /dev/null)" ]; do :; done
done
for round in $(seq "$rounds"); do
    # Who comes first has no advantage: it changes.
    ends='k1 i1'
    [ $((round % 2)) = 1 ] || ends='i1 k1'
    for address in 10.0.0.2 fd00::2; do
        for end in $ends; do
            case $end in k1) name=ifconfig ;; *) name=ip ;; esac
            case $address in *:*) name=$name-inet6 ;; *) name=$name-inet ;; esac
            echo "$name $(measure $end $address "$seconds")"
        done
    done
done
