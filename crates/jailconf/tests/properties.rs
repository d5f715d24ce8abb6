//! Facts that hold for every text, checked on random ones.

#![allow(clippy::unwrap_used, reason = "a value that does not come back has failed its test")]

use std::path::Path;

use jailconf::{
    Config, Document, Jail, format, is_wildcard, quote, same_parameter, wildcard_matches,
};
use proptest::prelude::*;

/// Texts made of the words of the language: far more of them parse, or nearly do, than random bytes
/// would.
fn texts() -> impl Strategy<Value = Vec<u8>> {
    let words: Vec<&[u8]> = vec![
        b"a",
        b"b",
        b"no",
        b"x",
        b"name",
        b"jid",
        b"7",
        b"*",
        b".",
        b"path",
        b"$x",
        b"${x}",
        b"${",
        b"$",
        b"\"",
        b"'",
        b"\"a$x b\"",
        b"'c'",
        b"\\",
        b"\\n",
        b"\\\n",
        b"\\x4",
        b" ",
        b"\n",
        b";",
        b"; ",
        b",",
        b"=",
        b"+=",
        b"{",
        b"}",
        b" { ",
        b" } ",
        b"/*",
        b"*/",
        b"#",
        b"//",
        b".include ",
        b"\0",
        b"\xc3\xa9",
        b"\x7f",
    ];
    let word = prop::sample::select(words).prop_map(<[u8]>::to_vec);
    prop::collection::vec(word, 0..60).prop_map(|words| words.concat())
}

/// Files that parse, in every layout.
fn files() -> impl Strategy<Value = Vec<u8>> {
    let gap = || {
        prop::sample::select(vec![
            " ",
            "",
            "\n",
            "\t \n\n\n ",
            "/* c\n */",
            " # c \n",
            "\r\n",
            " // c\n\n",
        ])
    };
    let string = prop::sample::select(vec![
        "b",
        "a.b",
        "'c d'",
        "\"e$x f\"",
        "$x",
        "${name}",
        "\\;",
        "\"g\n h\"",
        "\"\"",
        "i\\\nj",
    ]);
    let value = prop::collection::vec(string, 1..3).prop_map(|pieces| pieces.concat());
    let name = prop::sample::select(vec!["x", "$x", "y.z", "noy.z", "'v w'", "*", "jid"]);
    let statement = (
        name,
        prop::sample::select(vec!["=", "+=", " "]),
        prop::collection::vec((gap(), value), 0..3),
        gap(),
    );
    let statement = statement.prop_map(|(name, operator, values, gap)| {
        let values: Vec<String> =
            values.iter().map(|(gap, value)| format!("{gap}{value}{gap}")).collect();
        let operator = if values.is_empty() { "" } else { operator };
        format!("{name}{gap}{operator}{};", values.join(","))
    });
    let section = (
        prop::sample::select(vec!["a", "b", "\"c.*\"", "7"]),
        gap(),
        prop::collection::vec((statement, gap()), 0..4),
    );
    let section = section.prop_map(|(name, gap, statements)| {
        let body: String =
            statements.iter().map(|(statement, gap)| format!("{gap}{statement}")).collect();
        format!("{name}{gap}{{{body}{gap}}}{gap}")
    });
    prop::collection::vec(section, 0..4).prop_map(|sections| sections.concat().into_bytes())
}

