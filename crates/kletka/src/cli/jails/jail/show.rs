//! How a plan is shown: as text to people, and as JSON to programs.

use super::options::Form;
use jailparam::Parameter;
use json::Json;
use lifecycle::run::{Foreseen, Given, Outcome, Planned, Verdict};
use lifecycle::{Alias, CommandLine, Step, in_a_row};
use prison::{Attached, Made, Mount, MountSource, Network, Permission, Spec, Users};
use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;

/// Writes the plan in this form. `knows`: whether it was known which jails run.
pub(super) fn shown(planned: &[Planned], form: Form, knows: bool) -> String {
    match form {
        Form::Text => text(planned),
        Form::Json => json(planned, knows),
    }
}

fn action(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Start => "start",
        Outcome::Stop => "stop",
        Outcome::Change => "change",
        Outcome::Clean => "clean up after",
        Outcome::Nothing => "nothing to do",
        Outcome::Refused => "refused",
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Full => "full",
        Verdict::Partly => "partly",
        Verdict::Refused => "refused",
    }
}

/// Writes the plan as JSON. `knows`: whether it was known which jails run.
fn json(planned: &[Planned], knows: bool) -> String {
    let jails = planned.iter().map(|one| {
        // A jail of the command line may have no name: the jid becomes its name.
        let jail = one.jail.iter().map(|name| (b"jail".to_vec(), Json::text(name)));
        let rest = [
            ("action", Json::text(action(one.outcome))),
            ("waits_for", Json::texts(&one.waits_for)),
            ("parameters", Json::List(one.parameters.iter().map(parameter).collect())),
            ("steps", steps(&one.steps, one.prison.as_ref())),
            ("on_failure", steps(&one.on_failure, None)),
        ];
        let change = one.change.iter().map(|line| (b"change".to_vec(), Json::text(line)));
        let log = one.log.iter().map(|file| (b"log".to_vec(), Json::text(file)));
        let rest = rest.into_iter().map(|(name, value)| (name.into(), value));
        Json::Object(jail.chain(rest).chain(change).chain(log).collect())
    });
    let jails = Json::List(jails.collect());
    format!("{}\n", Json::object([("running_known", Json::Bool(knows)), ("jails", jails)]))
}

fn parameter(given: &Given) -> Json {
    Json::object([
        ("name", Json::text(&given.name)),
        ("values", Json::texts(&given.values)),
        ("verdict", Json::text(word(given.verdict))),
        ("why", Json::text(&given.why)),
    ])
}

fn steps(steps: &[Step], prison: Option<&Foreseen>) -> Json {
    Json::List(steps.iter().map(|one| step(one, prison)).collect())
}

fn step(step: &Step, prison: Option<&Foreseen>) -> Json {
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
    let address = |place: &str, Alias { parameter, interface, prefix, .. }: &Alias| {
        Json::object([
            ("step", Json::text(place)),
            ("parameter", Json::text(*parameter)),
            ("interface", Json::text(interface.to_string())),
            ("address", Json::text(prefix.address.to_string())),
            ("length", Json::number(u64::from(prefix.length))),
        ])
    };
    match step {
        Step::Hook(hook, line) => command("run on the host", &hook.parameter(), line),
        Step::Inside(inside, line) => command("run in the jail", &inside.parameter(), line),
        Step::Create(_) => {
            let first = (b"step".to_vec(), Json::text("create"));
            let rest = prison.map(made_of).unwrap_or_default().into_iter().map(|(name, made)| {
                let value = match made {
                    Property::One(text) => Json::Text(text),
                    Property::Many(texts) => Json::texts(texts),
                };
                (name.replace(' ', "_").into_bytes(), value)
            });
            Json::Object(std::iter::once(first).chain(rest).collect())
        }
        Step::Alias(alias) => address("add address", alias),
        Step::Unalias(alias) => address("remove address", alias),
        Step::Carry(addresses) => {
            let texts = addresses.iter().map(|address| address.to_string().into_bytes());
            Json::object([
                ("step", Json::text("carry addresses")),
                ("addresses", Json::texts(texts.collect::<Vec<_>>())),
            ])
        }
        Step::Uncarry => Json::object([("step", Json::text("carry no more"))]),
        Step::Interface(name) => {
            Json::object([("step", Json::text("move interface")), ("interface", Json::text(name))])
        }
        Step::Terminate(time) => Json::object([
            ("step", Json::text("terminate")),
            ("seconds", Json::number(time.as_secs())),
        ]),
        Step::Remove => Json::object([("step", Json::text("remove"))]),
        Step::Unmount => Json::object([("step", Json::text("unmount"))]),
    }
}

/// Writes the plan as text.
fn text(planned: &[Planned]) -> String {
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
    writeln!(out, "{prefix}{}{waits_for}", action(one.outcome))?;
    if !one.parameters.is_empty() {
        writeln!(out, "    parameters")?;
    }
    for Given { name, verdict, why, .. } in &one.parameters {
        match *verdict {
            Verdict::Full => writeln!(out, "        {name}: full")?,
            other => writeln!(out, "        {name}: {}: {why}", word(other))?,
        }
    }
    if let Some(file) = &one.log {
        let file = String::from_utf8_lossy(file);
        writeln!(out, "    what commands in the jail print is appended to {file}")?;
    }
    if let Some(line) = &one.change {
        writeln!(out, "    steps\n        1. {line}")?;
    }
    numbered(out, "steps", &one.steps, one.prison.as_ref())?;
    let heading = "if a step fails: what runs in the jail is ended, the prison is removed, then";
    numbered(out, heading, &one.on_failure, None)
}

