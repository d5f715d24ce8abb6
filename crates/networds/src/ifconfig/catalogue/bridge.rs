//! The words of ifconfig(8) for a bridge: bridge(4), ifbridge.c.

use netif::{BridgeSetting as Bridge, PortSetting, PortVlanChange as Vlans};

use crate::ifconfig::action::Action::{self, Alone, With, WithOptions, WithTwo};
use crate::ifconfig::change::BridgeChange as Change;
use crate::ifconfig::error::UsageError;
use crate::ifconfig::value::{bridge_byte, bridge_value, name, vlan, vlans};
use crate::word::Argument::{Interface, Value};
use crate::word::{Argument, Word, switch, word};

const NUMBER: Argument = Value("number");
const SECONDS: Argument = Value("seconds");
const ADDRESS: Argument = Value("address");
const VLAN: Argument = Value("vlan");
const LIST: Argument = Value("list");

/// FreeBSD's message for a tag that there is not.
const BAD_MEMBER_VLAN: &str = "invalid VLAN identifier";
/// How the vlans of members differ: a port of Linux has one entry for each tag.
const NEEDS_FILTER: &str = "needs `vlanfilter`; frames that have the tag of the untagged vlan pass \
    too, and a vlan is one of the two at a time";
const ONE_PROTOCOL: &str = "the tags that a bridge looks at are of one protocol, 802.1q";

/// What the kernel's own spanning tree cannot do.
const NO_RSTP: &str =
    "the kernel's spanning tree is 802.1D, without edges and point-to-point links";
const NO_CHOICE: &str = "the kernel's spanning tree is 802.1D, which has no such choice";

#[rustfmt::skip]
pub(super) const WORDS: &[Word<Action>] = &[
    // Members.
    word(&["addm"], "Makes an interface a member; `untagged VLAN` and `tagged LIST` may follow, and \
          give the member its vlans")
        .partly("hardware that joins packets (LRO) stops doing so, and that is said: a bridge \
                cannot send on what is joined; `lro` turns it on again",
            WithOptions(Interface, &["untagged", "tagged"], |line, text, options| {
                let vlans = options.iter().map(|&(word, value)| match word {
                    "untagged" => Ok(Vlans::Untagged(Some(vlan(BAD_MEMBER_VLAN, value)?))),
                    _ => Ok(Vlans::Tagged(vlans(value)?)),
                });
                let vlans = vlans.collect::<Result<_, UsageError>>()?;
                line.bridge(Change::AddMember(name(text)?, vlans))
            })),
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
    switch(&["vlanfilter"], "The bridge looks at the tags of frames, and a member gets those of its \
            vlans alone")
        .partly("`-vlanfilter` needs members without vlans",
            Alone(|line, said| line.bridge(Change::VlanFilter(said.on)))),
    word(&["ifuntagged", "untagged"], "The vlan of a member's frames without a tag")
        .partly(NEEDS_FILTER, WithTwo([Interface, VLAN], |line, _, [member, text]| {
            line.member_vlans(member, Vlans::Untagged(Some(vlan(BAD_MEMBER_VLAN, text)?)))
        })),
    word(&["-ifuntagged", "-untagged"], "A member's frames without a tag are dropped")
        .full(With(Interface, |line, _, text| line.member_vlans(text, Vlans::Untagged(None)))),
    word(&["iftagged", "tagged"], "The vlans of a member's frames with a tag: `2-3,128`, `all`, \
          `none`")
        .partly(NEEDS_FILTER, WithTwo([Interface, LIST], |line, _, [member, text]| {
            line.member_vlans(member, Vlans::Tagged(vlans(text)?))
        })),
    word(&["+iftagged", "+tagged"], "Adds vlans of a member's frames with a tag")
        .partly(NEEDS_FILTER, WithTwo([Interface, LIST], |line, _, [member, text]| {
            line.member_vlans(member, Vlans::AddTagged(vlans(text)?))
        })),
    word(&["-iftagged", "-tagged"], "Removes vlans of a member's frames with a tag")
        .full(WithTwo([Interface, LIST], |line, _, [member, text]| {
            line.member_vlans(member, Vlans::RemoveTagged(vlans(text)?))
        })),
    word(&["defuntagged"], "The vlan of new members' frames without a tag")
        .partly("only while the bridge has no members", With(VLAN, |line, _, text| {
            line.bridge(Change::DefaultUntagged(Some(vlan("invalid vlan id", text)?)))
        })),
    word(&["-defuntagged"], "New members' frames without a tag are dropped")
        .partly("only while the bridge has no members",
            Alone(|line, _| line.bridge(Change::DefaultUntagged(None)))),
    switch(&["ifvlanproto"], "The protocol of a member's tags").refused(ONE_PROTOCOL),
    switch(&["qinq", "defqinq"], "A member's frames may have two tags").refused(ONE_PROTOCOL),
];
