//! A process of a prison that one program creates and another one starts. Each stage is a program
//! of its own: this one, run again in a mount and a pid namespace that the test makes. Without root
//! nothing is tested.

#![expect(clippy::unwrap_used, reason = "a test, without the harness that says so")]

use prison::{Command, Error, Prison, Registry, Spec, Users};
use rustix::process::{WaitOptions, wait};
use std::io::Read;
use std::process::{Child, Stdio};

/// The stages, by the word that this program is run with.
const STAGES: [(&str, fn()); 7] = [
    ("all", all),
    ("create", create),
    ("start", start),
    ("start-again", start_again),
    ("create-wrong", create_wrong),
    ("start-wrong", start_wrong),
    ("gone", gone),
];

fn main() {
    let stage = std::env::args().nth(1);
    match STAGES.iter().find(|(name, _)| stage.as_deref() == Some(*name)) {
        Some((_, run)) => run(),
        None if rustix::process::geteuid().is_root() => outside(),
        None => println!("skipped: needs root"),
    }
}

fn stage(name: &str) -> std::process::Command {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.arg(name);
    command
}

/// Runs the test in namespaces that end with it, so that the machine sees nothing.
fn outside() {
    let program = std::env::current_exe().unwrap();
    let namespaces = ["--mount", "--pid", "--fork", "--mount-proc", "--kill-child"];
    let mut unshare = std::process::Command::new("unshare");
    let status = unshare.args(namespaces).arg(program).arg("all").status().unwrap();
    assert!(status.success(), "{status}");
    println!("test a process is created by one program and started by another ... ok");
}

fn all() {
    let mut mount = std::process::Command::new("mount");
    assert!(mount.args(["-t", "tmpfs", "run", "/run"]).status().unwrap().success());
    let mut created = running("create");
    assert!(stage("start").status().unwrap().success());
    assert!(stage("start-again").status().unwrap().success());
    // The end of the text is read when the command has ended and nobody has the pipe open.
    assert_eq!(said(&mut created), "waits\nruns in web as 0\n");
    let mut created = running("create-wrong");
    assert!(stage("start-wrong").status().unwrap().success());
    assert_eq!(said(&mut created), "waits\n");
    // This process is the namespace's first: processes whose makers have ended are its to collect.
    while !stage("gone").status().unwrap().success() {
        while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
    }
    let left: Vec<_> = std::fs::read_dir("/run/kletka/waiting").unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Runs a stage to its end. What the stage has made lives on, with the stage's standard output.
fn running(name: &str) -> Child {
    let mut child = stage(name).stdout(Stdio::piped()).spawn().unwrap();
    let status = child.wait().unwrap();
    assert!(status.success(), "{name}: {status}");
    child
}

fn said(child: &mut Child) -> String {
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    text
}

fn prison(registry: &Registry, name: &str) -> Prison {
    Prison::open(registry.find(name).unwrap().unwrap()).unwrap()
}

fn make(name: &str, line: &str) {
    let registry = Registry::open().unwrap();
    let spec = Spec {
        name: Some(name.into()),
        path: "/".into(),
        hostname: name.into(),
        users: Users::Own,
        ..Spec::default()
    };
    let (mut prison, _) = Prison::create(&registry, &spec, None).unwrap();
    let arguments = line.split('|').map(Into::into).collect();
    let command = Command { arguments, ..Command::default() };
    prison.spawn_waiting(&registry, &command).unwrap();
    let again = prison.spawn_waiting(&registry, &command);
    assert!(matches!(again, Err(Error::Waits)), "{again:?}");
    // The command has not run yet, and the prison lives on for it.
    assert!(prison.settle(&registry).unwrap());
    println!("waits");
}

fn create() {
    make("web", "sh|-c|echo runs in $(hostname) as $(id -u)");
}

fn start() {
    let registry = Registry::open().unwrap();
    let mut prison = prison(&registry, "web");
    assert!(prison.waiting().is_some());
    prison.start_waiting(&registry).unwrap();
    assert_eq!(prison.waiting(), None);
}

/// The command runs, or has ended and its prison with it.
fn start_again() {
    let registry = Registry::open().unwrap();
    if let Some(mut prison) = registry.find("web").unwrap().and_then(Prison::open) {
        let again = prison.start_waiting(&registry);
        assert!(matches!(again, Err(Error::NoneWaits)), "{again:?}");
    }
}

fn create_wrong() {
    make("wrong", "/no/such/program");
}

fn start_wrong() {
    let registry = Registry::open().unwrap();
    let error = prison(&registry, "wrong").start_waiting(&registry).unwrap_err();
    assert_eq!(error.to_string(), "exec /no/such/program: No such file or directory");
}

/// The prisons end with their last process. What is left of them is cleared by whoever changes the
/// registry, never by a look.
fn gone() {
    let registry = Registry::open().unwrap();
    registry.clear_dead().unwrap();
    let left = [registry.prisons().unwrap(), registry.ended()].concat();
    std::process::exit(i32::from(!left.is_empty()));
}
