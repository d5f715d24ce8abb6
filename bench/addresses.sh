#!/bin/sh
# addresses.sh PREFIX ROOT TRAFFIC ROUNDS MS STARTS JAILS...: jails with addresses of the host, beside the host itself.
#
# PREFIX is where kletka is installed, ROOT a jail's root with /bin/traffic, which is TRAFFIC on the host (traffic.c).
# For unshare(1) with --net --mount --pid: what it makes goes with its namespaces. Prints lines `WHAT WHO VALUE`.
set -eu
jail=$1/bin/jail jexec=$1/bin/jexec root=$2 traffic=$3 rounds=$4 ms=$5 starts=$6
shift 6
mount -t tmpfs -o mode=755 tmpfs /run
ip netns add wire
ip link add em0 type veth peer name w0 netns wire
ip link set lo up
ip link set em0 up
ip -n wire link set lo up
ip -n wire link set w0 up
ip address add 10.0.0.9/16 dev em0
ip -n wire address add 10.0.255.1/16 dev w0
one="name=one path=$root persist ip4.addr=em0|10.0.0.1/16"
several="$one,em0|10.0.0.2/16,em0|10.0.0.3/16"
# What any jail costs, and none of the programs that hold a jail to addresses.
inherit="name=one path=$root persist ip4=inherit allow.noreserved_ports"

all() {     # WHO ADDRESS: from the wire, and from this machine
    for what in connect tcp udp stream; do
        echo "wire-$what $1 $(ip netns exec wire "$traffic" ask $what "$2" 7000 "$ms")"
        echo "local-$what $1 $("$traffic" ask $what "$2" 7000 "$ms")"
    done
}

serving() {     # until the server answers
    until "$traffic" ask connect "$1" 7000 1 > /dev/null 2>&1; do :; done
}

host() {    # without any jail: no program of kletka's is there
    # In a session of its own as a jail's is: Linux schedules sessions against each other, and what goes from one to
    # the other takes longer on a busy machine.
    setsid "$traffic" serve 7000 &
    server=$!
    serving 10.0.0.9
    all host 10.0.0.9
    kill $server
    wait $server 2> /dev/null || :
}

jailed() {      # WHO ADDRESS PARAMETER...
    who=$1 address=$2
    shift 2
    "$jail" -q -c "$@" exec.start='/bin/traffic serve 7000 &'
    serving "$address"
    all "$who" "$address"
    "$jail" -q -r one
}

for round in $(seq "$rounds"); do
    # Who comes first has no advantage: it changes.
    # shellcheck disable=SC2086 # parameters are words
    case $((round % 4)) in
    0) order='host inherit one several' ;;
    1) order='inherit one several host' ;;
    2) order='one several host inherit' ;;
    3) order='several host inherit one' ;;
    esac
    for who in $order; do
        case $who in
        host) host ;;
        inherit) jailed inherit 10.0.0.9 $inherit ;;
        one) jailed one 10.0.0.1 $one ;;
        several) jailed several 10.0.0.1 $several ;;
        esac
    done
done

# Starts: of the first jail with an address, and beside another.
ip address add 10.0.0.1/16 dev em0
ip address add 10.0.0.2/16 dev em0
same="-q -c path=$root command=/bin/true"
# shellcheck disable=SC2086
"$traffic" alternate "$starts" -- inherit "$jail" $same ip4=inherit -- first "$jail" $same ip4.addr=10.0.0.1 | sed 's/^/start /'
# shellcheck disable=SC2086
"$jail" -q -c name=other path="$root" persist ip4.addr=10.0.0.2
# shellcheck disable=SC2086
"$traffic" alternate "$starts" -- inherit "$jail" $same ip4=inherit -- beside "$jail" $same ip4.addr=10.0.0.1 | sed 's/^/start-beside /'
"$jail" -q -r other
ip address delete 10.0.0.1/16 dev em0
ip address delete 10.0.0.2/16 dev em0

# Many jails with an address each.
for many in "$@"; do
    for number in $(seq "$many"); do
        echo "j$number { ip4.addr = \"em0|10.0.$((number / 250 + 1)).$((number % 250 + 1))/16\"; }"
    done > /run/many.conf
    sed -i "1i path = $root; persist;" /run/many.conf
    "$traffic" alternate 1 -- "$many" "$jail" -q -f /run/many.conf -c | sed 's/^/many-start /'
    last=10.0.$((many / 250 + 1)).$((many % 250 + 1))
    for round in $(seq 5); do
        echo "many-listen $many $("$jexec" j"$many" /bin/traffic listen 7000 "$ms")"
    done
    "$jexec" j"$many" /bin/traffic serve 7000 > /dev/null 2>&1 &
    serving $last
    for round in $(seq 5); do
        echo "many-connect $many $(ip netns exec wire "$traffic" ask connect $last 7000 "$ms")"
        echo "many-udp $many $(ip netns exec wire "$traffic" ask udp $last 7000 "$ms")"
    done
    "$traffic" alternate 1 -- "$many" "$jail" -q -R '*' | sed 's/^/many-stop /'
    wait
done
