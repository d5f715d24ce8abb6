//! Parameters of a jail as jls(8) prints them: by name, as `name=value`, in lists.

use jailparam::{Jailsys, Kind, Parameter, Role, Set, Support, Value, param};
use prison::Record;
use xo::{Value as Encoded, Writer};

/// Lists what a newer kletka has recorded of a prison and this version does not understand, each as
/// `name=value`.
pub(super) fn unknown(record: &Record) -> impl Iterator<Item = Vec<u8>> {
    let parameters = record.parameters.iter().filter(|(name, _)| jailparam::find(name).is_none());
    let parameters = parameters.map(|(name, value)| [name.as_bytes(), b"=", value].concat());
    parameters.chain(record.unknown())
}

/// Refuses `name`, in libjail's words.
fn unknown_parameter(name: &str) -> String {
    let found = jailparam::find(name).map(|found| found.parameter);
    // jls(8) shows fewer parameters than jail(8) takes.
    let is_shown = |name: &String| {
        jailparam::find(name).is_some_and(|found| found.parameter.role == Role::Core)
    };
    let advice = match (found, jailparam::suggest(name).filter(is_shown)) {
        (Some(_), _) => "; it is jail(8)'s: kletka config get shows it".to_owned(),
        (None, Some(meant)) => nearest::hint(Some(&meant)),
        (None, None) if name.starts_with('-') => "; options stand before parameters".to_owned(),
        (None, None) if name.contains('.') => "; jls -n shows all".to_owned(),
        // The name of a jail is what is typed here most often.
        (None, None) => format!("; jls -n shows all, and a jail is chosen by -j {name}"),
    };
    format!("unknown parameter: {name}{advice}")
}

/// How the values of a jail are printed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    /// `name=value`: `-n`.
    pub(super) assignments: bool,
    /// Quotes around values with spaces: `-q`.
    pub(super) quotes: bool,
    /// The lines of a text of lines, which `meta` and `env` are, are printed as lines. All other
    /// texts stand within a line.
    pub(super) lines: bool,
}

/// One parameter to print.
pub(super) struct Column {
    parameter: &'static Parameter,
    /// Whether the parameter was asked for by its name with `no`: `nopersist`.
    no: bool,
    /// The name, as it was asked for.
    pub(super) name: String,
    /// The parameter that says whether the jail has addresses of its own, of which this is a part:
    /// `ip4` of `ip4.addr`.
    parent: Option<&'static Parameter>,
    /// The key in `meta.KEY` or `env.KEY`.
    key: Option<String>,
}

/// Lists all parameters that a jail can have here, in the order of jls(8).
pub(super) fn all() -> Vec<Column> {
    let there = |parameter: &&Parameter| {
        let refused = matches!(parameter.support, Support::Refused(_));
        !refused || parameter.default.is_some()
    };
    let shown = jailparam::shown().filter(there);
    shown.map(|parameter| Column::new(parameter, false, parameter.name)).collect()
}

impl Column {
    /// Finds the parameter `name`.
    ///
    /// # Errors
    /// There is no such parameter. The message is libjail's.
    pub(super) fn find(name: &str) -> Result<Self, String> {
        let found = jailparam::find(name).filter(|found| found.parameter.role == Role::Core);
        let found = found.ok_or_else(|| unknown_parameter(name))?;
        Ok(Self::new(found.parameter, found.no, name))
    }

    fn new(parameter: &'static Parameter, no: bool, name: &str) -> Self {
        let parent = parameter.name.split_once('.').and_then(|(parent, _)| jailparam::find(parent));
        let parent = parent.filter(|found| found.parameter.kind == Kind::Jailsys);
        let key = name.split_once('.').filter(|_| parameter.has_keys());
        Self {
            parameter,
            no,
            name: name.to_owned(),
            parent: parent.map(|found| found.parameter),
            key: key.map(|(_, key)| key.to_owned()),
        }
    }

    /// Answers the value of the parameter. `None`: the jail has no such value.
    pub(super) fn value(&self, set: &Set) -> Option<Value> {
        let value = set.value(self.parameter).or_else(|| match self.parameter.kind {
            Kind::Ip4List | Kind::Ip6List => Some(Value::List(Vec::new())),
            _ => None,
        });
        match (value, &self.key) {
            (Some(Value::Text(text)), Some(key)) => {
                Some(Value::Text(jailparam::value_of(&text, key)?.to_vec()))
            }
            (Some(Value::Bool(on)), _) => Some(Value::Bool(on != self.no)),
            (value, _) => value,
        }
    }

