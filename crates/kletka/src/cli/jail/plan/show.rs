//! How a plan is shown: to people, and as JSON to programs.

use super::{Action, Planned, Verdict};
use jailparam::Parameter;
use json::Json;
use lifecycle::{CommandLine, Step};
use prison::{Mount, MountSource, Network, Permission, Spec, Users};
use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;

impl Action {
    fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Change => "change",
            Self::Clean => "clean up after",
            Self::Nothing => "nothing to do",
            Self::Refused => "refused",
        }
    }
}

/// The plan in JSON. `knows`: which jails run was known.
pub(super) fn json(planned: &[Planned], knows: bool) -> String {
    let jails = planned.iter().map(|one| {
        let jail = one.jail.iter().map(|name| (b"jail".to_vec(), Json::text(name)));
        let rest = [
            ("action", Json::text(one.action.word())),
            ("waits_for", Json::texts(&one.waits_for)),
            ("parameters", Json::List(one.parameters.iter().map(verdict).collect())),
            ("steps", steps(&one.steps)),
            ("on_failure", steps(&one.on_failure)),
        ];
        let change = one.change.iter().map(|line| (b"change".to_vec(), Json::text(line)));
        let log = one.log.iter().map(|file| (b"log".to_vec(), Json::text(file)));
        let rest = rest.into_iter().map(|(name, value)| (name.into(), value));
        Json::Object(jail.chain(rest).chain(change).chain(log).collect())
    });
    let jails = Json::List(jails.collect());
    format!("{}\n", Json::object([("running_known", Json::Bool(knows)), ("jails", jails)]))
}

fn verdict(verdict: &Verdict) -> Json {
    Json::object([
        ("name", Json::text(&verdict.name)),
        ("values", Json::texts(&verdict.values)),
        ("verdict", Json::text(verdict.verdict)),
        ("why", Json::text(&verdict.why)),
    ])
}

fn steps(steps: &[Step]) -> Json {
    Json::List(steps.iter().map(step).collect())
}

fn step(step: &Step) -> Json {
    let command = |place: &str, parameter: &Parameter, line: &CommandLine| {
        let user = line.user.iter().map(|user| (b"user".to_vec(), Json::text(user.as_bytes())));
        let members = [
            ("step", Json::text(place)),
            ("parameter", Json::text(parameter.name)),
            ("command", Json::texts(line.arguments.iter().map(|word| word.as_bytes()))),
            ("background", Json::Bool(line.background)),
        ];
        let members = members.into_iter().map(|(name, value)| (name.into(), value));
        Json::Object(members.chain(user).collect())
    };
    match step {
        Step::Hook(hook, line) => command("run on the host", &hook.parameter(), line),
        Step::Inside(inside, line) => command("run in the jail", &inside.parameter(), line),
        Step::Create(spec) => {
            let first = (b"step".to_vec(), Json::text("create"));
            let rest = made_of(spec).into_iter().map(|(name, made)| {
                let value = match made {
                    Made::One(text) => Json::Text(text),
                    Made::Many(texts) => Json::texts(texts),
                };
                (name.replace(' ', "_").into_bytes(), value)
            });
            Json::Object(std::iter::once(first).chain(rest).collect())
        }
        Step::Interface(name) => {
            Json::object([("step", Json::text("move interface")), ("interface", Json::text(name))])
        }
        Step::Terminate(time) => Json::object([
            ("step", Json::text("terminate")),
            ("seconds", Json::number(time.as_secs())),
        ]),
        Step::Remove => Json::object([("step", Json::text("remove"))]),
    }
}

/// The plan for people.
pub(super) fn text(planned: &[Planned]) -> String {
    let mut out = String::new();
    for one in planned {
        // Writing to a `String` cannot fail.
        let _ = jail(&mut out, one);
    }
    out
}

fn jail(out: &mut String, one: &Planned) -> std::fmt::Result {
    let prefix = one.jail.as_ref().map_or_else(String::new, |name| format!("{name}: "));
    let waits_for = match one.waits_for.as_slice() {
        [] => String::new(),
        names => format!(", after {}", names.join(", ")),
    };
    writeln!(out, "{prefix}{}{waits_for}", one.action.word())?;
    if !one.parameters.is_empty() {
        writeln!(out, "    parameters")?;
    }
    for Verdict { name, verdict, why, .. } in &one.parameters {
        match *verdict {
            "full" => writeln!(out, "        {name}: full")?,
            other => writeln!(out, "        {name}: {other}: {why}")?,
        }
    }
    if let Some(file) = &one.log {
        let file = String::from_utf8_lossy(file);
        writeln!(out, "    what commands in the jail print is appended to {file}")?;
    }
    if let Some(line) = &one.change {
        writeln!(out, "    steps\n        1. {line}")?;
    }
    numbered(out, "steps", &one.steps)?;
    let heading = "if a step fails: what runs in the jail is ended, the prison is removed, then";
    numbered(out, heading, &one.on_failure)
}

