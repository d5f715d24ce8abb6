//! The words of ifconfig(8) for what hardware does: capabilities, media, wake on LAN.

use netif::Capability::{Lro, RxCsum, RxCsum6, Tso4, Tso6, TxCsum, TxCsum6};
use netif::Capability::{VlanHwFilter, VlanHwTag};

use crate::ifconfig::action::Action::{self, Alone};
use crate::word::{Word, switch};

#[rustfmt::skip]
pub(super) const WORDS: &[Word<Action>] = &[
    switch(&["rxcsum"], "Checks sums of what is received over IPv4")
        .full(Alone(|line, said| line.capability(said, &[RxCsum]))),
    switch(&["txcsum"], "Makes sums of what is sent over IPv4")
        .full(Alone(|line, said| line.capability(said, &[TxCsum]))),
    switch(&["rxcsum6"], "Checks sums of what is received over IPv6")
        .full(Alone(|line, said| line.capability(said, &[RxCsum6]))),
    switch(&["txcsum6"], "Makes sums of what is sent over IPv6")
        .full(Alone(|line, said| line.capability(said, &[TxCsum6]))),
    switch(&["tso"], "Cuts long segments of TCP: `tso4` and `tso6`")
        .full(Alone(|line, said| line.capability(said, &[Tso4, Tso6]))),
    switch(&["tso4"], "Cuts long segments of TCP over IPv4")
        .full(Alone(|line, said| line.capability(said, &[Tso4]))),
    switch(&["tso6"], "Cuts long segments of TCP over IPv6")
        .full(Alone(|line, said| line.capability(said, &[Tso6]))),
    switch(&["lro"], "Joins segments of TCP that are received; hardware GRO as well")
        .full(Alone(|line, said| line.capability(said, &[Lro]))),
    switch(&["vlanhwtag"], "Handles the tags of vlans")
        .full(Alone(|line, said| line.capability(said, &[VlanHwTag]))),
    switch(&["vlanhwfilter"], "Drops frames of vlans that are not there")
        .full(Alone(|line, said| line.capability(said, &[VlanHwFilter]))),
    switch(&["vlanmtu"], "Takes frames that are longer by a tag").absent(),
    switch(&["vlanhwtso"], "Cuts long segments of TCP in vlans").absent(),
    switch(&["vlanhwcsum"], "Handles sums in vlans").absent(),
    switch(&["wol", "wol_ucast", "wol_mcast", "wol_magic"], "Wakes the machine up").absent(),
    switch(&["toe"], "Handles TCP as a whole").absent(),
    switch(&["txrtlmt"], "Limits the rate at which it sends").absent(),
    switch(&["txtls"], "Encrypts TLS").absent(),
    switch(&["mextpg"], "Sends from memory that the kernel has not mapped").absent(),
    switch(&["hwrxtstmp"], "Says when a packet was received").absent(),
    switch(&["polling"], "Is asked, and does not interrupt").absent(),
    switch(&["netcons"], "Carries the debugger of the kernel").absent(),
    switch(&["pcp"], "The priority of frames without a vlan").absent(),
    switch(&["media"], "The medium").absent(),
    switch(&["mediaopt"], "Options of the medium").absent(),
    switch(&["mode"], "The mode of the medium").absent(),
    switch(&["instance", "inst"], "Which of several media").absent(),
];
