//! `cargo xtask bench`: the cost of a jail, beside the least that the kernel makes possible.
//!
//! The floors are two C programs of ours (bench/floor.c, bench/attach.c), a third one makes traffic
//! (bench/traffic.c), and a fourth mounts (bench/mounts.c). `cargo xtask bench addresses`, `cargo
//! xtask bench mounts` and `cargo xtask bench scale` measure one area alone. Peers are
//! measured if they are installed. One table is one run of hyperfine(1): times of different runs do
//! not compare.

mod addresses;
mod mounts;
mod network;
mod scale;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lexopt::{Arg, Parser};

use crate::shell::{quiet, succeed};
use crate::{Outcome, build, packages};

/// Runs of each command. A tenth as many come first and do not count.
const RUNS: u32 = 400;

/// A command that is measured.
struct Candidate {
    name: &'static str,
    command: String,
    /// A command before each run, which is not measured.
    before: Option<String>,
}

fn candidate(name: &'static str, command: String) -> Candidate {
    Candidate { name, command, before: None }
}

/// One line of the table, in milliseconds.
#[derive(Debug, PartialEq)]
struct Time {
    name: String,
    median: f64,
    min: f64,
}

/// What is measured.
#[derive(Clone, Copy, PartialEq)]
enum Area {
    /// Everything.
    All,
    /// Jails with addresses of the host.
    Addresses,
    /// Calls that init answers for a jail.
    Mounts,
    /// Many jails, and many mounts of the host.
    Scale,
}

impl Area {
    /// The argument that names an area alone.
    fn word(self) -> Option<&'static str> {
        match self {
            Self::All => None,
            Self::Addresses => Some("addresses"),
            Self::Mounts => Some("mounts"),
            Self::Scale => Some("scale"),
        }
    }
}

/// Measures and prints Markdown tables.
pub(crate) fn run(mut arguments: Parser) -> Outcome {
    let mut area = Area::All;
    let mut is_there = false;
    while let Some(argument) = arguments.next().map_err(crate::text)? {
        match argument {
            Arg::Value(word) if word == THERE => is_there = true,
            Arg::Value(word) => {
                let named = [Area::Addresses, Area::Mounts, Area::Scale]
                    .into_iter()
                    .find(|area| area.word().is_some_and(|name| word == name));
                area = named.ok_or_else(|| crate::text(Arg::Value(word).unexpected()))?;
            }
            other => return Err(crate::text(other.unexpected())),
        }
    }
    if is_there { measure(area) } else { prepare_and_go_there(area) }
}

/// The argument that starts the second stage, in a mount namespace of its own.
const THERE: &str = "there";

fn prepare_and_go_there(area: Area) -> Outcome {
    if !packages::is_root() {
        return Err("bench: needs root, for it makes jails".into());
    }
    packages::ensure(packages::BENCH)?;
    Ground::prepare()?;
    // The registry is in memory, as on every machine that systemd or OpenRC has started. On a disk
    // two records cost 0.25 ms more.
    let run = "mount -t tmpfs -o mode=755 run /run && exec \"$@\"";
    let mut unshare = Command::new("unshare");
    unshare.args(["--mount", "--propagation", "private", "sh", "-c", run, "bench"]);
    let me = std::env::current_exe().map_err(|e| format!("bench: {e}"))?;
    unshare.arg(me).args(["bench", THERE]);
    unshare.args(area.word());
    succeed(&mut unshare)
}

/// The second stage: measures what has been prepared.
fn measure(area: Area) -> Outcome {
    let ground = Ground::prepared()?;
    match area {
        Area::Addresses => return addresses::run(&ground),
        Area::Mounts => return mounts::run(&ground),
        Area::Scale => return scale::run(&ground),
        Area::All => {}
    }
    println!(
        "\nA jail with its own network, from start to end; it runs a program that does nothing:\n"
    );
    table(&hyperfine(&ground, &[], &ground.with_network()?)?);
    println!("\nThe same with the host's network:\n");
    table(&hyperfine(&ground, &[], &ground.without_network())?);
    println!("\nA program that does nothing, in a jail that runs already:\n");
    succeed(Command::new(&ground.jail).args(["-c", "name=bench", "persist"]).arg(ground.path()))?;
    let times = ground.attaches().and_then(|attaches| hyperfine(&ground, &[], &attaches));
    // The jail is removed whatever came of it, so the error comes afterwards.
    succeed(Command::new(&ground.jail).args(["-r", "bench"]))?;
    table(&times?);
    network::run(&ground)?;
    mounts::run(&ground)?;
    addresses::run(&ground)
}

