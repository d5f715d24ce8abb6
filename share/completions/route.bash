# What may follow route, for bash(1). Made from the catalogue by `cargo xtask words`.

_kletka_route() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} words
    case $before in
    -j) words="$(jls name 2>/dev/null)" ;;
    -gateway | -netmask | -prefixlen | -mtu) words="" ;;
    -fib) words="0 default all" ;;
    *)
        if [[ $COMP_CWORD -eq 1 ]]; then
            words="-4 -6 -j -n -q --help add change delete del get show flush"
        else
            words="-4 -inet -6 -inet6 -net -host -iface -interface -gateway -netmask -prefixlen -reject -blackhole -static -mtu -fib default"
        fi
        ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -F _kletka_route route