/// Parses and expands all jails; answers their lines and the text of all messages.
fn everything(text: &[u8]) -> String {
    match Config::parse(Path::new("f"), text) {
        Err(faults) => {
            assert!(!faults.is_empty());
            faults.iter().map(|fault| format!("{fault}\n{}", fault.excerpt())).collect()
        }
        Ok(config) => config
            .expand_all()
            .map(|expansion| {
                let line = String::from_utf8_lossy(&expansion.jail.to_line(b" ")).into_owned();
                format!("{line}\n{}", expansion.faults)
            })
            .collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_us_panic(text in texts()) {
        everything(&text);
    }

    #[test]
    fn no_bytes_make_us_panic(text in prop::collection::vec(any::<u8>(), 0..200)) {
        everything(&text);
    }

    #[test]
    fn a_quoted_value_comes_back(values in prop::collection::vec(prop::collection::vec(1..=255_u8, 0..20), 1..4)) {
        let list = values.iter().map(|value| quote(value)).collect::<Vec<_>>().join(&b',');
        let text = [b"a { x = ", list.as_slice(), b"; }"].concat();
        let jail = Config::parse(Path::new("f"), &text).unwrap().expand(b"a").unwrap();
        prop_assert_eq!(&jail.parameters[1].values, &values);
    }

    /// A parameter that is set has the given values, and its removal leaves the file as before.
    #[test]
    fn an_edit_is_undone_by_its_opposite(values in prop::collection::vec(prop::collection::vec(1..=255_u8, 0..8), 0..4)) {
        let values: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
        for text in [&b"a {\n}\n"[..], b"a {\n  y; # z\n}\nb { }", b"* { x; }\na { y;\n}"] {
            let mut document = Document::new(Path::new("f"), text).unwrap();
            document.set(b"a", b"x", &values).unwrap();
            let jail = Config::parse(Path::new("f"), document.text()).unwrap().expand(b"a").unwrap();
            let set = jail.parameters.iter().find(|given| given.name == b"x").unwrap();
            prop_assert_eq!(&set.values, &values);
            prop_assert!(document.remove(b"a", b"x").unwrap());
            prop_assert_eq!(document.text(), text);
        }
    }

    /// The layout keeps the meaning of a file, and does not change a file that has it.
    #[test]
    fn a_layout_says_the_same(text in prop_oneof![texts(), files()]) {
        if let Ok(document) = Document::new(Path::new("f"), &text) {
            prop_assert_eq!(document.text(), &text);
        }
        if let Ok(formatted) = format(Path::new("f"), &text) {
            if Config::parse(Path::new("f"), &text).is_ok() {
                prop_assert_eq!(everything(&text), everything(&formatted), "{}", String::from_utf8_lossy(&formatted));
            }
            prop_assert_eq!(format(Path::new("f"), &formatted).unwrap(), formatted);
        }
    }

    /// The line of `-e`, put back into a file, is the same jail: the values that the line leaves
    /// without quotes need none, but for newlines, commas and the like, which do not occur here.
    #[test]
    fn a_line_comes_back(values in prop::collection::vec("[a-z0-9 '\\\\\"./:-]{0,12}", 1..4)) {
        let words: Vec<String> = values.iter().map(|value| format!("x={value}")).collect();
        let jail = Jail::from_words(&words).unwrap();
        let text = [b"a {".to_vec(), jail.to_line(b";"), b"; }".to_vec()].concat();
        // A slash in an unquoted value may begin a comment.
        prop_assume!(!values.iter().any(|value| value.contains("//")));
        let back = Config::parse(Path::new("f"), &text).unwrap().expand(b"a").unwrap();
        prop_assert_eq!(&back.parameters[1].values, &jail.parameters[0].values);
    }

    /// The wildcard sections that all patterns together give a jail are those that match its name
    /// one by one.
    #[test]
    fn patterns_match_together_as_they_do_alone(
        patterns in prop::collection::vec("([ab*])(\\.[ab*]){0,2}", 1..6),
        name in "([ab])(\\.[ab]){0,3}",
    ) {
        let patterns: Vec<_> = patterns.iter().filter(|pattern| is_wildcard(pattern.as_bytes())).collect();
        let sections: String =
            patterns.iter().enumerate().map(|(index, pattern)| format!("\"{pattern}\" {{ p{index}; }}\n")).collect();
        let config = Config::parse(Path::new("f"), format!("{sections} {name} {{ }}").as_bytes()).unwrap();
        let jail = config.expand(name.as_bytes()).unwrap();
        let got: Vec<_> = jail.parameters[1..].iter().map(|given| String::from_utf8_lossy(&given.name).into_owned()).collect();
        let alone = patterns.iter().enumerate().filter(|(_, pattern)| wildcard_matches(pattern.as_bytes(), name.as_bytes()));
        prop_assert_eq!(got, alone.map(|(index, _)| format!("p{index}")).collect::<Vec<_>>());
    }

    /// A section has the parameters that are left if each name is compared with every name before
    /// it.
    #[test]
    fn merging_is_what_asking_one_by_one_gives(names in prop::collection::vec("(no){0,2}[xy](\\.(no){0,1}[xy])?", 1..8)) {
        let text: String = names.iter().enumerate().map(|(index, name)| format!("{name} = {index}; ")).collect();
        let jail = Config::parse(Path::new("f"), format!("a {{ {text} }}").as_bytes()).unwrap().expand(b"a").unwrap();
        let mut want: Vec<(String, usize)> = Vec::new();
        for (index, name) in names.iter().enumerate() {
            match want.iter_mut().find(|(known, _)| same_parameter(known.as_bytes(), name.as_bytes())) {
                Some(known) => *known = (name.clone(), index),
                None => want.push((name.clone(), index)),
            }
        }
        let got: Vec<_> = jail.parameters[1..]
            .iter()
            .map(|given| (String::from_utf8_lossy(&given.name).into_owned(), String::from_utf8_lossy(&given.values[0]).parse().unwrap()))
            .collect();
        prop_assert_eq!(got, want);
    }
}
