//! What must hold of the words of ifconfig(8) and route(8): a command line is understood, or
//! refused with a reason; and one that was understood can be written again.

use networds::ifconfig::{self, Change, Invocation, Purpose, listing};
use networds::route::{self, Gateway, RouteCommand};

/// Splits the bytes into the words of a command line, one a line. `None` if they are no text.
fn words(bytes: &[u8]) -> Option<Vec<String>> {
    Some(std::str::from_utf8(bytes).ok()?.split('\n').map(str::to_owned).collect())
}

/// Reads a command line of ifconfig(8): [`ifconfig::parse`].
pub fn ifconfig_words(bytes: &[u8]) {
    let Some(words) = words(bytes) else { return };
    let invocation = match ifconfig::parse(&words) {
        Ok(invocation) => invocation,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    // The same line has the same meaning every time, and the jail is one of its words.
    assert_eq!(ifconfig::parse(&words).as_ref(), Ok(&invocation));
    let Invocation { jail, purpose } = invocation;
    assert!(jail.is_none_or(|jail| words.iter().any(|word| word.ends_with(&jail))));
    match purpose {
        Purpose::List(selection) | Purpose::Names(selection, _) => {
            assert!(listing::chosen(&[], &selection).is_empty());
        }
        Purpose::Configure(wanted) => {
            assert!(words.contains(&wanted.interface));
            // Settings for `create` exist only with `create`.
            assert!(wanted.create || wanted.creation.is_empty());
            for change in wanted.changes {
                if let Change::Address(new) = change {
                    let prefix = new.address.prefix;
                    assert!(prefix.length <= netif::Prefix::width(prefix.address));
                }
            }
        }
        Purpose::Cloners => {}
    }
}

/// Reads a command line of route(8): [`route::parse`]. A route whose parts are written out is
/// understood as the same route.
pub fn route_words(bytes: &[u8]) {
    let Some(words) = words(bytes) else { return };
    let command = match route::parse(&words) {
        Ok(command) => command,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let done = [(netif::Fib::DEFAULT, Ok(()))];
    assert!(!route::change_lines(&command, &done).is_empty());
    let RouteCommand { destination, gateway, verb, .. } = command;
    assert!(destination.length <= netif::Prefix::width(destination.address));
    if verb != route::Verb::Add {
        return;
    }
    let family = if destination.address.is_ipv6() { "-6" } else { "-4" };
    let full = format!("{}/{}", destination.address, destination.length);
    let mut again = vec![family.to_owned(), "add".to_owned(), full];
    if let Some(gateway) = &gateway {
        if matches!(gateway, Gateway::Interface(_)) {
            again.insert(2, "-iface".to_owned());
        }
        // By its modifier: Linux allows interfaces a name like an option's.
        again.extend(["-gateway".to_owned(), gateway.to_string()]);
    }
    let same = match route::parse(&again) {
        Ok(same) => Some((same.destination, same.gateway)),
        Err(_) => None,
    };
    assert_eq!(same, Some((destination, gateway)), "{again:?}");
}
