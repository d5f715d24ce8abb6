//! The script of a command for zsh(1): a function in the `fpath` that calls _arguments of
//! zshcompsys(1).

use super::fill::wrapped;
use super::grammar::{Command, Flag, Rule, Word};
use super::{ORIGIN, names};

/// The function that offers names. Its `(f)` splits at line feeds only and expands nothing.
const LINES: &str = r#"# Offers each line that the command $1 prints; what follows is for compadd.
_kletka_lines() {
    local -a lines
    lines=(${(f)"$($1)"})
    compadd "${@:2}" -a lines
}

"#;

/// The function that completes a command line inside the command line.
const BEHIND: &str = r#"# Completes what stands behind $1 operands as a command line of its own.
_kletka_behind() {
    words=("${(@)words[$1 + 1,-1]}")
    ((CURRENT -= $1))
    _normal
}

"#;

/// Writes the script of `command`.
pub(super) fn script(command: &Command) -> String {
    let name = command.name;
    let mut body: String = command.inner.iter().map(function).collect();
    body += &function(command);
    body += &format!("_kletka_complete_{name} \"$@\"\n");
    let lines = if body.contains("_kletka_lines") { LINES } else { "" };
    let behind = if body.contains("_kletka_behind") { BEHIND } else { "" };
    let names = names::definitions(&body);
    format!("#compdef {name}\n# {ORIGIN}\n\n{lines}{behind}{names}{body}")
}

fn function(command: &Command) -> String {
    let name = command.name;
    let mut text = format!("_kletka_complete_{name}() {{\n");
    text +=
        "    local context state state_descr line given operands ret=1\n    typeset -A opt_args\n";
    text += "    _arguments -s";
    // By default _arguments takes options behind operands as well. `-A` ends that at the first
    // operand, as getopt(3) does.
    if !command.permutes {
        text += " -A '-*'";
    }
    text.extend(command.flags.iter().map(spec));
    text += " \\\n        '*:: :->operand' && ret=0\n";
    if command.rules.is_empty() {
        return text + "    return ret\n}\n\n";
    }
    text += "    if [[ $state != operand ]]; then\n        return ret\n    fi\n";
    text += "    given=\"${(k)opt_args}\"\n    operands=\"${(j: :)words[1,CURRENT - 1]}\"\n";
    if !command.inner.is_empty() {
        let names: Vec<&str> = command.inner.iter().map(|inner| inner.name).collect();
        text += &format!(
            "    if ((CURRENT > 1)) && [[ $words[1] == ({}) ]]; then\n        \
             _kletka_complete_$words[1]\n        return\n    fi\n",
            names.join("|")
        );
    }
    text += &rules(&command.rules);
    text + "    return ret\n}\n\n"
}

/// Writes an option in the form that _arguments takes.
fn spec(flag: &Flag) -> String {
    let Flag { name, value, about } = flag;
    match value {
        None => format!(" \\\n        '{name}[{about}]'"),
        Some((called, word)) => {
            let equals = if name.starts_with("--") { "=" } else { "" };
            format!(" \\\n        '{name}{equals}[{about}]:{called}:{}'", action(word))
        }
    }
}

/// Answers the action by which _arguments completes the value of an option.
fn action(word: &Word) -> String {
    if let Some(function) = names::printed_by(word) {
        return format!("_kletka_lines {function}");
    }
    match word {
        Word::Choice(words) => format!("({})", words.join(" ")),
        Word::File => "_files".to_owned(),
        Word::Directory => "_files -/".to_owned(),
        Word::User => "_users".to_owned(),
        _ => String::new(),
    }
}

fn rules(rules: &[Rule]) -> String {
    let mut text = String::new();
    for (place, rule) in rules.iter().enumerate() {
        let word = if place == 0 { "if" } else { "elif" };
        // bash's extended pattern `@(a|b)` is `(a|b)` in zsh.
        let pattern = rule.when.replace(' ', "\\ ").replace("@(", "(");
        text += &format!("    {word} [[ $given:$operands == {pattern} ]]; then\n");
        text.extend(rule.offers.iter().map(offer));
    }
    text + "    fi\n"
}

/// Writes the line that offers a word.
fn offer(word: &Word) -> String {
    let command = match word {
        Word::Any => return "        ret=1\n".to_owned(),
        Word::Choice(words) => {
            format!("compadd -- \\\n            {}", wrapped(words, " \\\n            "))
        }
        Word::Assignment | Word::Variable => action(word) + " -S ''",
        Word::Program(behind) => format!("_kletka_behind {behind}"),
        Word::Applet => "_normal".to_owned(),
        _ => action(word),
    };
    format!("        {command} && ret=0\n")
}
