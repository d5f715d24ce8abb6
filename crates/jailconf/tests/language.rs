//! jail.conf(5), fact by fact: a file, and the line of `jail -f FILE -e " "` or the messages for
//! it.

#![allow(clippy::unwrap_used, reason = "a text that does not parse has failed its test")]

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use jailconf::{Config, Loader};

/// All lines that `jail -e " "` prints for this text, and all messages.
fn run(text: &[u8]) -> (Vec<String>, Vec<String>) {
    let config = match Config::parse(Path::new("f"), text) {
        Ok(config) => config,
        Err(faults) => return (Vec::new(), faults.iter().map(ToString::to_string).collect()),
    };
    let (mut lines, mut messages) = (Vec::new(), Vec::new());
    for expansion in config.expand_all() {
        lines.push(String::from_utf8_lossy(&expansion.jail.to_line(b" ")).into_owned());
        messages.extend(expansion.faults.iter().map(ToString::to_string));
    }
    (lines, messages)
}

/// Each text has one or more jails with the given lines, and no fault.
fn assert_lines(cases: &[(&str, &[&str])]) {
    for (text, want) in cases {
        assert_eq!(
            run(text.as_bytes()),
            (want.iter().map(ToString::to_string).collect(), vec![]),
            "{text:?}"
        );
    }
}

/// Each text has exactly these messages.
fn assert_messages(cases: &[(&str, &[&str])]) {
    for (text, want) in cases {
        assert_eq!(run(text.as_bytes()).1, *want, "{text:?}");
    }
}

#[test]
#[rustfmt::skip]
fn comments() {
    assert_lines(&[
        ("a { x = 1; } # b { }",          &["name=a x=1"]),
        ("a { x = 1; // y;\n}",           &["name=a x=1"]),
        ("a { x /* y */ = /**/ 1; /***/ }", &["name=a x=1"]),
        ("a { x = \"#1 // 2 /* 3\"; }",   &["name=a x=\"#1 // 2 /* 3\""]),
        ("a { x = a#b;\n; }",             &["name=a x=a"]),     // opens inside a value too
        ("a { p = /usr//b;\n; }",         &["name=a p=/usr"]),  // and takes the semicolon along
        ("#/* a { }\nb { } // /*\nc { /* # // */ }", &["name=b", "name=c"]), // one kind inside another is text
    ]);
    assert_messages(&[
        ("a { }\n/* b\n{ }", &["f line 3: unterminated comment"]),
        ("a { /*/ }",        &["f line 1: unterminated comment", "f: unexpected EOF"]),
        ("a { x = b/**/c; }", &["f line 1: c: syntax error"]),   // and parts two pieces
    ]);
}

