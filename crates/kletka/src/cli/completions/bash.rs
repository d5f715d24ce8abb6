//! The script of a command for bash(1). As bash-completion wants it, each command has a file of its
//! own, which is read when the command is first completed.

use super::fill::wrapped;
use super::grammar::{Command, Flag, Rule, Word};
use super::{ORIGIN, names};

/// The function that offers names. It avoids `compgen -W`, which would expand what stands in a
/// name: a jail can choose the names of its interfaces.
const OFFER: &str = r#"# Offers the lines of standard input that go on from what is typed.
# Some are names that others chose: so none is ever expanded, and each comes quoted.
_kletka_offer() {
    local line
    while IFS= read -r line; do
        if [[ $line == "$current"* ]]; then
            printf -v line %q "$line"
            COMPREPLY+=("$line")
        fi
    done
    if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]]; then compopt -o nospace; fi
}

"#;

/// The function that reads the words before the one that is completed.
const READ: &str = r#"# Parts the words before this one into options and operands.
# `takes` is the option that has this word as its value.
# $1: the options that have one. $2: options may stand behind operands.
_kletka_read() {
    local word
    for word in "${words[@]:1:at - 1}"; do
        if [[ -n $takes ]]; then
            takes=''
        elif [[ $word == -?* && (-n $2 || -z $operands) ]]; then
            given+=" $word"
            # shellcheck disable=SC2053
            if [[ $word == $1 ]]; then takes=$word; fi
        else
            operands+="${operands:+ }$word"
        fi
    done
}

"#;

/// The function that offers files, by an option of compgen.
const FILES: &str = r#"_kletka_files() {
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen "$1" -- "$current")
}

"#;

/// The function that completes what follows the first word as a command line of its own. The older
/// name is that of bash-completion before 2.12.
const APPLET: &str = r#"_kletka_applet() {
    local complete
    for complete in _comp_command_offset _command_offset; do
        if declare -F $complete > /dev/null; then
            $complete 1
            return
        fi
    done
}

"#;

/// Writes the script of `command`.
pub(super) fn script(command: &Command) -> String {
    let name = command.name;
    let mut body: String = command.inner.iter().map(function).collect();
    body += &function(command);
    let applet = if command.inner.is_empty() { "" } else { APPLET };
    let names = names::definitions(&body);
    format!(
        "# bash(1) completion of {name}.\n# {ORIGIN}\n# shellcheck shell=bash disable=SC2012\n\n\
         {READ}{OFFER}{FILES}{applet}{names}{body}_kletka_{name}() {{\n    \
         local words=(\"${{COMP_WORDS[@]}}\") at=$COMP_CWORD\n    \
         COMPREPLY=()\n    _kletka_complete_{name}\n}}\n\
         complete -F _kletka_{name} {name}\n"
    )
}

/// Writes the function that completes word `at` of `words`. The first of the words is the command.
fn function(command: &Command) -> String {
    let name = command.name;
    let mut text = format!("_kletka_complete_{name}() {{\n");
    text += &delegation(command);
    text += "    local current=${words[at]} before=${words[at - 1]}\n    \
             local given='' operands='' takes=''\n";
    let valued: Vec<&Flag> = command.flags.iter().filter(|flag| flag.value.is_some()).collect();
    let valued = if valued.is_empty() { String::new() } else { pattern(&valued) };
    let permutes = if command.permutes { "yes" } else { "" };
    text += &format!("    _kletka_read '{valued}' '{permutes}'\n");
    // bash cuts words at `=` (COMP_WORDBREAKS): what follows the sign is the value of a parameter,
    // which may be a path.
    text += "    if [[ $current == '=' || $before == '=' ]]; then\n        \
             current=${current#=}\n        _kletka_files -f\n";
    text += &values(&command.flags);
    if !command.flags.is_empty() {
        let before_operands = if command.permutes { "" } else { " && -z $operands" };
        let names: Vec<String> = command.flags.iter().map(|flag| flag.name.to_owned()).collect();
        text += &format!("    elif [[ $current == -*{before_operands} ]]; then\n");
        text += &offer(&Word::Choice(names));
    }
    text += &rules(&command.rules);
    text + "    fi\n}\n\n"
}

/// Writes the lines that leave the completion to the command that the first operand names.
fn delegation(command: &Command) -> String {
    if command.inner.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = command.inner.iter().map(|inner| inner.name).collect();
    format!(
        "    if ((at > 1)); then\n        case ${{words[1]}} in\n        {})\n            \
         local inner=${{words[1]}}\n            words=(\"${{words[@]:1}}\")\n            \
         at=$((at - 1))\n            \"_kletka_complete_$inner\"\n            return\n            \
         ;;\n        esac\n    fi\n",
        names.join(" | ")
    )
}

/// Writes the pattern of a word that is one of `flags`. A letter may stand behind other letters,
/// which take no value: `-vf`.
fn pattern(flags: &[&Flag]) -> String {
    let (long, short): (Vec<&&Flag>, Vec<_>) =
        flags.iter().partition(|flag| flag.name.starts_with("--"));
    let letters: String = short.iter().map(|flag| flag.name.trim_start_matches('-')).collect();
    let short = (!letters.is_empty()).then(|| format!("-*([!-])[{letters}]"));
    let long = long.iter().map(|flag| flag.name.to_owned());
    format!("@({})", short.into_iter().chain(long).collect::<Vec<_>>().join("|"))
}

/// Writes the branches for values of options. Options whose values are of one kind share a branch.
fn values(flags: &[Flag]) -> String {
    let mut kinds: Vec<(&Word, Vec<&Flag>)> = Vec::new();
    for flag in flags {
        let Some((_, word)) = &flag.value else { continue };
        match kinds.iter_mut().find(|(known, _)| *known == word) {
            Some((_, alike)) => alike.push(flag),
            None => kinds.push((word, vec![flag])),
        }
    }
    let branch = |(word, flags): &(&Word, Vec<&Flag>)| {
        format!("    elif [[ $takes == {} ]]; then\n{}", pattern(flags), offer(word))
    };
    kinds.iter().map(branch).collect()
}

fn rules(rules: &[Rule]) -> String {
    let mut text = String::new();
    for rule in rules {
        let pattern = rule.when.replace(' ', "\\ ");
        text += &format!("    elif [[ $given:$operands == {pattern} ]]; then\n");
        text.extend(rule.offers.iter().map(offer));
    }
    text
}

/// Writes the lines that offer a word.
fn offer(word: &Word) -> String {
    let from = |command: &str| format!("        _kletka_offer < <({command})\n");
    if let Some(function) = names::printed_by(word) {
        // sysrc(8) takes `name`, `name=value` and `name+=value`: no blank is added, so that typing
        // can go on.
        let no_space = if *word == Word::Variable { "        compopt -o nospace\n" } else { "" };
        return from(function) + no_space;
    }
    match word {
        Word::Choice(words) => {
            let lines = wrapped(words, " \\\n            ");
            from(&format!("printf '%s\\n' \\\n            {lines}"))
        }
        Word::User => from("compgen -u"),
        Word::Program(_) => from("compgen -c -- \"$current\""),
        Word::File => "        _kletka_files -f\n".to_owned(),
        Word::Directory => "        _kletka_files -d\n".to_owned(),
        Word::Applet => "        _kletka_applet\n".to_owned(),
        _ => "        :\n".to_owned(),
    }
}
