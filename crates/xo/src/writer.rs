//! The writer: a program writes each item once, and each style takes its part of it. Text and HTML
//! show titles, padding and the look of a field; JSON and XML have the name of the field and its
//! value.
//!
//! The content of a field may be anybody's. libxo writes it as it is, and a terminal would obey it.
//! Here text and HTML show it as vis(3) does; JSON and XML have their own escapes for it, and XML
//! has none for most control characters, which are written as by vis(3) there too.

use crate::options::{Options, Style};

/// The value of a field, for programs.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// A string; in JSON between quotes.
    Text(&'a [u8]),
    /// A number or a boolean.
    Bare(&'a str),
}

/// Collects the output of one run.
pub struct Writer {
    options: Options,
    /// The version of the program's output: `__version` in JSON and XML.
    version: &'static str,
    out: Vec<u8>,
    /// The containers, lists and instances that are open, from the outside in.
    open: Vec<Open>,
    /// The level of indentation in JSON and XML.
    level: usize,
    /// In JSON, whether `{` and the version have been written; in XML, whether the version has.
    top: bool,
    /// In JSON, whether something has been written outside of all containers.
    not_first: bool,
    /// In HTML, whether a line has begun.
    in_line: bool,
}

struct Open {
    name: String,
    kind: Kind,
    not_first: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Container,
    List,
    Instance,
}

impl Writer {
    /// Makes a writer that has written nothing. `version` is the `__version` of JSON and XML:
    /// xo_set_version(3).
    #[must_use]
    pub fn new(options: Options, version: &'static str) -> Self {
        Self {
            options,
            version,
            out: Vec::new(),
            open: Vec::new(),
            level: 0,
            top: false,
            not_first: false,
            in_line: false,
        }
    }

    /// Whether the output is for programs: JSON or XML.
    #[must_use]
    pub fn encodes(&self) -> bool {
        matches!(self.options.style, Style::Json | Style::Xml)
    }

    /// Writes a heading: `{T:…}`.
    pub fn title(&mut self, text: &str) {
        self.shown("title", None, text);
    }

    /// Writes white space and punctuation: `{P:…}`.
    pub fn padding(&mut self, text: &str) {
        self.shown("padding", None, text);
    }

    /// Writes words between fields.
    pub fn text(&mut self, text: &str) {
        self.shown("text", None, text);
    }

    /// Writes the look of a field, for people only: `{d:…}`. In HTML, the field may have a name.
    pub fn display(&mut self, name: Option<&str>, text: &[u8]) {
        self.data(name, text);
    }

    /// Writes a field: its look for people, and its value for programs.
    pub fn field(&mut self, name: &str, shown: &[u8], value: Value<'_>) {
        self.data(Some(name), shown);
        self.encode(name, value);
    }

    /// Writes a field that is a text of several lines: for people, line feeds and tabs stay.
    pub fn lines(&mut self, name: &str, text: &[u8]) {
        self.shown("data", Some(name), &vis::lines(text));
        self.encode(name, Value::Text(text));
    }

    /// Writes the value of a field, for programs only: `{e:…}`.
    pub fn encode(&mut self, name: &str, value: Value<'_>) {
        match self.options.style {
            Style::Text | Style::Html => {}
            Style::Xml => self.element(name, value),
            Style::Json => {
                self.comma(",");
                self.indent();
                self.json_name(name);
                self.put(if self.options.pretty { "\": " } else { "\":" });
                self.json_value(value);
            }
        }
    }

    /// Writes a value of the list that is open: `{l:…}`.
    pub fn leaf(&mut self, value: &[u8]) {
        let name = self.open.last().map(|open| open.name.clone()).unwrap_or_default();
        match self.options.style {
            Style::Text | Style::Html => self.data(Some(&name), value),
            Style::Xml => self.element(&name, Value::Text(value)),
            Style::Json => {
                self.comma(",");
                self.indent();
                self.json_value(Value::Text(value));
            }
        }
    }

    /// Ends a line.
    pub fn end_line(&mut self) {
        match self.options.style {
            Style::Text => self.put("\n"),
            Style::Html => {
                self.begin_line();
                self.in_line = false;
                self.put("</div>");
                self.new_line();
            }
            Style::Json | Style::Xml => {}
        }
    }

    /// Opens a container: an object of JSON, an element of XML.
    pub fn open_container(&mut self, name: &str) {
        self.open(name, Kind::Container);
    }

    /// Opens a list, of instances or of leaves.
    pub fn open_list(&mut self, name: &str) {
        self.open(name, Kind::List);
    }

    /// Opens one instance of the list that is open.
    pub fn open_instance(&mut self, name: &str) {
        self.open(name, Kind::Instance);
    }

    fn open(&mut self, name: &str, kind: Kind) {
        match self.options.style {
            Style::Text | Style::Html => {}
            // XML has no lists: their instances follow each other.
            Style::Xml if kind == Kind::List => {}
            Style::Xml => {
                self.indent();
                self.put("<");
                self.put(name);
                // libxo gives the version to the first element only.
                if !std::mem::replace(&mut self.top, true) {
                    self.put(&format!(" __version=\"{}\"", self.version));
                }
                self.put(">");
                self.new_line();
                self.level += 1;
            }
            Style::Json => {
                self.begin_object();
                self.comma(", ");
                self.indent();
                // The list has the name: its instances are objects without one.
                if kind != Kind::Instance {
                    self.json_name(name);
                    self.put("\": ");
                }
                self.put(if kind == Kind::List { "[" } else { "{" });
                self.new_line();
                self.level += 1;
            }
        }
        self.open.push(Open { name: name.to_owned(), kind, not_first: false });
    }

    /// Closes what was opened last.
    pub fn close(&mut self) {
        let Some(open) = self.open.pop() else { return };
        match self.options.style {
            Style::Text | Style::Html => {}
            Style::Xml if open.kind == Kind::List => {}
            Style::Xml => {
                self.level -= 1;
                self.indent();
                self.put("</");
                self.put(&open.name);
                self.put(">");
                self.new_line();
            }
            Style::Json => {
                // libxo ends the line of an empty object before its brace, but not the line of an
                // empty list.
                if open.not_first || open.kind != Kind::List {
                    self.new_line();
                }
                self.level -= 1;
                self.indent();
                self.put(if open.kind == Kind::List { "]" } else { "}" });
                if self.open.is_empty() {
                    self.new_line();
                }
            }
        }
    }

    /// Closes all that is open, and answers the whole output.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        while !self.open.is_empty() {
            self.close();
        }
        match self.options.style {
            Style::Json if self.top => self.put("}\n"),
            // libxo's own, with the space, for a program that has written nothing.
            Style::Json => self.put("{ }\n"),
            Style::Html if self.in_line => self.end_line(),
            Style::Text | Style::Xml | Style::Html => {}
        }
        self.out
    }

    /// Writes the outermost `{` and the version, once.
    fn begin_object(&mut self) {
        if !self.top {
            self.put("{");
            self.new_line();
            self.top = true;
            self.indent();
            self.put(&format!("\"__version\": \"{}\", ", self.version));
            self.new_line();
        }
    }

    /// Separates an item from the one before it in the same place. libxo has a space before an item
    /// that opens something.
    fn comma(&mut self, separator: &str) {
        let not_first =
            self.open.last_mut().map_or(&mut self.not_first, |open| &mut open.not_first);
        if !std::mem::replace(not_first, true) {
            return;
        }
        if self.options.pretty {
            self.put(",\n");
        } else {
            self.put(separator);
        }
    }

    /// Writes content for people.
    fn data(&mut self, name: Option<&str>, text: &[u8]) {
        self.shown("data", name, &vis::text(text));
    }

    /// Writes text for people.
    fn shown(&mut self, class: &str, name: Option<&str>, text: &str) {
        match self.options.style {
            Style::Json | Style::Xml => {}
            Style::Text => self.put(text),
            Style::Html => {
                self.begin_line();
                if self.options.pretty {
                    self.spaces(self.options.indent);
                }
                self.put("<div class=\"");
                self.put(class);
                if let Some(name) = name {
                    self.put("\" data-tag=\"");
                    self.escape(name, Escape::Attribute);
                }
                self.put("\">");
                self.escape(text, Escape::Html);
                self.put("</div>");
                self.new_line();
            }
        }
    }

    fn begin_line(&mut self) {
        if !self.in_line {
            self.in_line = true;
            self.put("<div class=\"line\">");
            self.new_line();
        }
    }

    fn element(&mut self, name: &str, value: Value<'_>) {
        self.indent();
        self.put("<");
        self.put(name);
        self.put(">");
        match value {
            Value::Bare(text) => self.put(text),
            Value::Text(text) => self.escape(&String::from_utf8_lossy(text), Escape::Xml),
        }
        self.put("</");
        self.put(name);
        self.put(">");
        self.new_line();
    }

    fn json_name(&mut self, name: &str) {
        self.put("\"");
        let name = if self.options.underscores { name.replace('-', "_") } else { name.to_owned() };
        self.escape(&name, Escape::Json);
    }

    fn json_value(&mut self, value: Value<'_>) {
        match value {
            Value::Bare(text) => self.put(text),
            Value::Text(text) => {
                self.put("\"");
                self.escape(&String::from_utf8_lossy(text), Escape::Json);
                self.put("\"");
            }
        }
    }

    fn put(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn spaces(&mut self, count: usize) {
        self.out.resize(self.out.len() + count, b' ');
    }

    fn new_line(&mut self) {
        if self.options.pretty {
            self.put("\n");
        }
    }

    fn indent(&mut self) {
        // The outermost braces of JSON are a level too.
        let levels = self.level + usize::from(self.options.style == Style::Json && self.top);
        if self.options.pretty {
            self.spaces(levels * self.options.indent);
        }
    }

    fn escape(&mut self, text: &str, how: Escape) {
        for c in text.chars() {
            match (how, c) {
                (Escape::Json, '\\' | '"') => self.put(&format!("\\{c}")),
                (Escape::Json, '\n') => self.put("\\n"),
                (Escape::Json, '\r') => self.put("\\r"),
                // libxo writes the character as it is, which is no JSON: parsers refuse it.
                (Escape::Json, c) if !vis::is_plain(c) => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        self.put(&format!("\\u{unit:04x}"));
                    }
                }
                (Escape::Xml | Escape::Html | Escape::Attribute, '<') => self.put("&lt;"),
                (Escape::Xml | Escape::Html | Escape::Attribute, '>') => self.put("&gt;"),
                (Escape::Xml | Escape::Html | Escape::Attribute, '&') => self.put("&amp;"),
                (Escape::Attribute, '"') => self.put("&quot;"),
                (Escape::Xml, c) if !vis::is_plain(c) => self.put(&in_xml(c)),
                (_, c) => self.put(c.encode_utf8(&mut [0; 4])),
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Escape {
    Json,
    /// Text between tags of XML.
    Xml,
    /// Text between tags of HTML.
    Html,
    /// The value of an attribute.
    Attribute,
}

/// Writes a character that is not plain for XML, which has no way to write most characters below
/// the blank: XML 1.0, section 2.2.
fn in_xml(c: char) -> String {
    if c < ' ' && !matches!(c, '\t' | '\n' | '\r') {
        return vis::text(c.encode_utf8(&mut [0; 4]).as_bytes()).into_owned();
    }
    format!("&#x{:x};", u32::from(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;

    /// Writes two jails with a list each, by all methods of a [`Writer`].
    fn written(options: &str) -> String {
        let mut asked = Options::default();
        asked.set(OsStr::new(options), &mut |_| {}).unwrap();
        let mut xo = Writer::new(asked, "3");
        xo.title("JID");
        xo.padding("  ");
        xo.title("Path");
        xo.end_line();
        xo.open_container("jail-information");
        xo.open_list("jail");
        for jid in ["1", "2"] {
            xo.open_instance("jail");
            xo.field("jid", format!("{jid:>3}").as_bytes(), Value::Bare(jid));
            xo.padding("  ");
            xo.field("path", b"/a&\"b", Value::Text(b"/a&\"b"));
            xo.end_line();
            xo.open_list("ipv4-addrs");
            if jid == "1" {
                xo.leaf(b"10.0.0.1");
                xo.leaf(b"10.0.0.2");
            }
            xo.close();
            xo.close();
        }
        String::from_utf8(xo.finish()).unwrap()
    }

    #[test]
    #[rustfmt::skip]
    fn styles() {
        // The forms are those of libxo's own tests: tests/core/saved/test_01.*.
        for (options, want) in [
            ("text", "JID  Path\n  1  /a&\"b\n10.0.0.110.0.0.2  2  /a&\"b\n"),
            ("json", concat!(
                r#"{"__version": "3", "jail-information": {"jail": [{"jid":1,"path":"/a&\"b", "ipv4-addrs": ["10.0.0.1","10.0.0.2"]}, "#,
                r#"{"jid":2,"path":"/a&\"b", "ipv4-addrs": []}]}"#, "}\n")),
            (":Ju", concat!(
                r#"{"__version": "3", "jail_information": {"jail": [{"jid":1,"path":"/a&\"b", "ipv4_addrs": ["10.0.0.1","10.0.0.2"]}, "#,
                r#"{"jid":2,"path":"/a&\"b", "ipv4_addrs": []}]}"#, "}\n")),
            ("xml", concat!(
                r#"<jail-information __version="3"><jail><jid>1</jid><path>/a&amp;"b</path><ipv4-addrs>10.0.0.1</ipv4-addrs>"#,
                r#"<ipv4-addrs>10.0.0.2</ipv4-addrs></jail><jail><jid>2</jid><path>/a&amp;"b</path></jail></jail-information>"#)),
            ("html", concat!(
                r#"<div class="line"><div class="title">JID</div><div class="padding">  </div><div class="title">Path</div></div>"#,
                r#"<div class="line"><div class="data" data-tag="jid">  1</div><div class="padding">  </div><div class="data" data-tag="path">/a&amp;"b</div></div>"#,
                r#"<div class="line"><div class="data" data-tag="ipv4-addrs">10.0.0.1</div><div class="data" data-tag="ipv4-addrs">10.0.0.2</div>"#,
                r#"<div class="data" data-tag="jid">  2</div><div class="padding">  </div><div class="data" data-tag="path">/a&amp;"b</div></div>"#)),
        ] {
            assert_eq!(written(options), want, "{options}");
        }
    }

    /// Content that a terminal would obey, in each style.
    #[test]
    #[rustfmt::skip]
    fn what_a_terminal_would_obey() {
        let bytes = "a\u{1b}[2J\n\u{9b}\u{202e}<".as_bytes();
        for (options, want) in [
            ("text", "a\\033[2J\\n\\302\\233\\342\\200\\256<"),
            ("json", "\"x\":\"a\\u001b[2J\\n\\u009b\\u202e<\""),
            ("xml",  "<x>a\\033[2J&#xa;&#x9b;&#x202e;&lt;</x>"),
            ("html", "data-tag=\"x\">a\\033[2J\\n\\302\\233\\342\\200\\256&lt;</div>"),
        ] {
            let mut asked = Options::default();
            asked.set(OsStr::new(options), &mut |_| {}).unwrap();
            let mut xo = Writer::new(asked, "3");
            xo.open_container("c");
            xo.field("x", bytes, Value::Text(bytes));
            xo.close();
            let written = String::from_utf8(xo.finish()).unwrap();
            assert!(written.contains(want), "{options}: {written}");
        }
    }

    #[test]
    fn lines_stay_for_people() {
        let bytes = b"a=\x1b\n\tb";
        for (options, want) in [
            ("text", "a=\\033\n\tb"),
            ("json", "\"x\":\"a=\\u001b\\n\\u0009b\""),
            ("html", "data-tag=\"x\">a=\\033\n\tb</div>"),
        ] {
            let mut asked = Options::default();
            asked.set(OsStr::new(options), &mut |_| {}).unwrap();
            let mut xo = Writer::new(asked, "3");
            xo.open_container("c");
            xo.lines("x", bytes);
            xo.close();
            let written = String::from_utf8(xo.finish()).unwrap();
            assert!(written.contains(want), "{options}: {written}");
        }
    }

    #[test]
    fn pretty() {
        let json = "{\n  \"__version\": \"3\", \n  \"jail-information\": {\n    \"jail\": [\n      {\n        \
            \"jid\": 1,\n        \"path\": \"/a&\\\"b\",\n        \"ipv4-addrs\": [\n          \"10.0.0.1\",\n          \
            \"10.0.0.2\"\n        ]\n      },\n      {\n        \"jid\": 2,\n        \"path\": \"/a&\\\"b\",\n        \
            \"ipv4-addrs\": [\n        ]\n      }\n    ]\n  }\n}\n";
        assert_eq!(written("json,pretty"), json);
        let xml = "<jail-information __version=\"3\">\n <jail>\n  <jid>1</jid>\n  <path>/a&amp;\"b</path>\n  \
            <ipv4-addrs>10.0.0.1</ipv4-addrs>\n  <ipv4-addrs>10.0.0.2</ipv4-addrs>\n </jail>\n <jail>\n  <jid>2</jid>\n  \
            <path>/a&amp;\"b</path>\n </jail>\n</jail-information>\n";
        assert_eq!(written("xml,pretty,indent=1"), xml);
        let html = "<div class=\"line\">\n  <div class=\"title\">JID</div>\n  <div class=\"padding\">  </div>\n  \
            <div class=\"title\">Path</div>\n</div>\n";
        assert!(written("html,pretty").starts_with(html));
    }

    #[test]
    fn nothing_is_an_empty_object() {
        let mut json = Options::default();
        json.set(OsStr::new("json"), &mut |_| {}).unwrap();
        assert_eq!(Writer::new(json, "3").finish(), b"{ }\n");
        assert_eq!(Writer::new(Options::default(), "3").finish(), b"");
    }
}
