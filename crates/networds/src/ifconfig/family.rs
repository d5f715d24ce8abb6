//! Families of addresses: ifconfig(8), `address_family`.

/// A family of addresses: a listing is limited to one, or the words after its name are of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressFamily {
    /// IPv4.
    Inet,
    /// IPv6.
    Inet6,
    /// Link-level addresses: `ether`, `link`, `lladdr`.
    Ether,
}
