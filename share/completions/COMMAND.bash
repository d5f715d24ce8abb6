# bash(1) completion of COMMAND. What may follow is known to kletka itself: kletka complete.
# shellcheck shell=bash

_kletka() {
    local -a words=() places=() told
    local place word='' typed cut name about
    COMPREPLY=()
    # bash cuts words at `=` and `:`, and kletka knows words that have these.
    for ((place = 0; place <= COMP_CWORD; place++)); do
        word=${COMP_WORDS[place]}
        if ((place == COMP_CWORD)) && [[ ${COMP_LINE:0:COMP_POINT} == *[[:blank:]] ]]; then
            word='' typed=yes
        fi
        if [[ -z $typed && ${#words[@]} -gt 1 && ($word == [=:] || ${words[-1]} == *[=:]) ]]; then
            words[-1]+=$word
        else
            words+=("$word") places+=("$place")
        fi
    done
    typed=${words[-1]}
    cut=${typed%"${typed##*[=:]}"}
    {
        read -r -a told
        # Others choose some of the names: none is ever expanded, and each comes quoted.
        # shellcheck disable=SC2034  # bash has no place for what a word does
        while IFS=$'\t' read -r name about; do
            printf -v name %q "${name#"$cut"}"
            COMPREPLY+=("$name")
        done
    } < <(kletka complete "${words[@]}" 2> /dev/null)
    case ${told[0]} in
    nospace) compopt -o nospace ;;
    files)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "${typed#"$cut"}")
        ;;
    directories)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -d -- "${typed#"$cut"}")
        ;;
    users) mapfile -t COMPREPLY < <(compgen -u -- "$typed") ;;
    command)
        place=${places[told[1]]}
        # The second name is that of bash-completion before 2.12.
        for word in _comp_command_offset _command_offset; do
            if declare -F $word > /dev/null; then
                $word "$place"
                return
            fi
        done
        mapfile -t COMPREPLY < <(compgen -c -- "$typed")
        ;;
    esac
    if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]]; then compopt -o nospace; fi
}
complete -F _kletka COMMAND
