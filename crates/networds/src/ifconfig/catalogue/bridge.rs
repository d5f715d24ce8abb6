//! The words of ifconfig(8) for a bridge: bridge(4), ifbridge.c.

use netif::{BridgeSetting as Bridge, PortSetting};

use crate::ifconfig::action::Action::{self, Alone, With, WithTwo};
use crate::ifconfig::change::BridgeChange as Change;
use crate::ifconfig::error::UsageError;
use crate::ifconfig::value::{bridge_byte, bridge_value, name};
use crate::word::Argument::{Interface, Value};
use crate::word::{Argument, Word, switch, word};

const NUMBER: Argument = Value("number");
const SECONDS: Argument = Value("seconds");
const ADDRESS: Argument = Value("address");

/// What the kernel's own spanning tree cannot do.
const NO_RSTP: &str =
    "the kernel's spanning tree is 802.1D, without edges and point-to-point links";
const NO_CHOICE: &str = "the kernel's spanning tree is 802.1D, which has no such choice";

#[rustfmt::skip]
pub(super) const WORDS: &[Word<Action>] = &[
    // Members.
    word(&["addm"], "Makes an interface a member")
        .partly("hardware that joins packets (LRO) stops doing so, and that is said: a bridge \
                cannot send on what is joined; `lro` turns it on again",
            With(Interface, |line, _, text| line.bridge(Change::AddMember(name(text)?)))),
    word(&["deletem"], "Takes a member out")
        .full(With(Interface, |line, _, text| line.bridge(Change::DeleteMember(name(text)?)))),
    word(&["span"], "The interface gets a copy of every frame that the bridge handles: two filters \
          of tc(8) on the bridge")
        .partly("the bridge listens to all frames for as long, also with `-promisc`; `promisc` \
                outlasts its span ports; a bridge cannot be one",
            With(Interface, |line, _, text| line.bridge(Change::Span(name(text)?)))),
    word(&["-span"], "The interface gets no more copies")
        .full(With(Interface, |line, _, text| line.bridge(Change::RemoveSpan(name(text)?)))),
    switch(&["private"], "The member sends nothing to other private ones")
        .full(With(Interface, |line, said, text| {
            line.member(text, PortSetting::Private(said.on))
        })),
    switch(&["discover"], "The member gets frames for addresses that are not known")
        .full(With(Interface, |line, said, text| {
            line.member(text, PortSetting::Discover(said.on))
        })),
    switch(&["learn"], "Addresses behind the member are learned")
        .full(With(Interface, |line, said, text| line.member(text, PortSetting::Learn(said.on)))),
    switch(&["sticky"], "What is learned behind the member stays")
        .refused("what a bridge learns may wander and be forgotten; static keeps an address where \
                  it is"),
    switch(&["ifmaxaddr"], "How many addresses may be behind the member")
        .refused("a bridge counts addresses as a whole: maxaddr"),

    // Addresses.
    word(&["addr"], "Prints the addresses that the bridge knows")
        .full(Alone(|line, _| line.bridge(Change::ShowAddresses))),
    word(&["static"], "Puts an address behind a member")
        .full(WithTwo([Interface, ADDRESS], |line, _, [member, text]| {
            let member = name(member)?;
            let bad = |_| UsageError::Message(format!("{member}: invalid address: {text}"));
            let ether = text.parse().map_err(bad)?;
            line.bridge(Change::Static(member, ether))
        })),
    word(&["deladdr"], "Forgets an address")
        .full(With(ADDRESS, |line, _, text| {
            let bad = |_| UsageError::Invalid("invalid address", text.to_owned());
            line.bridge(Change::Forget(text.parse().map_err(bad)?))
        })),
    word(&["flush"], "Forgets what was learned")
        .full(Alone(|line, _| line.bridge(Change::Flush))),
    word(&["flushall"], "Forgets all addresses, those of `static` too")
        .full(Alone(|line, _| line.bridge(Change::FlushAll))),
    word(&["timeout"], "For how long an address is remembered")
        .full(With(SECONDS, |line, _, text| {
            line.bridge(Change::Set(Bridge::Timeout(bridge_value(text, u32::MAX)?)))
        })),
    word(&["maxaddr"], "How many addresses are remembered")
        .partly("needs Linux 6.7", With(NUMBER, |line, _, text| {
            line.bridge(Change::Set(Bridge::MaxAddresses(bridge_value(text, u32::MAX)?)))
        })),

    // The spanning tree.
    switch(&["stp"], "The member takes part in the spanning tree")
        .partly("the spanning tree of Linux is a bridge's: on or off for all of its members",
            With(Interface, |line, said, text| line.bridge(Change::Stp(name(text)?, said.on)))),
    word(&["hellotime"], "The time between two messages of the spanning tree")
        .full(With(SECONDS, |line, _, text| {
            line.bridge(Change::Set(Bridge::HelloTime(bridge_byte(text)?.into())))
        })),
    word(&["fwddelay"], "The time before a member forwards frames")
        .full(With(SECONDS, |line, _, text| {
            line.bridge(Change::Set(Bridge::ForwardDelay(bridge_byte(text)?.into())))
        })),
    word(&["maxage"], "For how long a message of the spanning tree holds")
        .full(With(SECONDS, |line, _, text| {
            line.bridge(Change::Set(Bridge::MaxAge(bridge_byte(text)?.into())))
        })),
    word(&["priority"], "The priority of the bridge in the spanning tree")
        .full(With(NUMBER, |line, _, text| {
            let priority = bridge_value(text, u16::MAX.into())? as u16;
            line.bridge(Change::Set(Bridge::Priority(priority)))
        })),
    word(&["ifpriority"], "The priority of a member in the spanning tree")
        .partly("in steps of 4", WithTwo([Interface, NUMBER], |line, _, [member, text]| {
            line.member(member, PortSetting::Priority(bridge_byte(text)?))
        })),
    word(&["ifpathcost"], "The cost of the path behind a member")
        .full(WithTwo([Interface, NUMBER], |line, _, [member, text]| {
            line.member(member, PortSetting::PathCost(bridge_value(text, u32::MAX)?))
        })),
    switch(&["edge"], "No bridge is behind the member").refused(NO_RSTP),
    switch(&["autoedge"], "Looks whether a bridge is behind the member").refused(NO_RSTP),
    switch(&["ptp"], "One bridge is behind the member").refused(NO_RSTP),
    switch(&["autoptp"], "Looks whether one bridge is behind the member").refused(NO_RSTP),
    switch(&["proto"], "The protocol of the spanning tree").refused(NO_CHOICE),
    switch(&["holdcnt"], "How many messages of the spanning tree are sent at once")
        .refused(NO_CHOICE),

    // Vlans.
    switch(&["vlanfilter"], "Looks at the tags of frames").absent(),
    switch(&["untagged", "ifuntagged"], "The vlan of a member's frames without a tag").absent(),
    switch(&["tagged", "iftagged"], "The vlans of a member's frames with a tag").absent(),
    switch(&["addtagged"], "Adds vlans of a member").absent(),
    switch(&["deltagged"], "Removes vlans of a member").absent(),
    switch(&["defuntagged"], "The vlan of new members' frames without a tag").absent(),
];
