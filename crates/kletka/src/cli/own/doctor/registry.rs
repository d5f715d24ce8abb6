//! What the doctor says of the registry of jails, and mends in it.

use super::State;
use prison::{Error, Mended, Registry, is_jails_id};
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

/// Looks for jails without a record, records that lead to no jail, and what is no record.
pub(super) fn examine() -> Vec<(String, State)> {
    let name = || "registry".to_owned();
    let found = Registry::open().and_then(|registry| {
        registry.prisons()?;
        let (mut wrong, lost) = (registry.broken(), registry.lost());
        wrong.extend(registry.junk());
        Ok((wrong, lost?))
    });
    let (wrong, lost) = match found {
        Ok(found) => found,
        Err(Error::NotRoot) => return vec![(name(), State::Unknown)],
        Err(error) => return vec![(name(), State::Wrong(error.to_string()))],
    };
    let wrong = wrong.into_iter().map(|error| (name(), State::Wrong(error.to_string())));
    let lost = lost.into_iter().map(|lost| {
        let called = lost.name.unwrap_or_else(|| lost.jid.to_string());
        let cgroup = lost.cgroup.display();
        let advice = format!(
            "no record leads to it, and {cgroup} is its control group: kletka doctor --mend adopts \
             it, or ends what is left of it"
        );
        (format!("jail {called}"), State::Wrong(advice))
    });
    let all: Vec<_> = wrong.chain(lost).collect();
    if all.is_empty() { vec![(name(), State::Well)] } else { all }
}

/// Mends the registry, and takes away what leads to jails that are gone. Answers a line for each
/// jail that was mended or left.
pub(super) fn mend() -> Result<String, lifecycle::Error> {
    let registry = Registry::open()?;
    let mended = registry.mend()?;
    lifecycle::uncarry(&registry)?;
    Ok(mended.iter().map(|one| line(one) + "\n").collect())
}

fn line(mended: &Mended) -> String {
    match mended {
        Mended::Adopted(name, kept) => {
            let kept = kept.as_ref().map(|path| format!("; its old file is {}", path.display()));
            format!(
                "jail {name}: adopted: its parameters and rights are not known, and what enters it \
                 has none: restart it when that is possible{}",
                kept.unwrap_or_default()
            )
        }
        Mended::Ended(cgroup) => format!("{}: ended and removed", cgroup.display()),
        Mended::Cleared(name) => format!("jail {name}: had ended, and is cleared"),
        Mended::Left(name, why) => format!("jail {name}: left as it is: {why}"),
    }
}

/// Finds accounts of a name service that have ids which jails get. Those of files are left out of
/// the jails' ranges by themselves.
pub(super) fn accounts() -> Vec<(String, State)> {
    [("user", "passwd"), ("group", "group")].into_iter().flat_map(of_database).collect()
}

fn of_database((kind, database): (&str, &str)) -> Vec<(String, State)> {
    let file = fs::read(format!("/etc/{database}")).unwrap_or_default();
    let file = String::from_utf8_lossy(&file).into_owned();
    let known: BTreeSet<&str> = file.lines().collect();
    // getent(1) asks all name services; without it, a machine has none but files.
    let asked = Command::new("getent").arg(database).output();
    let text = asked.map(|done| String::from_utf8_lossy(&done.stdout).into_owned());
    let text = text.unwrap_or_default();
    let others = text.lines().filter(|line| !known.contains(line)).filter_map(|line| {
        let mut fields = line.split(':');
        Some((fields.next()?, fields.nth(1)?.parse().ok()?))
    });
    let wrong = others.filter(|&(_, id)| is_jails_id(id)).map(|(name, id)| {
        let advice = format!(
            "its id {id} is one that jails get: give jails others by a line of kletka in /etc/subuid"
        );
        (format!("{kind} {name}"), State::Wrong(advice))
    });
    wrong.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let kept = Some("/run/kletka/unreadable.7".into());
        for (mended, want) in [
            (Mended::Cleared("a".into()), "jail a: had ended, and is cleared"),
            (Mended::Ended("/c/7".into()), "/c/7: ended and removed"),
            (Mended::Left("a".into(), "x"), "jail a: left as it is: x"),
            (
                Mended::Adopted("a".into(), kept),
                "jail a: adopted: its parameters and rights are not known, and what enters it has none: \
                 restart it when that is possible; its old file is /run/kletka/unreadable.7",
            ),
        ] {
            assert_eq!(line(&mended), want);
        }
    }
}
