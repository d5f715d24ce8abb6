//! The words of ifconfig(8) for interfaces that are created: vlan(4), lagg(4), gif(4), gre(4),
//! vxlan(4), and the kinds that Linux does not have.

use crate::ifconfig::action::Action::{self, Alone, With, WithTwo};
use crate::ifconfig::change::Change;
use crate::ifconfig::value::name;
use crate::word::Argument::{Choice, Interface, Value};
use crate::word::{Argument, Word, switch, word};

const ADDRESS: Argument = Value("address");
const LAGG_PROTOCOLS: Argument =
    Choice(&["failover", "loadbalance", "roundrobin", "broadcast", "lacp"]);

// On Linux these kinds are made whole, and keep what they were made with.
const AT_CREATION: &str = "only with `create`";
const BONDING: &str = "the bonding driver's own settings are in /sys/class/net/IF/bonding";
const WG: &str = "keys and peers of a wg are given by wg(8)";
const KEEPS_ENDS: &str = "a tunnel has its ends as long as it is there: destroy";

#[rustfmt::skip]
pub(super) const VLAN: &[Word<Action>] = &[
    word(&["vlan"], "The tag of its frames")
        .partly(AT_CREATION, With(Value("tag"), |line, _, text| line.creation().set_tag(text))),
    word(&["vlandev"], "The interface that it is on")
        .partly(AT_CREATION, With(Interface, |line, _, text| line.creation().set_parent(text))),
    word(&["-vlandev"], "Takes the vlan off its interface")
        .refused("a vlan has its parent as long as it is there: destroy"),
    word(&["vlanproto"], "Which tags: 802.1Q, or 802.1ad for tags around tags")
        .partly(AT_CREATION, With(Choice(&["802.1q", "802.1ad", "qinq"]), |line, _, text| {
            line.creation().set_vlan_protocol(text)
        })),
    word(&["vlanpcp"], "The priority of its frames, 0 to 7")
        .full(With(Value("priority"), |line, _, text| line.creation().set_priority(text))),
];

#[rustfmt::skip]
pub(super) const LAGG: &[Word<Action>] = &[
    word(&["laggproto"], "How the ports are used")
        .full(With(LAGG_PROTOCOLS, |line, _, text| line.creation().set_lagg_protocol(text))),
    word(&["laggport"], "Makes an interface a port")
        .partly("a port is down for a moment when it is added",
            With(Interface, |line, _, text| line.change(Change::LaggPort(name(text)?)))),
    word(&["-laggport"], "Takes a port out")
        .full(With(Interface, |line, _, text| line.change(Change::RemoveLaggPort(name(text)?)))),
    switch(&["lagghash"], "What of a packet chooses its port").refused(BONDING),
    switch(&["use_flowid"], "The hardware's number of a flow chooses the port").refused(BONDING),
    switch(&["flowid_shift"], "Which bits of that number").refused(BONDING),
    switch(&["lacp_strict"], "A port is used only if the other side speaks LACP").refused(BONDING),
    switch(&["lacp_fast_timeout"], "LACP asks each second").refused(BONDING),
    switch(&["rr_limit"], "After how many packets the next port is used").refused(BONDING),
    switch(&["lacp_txtest", "lacp_rxtest"], "Drops messages of LACP, for tests").absent(),
    switch(&["use_numa"], "Prefers ports that are near").absent(),
    switch(&["laggtype"], "What its ports are: Ethernet or InfiniBand").absent(),
];

#[rustfmt::skip]
pub(super) const TUNNEL: &[Word<Action>] = &[
    word(&["tunnel"], "The ends of the tunnel, this one first")
        .full(WithTwo([ADDRESS, ADDRESS], |line, _, ends| line.creation().set_ends(ends))),
    word(&["-tunnel"], "Removes the ends").refused(KEEPS_ENDS),
    switch(&["deletetunnel"], "Removes the ends").refused(KEEPS_ENDS),
    word(&["grekey"], "What tells tunnels of a gre between the same ends apart")
        .partly("with `tunnel`", With(Value("key"), |line, _, text| line.creation().set_key(text))),
    switch(&["enable_seq"], "Numbers the packets").absent(),
    switch(&["enable_csum"], "Makes sums of the packets").absent(),
    switch(&["udpencap", "udpport"], "Carries the packets over UDP").absent(),
    switch(&["ignore_source"], "Takes packets from any host").absent(),
    switch(&["noclamp"], "Does not limit the packets' length to 1280").absent(),
];

