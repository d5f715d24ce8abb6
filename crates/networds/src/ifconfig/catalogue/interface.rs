//! The words of ifconfig(8) for any interface: what it is, its addresses, what it does.

use netif::Mode;

use crate::ifconfig::action::Action::{self, Alone, Family, With};
use crate::ifconfig::address::Role;
use crate::ifconfig::change::Change;
use crate::ifconfig::family::AddressFamily::{Ether, Inet, Inet6};
use crate::ifconfig::value::{fib, group, name, number, only_fib};
use crate::word::Argument::{Group, Jail, Value};
use crate::word::{Word, switch, word};

#[rustfmt::skip]
pub(super) const WORDS: &[Word<Action>] = &[
    // Being there.
    word(&["create", "plumb"], "Makes the interface; without a number it gets the lowest one that \
          is free, and its name is printed")
        .full(Alone(|line, _| line.set_create())),
    word(&["destroy", "unplumb"], "Removes the interface")
        .full(Alone(|line, _| line.change(Change::Destroy))),
    word(&["name"], "Gives the interface another name")
        .full(With(Value("name"), |line, _, text| line.change(Change::Rename(name(text)?)))),
    word(&["descr", "description"], "Describes the interface")
        .partly("Linux keeps 255 bytes", With(Value("text"), |line, _, text| {
            line.change(Change::Description(text.to_owned()))
        })),
    word(&["-descr", "-description"], "Removes the description")
        .full(Alone(|line, _| line.change(Change::Description(String::new())))),
    word(&["group"], "Puts the interface into a group; Linux has an alternative name for that, \
          `group.NAME.xxxxxxxx`, which stays with the interface wherever it is moved")
        .full(With(Group, |line, _, text| line.change(Change::Group(group("setifgroup", text)?)))),
    word(&["-group"], "Takes the interface out of a group")
        .full(With(Group, |line, _, text| {
            line.change(Change::Ungroup(group("unsetifgroup", text)?))
        })),
    word(&["vnet"], "Gives the interface to a jail")
        .full(With(Jail, |line, _, jail| line.change(Change::Vnet(jail.to_owned())))),
    word(&["-vnet"], "Takes the interface back from a jail")
        .full(With(Jail, |line, _, jail| line.change(Change::Reclaim(jail.to_owned())))),
    word(&["fib"], "The routing table by which is sent on what the interface receives, and \
          in which are routes to the networks of its addresses")
        .partly("0 to 15; an address that another program adds or removes is taken notice of when \
                 `fib` or `up` is said again, and refusals of TCP leave by fib 0",
            With(Value("number"), |line, _, text| line.change(Change::Fib(fib(text)?)))),
    word(&["tunnelfib"], "The routing table of what a tunnel sends")
        .partly("only 0", With(Value("number"), |_, _, text| only_fib(text))),

    // Addresses.
    word(&["inet"], "What follows is of IPv4").full(Family(Inet)),
    word(&["inet6"], "What follows is of IPv6").full(Family(Inet6)),
    word(&["ether", "link", "lladdr"], "A link-level address follows").full(Family(Ether)),
    word(&["random"], "After `ether`: an address of our own making")
        .full(Alone(|line, said| line.random(said.word))),
    word(&["alias", "add"], "Adds the address to those that are there")
        .full(Alone(|line, _| { line.address.set_role(Role::Alias); Ok(()) })),
    word(&["-alias", "delete", "remove"], "Removes the address")
        .full(Alone(|line, _| { line.address.set_role(Role::Delete); Ok(()) })),
    word(&["netmask"], "The mask of an IPv4 address: `255.255.255.0` or `0xffffff00`")
        .full(With(Value("mask"), |line, _, text| line.set_mask(text))),
    word(&["broadcast"], "The broadcast address of an IPv4 address")
        .full(With(Value("address"), |line, _, text| line.address.set_broadcast(text))),
    word(&["prefixlen"], "The length of the prefix of an IPv6 address")
        .partly("for IPv4 there is `netmask`, and a length after a slash",
            With(Value("length"), |line, _, text| line.set_prefix_length(text))),

    // What it does.
    word(&["up"], "Brings the interface up").full(Alone(|line, _| line.change(Change::Up))),
    word(&["down"], "Takes the interface down; addresses stay, those of IPv6 too: \
          `keep_addr_on_down`")
        .full(Alone(|line, _| line.change(Change::Down))),
    word(&["mtu"], "The longest packet, in bytes")
        .full(With(Value("bytes"), |line, _, text| line.change(Change::Mtu(number(text)?)))),
    switch(&["arp"], "Asks for link-level addresses by arp(4)")
        .full(Alone(|line, said| line.mode(said, Mode::Arp))),
    switch(&["promisc"], "Takes all frames")
        .full(Alone(|line, said| line.mode(said, Mode::Promiscuous))),
    switch(&["allmulti"], "Takes all multicast frames")
        .full(Alone(|line, said| line.mode(said, Mode::AllMulticast))),
    switch(&["debug"], "Has the driver say more")
        .full(Alone(|line, said| line.mode(said, Mode::Debug))),
    switch(&["staticarp"], "Answers arp(4) and never asks").absent(),
    switch(&["stickyarp"], "Keeps an entry of arp(4) although another host claims its address")
        .absent(),
    switch(&["monitor"], "Drops what was received after bpf(4) has seen it").absent(),
    switch(&["metric"], "The metric of routes through the interface").absent(),
    switch(&["maclabel"], "The MAC label of the interface").absent(),
    switch(&["link0", "link1", "link2"], "Settings of some drivers").absent(),
    switch(&["normal"], "The opposite of `compress`").absent(),
    switch(&["compress"], "Compresses headers, on some serial lines").absent(),
    switch(&["noicmp"], "Sends no icmp(4), on some serial lines").absent(),
    switch(&["ipdst"], "The host that a tunnel of IPX leads to").absent(),
];