    /// Whether jail(8) takes the parameter. A parameter that can only be read is left out, and so
    /// is a part of something that the jail shares with the host.
    pub(super) fn is_settable(&self, set: &Set) -> bool {
        let refused = matches!(self.parameter.support, Support::Refused(_));
        self.parameter.access != jailparam::Access::ReadOnly
            && (!refused || self.parameter.kind == Kind::Bool)
            && !self.is_against_vnet(set)
            && self.parent.is_none_or(|it| set.value(it) == Some(Value::Jailsys(Jailsys::New)))
    }

    /// Whether the parameter contradicts the jail's `vnet`. jail(8) takes either `vnet` or `ip4`
    /// and `ip6`, never both.
    fn is_against_vnet(&self, set: &Set) -> bool {
        let has_vnet = set.jailsys(param::VNET) == Jailsys::New;
        if has_vnet {
            [param::IP4, param::IP6].iter().any(|addresses| addresses.is(self.parameter))
        } else {
            param::VNET.is(self.parameter)
        }
    }

    /// Whether a line of assignments leaves the parameter out when it has no value. A key without a
    /// value is printed by its name alone, which jail(8) takes.
    pub(super) fn needs_value(&self) -> bool {
        self.key.is_none()
    }

    /// Prints the value.
    pub(super) fn print(&self, xo: &mut Writer, value: Option<Value>, form: Form) {
        let Form { assignments, quotes, .. } = form;
        let Some(value) = value else {
            match (&self.key, assignments) {
                (None, _) => xo.padding("-"),
                (Some(_), true) => xo.display(Some("%s"), self.name.as_bytes()),
                (Some(_), false) => {}
            }
            return;
        };
        if let (Value::Bool(on), true) = (&value, assignments) {
            return self.print_boolean(xo, *on);
        }
        if assignments {
            // FreeBSD passes the format where xo_emit(3) expects the name of the field: so the
            // field is called `%s` there.
            xo.display(Some("%s"), self.name.as_bytes());
            xo.text("=");
        }
        match &value {
            Value::List(values) if xo.encodes() => {
                addresses(xo, &self.name, values.iter().map(Vec::as_slice));
            }
            Value::List(values) if values.is_empty() => match (quotes, assignments) {
                (true, _) => xo.padding("\"\""),
                (false, true) => {}
                (false, false) => xo.padding("-"),
            },
            Value::List(values) => self.print_text(xo, &values.join(&b','), form),
            Value::Text(text) => self.print_text(xo, text, form),
            other => self.print_text(xo, other.to_string().as_bytes(), form),
        }
    }

    /// Prints a boolean by its name alone, and for programs as true or false under that name.
    fn print_boolean(&self, xo: &mut Writer, on: bool) {
        let word = if on { "true" } else { "false" };
        // In JSON, FreeBSD says true for every boolean that is asked for by its name with `no`.
        xo.encode(&self.name, Encoded::Bare(if self.no { "true" } else { word }));
        let opposite =
            if self.no { Some(self.parameter.name.into()) } else { self.parameter.no_name() };
        let shown = if on { Some(self.name.clone()) } else { opposite };
        xo.display(None, shown.unwrap_or_default().as_bytes());
    }

    fn print_text(&self, xo: &mut Writer, text: &[u8], form: Form) {
        if text.is_empty() {
            xo.encode(&self.name, Encoded::Text(text));
            xo.display(Some(&self.name), b"\"\"");
            return;
        }
        let quoted = jailparam::in_quotes(text);
        let quote =
            (form.quotes && quoted.len() > text.len()).then(|| char::from(quoted[0]).to_string());
        let mark = |xo: &mut Writer| {
            if let Some(quote) = &quote {
                xo.padding(quote);
            }
        };
        mark(xo);
        if form.lines && self.parameter.has_keys() {
            xo.lines(&self.name, text);
        } else {
            xo.field(&self.name, text, Encoded::Text(text));
        }
        mark(xo);
    }
}

/// Prints the line of names: `-h`.
pub(super) fn header(xo: &mut Writer, columns: &[Column]) {
    for (index, column) in columns.iter().enumerate() {
        if index > 0 {
            xo.padding(" ");
        }
        xo.text(&column.name);
    }
    xo.padding("\n");
}

/// Prints a list of addresses, a line each.
pub(super) fn addresses<'a>(
    xo: &mut Writer,
    name: &str,
    addresses: impl Iterator<Item = &'a [u8]>,
) {
    xo.open_list(name);
    for address in addresses {
        xo.padding("        ");
        xo.leaf(address);
        xo.padding("\n");
    }
    xo.close();
}
