//! Another name for a jail that runs: what the jail is called as a whole, and what on the host goes
//! by its name.

use crate::error::Error;
use jailparam::Value;
use netif::{Maker, Netlink};
use prison::{Prison, Record};
use std::os::fd::AsFd;

/// The whole name that the jail of `record` gets when its `name` is this value.
pub(super) fn whole(name: &Value, record: &Record) -> Result<Value, prison::Error> {
    let Value::Text(name) = name else { return Ok(name.clone()) };
    let name = record.called(&String::from_utf8_lossy(name))?;
    Ok(Value::Text(name.into_bytes()))
}

/// Gives the interfaces that hooks of the jail have made to hooks of the name that it has now.
/// Otherwise the next jail with the old name could take them for its own.
pub(super) fn hand_over(before: &Record, prison: &Prison) -> Result<(), Error> {
    let now = prison.record();
    if now.name == before.name {
        return Ok(());
    }
    let [from, to] = [before, now].map(|record| Maker::hooks_of(&record.name));
    let (there, here) = (prison.network()?, prison::own_network()?);
    let hand_over = |mut netlink: Netlink| netlink.hand_over(from, to);
    let on_host = Netlink::open().and_then(hand_over);
    let inside = || Netlink::open_in(there.as_fd(), here.as_fd()).and_then(hand_over);
    on_host.and_then(|()| inside()).map_err(Error::Interfaces)
}
