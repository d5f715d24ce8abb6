//! The rtnetlink wire: requests written, answers read, one socket. netlink(7), rtnetlink(7).
//!
//! Whatever the kernel sends is read within its bounds: a short or odd attribute ends the reading,
//! and nothing panics. The modules that ask give the attributes their meaning.

use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::io::{Errno, retry_on_intr};
use rustix::net::netlink::{self, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use rustix::net::{recv, sendto, socket_with};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::error::Error;
use crate::maker::Maker;
use crate::uapi::{genl, nlm};

/// Length of `struct nlmsghdr`.
const HEADER: usize = 16;
/// Length of `struct ifinfomsg`.
pub(crate) const LINK_BODY: usize = 16;
/// Length of `struct genlmsghdr`.
pub(crate) const GENERIC_BODY: usize = 4;
/// Room for one answer: the kernel sends at most 32 KiB at once, whatever the reader offers.
const ANSWER: usize = 64 * 1024;
/// How often a listing is asked for again when the table changed while it was read.
const ATTEMPTS: usize = 8;

/// A request: a header, the fixed structure of its type, attributes.
pub(crate) struct Message {
    bytes: Vec<u8>,
}

impl Message {
    /// Starts a request of type `kind`; `flags` come on top of `NLM_F_REQUEST`, and `body` is the
    /// fixed structure.
    pub(crate) fn new(kind: u16, flags: u16, body: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(256);
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&kind.to_ne_bytes());
        bytes.extend_from_slice(&(flags | nlm::REQUEST).to_ne_bytes());
        bytes.extend_from_slice(&[0; 8]);
        bytes.extend_from_slice(body);
        Self { bytes }
    }

    /// What is written so far.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Appends one attribute.
    pub(crate) fn attribute(&mut self, kind: u16, value: &[u8]) -> &mut Self {
        self.nest(kind, |message| message.bytes.extend_from_slice(value))
    }

    /// Appends a string attribute with the NUL that the kernel expects.
    pub(crate) fn string(&mut self, kind: u16, value: &str) -> &mut Self {
        self.nest(kind, |message| {
            message.bytes.extend_from_slice(value.as_bytes());
            message.bytes.push(0);
        })
    }

    /// Appends a number in the host's byte order.
    pub(crate) fn number(&mut self, kind: u16, value: u32) -> &mut Self {
        self.attribute(kind, &value.to_ne_bytes())
    }

    /// Appends an attribute whose value `fill` writes: other attributes, or plain bytes.
    pub(crate) fn nest(&mut self, kind: u16, fill: impl FnOnce(&mut Self)) -> &mut Self {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 2]);
        self.bytes.extend_from_slice(&kind.to_ne_bytes());
        fill(self);
        // No request of ours comes near 64 KiB: its parts are names, numbers and addresses.
        let length = (self.bytes.len() - start) as u16;
        // The length counts the attribute without the padding behind it.
        self.bytes[start..start + 2].copy_from_slice(&length.to_ne_bytes());
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self
    }

    /// Appends a fixed structure inside a nest.
    pub(crate) fn raw(&mut self, body: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(body);
        self
    }

    fn finish(&mut self, sequence: u32, extra_flags: u16) -> &[u8] {
        let length = self.bytes.len() as u32;
        self.bytes[..4].copy_from_slice(&length.to_ne_bytes());
        let flags = u16::from_ne_bytes([self.bytes[6], self.bytes[7]]) | extra_flags;
        self.bytes[6..8].copy_from_slice(&flags.to_ne_bytes());
        self.bytes[8..12].copy_from_slice(&sequence.to_ne_bytes());
        &self.bytes
    }
}

/// A routing socket in one network namespace.
///
/// The socket stays in the namespace that it was opened in: it keeps working when the caller has
/// moved on, and even when the last process in there has died.
pub struct Netlink {
    socket: OwnedFd,
    sequence: u32,
    buffer: Vec<u8>,
    /// For whom interfaces are made with this socket.
    pub(crate) maker: Option<Maker>,
}

impl Netlink {
    /// Opens a routing socket in the caller's network namespace.
    ///
    /// # Errors
    /// The kernel has no rtnetlink, or no descriptor is free.
    pub fn open() -> Result<Self, Error> {
        let (kind, flags) = (SocketType::RAW, SocketFlags::CLOEXEC);
        let socket =
            socket_with(AddressFamily::NETLINK, kind, flags, None).map_err(Error::Socket)?;
        Ok(Self { socket, sequence: 0, buffer: vec![0; ANSWER], maker: None })
    }

