//! The cost of a jail that has addresses of the host: its connections and datagrams beside those of
//! the same programs on the host, its start beside that of a jail with all addresses, and what
//! grows with the number of such jails.

use std::process::Command;

use super::{Ground, median};

/// Rounds of traffic, and the milliseconds of each measurement.
const ROUNDS: u32 = 16;
const MILLISECONDS: u32 = 200;
/// Starts of each kind.
const STARTS: u32 = 400;
/// So many jails at once.
const MANY: [&str; 3] = ["10", "100", "400"];

/// A network, a mount table and processes of its own, in which everything is made.
const UNSHARE: [&str; 8] = [
    "unshare",
    "--net",
    "--mount",
    "--propagation=private",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
];

/// A line of the script: what was measured, of whom, and the value.
struct Measured {
    what: String,
    who: String,
    value: f64,
}

/// Measures and prints Markdown tables.
pub(super) fn run(ground: &Ground) -> Result<(), String> {
    let measured = measure(ground)?;
    println!(
        "\nTraffic of a jail with one address and with three, beside the host's and that of a jail"
    );
    println!("with ip4=inherit; medians, and medians of the rounds' ratios:\n");
    println!(
        "| | host | inherit | one | three | inherit / host | one / inherit | three / inherit |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|");
    for (what, unit) in [("connect", "µs"), ("tcp", "µs"), ("udp", "µs"), ("stream", "Mbit/s")] {
        for from in ["wire", "local"] {
            let of = |who: &str| values(&measured, &format!("{from}-{what}"), who);
            let all = ["host", "inherit", "one", "several"].map(of);
            let [host, inherit, one, several] = &all;
            print!("| {what}, {from}, {unit} |");
            for values in &all {
                print!(" {:.1} |", median(values.clone())?);
            }
            for (ours, theirs) in [(inherit, host), (one, inherit), (several, inherit)] {
                print!(" {:.3} |", median(ratios(ours, theirs))?);
            }
            println!();
        }
    }
    println!("\nFrom start to end, in milliseconds:\n");
    println!("| | ip4=inherit | ip4.addr | difference of a pair |\n|---|--:|--:|--:|");
    for (what, who) in [("start", "first"), ("start-beside", "beside")] {
        let of = |who: &str| values(&measured, what, who);
        let (inherit, ours) = (of("inherit"), of(who));
        let more = inherit.iter().zip(&ours).map(|(inherit, ours)| ours - inherit).collect();
        let [inherit, ours, more] =
            [median(inherit)?, median(ours)?, median(more)?].map(|value| value / 1000.0);
        println!("| {who} | {inherit:.2} | {ours:.2} | {more:.2} |");
    }
    println!("\nJails with an address each:\n");
    println!("| | start of each, ms | listen, µs | connect, µs | UDP, µs | stop of each, ms |");
    println!("|--:|--:|--:|--:|--:|--:|");
    for many in MANY {
        let of = |what: &str| median(values(&measured, what, many));
        let each = |whole: f64| whole / 1000.0 / many.parse::<f64>().unwrap_or(1.0);
        println!(
            "| {many} | {:.2} | {:.1} | {:.1} | {:.1} | {:.2} |",
            each(of("many-start")?),
            of("many-listen")?,
            of("many-connect")?,
            of("many-udp")?,
            each(of("many-stop")?)
        );
    }
    Ok(())
}

/// Runs bench/addresses.sh.
fn measure(ground: &Ground) -> Result<Vec<Measured>, String> {
    let [program, options @ ..] = UNSHARE;
    let mut command = Command::new(program);
    command.args(options).args(["sh", "bench/addresses.sh"]);
    command.arg(ground.directory.join("prefix")).arg(ground.root());
    command.arg(ground.directory.join("traffic"));
    command.args([ROUNDS, MILLISECONDS, STARTS].map(|number| number.to_string())).args(MANY);
    let output = command.output().map_err(|e| format!("unshare: {e}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("bench/addresses.sh: {} {}", output.status, said.trim()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().filter_map(line).collect())
}

fn line(line: &str) -> Option<Measured> {
    let mut words = line.split(' ').map(str::to_owned);
    let (what, who, value) = (words.next()?, words.next()?, words.next()?.parse().ok()?);
    Some(Measured { what, who, value })
}

/// The values of one kind, in the order in which they were measured.
fn values(all: &[Measured], what: &str, who: &str) -> Vec<f64> {
    let of_kind = all.iter().filter(|one| one.what == what && one.who == who);
    of_kind.map(|one| one.value).collect()
}

/// The two of one round had the same neighbours on the machine.
fn ratios(ours: &[f64], theirs: &[f64]) -> Vec<f64> {
    ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_script() {
        let lines = "wire-tcp host 20.5\nwire-tcp one 41\nwire-tcp one\nwire-tcp host 10\n";
        let all: Vec<_> = lines.lines().filter_map(line).collect();
        assert_eq!(values(&all, "wire-tcp", "host"), [20.5, 10.0]);
        assert_eq!(ratios(&values(&all, "wire-tcp", "one"), &[20.5]), [2.0]);
        assert_eq!(ratios(&[1.0], &[]), [0.0; 0]);
    }
}