fn numbered(
    out: &mut String,
    heading: &str,
    steps: &[Step],
    prison: Option<&Foreseen>,
) -> std::fmt::Result {
    if !steps.is_empty() {
        writeln!(out, "    {heading}")?;
    }
    for (at, step) in steps.iter().enumerate() {
        write!(out, "        {}. ", at + 1)?;
        in_words(out, step, prison)?;
    }
    Ok(())
}

fn in_words(out: &mut String, step: &Step, prison: Option<&Foreseen>) -> std::fmt::Result {
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
        Step::Create(_) => {
            writeln!(out, "create the prison")?;
            for (name, made) in prison.map(made_of).unwrap_or_default() {
                let texts = match made {
                    Property::One(text) => vec![text],
                    Property::Many(texts) => texts,
                };
                for text in texts {
                    writeln!(out, "               {name}: {}", String::from_utf8_lossy(&text))?;
                }
            }
            Ok(())
        }
        Step::Alias(Alias { parameter, interface, prefix, .. }) => writeln!(
            out,
            "{parameter}: give {interface} the address {}/{}, unless it has that",
            prefix.address, prefix.length
        ),
        Step::Unalias(Alias { parameter, interface, prefix, .. }) => writeln!(
            out,
            "{parameter}: take {} from {interface}, if it was given for a jail",
            prefix.address
        ),
        Step::Carry(addresses) => {
            writeln!(out, "kletka.net: put {} into its network, by ipvlan", in_a_row(addresses))
        }
        Step::Uncarry => {
            writeln!(
                out,
                "kletka.net: take away the host's ways to addresses of jails that are gone"
            )
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
        Step::Unmount => writeln!(
            out,
            "unmount what the host itself has mounted where mount and mount.fstab say"
        ),
    }
}

/// One property of a prison.
enum Property {
    One(Vec<u8>),
    /// Several values, in order.
    Many(Vec<Vec<u8>>),
}

/// Lists what a prison will be made of.
fn made_of(prison: &Foreseen) -> Vec<(&'static str, Property)> {
    let spec = &prison.spec;
    let one = |text: &[u8]| Property::One(text.to_vec());
    let jid = spec.jid.map_or_else(|| "the next free one".to_owned(), |jid| jid.to_string());
    let name = spec.name.clone().unwrap_or_else(|| "the jid".to_owned());
    let root = spec.path.as_os_str().as_bytes();
    let id_mapped = if spec.users == Users::Host { &b""[..] } else { b", id-mapped" };
    let network = match (spec.network, &spec.addresses) {
        (Network::Own, _) => "its own".to_owned(),
        (Network::Empty, _) => "its own, with nothing in it".to_owned(),
        (Network::Carried, addresses) => {
            let addresses = addresses.as_ref().map(ToString::to_string).unwrap_or_default();
            format!("its own, with {addresses} of the host by ipvlan")
        }
        (Network::Host, None) => "the host's".to_owned(),
        (Network::Host, Some(addresses)) => format!("the host's, held to {addresses}"),
    };
    let ids = match spec.users {
        Users::Own => "65536 of its own, the lowest that are free",
        Users::Outer => "those of the jail that it is in",
        Users::Host => "the host's: root in the jail is root of the host",
    };
    let mut made = vec![
        ("name", one(name.as_bytes())),
        ("jid", one(jid.as_bytes())),
        ("root", Property::One([root, id_mapped].concat())),
        ("namespaces", one(namespaces(spec).join(" ").as_bytes())),
        ("user ids", one(ids.as_bytes())),
        ("network", one(network.as_bytes())),
        ("protocols", one(protocols(spec).as_bytes())),
    ];
    let names = [("host name", &spec.hostname), ("NIS domain", &spec.domainname)];
    let given = names.iter().filter(|(_, text)| !text.is_empty());
    made.extend(given.map(|(what, text)| (*what, one(text.as_bytes()))));
    made.push(("mount", Property::Many(mounts(spec))));
    if !prison.read_later.is_empty() {
        let files = prison.read_later.iter().map(|file| file.as_os_str().as_bytes().to_vec());
        made.push(("read when it is created", Property::Many(files.collect())));
    }
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

/// Names the parameters that widen the filter of system calls and the bounding set of capabilities.
fn allowed(spec: &Spec) -> String {
    let some: Vec<_> = spec.allow.iter().map(Permission::parameter).collect();
    if some.is_empty() { "nothing".to_owned() } else { some.join(" ") }
}

/// Lists all mounts, in the order in which they are attached.
fn mounts(spec: &Spec) -> Vec<Vec<u8>> {
    let each = |one: Attached<'_>| match one {
        Attached::Made(made) => self::made(made, spec).into_bytes(),
        Attached::Submounts => b"what the host has mounted below the root".to_vec(),
        Attached::Mount(line) => mount(&line),
        Attached::Text(text) => {
            let place = text.target.display();
            format!("{place}: of this jail alone, ro, if the root has this file").into_bytes()
        }
    };
    spec.attached().into_iter().map(each).collect()
}

fn made(made: Made, spec: &Spec) -> String {
    let read_only = if made.read_only { ", ro" } else { "" };
    let place = if made.optional { ", if the root has a place for it" } else { "" };
    let ruleset = spec.dev.as_ref().filter(|_| made.file_system == "devfs").map(|dev| {
        let (number, name) = &dev.ruleset;
        let name = name.as_ref().map_or_else(String::new, |name| format!(" ({name})"));
        format!(", ruleset {number}{name}")
    });
    let ruleset = ruleset.unwrap_or_default();
    format!("{}: {}{ruleset}{read_only}{place}", made.target, made.file_system)
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
                // The crate `prison` makes this working directory, and removes it. A plan says so
                // because it lies on the host's disk.
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