#[test]
#[rustfmt::skip]
fn strings_and_escapes() {
    assert_lines(&[
        ("a { x = 'b'\"c\"d; }",              &["name=a x=bcd"]),        // pieces that touch are one
        (r#"a { x = "\101\x42\t\q"; }"#,      &["name=a x=\"AB\tq\""]),
        (r"a { x = 'it\'s'; }",               &["name=a x=\"it's\""]),   // single quotes have escapes too
        (r#"a { ${b\}} = 1; x = "$name${b\}"c; }"#, &["name=a x=a1c"]),  // the name is `b}`
        (r"a { x = b\ c\;d; }",               &["name=a x=\"b c;d\""]),
        ("a { x = \"b\\\nc\"; }",             &["name=a x=bc"]),
        ("a { x = b\\\nc; }",                 &["name=a x=bc"]),
        (r#"a { x = "b\0c"d; }"#,             &["name=a x=bd"]),         // a NUL ends its piece
        (r#"a { x = "b\400c", "\xzz"; }"#,    &["name=a x=b,\"\""]),
        (r#"a { x = '$b'; y = "\$b"; }"#,     &["name=a x=$b y=$b"]),    // these are no variables
        (r#"a { x = "$"; y = $(b); z = $1; }"#, &["name=a x=$ y=$(b) z=$1"]),
        ("a { x = \"\"; y = ''; }",           &["name=a x=\"\" y=\"\""]),
        (r"a { x = \a\b\f\n\r\v\e; }",         &["name=a x=\x07\x08\x0c\n\r\x0be"]),
        (r"a { x = \0611\1; }",               &["name=a x=11\x01"]),   // three octal digits at most
        (r"a { x = \x311\xA; }",              &["name=a x=11\n"]),     // and two hexadecimal ones
        ("a { x = \"b\0c\"d; }",              &["name=a x=bd"]),       // a NUL in quotes ends its piece too
        // A name in braces takes a `\"`, even where the quotes close there: the quotes then close
        // at the next `"`.
        (r#"a { ${b\\"} = 1; x = "$name${b\\"}c"; }"#, &["name=a x=a1c"]),
    ]);
    assert_messages(&[
        ("a { x = \"b; }\n}",  &["f line 1: unterminated string", "f line 2: }: syntax error"]),
        ("a { x = 'b; }",      &["f line 1: unterminated string", "f: unexpected EOF"]),
        ("a { x = ${b\n; }",   &["f line 1: unterminated variable", "f line 2: ;: syntax error"]),
        ("a { x = \"${b\"; }", &["f line 1: unterminated variable"]),
    ]);
}

#[test]
#[rustfmt::skip]
fn bytes_that_end_a_file_on_freebsd_are_errors() {
    for (text, want) in [
        (&b"\xef\xbb\xbfa { }"[..],      "f line 1: byte order mark: FreeBSD would read nothing of this file; save it without"),
        (b"a { }\0b { }",                "f line 1: byte 0x00: FreeBSD would read no further; remove it"),
        (b"a {\n x = caf\xc3\xa9; }",    "f line 2: byte 0xc3 outside quotes: FreeBSD would read no further; put the text in quotes"),
        ("a { x = “b c”; y = ‘d e’;\n z = it’s; “f { } }".as_bytes(), "f line 1: typographic quotes: FreeBSD would read no further; write \" in their place"),
        (b"caf\xc3\xa9s { }",          "f line 1: byte 0xc3 outside quotes: FreeBSD would read no further; put the text in quotes"),
    ] {
        assert_eq!(run(text).1, [want], "{text:?}");
    }
    for (text, place) in [(&b"a { }\n x\0y;"[..], "f:2:3"), (b"a { x = b\xff; }", "f:1:10"), (b"\xef\xbb\xbf", "f:1:1")] {
        let faults = Config::parse(Path::new("f"), text).unwrap_err();
        assert_eq!(faults.0[0].place.to_string(), place, "{text:?}");
    }
    let fine = b"# caf\xc3\xa9\na { x = \"caf\xc3\xa9\", '\xff'; }";
    let jail = Config::parse(Path::new("f"), fine).unwrap().expand(b"a").unwrap();
    assert_eq!(jail.parameters[1].values, [b"caf\xc3\xa9".to_vec(), b"\xff".to_vec()]);
}

#[test]
#[rustfmt::skip]
fn statements() {
    assert_lines(&[
        ("a { x; }",                       &["name=a x"]),
        ("a { x = 1; y 2; z += 3; }",      &["name=a x=1 y=2 z=3"]),
        ("a { x = 1, 2; x += 3, 4; }",     &["name=a x=1,2,3,4"]),
        ("a { x = 1; x = 2; }",            &["name=a x=2"]),
        ("a { x = 1; x; }",                &["name=a x"]),              // a bare repeat clears
        ("a { x\ny; }",                    &["name=a x=y"]),            // `;` forgotten: `x = y`
        ("a { \"x y\" = 1; 'z'; }",        &["name=a x y=1 z"]),
        (";;a { ; x; ; };",                &["name=a x"]),
        ("a { } b { } a { x; }",           &["name=a", "name=b", "name=a x"]), // twice is two jails
    ]);
    assert_messages(&[
        ("a { x = ; }",              &["f line 1: ;: syntax error"]),
        ("a { x = = 1; y + = 2; }",  &["f line 1: =: syntax error", "f line 1: =: syntax error"]),
        ("a { x = 1,; }",            &["f line 1: ;: syntax error"]),
        // All is skipped to the next `;`, braces too; it and two tokens more are read in silence.
        ("a { x = 1 }\nb { y z w; }", &["f line 1: }: syntax error"]),
        ("x = = 1; y = = 2;\n",      &["f line 1: =: syntax error", "f line 1: =: syntax error"]),
        ("x = = 1; = 2;\n",          &["f line 1: =: syntax error"]),
        ("x = = 1; ;\n= 2;\n= 3;",    &["f line 1: =: syntax error"]),
        ("x = = 1; ; ;\n= 2;",        &["f line 1: =: syntax error", "f line 2: =: syntax error"]),
        ("x = = { a; }\nb { y; }\n",  &["f line 1: =: syntax error"]),
        ("a { x = = 1; } b { y; }\n}", &["f line 1: =: syntax error", "f line 2: }: syntax error"]),
        ("a { x = = 1; y;",           &["f line 1: =: syntax error", "f: unexpected EOF"]),
        ("a { x = = 1;",              &["f line 1: =: syntax error"]),
        ("a { x = \"b\" \"c\0d\"; }",  &["f line 1: \"c: syntax error"]), // printf(3) ends at the NUL
        ("a { x/y = 1; }",           &["f line 1: /: syntax error"]),   // a name is one token
        ("foo.* { }",                &["f line 1: *: syntax error"]),
        ("a { \"x$y\" = 1; }",       &["f line 1: $y: syntax error"]),
        ("a { x = 1;",               &["f: unexpected EOF"]),
        ("}",                        &["f line 1: }: syntax error"]),
        ("a = {\n x = ,;\n}",        &["f line 1: {: syntax error"]),
        ("a { x = \"1\n2\" \"3\n4\"; }", &["f line 3: \"3\n4\": syntax error"]), // the line where it ends
    ]);
}

#[test]
#[rustfmt::skip]
fn the_no_prefix() {
    assert_lines(&[
        ("a { vnet; novnet; }",                     &["name=a novnet"]),
        ("a { allow.mount; allow.nomount; }",       &["name=a allow.nomount"]),
        ("a { notify = 1; tify = 2; }",             &["name=a tify=2"]),         // any name
        ("a { allow.mount = 1; noallow.mount = 2; }", &["name=a noallow.mount=2"]), // any component
        ("a { nox = 1; x += 2; }",                  &["name=a x=1,2"]),
        ("a { x; nox; nonox; }",                    &["name=a nonox"]),          // x → nox → nonox
        ("a { allow.a.mount; allow.a.nomount = true; }", &["name=a allow.a.nomount=true"]), // the last component
        ("* { persist; } a { nopersist; }",         &["name=a nopersist"]),
        ("a { x; nonox; }",                         &["name=a x nonox"]),        // one `no` at a time
        ("a { x; nonox; nox; nonox = 1; }",         &["name=a nonox=1 nonox"]),  // the first of two takes it
    ]);
}

#[test]
#[rustfmt::skip]
fn sections() {
    assert_lines(&[
        ("x = 1; a { x = 2; } x = 3;",              &["name=a x=2"]),    // the place of all outside is that of its first line
        ("a { x = 2; } x = 3;",                     &["name=a x=3"]),
        ("* { x = 1; } a { } * { x += 2; }",        &["name=a x=1,2"]),
        ("a { x = 1; } * { x += 2; }",              &["name=a x=1,2"]),
        ("\"foo.*\" { x; } foo.a { } foo { } bar.a { }", &["name=foo.a x", "name=foo", "name=bar.a"]),
        ("foo { * { x; } b { y; } z; }",            &["name=foo z", "name=foo.b x y"]), // nested: nothing inherited
        ("a { b { c { x; } y; } z; }",              &["name=a z", "name=a.b y", "name=a.b.c x"]),
        ("\"a.*\" { x = 1; y = 1; } a.b { x += 2; y = 2; }", &["name=a.b x=1,2 y=2"]),
        ("a.b { x += 1; } \"a.*\" { x += 2; } * { x += 3; }", &["name=a.b x=1,2,3"]),  // each in its place
        ("* { p = \"/j/$v\"; } a { $v = 1; } b { $v = 2; }", &["name=a p=/j/1", "name=b p=/j/2"]),
        ("* { $v = 1; } a { x = $v; } b { $v = 2; x = $v; }", &["name=a x=1", "name=b x=2"]),
        ("\"*.a\" { x; } b.a { } c.b.a { }",        &["name=b.a x", "name=c.b.a"]),
        ("7 { x; }",                                &["x name=7"]),      // a number is the jid; the name comes last
        ("7 { name = seven; }",                     &["name=seven"]),
        ("* { name = seven; } 7 { }",               &["name=seven"]),
        ("7 { 8 { x; } }",                          &["name=7", "name=7.8 x"]),  // only the whole name is a number
        ("\"\x0b3\" { x; } -3 { x; }",              &["x name=\x0b3", "x name=-3"]), // strtol(3)
        ("007 { y = $jid; } 0 { } 0x1 { } \" 3\" { }", &["y=007 name=007", "name=0", "name=0x1", "name=\" 3\""]),
    ]);
}

#[test]
#[rustfmt::skip]
fn variables() {
    assert_lines(&[
        ("p = /j/$name; a { } b { }",               &["name=a p=/j/a", "name=b p=/j/b"]),
        ("a { $v = 1; x = \"$v.${v}2\"$v; }",       &["name=a x=1.121"]),
        ("a { x = \"${host.hostname}\"; host.hostname = h; }", &["name=a x=h host.hostname=h"]),
        ("a { x = $v; $v = 1; $v = 2; }",           &["name=a x=2"]),    // the last value, everywhere
        ("a { x = $y; y = z$name; }",               &["name=a y=za x=za"]), // what is needed moves in front
        ("a { $v = '$name'; x = $v; }",             &["name=a x=$name"]), // substituted once
        ("a { $v = 1, 2; x = 0, $v, 3; }",          &["name=a x=0,1,2,3"]),
        ("a { $v = 1, 2; x = \"$v\"; x += $v; }",   &["name=a x=1,2,1,2"]), // with or without quotes
        ("a { $v = 1; x = \"0$v$v\"; }",            &["name=a x=011"]),   // one value goes anywhere
        ("a { y = $z; z = $x; x = 1; w = \"$z$y\"; }", &["name=a z=1 y=1 x=1 w=11"]),
        ("a { $v = 1, 2; $w = \"\"; x = $w$v; }",   &["name=a x=1,2"]),
        ("a { $v = 1; $v += 2; x = $v, $v; }",      &["name=a x=1,2,1,2"]),
        ("a { $v = 1; $nov = 2; x = $nov; }",       &["name=a x=2"]),    // one variable
        ("a { nonojid = 1; nojid = 2; nojid = 3; }", &["name=a nojid=3"]), // was not `jid` when it was first met
    ]);
    assert_messages(&[
        ("a { x = $v; }",                 &["a: x: variable \"v\" not found"]),
        ("a { $v; x = $v; }",             &["a: x: variable \"v\" not found"]),
        ("a { $v = 1, 2; x = b$v; }",     &["a: x: array cannot be substituted inline"]),
        ("a { $v = 1, 2; x = $v\"b\"; }", &["a: x: array cannot be substituted inline"]),
        ("a { $v = 1, 2; x = $v$v; }",    &["a: x: array cannot be substituted inline"]),
        ("a { y = 1, 2; x = \"b${y}\"; }", &["a: x: array cannot be substituted inline"]),
        ("a { $v = $w; $w = $u; $u = $v; x = $v; }", &["a: v: variable loop"]),
        ("a { x = $v, $w; } b { x = $v; }", &["a: x: variable \"v\" not found", "a: x: variable \"w\" not found",
                                              "b: x: variable \"v\" not found"]),
        ("a { x = ${no.such}; }",         &["a: x: variable \"no.such\" not found"]),
        ("a { $name = b; }",              &["a: variable \"$name\" cannot have the same name as a parameter."]),
        ("7 { $name = b; }",              &["7: variable \"$name\" cannot have the same name as a parameter."]),
        ("* { $exec.start = 1; } a { }",  &["f line 1: .start: syntax error"]), // a dot ends a bare name
        ("* { ${exec.start} = 1; } a { }", &["a: variable \"$exec.start\" cannot have the same name as a parameter."]),
        ("a { q = 2; $q = 1; }",          &["a: variable \"$q\" cannot have the same name as a parameter."]),
        ("a { noname = b; }",             &["a: cannot redefine parameter \"name\"."]),
        ("a { name += b; }",              &["a: cannot redefine parameter \"name\"."]),
        ("* { name = b; } a { }",         &["a: cannot redefine parameter \"name\"."]),
        ("a { jid = 1; } * { jid = 2; }", &["a: cannot redefine parameter \"jid\"."]),
        ("a { x = $x; }",                 &["a: x: variable loop"]),
        ("a { x = $y; y = $z; z = $x; }", &["a: x: variable loop"]),
        ("a { $path = 1; }",              &["a: variable \"$path\" cannot have the same name as a parameter."]),
        ("a { $nopath = 1; }",            &["a: variable \"$nopath\" cannot have the same name as a parameter."]),
        ("a { $q = 1; q = 2; }",          &["a: variable \"$q\" cannot have the same name as a parameter."]),
        ("a { name = b; }",               &["a: cannot redefine parameter \"name\"."]),
        ("a { jid = 1; jid = 2; }",       &["a: cannot redefine parameter \"jid\"."]),
        ("7 { jid = 8; }",                &["7: cannot redefine parameter \"jid\"."]),
    ]);
}

#[test]
fn a_failed_part_is_left_out() {
    let (lines, messages) = run(b"a { x = b${v}c; y = $x; z; }");
    assert_eq!(lines, ["name=a x=bc y=\"\" z"]);
    assert_eq!(messages, ["a: x: variable \"v\" not found"]);
    assert!(Config::parse(Path::new("f"), b"a { x = $v; }").unwrap().expand(b"a").is_err());
}

#[test]
fn doubling_does_not_take_all_memory() {
    let mut text = String::from("a { $v0 = 0123456789;\n");
    for level in 1..60 {
        text.push_str(&format!("$v{level} = \"${{v{0}}}${{v{0}}}\"; ", level - 1));
    }
    text.push_str("x = $v59; }");
    assert_eq!(run(text.as_bytes()).1[0], "a: v20: variables make more than 16 MiB");
}

#[test]
fn sections_inside_each_other_have_an_end() {
    let text = "a {".repeat(100_000);
    assert_eq!(run(text.as_bytes()).1, ["f line 1: more than 128 sections inside each other"]);
}

#[test]
fn many_faults_each_with_its_place() {
    let faults = Config::parse(Path::new("f"), b"a {\n\tx = = 1;\n\ty z w;\n}\nb { q = \"; }\n")
        .unwrap_err();
    let places: Vec<_> = faults.iter().map(|fault| fault.place.to_string()).collect();
    assert_eq!(places, ["f:2:6", "f:3:6", "f:5:9", "f:5:1"]);
    assert_eq!(faults.0[0].excerpt(), "\tx = = 1;\n\t    ^");
    // What has no end is shown where it begins.
    assert_eq!(faults.0[3].excerpt(), "b { q = \"; }\n^");
}

#[test]
fn a_fault_of_a_jail_has_its_place_too() {
    let text = b"$q = 1;\na {\n\tx = 1,\n\t$v;\n  q = 2; name = b; }\nb { }";
    let config = Config::parse(Path::new("f"), text).unwrap();
    let faults = config.expand(b"a").unwrap_err();
    let places: Vec<_> = faults.iter().map(|fault| fault.place.to_string()).collect();
    assert_eq!(places, ["f:5:3", "f:5:10", "f:3:2"]);
    assert_eq!(faults.0[2].excerpt(), "\tx = 1,\n\t^");
    // Jails are expanded one by one: a fault of one is no fault of another.
    assert_eq!(config.expand(b"b").unwrap().to_line(b" "), b"name=b");
}

#[test]
fn faults_come_to_an_end() {
    let faults = Config::parse(Path::new("f"), "= ; a;\n".repeat(20_000).as_bytes()).unwrap_err();
    assert_eq!(faults.0.len(), 10_001);
    assert_eq!(faults.0[10_000].to_string(), "f: more than 10000 faults: no more are looked for");
}

/// Twice as many jails take twice the time, give or take: not four times.
#[test]
fn time_is_proportional_to_the_number_of_jails() {
    let seconds = |jails: usize| {
        let jails: String =
            (0..jails).map(|it| format!("j{it} {{ $v = $name; x += $v; y; }}\n")).collect();
        let text = format!("* {{ x = 1; $w = 2; z = $w; }}\n{jails}* {{ x += 3; }}");
        let once = || {
            let started = Instant::now();
            let config = Config::parse(Path::new("f"), text.as_bytes()).unwrap();
            assert!(config.expand_all().all(|expansion| expansion.faults.is_empty()));
            assert!(config.expand(b"j17").is_ok());
            started.elapsed().as_secs_f64()
        };
        (0..3).map(|_| once()).fold(f64::MAX, f64::min)
    };
    let (few, many) = (seconds(2_000), seconds(32_000));
    // A quadratic step would take 256 times as long.
    assert!(many < 48.0 * few, "{few} s, {many} s");
}

#[test]
fn a_parameter_knows_its_place() {
    let config = Config::parse(Path::new("f"), b"x = 1;\na {\n  y = 2;\n  x += 3; }").unwrap();
    let jail = config.expand(b"a").unwrap();
    let places: Vec<_> =
        jail.parameters.iter().map(|parameter| parameter.place.to_string()).collect();
    assert_eq!(places, ["f:2:1", "f:4:3", "f:3:3"]);
}

#[test]
fn names() {
    let config = Config::parse(Path::new("f"), b"* { x; } b { } a.c { } b { }").unwrap();
    assert_eq!(config.jails().collect::<Vec<_>>(), [b"b".as_slice(), b"a.c", b"b"]);
    assert!(config.has(b"a.c") && !config.has(b"*"));
    assert_eq!(config.expand(b"web").unwrap_err().to_string(), "\"web\" not found");
}

/// Files in memory; a pattern is a folder and `/*`.
struct Memory(HashMap<&'static str, &'static str>);

impl Loader for Memory {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let text = self.0.get(path.to_str().unwrap());
        text.map(|text| text.as_bytes().to_vec()).ok_or_else(|| io::Error::from_raw_os_error(2))
    }

    fn glob(&self, pattern: &[u8]) -> io::Result<Vec<PathBuf>> {
        let folder = std::str::from_utf8(pattern).unwrap().trim_end_matches('*');
        let mut found: Vec<_> =
            self.0.keys().filter(|name| name.starts_with(folder)).map(PathBuf::from).collect();
        found.sort();
        Ok(found)
    }
}

#[test]
#[rustfmt::skip]
fn includes() {
    let files = |main| Memory(HashMap::from([
        ("/etc/jail.conf", main),
        ("/etc/d/a.conf", "a { x = $name; }"),
        ("/etc/d/b.conf", ".include \"a.conf\"; b { }"),
        ("/etc/p.conf", "x = 1;"),
        ("/etc/bad.conf", "x = ;"),
        ("/etc/bad/1.conf", "x = ;"),
        ("/etc/bad/2.conf", "y = ;"),
        ("/etc/open.conf", "o {"),
        ("/etc/self.conf", ".include self.conf;"),
        ("/etc/e/all.conf", "e { .include \"s/*\"; }"),
        ("/etc/e/s/x.conf", "x { }"),
    ]));
    for (main, want) in [
        (".include \"d/a.conf\"; c { }",       Ok("a c")),
        (".include 'd/*'; c { }",              Ok("a a b c")),  // each file once for each way to it
        (".include \"none/*\"; c { }",         Ok("c")),        // a pattern may match nothing
        ("c { .include \"p.conf\", d/a.conf; }", Ok("c c.a")),
        (".include 'e/all.conf';",             Ok("e e.x")),  // relative to the file that includes
        ("c { .include = \"p.conf\"; }",       Ok("c")),        // with `=` it is a parameter
        (".include; c { }",                    Ok("c")),
        (".include += \"p.conf\"; c { }",      Ok("c")),
        (".include \"p.conf\"'d/a.conf';",     Err("/etc/p.confd/a.conf: No such file or directory")), // pieces are one
        (".include '-';",                      Err("/etc/-: No such file or directory")), // only `-f -` is standard input
        (".include 'bad/*'; y = ;",            Err("/etc/bad/1.conf line 1: ;: syntax error")), // the first bad file is the last
        ("c { .include none.conf; }",          Err("/etc/none.conf: No such file or directory")),
        (".include none.conf;",                Err("/etc/none.conf: No such file or directory")),
        (".include bad.conf; y = ;",           Err("/etc/bad.conf line 1: ;: syntax error")), // FreeBSD stops there too
        (".include open.conf; }",              Err("/etc/open.conf: unexpected EOF")),
        ("$f = p.conf;\n.include $f;",         Err("/etc/jail.conf line 2: variables not permitted in '.include' filename")),
        (".include self.conf;",                Err("maximum include depth exceeded")),
        (".include p.conf\nc { }",             Err("/etc/jail.conf line 2: c: syntax error")),
    ] {
        let config = Config::load(&files(main), Path::new("/etc/jail.conf"));
        let got = config.map(|config| {
            config.jails().map(|name| String::from_utf8_lossy(name).into_owned()).collect::<Vec<_>>().join(" ")
        });
        assert_eq!(got.map_err(|faults| faults.to_string()), want.map(str::to_owned).map_err(str::to_owned), "{main}");
    }
}

#[test]
fn what_is_included_has_its_own_places() {
    let files = Memory(HashMap::from([
        ("/etc/jail.conf", "x = 1;\na { .include \"p.conf\"; }\nx += 4;"),
        ("/etc/p.conf", "\n  x += 2;\nb { }\n"),
    ]));
    let config = Config::load(&files, Path::new("/etc/jail.conf")).unwrap();
    let a = config.expand(b"a").unwrap();
    // All that is outside of sections has the place of its first line, whichever file that is in.
    assert_eq!(a.to_line(b" "), b"name=a x=1,4,2");
    assert_eq!(a.parameters[1].place.to_string(), "/etc/p.conf:2:3");
    assert_eq!(config.expand(b"a.b").unwrap().place.to_string(), "/etc/p.conf:3:1");
    let read: Vec<_> = config.files().map(|file| file.display().to_string()).collect();
    assert_eq!(read, ["/etc/jail.conf", "/etc/p.conf"]);
}

/// A chain of files, each of which includes the next one.
struct Chain(usize);

impl Loader for Chain {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let number: usize = path.to_str().unwrap().parse().unwrap();
        let more = if number < self.0 {
            format!(".include {};", number + 1)
        } else {
            "last { }".to_owned()
        };
        Ok(more.into_bytes())
    }

    fn glob(&self, _: &[u8]) -> io::Result<Vec<PathBuf>> {
        Ok(Vec::new())
    }
}

#[test]
fn files_include_each_other_32_deep() {
    assert!(Config::load(&Chain(32), Path::new("0")).unwrap().has(b"last"));
    let faults = Config::load(&Chain(33), Path::new("0")).unwrap_err();
    assert_eq!(faults.to_string(), "maximum include depth exceeded");
}
