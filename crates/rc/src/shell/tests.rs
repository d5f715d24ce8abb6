//! The values that the reader takes from files, and what it refuses.

use super::*;

#[derive(Default)]
struct List(Vec<(Vec<u8>, Vec<u8>)>);

impl Variables for List {
    fn value(&self, name: &[u8]) -> Option<&[u8]> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| &value[..])
    }
    fn assign(&mut self, name: Vec<u8>, value: Vec<u8>) {
        self.0.push((name, value));
    }
}

fn read(text: &str) -> Result<String, String> {
    let mut list = List::default();
    assignments(text.as_bytes(), &mut list).map_err(|error| error.to_string())?;
    let shown = list.0.iter().map(|(name, value)| {
        format!("{}={}", String::from_utf8_lossy(name), String::from_utf8_lossy(value))
    });
    Ok(shown.collect::<Vec<_>>().join("|"))
}

#[test]
#[rustfmt::skip]
fn values() {
    // What `sh -c '. ./file; set'` would say.
    for (text, want) in [
        ("",                                          ""),
        ("# nothing\n\n  \n",                         ""),
        ("jail_enable=\"YES\"\njail_list=\"samba\"\n", "jail_enable=YES|jail_list=samba"),
        ("rpcbind_enable=\"NO\"     # off\n",         "rpcbind_enable=NO"),
        ("a=x#y",                                     "a=x#y"),
        ("a=",                                        "a="),
        ("a=1 b=2; c=3",                              "a=1|b=2|c=3"),
        ("a='$b `c` \"d\"'",                          "a=$b `c` \"d\""),
        ("a=x\nb=\"${a} and $a.y\"",                  "a=x|b=x and x.y"),
        ("list=a\nlist=\"${list} b\"\nlist=\"${list} c\"", "list=a|list=a b|list=a b c"),
        ("a=\"$nothing\"",                            "a="),
        ("a=\"one \\\n two\"",                        "a=one  two"),
        ("a=one\\\ntwo",                              "a=onetwo"),
        ("a=\"two\nlines\"",                          "a=two\nlines"),
        ("a=\"q\\\"q \\$x \\n\"",                     "a=q\"q $x \\n"),
        ("a=b\\ c",                                   "a=b c"),
        ("a='x'\"y\"z",                               "a=xyz"),
        ("a=\"5$\"",                                  "a=5$"),
        ("a=1\r\nb=\"2\"\r\n",                        "a=1|b=2"),
        ("a=x\na+=y a+=\" $a\"",                       "a=x|a=xy|a=xy xy"),
        ("list+=a",                                  "list=a"),
        ("export a=1\nexport\tb=2 c=3; export=4",     "a=1|b=2|c=3|export=4"),
        ("ifconfig_re0_alias0=\"inet 10.0.0.1/24\"",  "ifconfig_re0_alias0=inet 10.0.0.1/24"),
    ] {
        assert_eq!(read(text).as_deref(), Ok(want), "{text:?}");
    }
}

#[test]
#[rustfmt::skip]
fn what_is_not_an_assignment_is_named() {
    for (text, want) in [
        ("a=1\nifconfig re0 up\n",  "2: ifconfig: not an assignment; this file is read, not executed"),
        ("if [ -f /x ]; then",      "1: if: not an assignment; this file is read, not executed"),
        ("a=1 reboot",              "1: reboot: not an assignment; this file is read, not executed"),
        ("export a",                "1: export: not an assignment; this file is read, not executed"),
        ("exporta =1",              "1: exporta: not an assignment; this file is read, not executed"),
        ("1a=2",                    "1: 1a=2: not an assignment; this file is read, not executed"),
        ("\na=$(hostname)",         "2: $(hostname): not supported; this file is read, not executed"),
        ("a=\"`hostname` x\"",      "1: `hostname`: not supported; this file is read, not executed"),
        ("a=${b:x}",                "1: ${b:x}: not supported; this file is read, not executed"),
        ("a=${b/x/y}",              "1: ${b/x/y}: not supported; this file is read, not executed"),
        ("a=${1}",                  "1: ${1}: not supported; this file is read, not executed"),
        ("a=${b:-c",                "1: Syntax error: Missing '}'"),
        ("a=${b:-$(c)}",            "1: $(c): not supported; this file is read, not executed"),
        ("a=${b?}",                 "1: b: parameter not set"),
        ("b=\na=${b:?who knows}",   "2: b: who knows"),
        ("a+b=c",                   "1: a+b=c: not an assignment; this file is read, not executed"),
        ("a=$1",                    "1: $1: not supported; this file is read, not executed"),
        ("a=${b",                   "1: Syntax error: Missing '}'"),
        ("a=1\nb=\"open\nc=2\n",    "2: Syntax error: Unterminated quoted string"),
        ("a='open",                 "1: Syntax error: Unterminated quoted string"),
        ("a=b&",                    "1: `&` is not supported here; put it in quotes"),
        ("a=b >/dev/null",          "1: >/dev/null: not an assignment; this file is read, not executed"),
    ] {
        assert_eq!(read(text), Err(want.to_owned()), "{text:?}");
    }
}

