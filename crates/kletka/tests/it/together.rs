//! Many jails at once: jails that do not wait for each other start and stop at the same time, in
//! the order that `depend` asks for, and as many as `-p` allows.

use crate::sandbox::Sandbox;
use crate::session::check;
use std::fmt::Write;
use std::time::Instant;

/// The hooks of two jails wait for each other, so only a start of both at the same time can end.
#[test]
fn independent_jails_start_at_once() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    sandbox.write(
        "/etc/jail.conf",
        "path = /home/jails/web; persist; exec.timeout = 3;
         a { exec.prestart = 'echo met > /tmp/fifo'; exec.prestop = 'echo met > /tmp/fifo'; }
         b { exec.prestart = 'cat /tmp/fifo'; exec.prestop = 'cat /tmp/fifo'; }\n",
    );
    sandbox.ok("mkfifo /tmp/fifo");
    let done = sandbox.run("jail -c && jail -r '*'");
    assert_eq!((done.stderr.as_str(), done.status), ("", 0));
    assert_eq!(done.stdout.matches("met\n").count(), 2, "{}", done.stdout);
    check(
        &sandbox,
        "\
$ jail -p 1 -c
jail: a: /bin/sh -c echo met > /tmp/fifo: timed out (/etc/jail.conf line 2)
jail: b: cat /tmp/fifo: timed out (/etc/jail.conf line 3)
[1]
$ jls name
",
    );
}

/// Chains of jails: each starts when the one before it has started, and stops before it.
#[test]
fn chains_start_and_stop_in_order() {
    const CHAINS: usize = 20;
    const LENGTH: usize = 10;
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    let mut text = String::from(
        "path = /home/jails/web; persist; allow.mount = 0;
         exec.start = '/bin/true';
         exec.poststart = 'date +\"+ %s%N $JNAME\" >> /tmp/log';
         exec.prestop = 'date +\"- %s%N $JNAME\" >> /tmp/log';
         exec.prepare = 'date +\"? %s%N $JNAME\" >> /tmp/log';\n",
    );
    for chain in 0..CHAINS {
        for link in 0..LENGTH {
            let on =
                if link == 0 { String::new() } else { format!("depend = c{chain}x{};", link - 1) };
            let _ = writeln!(text, "c{chain}x{link} {{ {on} }}");
        }
    }
    sandbox.write("/etc/jail.conf", text);
    // Each start takes a moment, in which others can begin.
    sandbox.ok("sed -i \"s,'/bin/true','/bin/sleep 0.03',\" /etc/jail.conf");
    let began = Instant::now();
    sandbox.ok("jail -q -p 1 -c");
    let one_by_one = began.elapsed();
    sandbox.ok("jail -q -r '*'; rm /tmp/log");
    let began = Instant::now();
    sandbox.ok("jail -q -c");
    let together = began.elapsed();
    assert!(together < one_by_one, "{together:?} together, {one_by_one:?} one by one");
    assert_eq!(sandbox.ok("jls -N name | wc -l").trim(), (CHAINS * LENGTH).to_string());
    sandbox.ok("jail -q -r '*'");
    let log = sandbox.ok("cat /tmp/log");
    let times = |sign: &str, name: &str| -> Vec<u64> {
        let lines = log.lines().map(|line| line.split(' ').collect::<Vec<_>>());
        let these = lines.filter(|words| words[0] == sign && words[2] == name);
        these.map(|words| words[1].parse().unwrap()).collect()
    };
    for chain in 0..CHAINS {
        for link in 1..LENGTH {
            let (before, after) = (format!("c{chain}x{}", link - 1), format!("c{chain}x{link}"));
            assert!(
                times("+", &before)[0] < times("?", &after)[0],
                "{after} began before {before} ran"
            );
            assert!(
                times("-", &after)[0] < times("-", &before)[0],
                "{before} stopped before {after}"
            );
        }
    }
}

/// A hook that runs out of time is killed with all processes that it has started.
#[test]
fn a_hook_that_takes_too_long() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    sandbox.write(
        "/etc/jail.conf",
        "web { path = /home/jails/web; persist; exec.timeout = 1; exec.prestart = 'sleep 77; sleep 78'; \
         exec.release = 'echo released'; }\n",
    );
    let done = sandbox.run("jail -c web; pgrep -f '[s]leep 7'");
    let said = "jail: web: /bin/sh -c sleep 77; sleep 78: timed out (/etc/jail.conf line 1)\n";
    assert_eq!((&*done.stdout, &*done.stderr), ("released\n", said));
}

/// No more jails are under way than `-p` allows, and no fewer.
#[test]
fn a_limit_is_kept() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    // Each jail counts the jails that are between these two hooks at the same time.
    sandbox.write(
        "/etc/jail.conf",
        "path = /home/jails/web; persist;
         exec.prepare = 'mkdir /tmp/now/$JNAME && ls /tmp/now | wc -l >> /tmp/counts';
         exec.poststart = 'rmdir /tmp/now/$JNAME';
         j0 {} j1 {} j2 {} j3 {} j4 {} j5 {} j6 {} j7 {} j8 {} j9 {}\n",
    );
    sandbox.ok("mkdir /tmp/now");
    for limit in [1, 3] {
        sandbox.ok(&format!("rm -f /tmp/counts; jail -q -p {limit} -c"));
        let counts = sandbox.ok("cat /tmp/counts");
        let most = counts.lines().filter_map(|count| count.trim().parse().ok()).max();
        assert!(most <= Some(limit) && (limit == 1 || most > Some(1)), "{counts}");
        sandbox.ok("jail -q -r '*'");
    }
}

/// On a terminal, one line shows what jail(8) waits for. A pipe gets no such line.
#[test]
fn a_terminal_shows_what_takes_its_time() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    sandbox.write(
        "/etc/jail.conf",
        "path = /home/jails/web; persist; a { exec.prestart = 'cat /tmp/fifo'; } b { depend = a; }\n",
    );
    sandbox.ok("mkfifo /tmp/fifo");
    sandbox.ok("script -qfc 'jail -c' /tmp/typescript > /dev/null & \
         until grep -q '0 of 2 jails; a: run command: .* ([0-9]* s)' /tmp/typescript; do :; done; \
         echo go > /tmp/fifo; wait; until jls -j b > /dev/null 2>&1; do :; done");
    let shown = sandbox.ok("tr '\\r' '\\n' < /tmp/typescript");
    assert!(shown.contains("\ngo\n") && shown.contains("b: created\n"), "{shown}");
    // The line of progress is erased before jail(8) prints a message.
    sandbox.ok("rm /tmp/typescript; script -qfc 'jail -rc' /tmp/typescript > /dev/null & \
         until grep -q '0 of 2 jails; a' /tmp/typescript; do :; done; : > /tmp/fifo; wait; \
         until grep -q 'b: created' /tmp/typescript; do :; done");
    let shown = sandbox.ok("sed 's/\\x1b/ESC/g; s/\\r/CR/g' /tmp/typescript");
    assert!(shown.contains(" s)ESC[KCRESC[Ka: created"), "{shown}");
    sandbox.ok("jail -q -r '*'");
    sandbox.ok("jail -c > /tmp/out 2> /tmp/err & \
                until [ $(jls -N name | wc -l) = 0 ] && pgrep -f 'cat /tmp/fifo' > /dev/null; do :; done; \
                echo go > /tmp/fifo; wait");
    assert_eq!(sandbox.ok("cat /tmp/out; cat /tmp/err"), "go\na: created\nb: created\n");
    sandbox.ok("jail -q -r '*'");
}
