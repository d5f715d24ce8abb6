# What may follow ifconfig, for bash(1). Made from the catalogue by `cargo xtask words`.

_kletka_ifconfig() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} words
    case $before in
    -f) words="ether:colon ether:dash ether:dotted inet:hex inet:dotted inet:cidr inet6:numeric inet6:cidr default" ;;
    -g | -G | group | -group) words="all" ;;
    -j | vnet | -vnet) words="$(jls name 2>/dev/null)" ;;
    name | descr | description | fib | tunnelfib | netmask | broadcast | prefixlen | mtu | pltime | vltime | deladdr | timeout | maxaddr | hellotime | fwddelay | maxage | priority | vlan | vlanpcp | tunnel | grekey | vxlanid | vni | vxlanlocal | vxlanremote | vxlangroup | vxlanlocalport | vxlanremoteport | vxlanttl) words="" ;;
    addm | deletem | span | -span | private | -private | discover | -discover | learn | -learn | static | stp | -stp | ifpriority | ifpathcost | vlandev | laggport | -laggport | vxlandev) words="$(ls /sys/class/net | sed 's/^lo$/lo0/')" ;;
    vlanproto) words="802.1q 802.1ad qinq" ;;
    laggproto) words="failover loadbalance roundrobin broadcast lacp" ;;
    *)
        if [[ $COMP_CWORD -eq 1 ]]; then
            words="-a -C -d -f -g -G -j -L -l -n -u --help bridge epair gif gre lagg lo tap tun vlan vxlan wg $(ls /sys/class/net | sed 's/^lo$/lo0/')"
        else
            words="create plumb destroy unplumb name descr description -descr -description group -group vnet -vnet fib tunnelfib inet inet6 ether link lladdr random alias add -alias delete remove netmask broadcast prefixlen up down mtu arp -arp promisc -promisc allmulti -allmulti debug -debug rxcsum -rxcsum txcsum -txcsum rxcsum6 -rxcsum6 txcsum6 -txcsum6 tso -tso tso4 -tso4 tso6 -tso6 lro -lro vlanhwtag -vlanhwtag vlanhwfilter -vlanhwfilter pltime vltime deprecated -deprecated eui64 accept_rtadv -accept_rtadv ifdisabled -ifdisabled auto_linklocal -auto_linklocal no_dad -no_dad no_radr -no_radr addm deletem span -span private -private discover -discover learn -learn addr static deladdr flush flushall timeout maxaddr stp -stp hellotime fwddelay maxage priority ifpriority ifpathcost vlan vlandev vlanproto vlanpcp laggproto laggport -laggport tunnel grekey vxlanid vni vxlanlocal vxlanremote vxlangroup vxlandev vxlanlocalport vxlanremoteport vxlanttl vxlanlearn -vxlanlearn"
        fi
        ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -F _kletka_ifconfig ifconfig
