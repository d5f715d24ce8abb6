//! Functions of the shells that print names, one a line. Each script contains the functions that it
//! uses.

use super::fill::wrapped;
use super::grammar::Word;
use jailparam::{Access, CATALOGUE, Kind, Support};

/// The function that prints the names of configured jails: those in jail.conf(5), and those after
/// which a file is called.
///
/// `jail -e` with a line feed prints a parameter on a line, so that sed(1) finds the names. jail(8)
/// quotes a name that has blanks.
const CONFIGURED: &str = r#"_kletka_configured() {
    {
        kletka jail -e $'\n' 2> /dev/null | sed -n -e 's/^name="\(.*\)"$/\1/p' -e t -e 's/^name=//p'
        ls /etc 2> /dev/null | sed -n 's/^jail\.\(.*\)\.conf$/\1/p'
        ls /etc/jail.conf.d 2> /dev/null | sed -n 's/\.conf$//p'
    } | sort -u
}
"#;

/// Answers the command that prints the possible names of a word. `None`: words of this kind are not
/// names that a command prints.
pub(super) fn printed_by(word: &Word) -> Option<&'static str> {
    match word {
        Word::Configured => Some("_kletka_configured"),
        Word::Running => Some("_kletka_running"),
        Word::Variable => Some("_kletka_variables"),
        Word::Interface => Some("_kletka_interfaces"),
        Word::Assignment => Some("_kletka_assignments"),
        Word::Parameter => Some("_kletka_parameters"),
        _ => None,
    }
}

/// Writes the definitions of the functions that `script` calls.
pub(super) fn definitions(script: &str) -> String {
    let called = |body: &str| format!("{body}() {{\n");
    let simple =
        |name: &str, command: &str| format!("{}    {command} 2> /dev/null\n}}\n", called(name));
    let functions = [
        ("_kletka_configured", CONFIGURED.to_owned()),
        ("_kletka_running", simple("_kletka_running", "kletka jls name")),
        ("_kletka_variables", simple("_kletka_variables", "kletka sysrc -AN")),
        ("_kletka_interfaces", simple("_kletka_interfaces", "ls /sys/class/net")),
        (
            "_kletka_parameters",
            "_kletka_parameters() {\n    _kletka_assignments | sed 's/=$//'\n}\n".to_owned(),
        ),
        ("_kletka_assignments", assignments()),
    ];
    let mut text = String::new();
    for (name, definition) in functions {
        // One function may call another, which then stands behind it in the list:
        // `_kletka_parameters` calls `_kletka_assignments`.
        if script.contains(name) || text.contains(name) {
            text += &format!("{definition}\n");
        }
    }
    text
}

/// Writes the function that prints the parameters which jail(8) takes, with `=` where a value
/// follows.
fn assignments() -> String {
    let can_be_given = CATALOGUE.iter().filter(|parameter| {
        parameter.access != Access::ReadOnly && !matches!(parameter.support, Support::Refused(_))
    });
    let forms = can_be_given.map(|parameter| {
        let equals = if parameter.kind == Kind::Bool { "" } else { "=" };
        format!("{}{equals}", parameter.name)
    });
    let lines = wrapped(&forms.collect::<Vec<_>>(), " \\\n        ");
    format!("_kletka_assignments() {{\n    printf '%s\\n' \\\n        {lines}\n}}\n")
}
