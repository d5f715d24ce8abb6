//! The cost of a jail's network: making an epair, and TCP through epair, bridge and epair. The same
//! network made with ip(8) is measured beside it: the kernel's part is equal, so a difference is
//! ours.

use std::process::Command;

use super::{Candidate, Ground, Time, candidate, hyperfine, median};

/// How often the speed of TCP is measured in each topology, and for how many seconds.
const ROUNDS: u32 = 15;
const SECONDS: u32 = 1;

/// A network and a mount table of its own, in which everything is made.
const UNSHARE: [&str; 7] =
    ["unshare", "--net", "--mount", "--propagation=private", "--pid", "--fork", "--kill-child"];

/// Measures and prints Markdown tables.
pub(super) fn run(ground: &Ground) -> Result<(), String> {
    println!("\nAn epair is made:\n\n| | median ms | min ms |\n|---|--:|--:|");
    for Time { name, median, min } in hyperfine(ground, &UNSHARE, &epairs(ground))? {
        println!("| {name} | {median:.2} | {min:.2} |");
    }
    let speeds = speeds(ground)?;
    println!("\nTCP through epair, bridge, epair; medians:\n");
    println!("| | ifconfig Gbit/s | ip Gbit/s | of a round, ip = 1 |\n|---|--:|--:|--:|");
    for (family, what) in [("inet", "IPv4"), ("inet6", "IPv6")] {
        let of = |maker: &str| named(&speeds, &format!("{maker}-{family}"));
        let (ours, theirs) = (of("ifconfig"), of("ip"));
        // The two of one round had the same neighbours on the machine.
        let ratios = ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs).collect();
        let (ours, theirs, ratio) = (median(ours)?, median(theirs)?, median(ratios)?);
        println!("| {what} | {ours:.2} | {theirs:.2} | {ratio:.3} |");
    }
    Ok(())
}

/// The two ways to make an epair. Before each run, what the run before made is removed.
fn epairs(ground: &Ground) -> Vec<Candidate> {
    let ifconfig = ground.dialect().join("ifconfig");
    let ifconfig = ifconfig.display();
    let after = |remove: String, make| Candidate {
        // The first run has nothing to remove.
        before: Some(format!("sh -c '{remove} 2> /dev/null || true'")),
        ..make
    };
    vec![
        after(
            "ip link delete epair0a".to_owned(),
            candidate("ip link add", "ip link add epair0a type veth peer name epair0b".to_owned()),
        ),
        after(
            format!("{ifconfig} epair0a destroy"),
            candidate("ifconfig epair create", format!("{ifconfig} epair create")),
        ),
    ]
}

/// Runs bench/network.sh: each line is what was measured, and kilobits a second.
fn speeds(ground: &Ground) -> Result<Vec<(String, f64)>, String> {
    let [program, options @ ..] = UNSHARE;
    let mut command = Command::new(program);
    // The pid namespace ends iperf3's server with the script, even if the script fails.
    command.args(options).args(["--mount-proc", "sh", "bench/network.sh"]);
    command.arg(ground.dialect()).args([ROUNDS.to_string(), SECONDS.to_string()]);
    let output = command.output().map_err(|e| format!("unshare: {e}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("bench/network.sh: {} {}", output.status, said.trim()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().filter_map(speed).collect())
}

fn speed(line: &str) -> Option<(String, f64)> {
    let (name, kilobits) = line.split_once(' ')?;
    Some((name.to_owned(), kilobits.parse().ok()?))
}

/// The speeds under this name, in gigabits, round by round.
fn named(speeds: &[(String, f64)], name: &str) -> Vec<f64> {
    let of_name = speeds.iter().filter(|(known, _)| known == name);
    of_name.map(|(_, kilobits)| kilobits / 1e6).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        let lines =
            "ip-inet 3000000\nip-inet 1000000\nifconfig-inet 5000000\nip-inet 2000000\nip-inet \n";
        let speeds: Vec<_> = lines.lines().filter_map(speed).collect();
        assert_eq!(named(&speeds, "ip-inet"), [3.0, 1.0, 2.0]);
        assert_eq!(median(named(&speeds, "ip-inet")), Ok(2.0));
        assert_eq!(median(named(&speeds, "ifconfig-inet")), Ok(5.0));
        assert!(median(named(&speeds, "ip-inet6")).is_err());
    }
}
