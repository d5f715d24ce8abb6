//! The acts of the demonstration.

use std::time::{Duration, Instant};

use crate::Outcome;
use crate::leaks::{Left, Processes};
use crate::shell::{Progress, quiet, typed};

/// The files of the jail: the example that is installed with kletka.
const EXAMPLE: &str = "/usr/local/share/doc/kletka/examples/samba-vlan";
/// The beginning of the client's commands: its network is a namespace with this name.
const CLIENT: &str = "ip netns exec lan";
/// How long the server may take to claim its name on the LAN.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs acts two to four in the demonstration's machine, where the base has been made.
pub(super) fn all() -> Outcome {
    let vlan = network()?;
    configuration(vlan)?;
    // After the configuration, whose files are to stay, and before the jail.
    let before = Left::now(Processes::All);
    let played = start().and_then(|()| client(vlan)).and_then(|()| stop());
    if played.is_err() {
        // This machine ends and takes everything else with it, but not the jail's control group.
        let _ = quiet("jail -r samba");
    }
    played.and_then(|()| nothing_left(&before))
}

/// What `--keep` makes on the host, and says how to remove. It changes none of these that exist
/// already.
pub(super) const KEPT: [&str; 7] = [
    "/etc/jail.conf",
    "/etc/fstab.samba",
    "/etc/rc.conf",
    "/home/jails/samba",
    "/home/share",
    "/run/netns/lan",
    "/sys/class/net/re0",
];

/// Runs acts one to three on the host, and says how to go on from there.
pub(super) fn kept() -> Outcome {
    base()?;
    let vlan = network()?;
    configuration(vlan)?;
    start()?;
    client(vlan)?;
    act("The jail runs");
    println!("export PATH={APPLETS}:$PATH");
    println!("\nLook around:\n");
    println!("# jls -n\n# jexec samba sh\n# {CLIENT} smbclient -N -R bcast //SAMBA/share");
    println!(
        "\nStop it, and take the LAN and its files away again (kletka stays in /usr/local):\n"
    );
    println!("# service jail stop samba\n# ip netns delete lan\n# ip link delete re0");
    let files: Vec<&str> = KEPT.into_iter().filter(|path| path.starts_with("/etc")).collect();
    println!("# rm -r {} /home/jails/samba /home/share /var/log/jail", files.join(" "));
    Ok(())
}

/// The folder of the commands in FreeBSD's dialect; an administrator adds it to PATH once.
const APPLETS: &str = "/usr/local/libexec/kletka/bin";

/// Act one: makes a jail's root with Samba, from the distribution's packages.
pub(super) fn base() -> Outcome {
    act("Act one: a base with Samba");
    say("The first run downloads it; later ones find it in target/.");
    run("kletka bootstrap --include samba --root /home/jails/samba samba")?;
    run("mkdir -p /home/share /home/jails/samba/srv/share && chown nobody:nogroup /home/share")?;
    run(&format!("cp {EXAMPLE}/smb.conf /home/jails/samba/etc/samba/smb.conf"))?;
    run(&format!("cp {EXAMPLE}/rc.conf /home/jails/samba/etc/rc.conf"))?;
    say("The jail's LAN has no name server; the jail knows itself.");
    // The base has a copy of the host's, whose servers the jail cannot reach: every look-up would
    // wait for them.
    run("echo > /home/jails/samba/etc/resolv.conf")?;
    run("echo '192.168.1.240 samba.local samba' >> /home/jails/samba/etc/hosts")
}

/// Makes the host's network card re0 and the LAN behind it; answers whether there are VLANs.
fn network() -> Result<bool, String> {
    act("The network around the host: its card re0, a LAN, a client at 192.168.1.10");
    run("ip netns add lan")?;
    run("ip link add re0 type veth peer name lan0 netns lan")?;
    run("ip link set lo up && ip link set re0 up")?;
    run("ip -n lan link set lo up && ip -n lan link set lan0 up")?;
    if !has_vlans() {
        say("This kernel has no VLANs (8021q): the jail is bridged to the LAN untagged.");
        run("ip -n lan address add 192.168.1.10/24 broadcast + dev lan0")?;
        return Ok(false);
    }
    run("ifconfig re0.7 create vlan 7 vlandev re0")?;
    for (tag, address) in [(7, "192.168.1.10/24"), (8, "192.168.8.10/24")] {
        run(&format!("ip -n lan link add link lan0 name lan0.{tag} up type vlan id {tag}"))?;
        run(&format!("ip -n lan address add {address} broadcast + dev lan0.{tag}"))?;
    }
    Ok(true)
}