#[rustfmt::skip]
pub(super) const VXLAN: &[Word<Action>] = &[
    word(&["vxlanid", "vni"], "The number of the network")
        .partly(AT_CREATION, With(Value("number"), |line, _, text| line.vxlan().set_id(text))),
    word(&["vxlanlocal"], "Where its packets come from")
        .partly(AT_CREATION, With(ADDRESS, |line, _, text| line.vxlan().set_local(text))),
    word(&["vxlanremote"], "The other end")
        .partly(AT_CREATION, With(ADDRESS, |line, _, text| line.vxlan().set_remote(text))),
    word(&["vxlangroup"], "The multicast group that all ends are in")
        .partly(AT_CREATION, With(ADDRESS, |line, _, text| line.vxlan().set_group(text))),
    word(&["vxlandev"], "The interface that its packets leave through")
        .partly(AT_CREATION, With(Interface, |line, _, text| line.vxlan().set_device(text))),
    word(&["vxlanlocalport", "vxlanremoteport"], "The UDP port")
        .partly("only with `create`, and the same of both",
            With(Value("port"), |line, _, text| line.vxlan().set_port(text))),
    word(&["vxlanttl"], "How far its packets go")
        .partly(AT_CREATION, With(Value("hops"), |line, _, text| line.vxlan().set_hops(text))),
    switch(&["vxlanlearn"], "Addresses are learned from packets")
        .partly(AT_CREATION, Alone(|line, said| line.vxlan().set_learning(said.on))),
    switch(&["vxlanportrange"], "The UDP ports that packets come from").absent(),
    switch(&["vxlantimeout"], "For how long an address is remembered").absent(),
    switch(&["vxlanmaxaddr"], "How many addresses are remembered").absent(),
    switch(&["vxlanflush", "vxlanflushall"], "Forgets addresses").absent(),
    switch(&["vxlanhwcsum", "vxlanhwtso"], "What the hardware does of a vxlan").absent(),
];

#[rustfmt::skip]
pub(super) const OTHER: &[Word<Action>] = &[
    switch(&["wgkey"], "The private key of a wg").refused(WG),
    switch(&["wgport"], "The UDP port of a wg").refused(WG),
    switch(&["wgpeer"], "A peer of a wg").refused(WG),
    // carp(4).
    switch(&["vhid"], "The number of a virtual host of carp(4)").absent(),
    switch(&["advbase", "advskew"], "How often carp(4) says that it is there").absent(),
    switch(&["pass"], "The password of carp(4)").absent(),
    switch(&["state"], "Whether carp(4) is the master").absent(),
    switch(&["peer", "peer6"], "The other host of carp(4)").absent(),
    switch(&["mcast", "mcast6"], "That carp(4) speaks to all hosts").absent(),
    // pfsync(4).
    switch(&["syncdev", "syncif"], "The interface that pfsync(4) uses").absent(),
    switch(&["syncpeer"], "The other host of pfsync(4)").absent(),
    switch(&["maxupd"], "How many changes pfsync(4) joins").absent(),
    switch(&["defer"], "Whether pfsync(4) holds a first packet back").absent(),
    // stf(4), ipsec(4).
    switch(&["stfv4net"], "The IPv4 network of a stf(4)").absent(),
    switch(&["stfv4br"], "The border router of a stf(4)").absent(),
    switch(&["reqid"], "The number of the policies of an ipsec(4)").absent(),
    // ieee80211(4).
    switch(&["wlandev"], "The hardware of a wireless interface").absent(),
    switch(&["wlanmode"], "What a wireless interface is: station, access point").absent(),
    switch(&["ssid", "nwid", "bssid", "ap", "hidessid"], "Which wireless network").absent(),
    switch(&["stationname", "station"], "The name of this station").absent(),
    switch(&["scan", "list"], "Looks for wireless networks").absent(),
    switch(&["authmode", "wepmode", "wep", "deftxkey", "weptxkey", "wepkey", "nwkey"],
           "How a wireless network knows its members").absent(),
    switch(&["channel", "chanlist", "txpower", "protmode", "rtsthreshold", "roaming", "apbridge"],
           "How a wireless network is used").absent(),
    switch(&["powersave", "powersavemode", "powersavesleep"], "Saves power").absent(),
    switch(&["wme", "cwmin", "cwmax", "aifs", "txoplimit", "acm", "ack"],
           "Which frames of a wireless network come first").absent(),
];
