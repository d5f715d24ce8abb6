#compdef COMMAND
# zsh(1) completion of COMMAND. What may follow is known to kletka itself: kletka complete.

_kletka() {
    local -a before lines told names shown open open_shown
    local line name about tab=$'\t'
    before=("${(@Q)words[1,CURRENT-1]}")
    # Others choose some of the names: they are split at line feeds, and never expanded.
    lines=("${(@f)$(kletka complete "${(@)before}" "${(Q)PREFIX}" 2> /dev/null)}")
    told=(${=lines[1]})
    for line in "${(@)lines[2,-1]}"; do
        [[ -n $line ]] || continue
        name=${line%%$tab*}
        about=$name
        [[ $line != *$tab* ]] || about="$name -- ${line#*$tab}"
        # Typing goes on behind a `=`.
        if [[ $name == *= || $told[1] == nospace ]]; then
            open+=("$name")
            open_shown+=("$about")
        else
            names+=("$name")
            shown+=("$about")
        fi
    done
    case $told[1] in
    files)
        compset -P '*='
        _files
        return
        ;;
    directories)
        compset -P '*='
        _files -/
        return
        ;;
    users)
        _users
        return
        ;;
    command)
        ((CURRENT -= told[2]))
        shift $told[2] words
        _normal
        return
        ;;
    esac
    local ret=1
    [[ "$names" == "$shown" ]] && compadd -a names && ret=0
    [[ "$names" != "$shown" ]] && compadd -l -d shown -a names && ret=0
    [[ "$open" == "$open_shown" ]] && compadd -S '' -a open && ret=0
    [[ "$open" != "$open_shown" ]] && compadd -l -S '' -d open_shown -a open && ret=0
    return ret
}

_kletka "$@"
