//! jail.conf(5) as the commands read it: what is refused, with which message, and FreeBSD's own
//! examples.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output};

use crate::sandbox::Sandbox;
use crate::session::freebsds;

/// Files with a syntax error, and the messages of `jail` for them, without its `jail: `. The file
/// is called `f`.
#[rustfmt::skip]
const REFUSED: &[(&[u8], &[&str])] = &[
    // Comments and strings that do not end.
    (b"x { } /* y",              &["f line 1: unterminated comment"]),
    (b"x { y = \"a; }",          &["f line 1: unterminated string", "f: unexpected EOF"]),
    (b"x { y = 'a; }",           &["f line 1: unterminated string", "f: unexpected EOF"]),
    (b"x { y = \"a\\\"; }",      &["f line 1: unterminated string", "f: unexpected EOF"]),
    (b"x { y = ${a;\n; }",       &["f line 1: unterminated variable", "f line 2: ;: syntax error"]),
    (b"x { y = \"${a\"; }",      &["f line 1: unterminated variable"]),
    (b"x {",                     &["f: unexpected EOF"]),
    (b"x { y = 1;",              &["f: unexpected EOF"]),
    (b"x",                       &["f: unexpected EOF"]),
    (b"x { y =",                 &["f: unexpected EOF"]),
    (b"x { y = 1,",              &["f: unexpected EOF"]),
    // A semicolon is missing.
    (b"x { y = 1 }",             &["f line 1: }: syntax error"]),
    (b"x { y = 1\n\tz = 2; }",   &["f line 2: z: syntax error"]),
    (b"x { y z w; }",            &["f line 1: w: syntax error"]),
    (b"x { y = a b; }",          &["f line 1: b: syntax error"]),
    (b"x { y = \"a\" \"b\"; }",  &["f line 1: \"b\": syntax error"]),
    (b"x { y = a/**/b; }",       &["f line 1: b: syntax error"]),
    // A value is missing, or there is one too many.
    (b"x { y = ; }",             &["f line 1: ;: syntax error"]),
    (b"x { y += ; }",            &["f line 1: ;: syntax error"]),
    (b"x { y = 1, ; }",          &["f line 1: ;: syntax error"]),
    (b"x { y = , 1; }",          &["f line 1: ,: syntax error"]),
    (b"x { y == 1; }",           &["f line 1: =: syntax error"]),
    (b"x { y + = 1; }",          &["f line 1: =: syntax error"]),
    (b"x = { y; }",              &["f line 1: {: syntax error"]),
    // A name is missing, or is more than one token.
    (b"x { = 1; }",              &["f line 1: =: syntax error"]),
    (b"x { += 1; }",             &["f line 1: +=: syntax error"]),
    (b"x { , }",                 &["f line 1: ,: syntax error"]),
    (b"{ y; }",                  &["f line 1: {: syntax error"]),
    (b"x { y/z = 1; }",          &["f line 1: /: syntax error"]),
    (b"x { \"y\"z = 1; }",       &["f line 1: z: syntax error"]),
    (b"x { \"y$z\" = 1; }",      &["f line 1: $z: syntax error"]),
    (b"x { y\\z = 1; }",         &["f line 1: \\z: syntax error"]),
    (b"x { $y-z = 1; }",         &["f line 1: -z: syntax error"]),
    (b"x { $1 = 1; }",           &["f line 1: 1: syntax error"]),
    (b"x.* { }",                 &["f line 1: *: syntax error"]),
    (b"x/y { }",                 &["f line 1: /: syntax error"]),
    (b"$x { }",                  &["f line 1: {: syntax error"]),
    // Braces without their other half.
    (b"}",                       &["f line 1: }: syntax error"]),
    (b"x { } }",                 &["f line 1: }: syntax error"]),
    (b"x { y; }; };",            &["f line 1: }: syntax error"]),
    // Bytes that may not stand in a file.
    (b"x { \x01 }",              &["f line 1: \x01: syntax error"]),
    (b"x { y = a\x7f; }",        &["f line 1: \x7f: syntax error"]),
    (b"x { y; }\0w { }",         &["f line 1: byte 0x00: FreeBSD would read no further; remove it"]),
    (b"x {\n y = caf\xe9; }",    &["f line 2: byte 0xe9 outside quotes: FreeBSD would read no further; put the text in quotes"]),
    (b"\xef\xbb\xbfx { }",       &["f line 1: byte order mark: FreeBSD would read nothing of this file; save it without"]),
    // All errors are reported, not only the first.
    (b"x { y = ; z = 1, ; }\nw { v u t; }", &["f line 1: ;: syntax error", "f line 1: ;: syntax error", "f line 2: t: syntax error"]),
    // Errors about included files.
    (b"x { }\n.include no;",     &["no: No such file or directory"]),
    (b".include d;",             &["d: Is a directory"]),
    (b"$d = bad;\n.include $d;", &["f line 2: variables not permitted in '.include' filename"]),
    (b".include f;",             &["maximum include depth exceeded"]),
    (b".include d/open; }",      &["d/open: unexpected EOF"]),
    (b"x { .include d/close;",   &["d/close line 1: }: syntax error"]),
    (b".include \"d/*\";",       &["d/close line 1: }: syntax error"]),
    (b".include d/open\nx { }",  &["f line 2: x: syntax error"]),
];