/// The programs that are compared, and the root that all of them use.
struct Ground {
    directory: PathBuf,
    jail: PathBuf,
    jexec: PathBuf,
}

impl Ground {
    /// The paths at which [`Ground::prepare`] puts everything.
    fn prepared() -> Result<Self, String> {
        let directory = build::scratch()?.join("bench");
        let prefix = directory.join("prefix");
        Ok(Self { jail: prefix.join("bin/jail"), jexec: prefix.join("bin/jexec"), directory })
    }

    fn prepare() -> Outcome {
        let directory = build::scratch()?.join("bench");
        let shown = directory.display();
        quiet(&format!("rm -rf {shown} && mkdir -p {shown}/root/bin {shown}/root/proc"))?;
        quiet(&format!("cd {shown}/root && mkdir dev sys tmp run etc root mnt"))?;
        for program in ["floor", "attach", "true", "traffic", "mounts"] {
            let mut cc = Command::new("cc");
            // Static, because loading libraries takes longer than the rest of these programs.
            cc.args(["-O2", "-static", "-o"]).arg(directory.join(program));
            succeed(cc.arg(format!("bench/{program}.c")))?;
        }
        quiet(&format!("cp {shown}/true {shown}/traffic {shown}/mounts {shown}/root/bin"))?;
        build::install(&directory.join("prefix")).map(drop)
    }

    /// The folder of the commands in FreeBSD's dialect.
    fn dialect(&self) -> PathBuf {
        self.directory.join("prefix/libexec/kletka/bin")
    }

    fn root(&self) -> PathBuf {
        self.directory.join("root")
    }

    /// jail(8)'s parameter for the root.
    fn path(&self) -> String {
        format!("path={}", self.root().display())
    }

    /// Start and end of a jail with a network of its own: ours, and others'.
    fn with_network(&self) -> Result<Vec<Candidate>, String> {
        let root = self.root();
        let root = root.display();
        let mut all = vec![self.floor("-u"), self.kletka("vnet")];
        if let Some(bwrap) = packages::find("bwrap") {
            let options =
                format!("--unshare-all --bind {root} / --proc /proc --dev /dev /bin/true");
            all.push(candidate("bubblewrap", format!("{} {options}", bwrap.display())));
        }
        if let Some(runc) = packages::find("runc") {
            let options = format!("run --bundle {} kletka-bench", self.bundle()?.display());
            all.push(candidate("runc", format!("{} {options}", runc.display())));
        }
        Ok(all)
    }

    /// Start and end of a jail with the host's network.
    fn without_network(&self) -> Vec<Candidate> {
        vec![self.floor("-u -N"), self.kletka("ip4=inherit ip6=inherit")]
    }

    fn floor(&self, options: &str) -> Candidate {
        let (directory, root) = (self.directory.display(), self.root());
        candidate("floor", format!("{directory}/floor {options} {} /bin/true", root.display()))
    }

    fn kletka(&self, parameters: &str) -> Candidate {
        let (jail, path) = (self.jail.display(), self.path());
        candidate("kletka", format!("{jail} -c {parameters} mount.devfs {path} command=/bin/true"))
    }