    /// Opens a socket for generic netlink in the caller's network namespace.
    pub(crate) fn open_generic() -> Result<Self, Error> {
        let (kind, flags) = (SocketType::RAW, SocketFlags::CLOEXEC);
        let socket = socket_with(AddressFamily::NETLINK, kind, flags, Some(netlink::GENERIC))
            .map_err(Error::Socket)?;
        Ok(Self { socket, sequence: 0, buffer: vec![0; ANSWER], maker: None })
    }

    /// Opens a routing socket in the network namespace `there`; the caller's own namespace is
    /// `here`.
    ///
    /// # Errors
    /// As [`Netlink::open`]; `EPERM`: the caller may not enter that namespace.
    pub fn open_in(there: BorrowedFd<'_>, here: BorrowedFd<'_>) -> Result<Self, Error> {
        Self::inside(there, here, Self::open)
    }

    /// Opens a socket with `open` in the network namespace `there`.
    pub(crate) fn inside(
        there: BorrowedFd<'_>,
        here: BorrowedFd<'_>,
        open: fn() -> Result<Self, Error>,
    ) -> Result<Self, Error> {
        within(there, here, open)?
    }

    /// Asks for one change and waits for the kernel's answer.
    pub(crate) fn change(&mut self, message: Message) -> Result<(), Errno> {
        // Without `ACK` the kernel would answer errors only, and a change that succeeds with
        // silence.
        self.send(message, nlm::ACK)?;
        self.read(|_, _| {}).map(|_| ())
    }

    /// Asks for one object. The answer is the body: the fixed structure and its attributes.
    pub(crate) fn get(&mut self, message: Message) -> Result<Vec<u8>, Errno> {
        // The acknowledgement follows the object, and ends the reading.
        self.send(message, nlm::ACK)?;
        let mut answer = None;
        self.read(|_, body| answer = answer.take().or_else(|| Some(body.to_vec())))?;
        answer.ok_or(Errno::NODATA)
    }

    /// Asks for a whole table; `each` gets the body of every object in it.
    pub(crate) fn dump<T: Default>(
        &mut self,
        request: impl Fn() -> Message,
        each: impl Fn(&mut T, &[u8]),
    ) -> Result<T, Errno> {
        // The kernel marks a dump during which the table changed: objects may be missing or listed
        // twice. It is read anew into a fresh `T`, and a few times at most, as a busy table might
        // never hold still.
        for _ in 0..ATTEMPTS {
            let mut table = T::default();
            self.send(request(), nlm::DUMP)?;
            let consistent = self.read(|_, body| each(&mut table, body))?;
            if consistent {
                return Ok(table);
            }
        }
        Err(Errno::AGAIN)
    }

    fn send(&mut self, mut message: Message, flags: u16) -> Result<(), Errno> {
        self.sequence = self.sequence.wrapping_add(1);
        let bytes = message.finish(self.sequence, flags);
        let kernel = SocketAddrNetlink::new(0, 0);
        retry_on_intr(|| sendto(&self.socket, bytes, SendFlags::empty(), &kernel)).map(|_| ())
    }

    /// Reads answers to the last request until the kernel says that it is done or names an error.
    /// The answer is whether all of them came from one state of the table.
    fn read(&mut self, mut each: impl FnMut(u16, &[u8])) -> Result<bool, Errno> {
        let mut consistent = true;
        loop {
            let (_, length) = retry_on_intr(|| {
                recv(&self.socket, self.buffer.as_mut_slice(), RecvFlags::empty())
            })?;
            let mut rest = self.buffer.get(..length).ok_or(Errno::MSGSIZE)?;
            while let Some((header, body, after)) = split_message(rest) {
                rest = after;
                // The rest of an answer to an earlier request, whose reading ended in an error.
                if header.sequence != self.sequence {
                    continue;
                }
                consistent &= header.flags & nlm::DUMP_INTR == 0;
                match header.kind {
                    nlm::TYPE_ERROR | nlm::TYPE_DONE => {
                        return match i32_at(body, 0).unwrap_or(0) {
                            0 => Ok(consistent),
                            code => Err(Errno::from_raw_os_error(-code)),
                        };
                    }
                    kind => each(kind, body),
                }
            }
        }
    }
}