/// Jails whose parameters cannot be expanded, the messages of `jail`, and what `jail -e` still
/// prints of them.
#[rustfmt::skip]
const FAILED: &[(&str, &[&str], &str)] = &[
    ("x { y = $z; }",                    &["x: y: variable \"z\" not found"],               "name=x y=\"\""),
    ("x { $z; y = \"a${z}b\"; }",        &["x: y: variable \"z\" not found"],               "name=x y=ab"),
    ("x { y = $z; $z = $w; }",           &["x: z: variable \"w\" not found"],               "name=x y=\"\""),
    ("x { y = $z, ${w.v}; }",            &["x: y: variable \"z\" not found", "x: y: variable \"w.v\" not found"], "name=x y=\"\",\"\""),
    ("x { y = $y; }",                    &["x: y: variable loop"],                          "name=x y=\"\""),
    ("x { y = $z; $z = $y; }",           &["x: y: variable loop"],                          "name=x y=\"\""),
    ("x { $z = 1, 2; y = a$z; }",        &["x: y: array cannot be substituted inline"],     "name=x y=a"),
    ("x { z = 1, 2; y = \"$z b\"; }",    &["x: y: array cannot be substituted inline"],     "name=x z=1,2 y=\" b\""),
    ("x { $path = 1; }",                 &["x: variable \"$path\" cannot have the same name as a parameter."], "name=x"),
    ("x { $nopersist; }",                &["x: variable \"$nopersist\" cannot have the same name as a parameter."], "name=x"),
    ("x { $y = 1; y = 2; }",             &["x: variable \"$y\" cannot have the same name as a parameter."], "name=x"),
    ("x { y = 2; $y = 1; }",             &["x: variable \"$y\" cannot have the same name as a parameter."], "name=x y=2"),
    ("* { ${exec.start} = 1; } x { }",   &["x: variable \"$exec.start\" cannot have the same name as a parameter."], "name=x"),
    ("x { name = y; }",                  &["x: cannot redefine parameter \"name\"."],       "name=x"),
    ("x { noname; }",                    &["x: cannot redefine parameter \"name\"."],       "name=x"),
    ("* { name += y; } x { }",           &["x: cannot redefine parameter \"name\"."],       "name=x"),
    ("x { jid = 1; jid = 2; }",          &["x: cannot redefine parameter \"jid\"."],        "name=x"),
];

/// FreeBSD's messages, in which no control character is left for a terminal to obey.
fn said(messages: &[&str]) -> String {
    messages.iter().map(|message| format!("jail: {}\n", vis::text(message.as_bytes()))).collect()
}

fn machine() -> Option<Sandbox> {
    let sandbox = Sandbox::new()?;
    sandbox.write("/tmp/d/open", "x {");
    sandbox.write("/tmp/d/close", "}");
    Some(sandbox)
}

#[test]
fn a_file_that_cannot_be_read_is_refused() {
    let Some(sandbox) = machine() else { return };
    for (text, messages) in REFUSED {
        sandbox.write("/tmp/f", text);
        for command in ["jail -f f -e ' '", "jail -f f -c x", "jail -f f -c", "jail -f f -r x"] {
            let done = sandbox.run(&format!("cd /tmp; {command}"));
            // `-e` is for programs: its messages are FreeBSD's, byte for byte.
            let exact =
                command.contains("-e").then(|| messages.iter().map(|it| format!("jail: {it}\n")));
            let want = ("", exact.map_or_else(|| said(messages), Iterator::collect), 1);
            let text = String::from_utf8_lossy(text);
            let stderr = freebsds(&done.stderr, &want.1);
            assert_eq!((done.stdout.as_str(), stderr, done.status), want, "{command}: {text}");
        }
    }
}