    /// Makes an OCI bundle around the same root.
    fn bundle(&self) -> Result<PathBuf, String> {
        let bundle = self.directory.join("bundle");
        quiet(&format!("mkdir {0} && cd {0} && runc spec", bundle.display()))?;
        let config = bundle.join("config.json");
        let text = fs::read_to_string(&config).map_err(|e| format!("{}: {e}", config.display()))?;
        // The bundle of `runc spec` runs a shell on a terminal: only what is compared may differ.
        let text = text.replace(r#""terminal": true"#, r#""terminal": false"#);
        let text = text.replace(r#""sh""#, r#""/bin/true""#);
        let text =
            text.replace(r#""path": "rootfs""#, &format!(r#""path": "{}""#, self.root().display()));
        fs::write(&config, text).map_err(|e| format!("{}: {e}", config.display()))?;
        Ok(bundle)
    }

    /// The ways into the jail `bench`, which must run.
    fn attaches(&self) -> Result<Vec<Candidate>, String> {
        let init = self.init()?;
        let attach = self.directory.join("attach");
        Ok(vec![
            candidate("floor", format!("{} {init} /bin/true", attach.display())),
            candidate("jexec", format!("{} bench /bin/true", self.jexec.display())),
        ])
    }

    /// The process id of the jail's init, in the host's numbering, from the registry.
    fn init(&self) -> Result<u32, String> {
        let records = Path::new("/run/kletka/jails");
        let records = fs::read_dir(records).map_err(|e| format!("{}: {e}", records.display()))?;
        let texts = records.flatten().filter_map(|entry| fs::read_to_string(entry.path()).ok());
        let ours = texts.filter(|text| text.lines().any(|line| line == "name=bench"));
        let mut pids = ours.filter_map(|text| {
            // The process id comes first, and what else tells processes apart follows.
            let init = text.lines().find_map(|line| line.strip_prefix("init="))?.to_owned();
            init.split(' ').next()?.parse().ok()
        });
        pids.next().ok_or_else(|| "bench: the registry names no init of jail bench".into())
    }
}

/// Measures `candidates` in one run, under the command `wrapper` if there is one.
fn hyperfine(
    ground: &Ground,
    wrapper: &[&str],
    candidates: &[Candidate],
) -> Result<Vec<Time>, String> {
    let csv = ground.directory.join("times.csv");
    let (program, options) = wrapper.split_first().unwrap_or((&"hyperfine", &[]));
    let mut hyperfine = Command::new(program);
    hyperfine.args(options);
    if !wrapper.is_empty() {
        hyperfine.arg("hyperfine");
    }
    let (runs, warmup) = (RUNS.to_string(), (RUNS / 10).to_string());
    // A shell would cost more than what is measured.
    hyperfine.args(["--shell=none", "--style=none", "--runs", &runs, "--warmup", &warmup]);
    hyperfine.arg("--export-csv").arg(&csv);
    for candidate in candidates {
        if let Some(before) = &candidate.before {
            hyperfine.args(["--prepare", before]);
        }
        hyperfine.args(["--command-name", candidate.name, &candidate.command]);
    }
    // Its warnings about outliers are for a person who measures by hand.
    let output = hyperfine.output().map_err(|e| format!("hyperfine: {e}"))?;
    if !output.status.success() {
        return Err(format!("hyperfine: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    let text = fs::read_to_string(&csv).map_err(|e| format!("{}: {e}", csv.display()))?;
    Ok(text.lines().skip(1).filter_map(time).collect())
}

/// The middle one of these values.
fn median(mut values: Vec<f64>) -> Result<f64, String> {
    values.sort_by(f64::total_cmp);
    let middle = values.get(values.len() / 2);
    middle.copied().ok_or_else(|| "bench: nothing was measured".to_owned())
}

/// Reads a line of hyperfine's CSV: `command,mean,stddev,median,user,system,min,max`, in seconds.
fn time(line: &str) -> Option<Time> {
    let fields: Vec<&str> = line.split(',').collect();
    let milliseconds = |index: usize| Some(fields.get(index)?.parse::<f64>().ok()? * 1000.0);
    Some(Time { name: (*fields.first()?).into(), median: milliseconds(3)?, min: milliseconds(6)? })
}

/// Prints the times, and their ratios to the first one.
fn table(times: &[Time]) {
    println!("| | median ms | min ms | median, floor = 1 | min, floor = 1 |");
    println!("|---|--:|--:|--:|--:|");
    let Some(floor) = times.first() else { return };
    for Time { name, median, min } in times {
        let (by_median, by_min) = (median / floor.median, min / floor.min);
        println!("| {name} | {median:.2} | {min:.2} | {by_median:.2} | {by_min:.2} |");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn lines_of_hyperfine() {
        for (line, want) in [
            ("floor,0.002,0.0001,0.0015,0.001,0.001,0.0005,0.009", Some(Time { name: "floor".into(), median: 1.5, min: 0.5 })),
            ("floor,0.002",                                        None),
        ] {
            assert_eq!(time(line), want, "{line}");
        }
    }
}