/// Does `work` in the network namespace `there`; the caller's own is `here`. This is for what
/// belongs to the namespace of the process, and not to that of a socket, such as /proc/sys/net.
///
/// # Errors
/// `Namespace`: the caller may not enter that namespace.
pub fn within<T>(
    there: BorrowedFd<'_>,
    here: BorrowedFd<'_>,
    work: impl FnOnce() -> T,
) -> Result<T, Error> {
    // Only the calling thread moves: other threads of the caller stay where they are.
    let network = Some(LinkNameSpaceType::Network);
    move_into_link_name_space(there, network).map_err(Error::Namespace)?;
    let done = work();
    move_into_link_name_space(here, network).map_err(Error::Namespace)?;
    Ok(done)
}

struct Header {
    kind: u16,
    flags: u16,
    sequence: u32,
}

/// Splits off the first message of `bytes`: its header, its body, and the rest.
fn split_message(bytes: &[u8]) -> Option<(Header, &[u8], &[u8])> {
    let length = u32_at(bytes, 0)? as usize;
    let body = bytes.get(HEADER..length)?;
    let header =
        Header { kind: u16_at(bytes, 4)?, flags: u16_at(bytes, 6)?, sequence: u32_at(bytes, 8)? };
    let after = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    Some((header, body, after))
}

/// The attributes in `bytes`: the type, without the flag bits, and the value of each.
pub(crate) fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let length = usize::from(u16_at(bytes, 0)?);
        // The two upper bits say that the value is nested, or in network order.
        let kind = u16_at(bytes, 2)? & 0x3fff;
        let value = bytes.get(4..length)?;
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    })
}

/// The value of the first attribute of type `wanted` in `bytes`.
pub(crate) fn find(bytes: &[u8], wanted: u16) -> Option<&[u8]> {
    attributes(bytes).find(|&(kind, _)| kind == wanted).map(|(_, value)| value)
}

/// A string attribute without its NUL. Bytes that are not UTF-8 become U+FFFD, control characters
/// `?`.
pub(crate) fn text(value: &[u8]) -> String {
    let end = value.iter().position(|&byte| byte == 0).unwrap_or(value.len());
    // A jail names and describes its interfaces as it likes, and the host lists them on a terminal.
    String::from_utf8_lossy(&value[..end]).replace(char::is_control, "?")
}

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

pub(crate) fn i32_at(bytes: &[u8], at: usize) -> Option<i32> {
    Some(i32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// The number of the interface that an answer is about.
pub(crate) fn header_index(header: &[u8]) -> Option<u32> {
    find(header, genl::HEADER_INDEX).and_then(|value| u32_at(value, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let mut message = Message::new(16, nlm::CREATE, &[7; 16]);
        message.string(3, "epair1a").nest(18, |info| {
            info.string(1, "veth").number(4, 1500);
        });
        let bytes = message.finish(9, nlm::ACK).to_vec();
        let (header, body, after) = split_message(&bytes).unwrap();
        assert_eq!((header.kind, header.sequence), (16, 9));
        assert_eq!(header.flags, nlm::CREATE | nlm::ACK | nlm::REQUEST);
        assert!(after.is_empty());
        let found: Vec<_> = attributes(&body[16..]).collect();
        assert_eq!(found[0], (3, &b"epair1a\0"[..]));
        let nested: Vec<_> = attributes(found[1].1).map(|(kind, _)| kind).collect();
        assert_eq!(nested, [1, 4]);
    }

    #[test]
    fn texts_are_harmless() {
        for (value, want) in [
            (&b"re0\0\0"[..], "re0"),
            (b"re0", "re0"),
            (b"", ""),
            (b"a\n\tinet 10.0.0.1\x1b[2J", "a??inet 10.0.0.1?[2J"),
            (b"\xff", "\u{fffd}"),
        ] {
            assert_eq!(text(value), want);
        }
    }

    #[test]
    fn short_and_odd_answers_end_the_reading() {
        for bytes in [&[][..], &[1], &[3, 0, 1, 0], &[200, 0, 1, 0, 5], &[0, 0, 0, 0], &[4, 0, 1]] {
            assert_eq!(attributes(bytes).count(), 0, "{bytes:?}");
            assert!(split_message(bytes).is_none(), "{bytes:?}");
        }
        assert_eq!(attributes(&[4, 0, 1, 0]).collect::<Vec<_>>(), [(1, &[][..])]);
    }
}