/// `jail -e` prints the part of a jail that it can expand, and exits with 0. The same jail is not
/// started.
#[test]
fn a_jail_that_cannot_be_made_out_is_refused() {
    let Some(sandbox) = machine() else { return };
    for (text, messages, line) in FAILED {
        sandbox.write("/tmp/f", text);
        for (command, stdout, status) in
            [("jail -f f -e ' '", format!("{line}\n"), 0), ("jail -f f -c x", String::new(), 1)]
        {
            let done = sandbox.run(&format!("cd /tmp; {command}"));
            let want = (stdout, said(messages), status);
            let stderr = freebsds(&done.stderr, &want.1);
            assert_eq!((done.stdout, stderr, done.status), want, "{command}: {text}");
        }
    }
}

#[test]
fn a_file_or_a_jail_that_is_not_there() {
    let Some(sandbox) = machine() else { return };
    sandbox.write("/tmp/f", "y { }");
    for (command, message) in [
        ("jail -f /no -e ' '", "/no: No such file or directory"),
        ("jail -f /no -c x", "/no: No such file or directory"),
        ("jail -f /tmp/d -e ' '", "/tmp/d: Is a directory"),
        ("jail -f /tmp/f -c x", "\"x\" not found"),
        ("printf '{ }' | jail -f - -e ' '", "STDIN line 1: {: syntax error"),
    ] {
        let done = sandbox.run(command);
        let want = ("", said(&[message]), 1);
        let stderr = freebsds(&done.stderr, &want.1);
        assert_eq!((done.stdout.as_str(), stderr, done.status), want, "{command}");
    }
}

#[test]
fn on_a_terminal_a_caret_shows_the_place() {
    let Some(sandbox) = machine() else { return };
    sandbox.write("/tmp/f", "# A jail\nx {\n\tpath = /x/$name\n\tpersist;\n\ty = $z\x1b; }\n");
    let done = sandbox.run("cd /tmp; script -qec \"jail -f f -e ' '\" /dev/null");
    let want = "\
jail: f line 4: persist: syntax error; line 3 lacks a \";\" at its end
f line 4:
    \tpersist;
    \t^
jail: f line 5: \\033: syntax error
f line 5:
    \ty = $z\u{fffd}; }
    \t      ^
";
    assert_eq!((done.stdout.replace('\r', "").as_str(), done.status), (want, 1));
}

/// Examples with a NUL or a byte above 127. FreeBSD ignores the rest of such a file and says
/// nothing; here that is an error.
const DROPPED: [&str; 3] = ["066-", "075-", "076-"];

/// For each example the answer is that of FreeBSD's own program, byte for byte.
#[test]
fn examples_of_freebsd() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../jailconf/tests/vectors");
    let mut failures = Vec::new();
    for case in fs::read_dir(folder).unwrap().map(|case| case.unwrap().path()) {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        if DROPPED.iter().any(|dropped| name.starts_with(dropped)) {
            continue;
        }
        let read = |name: &str| fs::read(case.join(name)).unwrap();
        let (stdout, stderr) = (read("stdout"), read("stderr"));
        let status: i32 = String::from_utf8(read("status")).unwrap().trim().parse().unwrap();
        let done = jail_in(&case);
        // Where FreeBSD's program has no defined answer, only its first message counts.
        let message = |text: &[u8]| match status != 0 && case.join("ref-bug").exists() {
            true => text.split(|&byte| byte == b'\n').next().map(<[u8]>::to_vec),
            false => Some(text.to_vec()),
        };
        let same = done.stdout == stdout && message(&done.stderr) == message(&stderr);
        if !same || done.status.code() != Some(status) {
            failures.push(format!("{name}: {done:?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Runs `jail` in the directory of an example, with the arguments of the example.
fn jail_in(case: &Path) -> Output {
    let arguments = fs::read_to_string(case.join("args")).unwrap();
    let mut jail = Command::new(env!("CARGO_BIN_EXE_kletka"));
    jail.arg0("jail").args(arguments.lines()).current_dir(case);
    if let Ok(stdin) = fs::File::open(case.join("stdin")) {
        jail.stdin(stdin);
    }
    jail.output().unwrap()
}
