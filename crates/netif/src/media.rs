//! What a card has agreed on with the other end of its cable: ifmedia(4), and the line `media` of
//! ifconfig(8).

use std::collections::BTreeMap;
use std::fmt;

use crate::uapi::genl;
use crate::wire::{GENERIC_BODY, Message, attributes, header_index, u32_at};

/// How frames are sent. `Display` is what follows `media: `.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Media {
    /// The two ends negotiate the speed.
    pub autoselect: bool,
    /// Millions of bits in a second; `None`: there is no carrier, or the driver does not say.
    pub speed: Option<u32>,
    /// Frames go in both directions at once; `None`: the driver does not say.
    pub full_duplex: Option<bool>,
}

impl Media {
    /// FreeBSD's name of the medium. Linux reports only the speed, so twisted pair is assumed.
    fn subtype(self) -> Option<&'static str> {
        Some(match self.speed? {
            10 => "10baseT/UTP",
            100 => "100baseTX",
            1000 => "1000baseT",
            2500 => "2500Base-T",
            5000 => "5000Base-T",
            10_000 => "10Gbase-T",
            _ => return None,
        })
    }
}

impl fmt::Display for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let duplex = match self.full_duplex {
            Some(true) => " <full-duplex>",
            Some(false) => " <half-duplex>",
            None => "",
        };
        match self.subtype() {
            Some(subtype) if self.autoselect => {
                write!(f, "Ethernet autoselect ({subtype}{duplex})")
            }
            Some(subtype) => write!(f, "Ethernet {subtype}{duplex}"),
            None => f.write_str("Ethernet autoselect"),
        }
    }
}

/// A request for the media of all interfaces.
pub(crate) fn request(family: u16) -> Message {
    let mut message = Message::new(family, 0, &[genl::LINKMODES_GET, 1, 0, 0]);
    message.nest(genl::FEATURES_HEADER | genl::NESTED, |_| {});
    message
}

/// Takes one answer to that request.
pub(crate) fn collect(found: &mut BTreeMap<u32, Media>, body: &[u8]) {
    let (mut index, mut media) = (None, Media::default());
    for (kind, value) in attributes(body.get(GENERIC_BODY..).unwrap_or_default()) {
        match kind {
            genl::FEATURES_HEADER => index = header_index(value),
            genl::LINKMODES_AUTONEG => media.autoselect = value == [1],
            // The kernel writes SPEED_UNKNOWN as -1.
            genl::LINKMODES_SPEED => media.speed = u32_at(value, 0).filter(|it| *it != u32::MAX),
            genl::LINKMODES_DUPLEX => media.full_duplex = duplex(value),
            _ => {}
        }
    }
    found.extend(index.map(|index| (index, media)));
}

/// linux/ethtool.h, `DUPLEX_*`: 0 is half, 1 is full, all else unknown.
fn duplex(value: &[u8]) -> Option<bool> {
    match value {
        [0] => Some(false),
        [1] => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn as_freebsd_names_them() {
        for (autoselect, speed, full_duplex, want) in [ // if_media.h
            (true,  Some(1000),   Some(true),  "Ethernet autoselect (1000baseT <full-duplex>)"),
            (true,  Some(10),     Some(false), "Ethernet autoselect (10baseT/UTP <half-duplex>)"),
            (false, Some(10_000), Some(true),  "Ethernet 10Gbase-T <full-duplex>"),
            (false, Some(1000),   None,        "Ethernet 1000baseT"),
            (true,  Some(1000),   None,        "Ethernet autoselect (1000baseT)"),
            (true,  None,         Some(false), "Ethernet autoselect"),
            (true,  Some(40_000), Some(true),  "Ethernet autoselect"),
        ] {
            assert_eq!(Media { autoselect, speed, full_duplex }.to_string(), want);
        }
    }

    #[test]
    fn what_the_kernel_says_of_the_directions() {
        for (value, want) in [
            (&[0][..], Some(false)),
            (&[1], Some(true)),
            (&[0xff], None),
            (&[2], None),
            (&[], None),
        ] {
            let mut answer = vec![0; GENERIC_BODY];
            answer.extend((12u16).to_ne_bytes());
            answer.extend((genl::FEATURES_HEADER | genl::NESTED).to_ne_bytes());
            answer.extend([8, 0, 1, 0, 7, 0, 0, 0]);
            answer.extend((4 + value.len() as u16).to_ne_bytes());
            answer.extend(genl::LINKMODES_DUPLEX.to_ne_bytes());
            answer.extend(value);
            let mut found = BTreeMap::new();
            collect(&mut found, &answer);
            assert_eq!(found[&7].full_duplex, want, "{value:?}");
        }
    }
}