fn has_vlans() -> bool {
    // Asked by trying: the kernel may have the module, load it now, or lack it.
    quiet("ip link add link re0 name re0.1 type vlan id 1 && ip link delete re0.1").is_ok()
}

/// Act two: installs the article's jail.conf, byte for byte, and what else describes the jail.
fn configuration(vlan: bool) -> Outcome {
    act("Act two: the article's jail.conf");
    run(&format!("cp {EXAMPLE}/jail.conf /etc/jail.conf"))?;
    run(&format!("cp {EXAMPLE}/fstab.samba /etc/fstab.samba"))?;
    run("cat /etc/jail.conf")?;
    // Compared before the eyes of the reader: nothing was prepared for kletka.
    run(&format!("cmp /etc/jail.conf {EXAMPLE}/jail.conf && echo 'as the article has it'"))?;
    if !vlan {
        run("sed -i 's/re0\\.7/re0/' /etc/jail.conf")?;
    }
    let read = typed("jail -e ';' | tr ';' '\\n'")?;
    // The value depends on a variable of the file, so it shows that variables were replaced.
    if !read.contains("vnet.interface=epair1b") {
        return Err("jail.conf is not read as it is written".into());
    }
    run("mkdir -p /var/log/jail")?;
    run("printf 'jail_enable=\"YES\"\\njail_list=\"samba\"\\n' >> /etc/rc.conf")
}

/// Act three: starts the jail, and looks at it from the host.
fn start() -> Outcome {
    act("Act three: the jail runs");
    run("service jail start samba")?;
    let jails = typed("jls")?;
    if !jails.contains("samba.local") {
        return Err("jls does not show samba.local".into());
    }
    run("jexec samba ps ax")?;
    run("jexec samba /run/kletka/jail/ifconfig epair1b")
}

/// Has a client on the LAN find the server by broadcast, and store 100 MB there.
fn client(vlan: bool) -> Outcome {
    say("A client on the LAN asks by NetBIOS broadcast who is called SAMBA.");
    let found = until(&format!("{CLIENT} nmblookup -B 192.168.1.255 SAMBA"))?;
    if !found.contains("192.168.1.240") {
        return Err("nmblookup found no 192.168.1.240".into());
    }
    run(&format!("{CLIENT} smbclient -N -R bcast -L //SAMBA"))?;
    run("head -c 100M /dev/urandom > /tmp/film")?;
    let files = "put film; get film film.back; ls";
    run(&format!("cd /tmp && {CLIENT} smbclient -N -R bcast //SAMBA/share -c '{files}'"))?;
    let sums = typed("cd /tmp && sha256sum film film.back && rm film film.back")?;
    let mut sums = sums.lines().filter_map(|line| line.split(' ').next());
    if sums.next() != sums.next() {
        return Err("what came back is not what was stored".into());
    }
    say("On the host the file has the owner that it has in the jail.");
    run("ls -ln /home/share")?;
    if vlan { other_vlan() } else { Ok(()) }
}

/// Checks that VLAN 8, over the same wire, has seen none of this.
fn other_vlan() -> Outcome {
    let line = format!("{CLIENT} cat /sys/class/net/lan0.8/statistics/rx_packets");
    match typed(&line)?.trim() {
        "0" => Ok(()),
        seen => Err(format!("VLAN 8 has seen {seen} packets")),
    }
}

/// Act four: stops the jail.
fn stop() -> Outcome {
    act("Act four: the jail stops, and what is left");
    run("service jail stop samba")?;
    run("jls")?;
    run("ls -l /home/share && rm /home/share/film")
}

fn nothing_left(before: &Left) -> Outcome {
    let left = before.since();
    let counts = left.iter().map(|(kind, things)| format!("{} {kind}", things.len()));
    println!("\nleft behind: {}", counts.collect::<Vec<_>>().join(", "));
    let things: Vec<&str> =
        left.iter().flat_map(|(_, things)| things).map(String::as_str).collect();
    if things.is_empty() { Ok(()) } else { Err(format!("left behind: {}", things.join(", "))) }
}

/// Shows `line` and runs it until it succeeds: Samba claims its name some time after its start.
fn until(line: &str) -> Result<String, String> {
    println!("# {line}");
    let (since, mut progress) = (Instant::now(), Progress::new());
    loop {
        match quiet(line) {
            Ok(printed) => {
                progress.clear();
                print!("{printed}");
                return Ok(printed);
            }
            Err(error) if since.elapsed() > PATIENCE => return Err(error),
            Err(_) => progress.tick(),
        }
    }
}

fn run(line: &str) -> Outcome {
    typed(line).map(drop)
}

fn act(title: &str) {
    println!("\n=== {title}");
}

/// A sentence between the commands.
fn say(sentence: &str) {
    println!("\n{sentence}\n");
}
