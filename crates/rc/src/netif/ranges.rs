//! Addresses with ranges in them, `192.0.2.1-5/24`: network.subr, ifalias_expand_addr_inet.

use std::net::Ipv4Addr;

/// How many addresses a range may have: the default of `netif_ipexpand_max`.
pub(crate) const MOST: usize = 2048;

/// Lists the addresses that `word` means, at most `most`. The first one has the prefix; the others
/// are hosts in its network, with a prefix of 32. `None`: it is no address, or means too many.
pub(crate) fn expanded(word: &str, most: usize) -> Option<Vec<String>> {
    let (address, prefix) = match word.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (word, None),
    };
    let parts: Vec<_> = address.split('.').map(part).collect::<Option<_>>()?;
    let [a, b, c, d] = parts.as_slice() else { return None };
    let count: usize = parts.iter().map(|part| part.clone().count()).product();
    if count > most || prefix.is_some_and(|it| !it.parse().is_ok_and(|length: u8| length <= 32)) {
        return None;
    }
    let mut all = Vec::with_capacity(count);
    for (a, b) in a.clone().flat_map(|a| b.clone().map(move |b| (a, b))) {
        for (c, d) in c.clone().flat_map(|c| d.clone().map(move |d| (c, d))) {
            let address = Ipv4Addr::new(a, b, c, d);
            all.push(match prefix {
                Some(_) if !all.is_empty() => format!("{address}/32"),
                Some(prefix) => format!("{address}/{prefix}"),
                None => address.to_string(),
            });
        }
    }
    Some(all)
}

/// Reads `5` or `1-5`.
fn part(text: &str) -> Option<std::ops::RangeInclusive<u8>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (first <= last).then_some(first..=last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn ranges() {
        for (word, want) in [
            ("192.0.2.1/24",       Some("192.0.2.1/24")),
            ("192.0.2.1",          Some("192.0.2.1")),
            ("192.0.2.1-3/24",     Some("192.0.2.1/24 192.0.2.2/32 192.0.2.3/32")),
            ("10.0-1.0.9-10/16",   Some("10.0.0.9/16 10.0.0.10/32 10.1.0.9/32 10.1.0.10/32")),
            ("10.0-255.0-9.1/8",   None),     // too many
            ("192.0.2.3-1/24",     None),
            ("192.0.2/24",         None),
            ("192.0.2.1/33",       None),
            ("fe80::1",            None),
        ] {
            assert_eq!(expanded(word, MOST).map(|all| all.join(" ")).as_deref(), want, "{word}");
        }
    }
}
