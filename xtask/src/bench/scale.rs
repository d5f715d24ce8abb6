//! What grows with the host: a start, and commands that find a jail, beside many jails and on a
//! host with many mounts.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use super::{Ground, median};
use crate::shell::quiet;

/// The mounts of the host that are added, and the jails beside which is measured.
const MOUNTS: [u32; 3] = [0, 300, 2_000];
const JAILS: [u32; 3] = [0, 1_000, 10_000];
/// How often each command is run.
const RUNS: usize = 60;
/// A jail that is there in each row, to be found.
const FOUND: &str = "found";

/// What is measured in each row: how a heading calls it, and its median in milliseconds.
const KINDS: [&str; 5] = ["floor", "start", "`jls`", "`jls -j NAME`", "`jexec NAME`"];

/// Measures and prints a Markdown table. All jails that were made are removed, whatever comes of
/// it.
pub(super) fn run(ground: &Ground) -> Result<(), String> {
    let measured = measure(ground);
    let removed = time(Command::new(&ground.jail).args(["-q", "-R", "*"]));
    let rows = measured?;
    println!("\nA host with mounts and jails beside; medians in milliseconds:\n");
    println!("| mounts | jails | {} |", KINDS.join(" | "));
    println!("|--:|--:|{}", "--:|".repeat(KINDS.len()));
    for Row { mounts, jails, times } in &rows {
        let times: Vec<_> = times.iter().map(|time| format!("{time:.2}")).collect();
        println!("| {mounts} | {jails} | {} |", times.join(" | "));
    }
    let [_, many, most] = JAILS;
    let of = |jails| rows.iter().find(|row| row.mounts == 0 && row.jails == jails);
    if let (Some(many), Some(most)) = (of(many), of(most)) {
        println!(
            "\nFrom {} to {} jails the time grows with this power of their number:\n",
            many.jails, most.jails
        );
        let number = f64::from(most.jails) / f64::from(many.jails);
        for ((kind, many), most) in KINDS.iter().zip(&many.times).zip(&most.times) {
            println!("- {kind}: {:.2}", (most / many).ln() / number.ln());
        }
    }
    println!("\nThe removal of all by `jail -R '*'` took {:.2} ms for each.", {
        removed? / f64::from(JAILS[JAILS.len() - 1])
    });
    Ok(())
}

/// The medians of one host.
struct Row {
    mounts: u32,
    jails: u32,
    times: Vec<f64>,
}

fn measure(ground: &Ground) -> Result<Vec<Row>, String> {
    start(ground, FOUND)?;
    let (mut rows, mut made) = (Vec::new(), 0);
    for jails in JAILS {
        for number in made..jails {
            start(ground, &format!("scale{number}"))?;
        }
        made = jails;
        for mounts in MOUNTS {
            add_mounts(ground, mounts)?;
            let row = row(ground, mounts, jails);
            remove_mounts(ground, mounts)?;
            rows.push(row?);
        }
    }
    Ok(rows)
}

fn start(ground: &Ground, name: &str) -> Result<(), String> {
    let mut command = Command::new(&ground.jail);
    command.args(["-c", "ip4=inherit", "persist"]).arg(format!("name={name}")).arg(ground.path());
    time(&mut command).map(drop)
}

fn row(ground: &Ground, mounts: u32, jails: u32) -> Result<Row, String> {
    let jls = ground.jail.with_file_name("jls");
    let command = |program: &Path, words: &[&str]| {
        let mut command = Command::new(program);
        command.args(words);
        command
    };
    let (path, root) = (ground.path(), ground.root().display().to_string());
    let floor = ground.directory.join("floor");
    let mut commands = [
        command(&floor, &["-u", "-N", &root, "/bin/true"]),
        command(&ground.jail, &["-c", "ip4=inherit", "mount.devfs", &path, "command=/bin/true"]),
        command(&jls, &[]),
        command(&jls, &["-j", FOUND, "jid"]),
        command(&ground.jexec, &[FOUND, "/bin/true"]),
    ];
    let mut times = vec![Vec::new(); commands.len()];
    // In turn: whatever else the machine has to do concerns all of them.
    for _ in 0..RUNS {
        for (command, times) in commands.iter_mut().zip(&mut times) {
            times.push(time(command)?);
        }
    }
    let times = times.into_iter().map(median).collect::<Result<_, _>>()?;
    Ok(Row { mounts, jails, times })
}

/// Runs a command, and answers the milliseconds that it took.
fn time(command: &mut Command) -> Result<f64, String> {
    let begun = Instant::now();
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let took = begun.elapsed().as_secs_f64() * 1000.0;
    match status {
        Ok(status) if status.success() => Ok(took),
        Ok(status) => Err(format!("{command:?}: {status}")),
        Err(error) => Err(format!("{command:?}: {error}")),
    }
}

/// Mounts a directory on so many others, none of which is in the root of a jail.
fn add_mounts(ground: &Ground, mounts: u32) -> Result<(), String> {
    let at = ground.directory.join("mounts");
    let (at, root) = (at.display(), ground.root());
    quiet(&format!(
        "mkdir -p {at} && for i in $(seq {mounts}); do mkdir {at}/$i && \
         mount --bind {}/tmp {at}/$i || exit; done",
        root.display()
    ))
    .map(drop)
}

fn remove_mounts(ground: &Ground, mounts: u32) -> Result<(), String> {
    let at = ground.directory.join("mounts");
    let at = at.display();
    quiet(&format!(
        "for i in $(seq {mounts}); do umount {at}/$i && rmdir {at}/$i || exit; done; rmdir {at}"
    ))
    .map(drop)
}
