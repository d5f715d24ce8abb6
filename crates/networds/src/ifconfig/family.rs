//! Families of addresses: ifconfig(8), `address_family`.

/// A family of addresses that a listing is limited to, or that the words after it are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressFamily {
    /// IPv4.
    Inet,
    /// IPv6.
    Inet6,
    /// Link-level addresses: `ether`, `link`, `lladdr`.
    Ether,
}