fn numbered(out: &mut String, heading: &str, steps: &[Step]) -> std::fmt::Result {
    if !steps.is_empty() {
        writeln!(out, "    {heading}")?;
    }
    for (at, step) in steps.iter().enumerate() {
        write!(out, "        {}. ", at + 1)?;
        in_words(out, step)?;
    }
    Ok(())
}

fn in_words(out: &mut String, step: &Step) -> std::fmt::Result {
    let how = |line: &CommandLine| {
        let background = if line.background { ", not waited for" } else { "" };
        format!("{}{background}: {line}", line.as_user())
    };
    match step {
        Step::Hook(hook, line) => {
            writeln!(out, "{}, on the host{}", hook.parameter().name, how(line))
        }
        Step::Inside(inside, line) => {
            writeln!(out, "{}, in the jail{}", inside.parameter().name, how(line))
        }
        Step::Create(spec) => {
            writeln!(out, "create the prison")?;
            for (name, made) in made_of(spec) {
                let texts = match made {
                    Made::One(text) => vec![text],
                    Made::Many(texts) => texts,
                };
                for text in texts {
                    writeln!(out, "               {name}: {}", String::from_utf8_lossy(&text))?;
                }
            }
            Ok(())
        }
        Step::Interface(name) => writeln!(out, "vnet.interface: move {name} into the jail"),
        Step::Terminate(time) => writeln!(
            out,
            "SIGTERM to all processes in the jail; SIGKILL to those that live {} seconds later",
            time.as_secs()
        ),
        Step::Remove => {
            writeln!(out, "remove the prison, with its mounts; interfaces come back to the host")
        }
    }
}

/// One property of a prison.
enum Made {
    One(Vec<u8>),
    /// In order.
    Many(Vec<Vec<u8>>),
}

/// What a prison will be made of.
fn made_of(spec: &Spec) -> Vec<(&'static str, Made)> {
    let one = |text: &[u8]| Made::One(text.to_vec());
    let jid = spec.jid.map_or_else(|| "the next free one".to_owned(), |jid| jid.to_string());
    let name = spec.name.clone().unwrap_or_else(|| "the jid".to_owned());
    let root = spec.path.as_os_str().as_bytes();
    let id_mapped = if spec.users == Users::Host { &b""[..] } else { b", id-mapped" };
    let network = match spec.network {
        Network::Own => "its own",
        Network::Empty => "its own, with nothing in it",
        Network::Host => "the host's",
    };
    let ids = match spec.users {
        Users::Own => "65536 of its own, the lowest that are free",
        Users::Outer => "those of the jail that it is in",
        Users::Host => "the host's: root in the jail is root of the host",
    };
    let mut made = vec![
        ("name", one(name.as_bytes())),
        ("jid", one(jid.as_bytes())),
        ("root", Made::One([root, id_mapped].concat())),
        ("namespaces", one(namespaces(spec).join(" ").as_bytes())),
        ("user ids", one(ids.as_bytes())),
        ("network", one(network.as_bytes())),
        ("protocols", one(protocols(spec).as_bytes())),
    ];
    let names = [("host name", &spec.hostname), ("NIS domain", &spec.domainname)];
    let given = names.iter().filter(|(_, text)| !text.is_empty());
    made.extend(given.map(|(what, text)| (*what, one(text.as_bytes()))));
    made.push(("mount", Made::Many(mounts(spec))));
    made.push(("allowed", one(allowed(spec).as_bytes())));
    if spec.children > 0 {
        made.push(("jails inside", one(spec.children.to_string().as_bytes())));
    }
    let lives = if spec.persist { "until it is removed" } else { "as long as a process in it" };
    made.push(("lives", one(lives.as_bytes())));
    made
}

