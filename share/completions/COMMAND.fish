# fish(1) completion of COMMAND. What may follow is known to kletka itself: kletka complete.

function __kletka_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    set -l lines (kletka complete $words "$typed" 2>/dev/null)
    set -l told (string split --no-empty ' ' -- $lines[1])
    # Others choose some of the names: fish expands nothing of what is printed here.
    set -e lines[1]
    if set -q lines[1]
        printf '%s\n' $lines
    end
    set -l part (string replace -r '^.*=' '' -- "$typed")
    set -l before (string sub -l (math (string length -- "$typed") - (string length -- "$part")) -- "$typed")
    switch "$told[1]"
        case files
            printf "%s%s\n" (for path in (__fish_complete_path "$part"); printf '%s\n%s\n' $before $path; end)
        case directories
            printf "%s%s\n" (for path in (__fish_complete_directories "$part" ''); printf '%s\n%s\n' $before $path; end)
        case users
            __fish_complete_users
        case command
            set -l first (math $told[2] + 1)
            set -l inner $words "$typed"
            complete -C "$(string join ' ' -- (string escape -- $inner[$first..-1]))"
    end
end

complete -c COMMAND -f -k -a '(__kletka_complete)'