#[test]
fn no_bytes_make_it_panic() {
    let pieces: [&[u8]; 14] = [
        b"a=", b"$", b"{", b"}", b"(", b"\"", b"'", b"\\", b"\n", b"`", b" ", b"#", b"\xff", b"a+=",
    ];
    for a in pieces {
        for b in pieces {
            for c in pieces {
                for d in pieces {
                    let _ = assignments(&[a, b, c, d].concat(), &mut List::default());
                }
            }
        }
    }
}

#[test]
#[rustfmt::skip]
fn expansions() {
    // `dash -c '…; printf %s "$v"'` says the same.
    for (text, want) in [
        ("v=${a:-x}", "x"), ("v=${e:-x}", "x"), ("v=${s:-x}", "one two"),
        ("v=${a-x}",  "x"), ("v=${e-x}",  ""),  ("v=${s-x}",  "one two"),
        ("v=${a:+x}", ""),  ("v=${e:+x}", ""),  ("v=${s:+x}", "x"),
        ("v=${a+x}",  ""),  ("v=${e+x}",  "x"), ("v=${s+x}",  "x"),
        ("w=${a:=x} v=$a$w", "xx"), ("w=${e=x} v=$e$w", ""),
        ("v=${s?}",   "one two"), ("v=${e?}", ""),
        ("v=${#s}",   "7"), ("v=${#a}", "0"),
        ("v=${a:-x y}z",              "x yz"),
        ("v=\"${a:-x  \"y\" z}\"",    "x  y z"),
        ("v=\"${a:-'x'}\"",           "'x'"),      // between double quotes, single ones are letters
        ("v=${a:-'x}y'}",             "x}y"),
        ("v=\"${a:-x\\}y}\"",         "x}y"),
        ("v=\"x\\}\"",                "x\\}"),
        ("v=${a:-${b:-${s}}}",        "one two"),
        ("v=${a:-$s}",                "one two"),
        ("v=${a:-}",                  ""),
        ("v=${s%% *}",                "one"),
        ("v=${s% *}",                 "one"),
        ("v=${s#* }",                 "two"),
        ("v=${s##*o}",                ""),
        ("v=${s#*o}",                 "ne two"),
        ("v=${s%o*}",                 "one tw"),
        ("v=${s%%o*}",                ""),
        ("v=${s#[a-o]?e}",            " two"),
        ("v=${s#[!a-n]}",             "ne two"),
        ("v=${s#x}",                  "one two"),
        ("v=${h%%.*}",                "www"),       // sysrc(8), EXAMPLES
        ("v=${s%%[$IFS]*}",           "one"),
        ("v=${s##*[$IFS]}",           "two"),
        ("p='*' v=${s#$p }",          "two"),
        ("p='*' v=${s#\"$p\" }",      "one two"),   // a quoted text is no pattern
        ("v=${s#'o'*}",               "ne two"),
        ("v=${s#\\o}",                "ne two"),
        ("v=\"${s#one\\ }\"",         "two"),
    ] {
        let mut list = List::default();
        let before = "s='one two' e= h=www.example.org\n";
        let read = assignments(format!("{before}{text}").as_bytes(), &mut list);
        let got = read.map(|_| String::from_utf8_lossy(list.value(b"v").unwrap()).into_owned());
        assert_eq!(got.as_deref(), Ok(want), "{text}");
    }
}

#[test]
fn what_sh_says_of_the_same_files() {
    // The reader against the shell itself, for all texts without an error to either.
    for text in [
        "a=1 b=2; c=3",
        "a=x\nb=\"${a} and $a.y\"",
        "a=\"q\\\"q \\$x \\n\"",
        "a='x'\"y\"z",
        "s='one two' a=${s%% *} b=\"${s#* }\" c=${s##*o}",
        "a=${b:-x y}z",
        "a=${b:=x}$b",
        "a=\"${b:-'x'}\" c='$b'",
        "a=\"one \\\n two\"",
        "a=\\}\\x",
        "p='[' a=${p#[} b=${p#'['}",
    ] {
        let mut list = List::default();
        assignments(text.as_bytes(), &mut list).unwrap();
        for name in ["a", "b", "c"] {
            let script = format!("unset a b c s p\n{text}\nprintf %s \"${name}\"");
            let said = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
            let got = String::from_utf8_lossy(list.value(name.as_bytes()).unwrap_or_default());
            assert_eq!(got, String::from_utf8_lossy(&said.stdout), "{name} of {text:?}");
        }
    }
}

#[test]
fn growth_is_bounded() {
    let doubling = (0..64).map(|_| "a=$a$a\n").collect::<String>();
    let deep = format!("a={}x{}", "${b:-".repeat(100_000), "}".repeat(100_000));
    let slow = format!("a={}\nb=${{a##{}}}", "x".repeat(100_000), "*x".repeat(100_000));
    for (text, want) in [
        (format!("a=xx\n{doubling}"), SyntaxErrorKind::TooLong),
        (deep, SyntaxErrorKind::TooDeep),
        (slow, SyntaxErrorKind::TooLong),
    ] {
        let error = assignments(text.as_bytes(), &mut List::default()).unwrap_err();
        assert_eq!(error.kind, want);
    }
}