fn namespaces(spec: &Spec) -> Vec<&'static str> {
    let optional =
        [(spec.users != Users::Host, "user"), (spec.network != Network::Host, "network")];
    let optional = optional.into_iter().filter(|(has, _)| *has).map(|(_, name)| name);
    ["pid", "mount", "uts", "ipc", "cgroup"].into_iter().chain(optional).collect()
}

fn protocols(spec: &Spec) -> String {
    let some = [(spec.families.inet, "IPv4"), (spec.families.inet6, "IPv6")];
    let some: Vec<_> = some.into_iter().filter(|(has, _)| *has).map(|(_, name)| name).collect();
    if some.is_empty() { "none".to_owned() } else { some.join(" ") }
}

/// The parameters that widen the filter of system calls and the bounding set of capabilities.
fn allowed(spec: &Spec) -> String {
    let some: Vec<_> = spec.allow.iter().map(Permission::parameter).collect();
    if some.is_empty() { "nothing".to_owned() } else { some.join(" ") }
}

/// All mounts in the order in which they are attached.
fn mounts(spec: &Spec) -> Vec<Vec<u8>> {
    let fixed = |text: &str| text.as_bytes().to_vec();
    let mut all = vec![
        fixed("/proc: procfs, if the root has a place for it"),
        fixed("/sys: sysfs, ro, if the root has a place for it"),
        fixed("what the host has mounted below the root"),
    ];
    if spec.has_run() {
        all.push(fixed("/run: tmpfs, if the root has a place for it"));
    }
    if let Some(programs) = &spec.programs {
        let programs = programs.as_os_str().as_bytes();
        all.push([b"/run/kletka: nullfs of ", programs, b", ro, nosuid"].concat());
    }
    all.extend(spec.mounts.iter().map(mount));
    if spec.devfs {
        all.push(fixed("/dev: devfs, ruleset 4 (devfsrules_jail)"));
    }
    all
}

fn mount(mount: &Mount) -> Vec<u8> {
    let mut text = mount.target.as_os_str().as_bytes().to_vec();
    text.extend_from_slice(b": ");
    match &mount.source {
        MountSource::Nullfs(source) => {
            text.extend_from_slice(b"nullfs of ");
            text.extend_from_slice(source.as_os_str().as_bytes());
        }
        MountSource::Proc => text.extend_from_slice(b"procfs"),
        MountSource::Sys => text.extend_from_slice(b"sysfs"),
        MountSource::Disk { kind, device } => {
            text.extend_from_slice(format!("{kind} of {}", device.display()).as_bytes());
        }
        MountSource::Overlay { lower, upper } => {
            let lower: Vec<_> = lower.iter().map(|it| it.to_string_lossy()).collect();
            text.extend_from_slice(format!("overlay of {}", lower.join(", ")).as_bytes());
            let upper = upper
                .iter()
                .flat_map(|(upper, _)| format!(", writes to {}", upper.display()).into_bytes());
            text.extend(upper);
        }
        MountSource::Union { directory, below } => {
            let side = if *below { "under" } else { "over" };
            let words = format!("unionfs of {} {side} what lies there", directory.display());
            text.extend_from_slice(words.as_bytes());
            if !mount.options.read_only {
                // prison has it made, and removes it.
                let upper = if *below { "what lies there" } else { "that directory" };
                let words = format!(", with a .kletka-work beside {upper} while the jail runs");
                text.extend_from_slice(words.as_bytes());
            }
        }
        MountSource::Tmpfs { size, inodes, mode, uid, gid } => {
            text.extend_from_slice(b"tmpfs");
            let numbers = [("size", *size), ("inodes", *inodes)].into_iter();
            let owners = [("uid", *uid), ("gid", *gid)].into_iter();
            let numbers = numbers.chain(owners.map(|(name, id)| (name, id.map(u64::from))));
            for (name, number) in numbers.filter_map(|(name, number)| Some((name, number?))) {
                text.extend_from_slice(format!(", {name}={number}").as_bytes());
            }
            text.extend(mode.iter().flat_map(|mode| format!(", mode={mode:o}").into_bytes()));
        }
    }
    let options = mount.options;
    let all = [
        (options.read_only, ", ro"),
        (options.nosuid, ", nosuid"),
        (options.noexec, ", noexec"),
        (options.noatime, ", noatime"),
    ];
    let given = all.into_iter().filter(|(on, _)| *on);
    text.extend(given.flat_map(|(_, word)| word.bytes()));
    text
}
