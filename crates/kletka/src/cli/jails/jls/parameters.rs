//! Parameters of a jail as jls(8) prints them: by name, as `name=value`, in lists.

use jailparam::{Jailsys, Kind, Parameter, Role, Set, Support, Value, param};
use prison::Record;
use xo::{Value as Encoded, Writer};

/// What a newer kletka has written of a prison, and this one does not understand: `name=value`
/// each, with nothing in it that a terminal would obey.
pub(super) fn unknown(record: &Record) -> Vec<String> {
    let parameters = record.parameters.iter().filter(|(name, _)| jailparam::find(name).is_none());
    let parameters = parameters.map(|(name, value)| [name.as_bytes(), b"=", value].concat());
    let all = parameters.chain(record.unknown());
    all.map(|line| line.escape_ascii().to_string()).collect()
}

/// One parameter to print.
pub(super) struct Column {
    parameter: &'static Parameter,
    /// Asked for by the form that turns it off: `nopersist`.
    no: bool,
    /// As it was asked for.
    pub(super) name: String,
    /// What the jail has its own of, or not, when it has this: `ip4` of `ip4.addr`.
    parent: Option<&'static Parameter>,
    /// The key that is asked for: of `meta.KEY` and `env.KEY`.
    key: Option<String>,
}

/// All parameters that a jail can have here, in jls(8)'s order.
pub(super) fn all() -> Vec<Column> {
    let there = |parameter: &&Parameter| {
        let refused = matches!(parameter.support, Support::Refused(_));
        !refused || parameter.default.is_some()
    };
    let shown = jailparam::shown().filter(there);
    shown.map(|parameter| Column::new(parameter, false, parameter.name)).collect()
}

impl Column {
    /// The parameter `name`.
    ///
    /// # Errors
    /// There is none, in libjail's words.
    pub(super) fn find(name: &str) -> Result<Self, String> {
        let found = jailparam::find(name).filter(|found| found.parameter.role == Role::Core);
        let found = found.ok_or_else(|| format!("unknown parameter: {name}"))?;
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

    /// Its value; none where a jail has none of it here.
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

    /// Whether jail(8) takes it: not one that only tells, nor one that belongs to what the
    /// jail has not of its own.
    pub(super) fn is_settable(&self, set: &Set) -> bool {
        let refused = matches!(self.parameter.support, Support::Refused(_));
        self.parameter.access != jailparam::Access::ReadOnly
            && (!refused || self.parameter.kind == Kind::Bool)
            && !self.is_against_vnet(set)
            && self.parent.is_none_or(|it| set.value(it) == Some(Value::Jailsys(Jailsys::New)))
    }

    /// jail(8) takes `vnet`, or else what the jail has of the host's addresses: never both.
    fn is_against_vnet(&self, set: &Set) -> bool {
        let has_vnet = set.jailsys(param::VNET) == Jailsys::New;
        if has_vnet {
            [param::IP4, param::IP6].iter().any(|addresses| addresses.is(self.parameter))
        } else {
            param::VNET.is(self.parameter)
        }
    }

    /// Whether it is left out of a line of assignments without a value. A key that is not there is
    /// not: its name alone is what jail(8) takes for that.
    pub(super) fn needs_value(&self) -> bool {
        self.key.is_none()
    }

    /// Prints it: the value, or with `assignments` its name too.
    pub(super) fn print(
        &self,
        xo: &mut Writer,
        value: Option<Value>,
        assignments: bool,
        quotes: bool,
    ) {
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
            // FreeBSD's field has this name too: a format that was meant
            // for the argument behind it.
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
            Value::List(values) => self.print_text(xo, &values.join(&b','), quotes),
            Value::Text(text) => self.print_text(xo, text, quotes),
            other => self.print_text(xo, other.to_string().as_bytes(), quotes),
        }
    }

    /// A boolean by its name alone; for programs, true or false under that name.
    fn print_boolean(&self, xo: &mut Writer, on: bool) {
        let word = if on { "true" } else { "false" };
        // Under the name with `no`, FreeBSD always says true.
        xo.encode(&self.name, Encoded::Bare(if self.no { "true" } else { word }));
        let opposite =
            if self.no { Some(self.parameter.name.into()) } else { self.parameter.no_name() };
        let shown = if on { Some(self.name.clone()) } else { opposite };
        xo.display(None, shown.unwrap_or_default().as_bytes());
    }

    fn print_text(&self, xo: &mut Writer, text: &[u8], quotes: bool) {
        if text.is_empty() {
            xo.encode(&self.name, Encoded::Text(text));
            xo.display(Some(&self.name), b"\"\"");
            return;
        }
        let quoted = jailparam::in_quotes(text);
        let quote =
            (quotes && quoted.len() > text.len()).then(|| char::from(quoted[0]).to_string());
        let mark = |xo: &mut Writer| {
            if let Some(quote) = &quote {
                xo.padding(quote);
            }
        };
        mark(xo);
        xo.field(&self.name, text, Encoded::Text(text));
        mark(xo);
    }
}

/// The line of names: `-h`.
pub(super) fn header(xo: &mut Writer, columns: &[Column]) {
    for (index, column) in columns.iter().enumerate() {
        if index > 0 {
            xo.padding(" ");
        }
        xo.text(&column.name);
    }
    xo.padding("\n");
}

/// A list of addresses, a line each.
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
