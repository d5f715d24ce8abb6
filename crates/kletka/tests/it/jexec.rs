//! jexec(8): users, directories and environments of commands, exit statuses, and terminals.

use crate::sandbox::Sandbox;
use crate::session::check;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// A machine with a running jail `web`, number 1.
fn machine() -> Option<Sandbox> {
    let sandbox = Sandbox::new()?;
    sandbox.root("/home/jails/web");
    sandbox.ok("echo 'jailed:x:1234:1234:only here:/tmp:/bin/sh' >> /home/jails/web/etc/passwd");
    sandbox.ok("jail -qc name=web path=/home/jails/web host.hostname=web mount.devfs persist");
    Some(sandbox)
}

/// With and without -l a command finds FreeBSD's programs first, and what is meant for the
/// jail's own sysctl(8) reaches it.
#[test]
fn programs_of_freebsd() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    // As in a root of FreeBSD's. One without programs gets nothing.
    sandbox.ok("rmdir /home/jails/web/run; mkdir -m 700 /home/jails/empty; umask 77
        jail -qc name=web path=/home/jails/web vnet persist exec.start='ifconfig lo0 127.0.0.1/8 up'
        jail -qc name=empty path=/home/jails/empty persist");
    check(
        &sandbox,
        "\
$ stat -c '%a %U' /home/jails/web/run; ls /home/jails/empty
755 root
$ jexec web ifconfig -l; jexec -l web ifconfig -l
lo0
lo0
$ jexec web sysrc foo=bar; sysrc -j web foo
foo:  -> bar
foo: bar
$ jexec web sysctl -n security.jail.jailed; jexec web /sbin/sysctl kernel.ostype
1
kernel.ostype = Linux
$ jexec web sysctl -n kernel.ostype; jexec -l web sysctl -w net.ipv4.ip_forward=1
Linux
net.ipv4.ip_forward = 1
$ jexec web sysctl security.jail.nope 2>&1 | head -n 1
sysctl: error: 'security/jail/nope' is an unknown key
$ jexec web cat /run/systemd/container; jexec web stat -c '%a %u' /run/systemd /run/systemd/container
kletka
755 0
444 0
",
    );
    sandbox.ok("jail -qR web empty");
}

#[test]
fn commands_and_statuses() {
    let Some(sandbox) = machine() else { return };
    check(
        &sandbox,
        "\
$ jexec web hostname; jexec 1 pwd; jexec -n web id -u
web
/
0
$ jexec web sh -c 'exit 7'
[7]
$ jexec web sh -c 'kill -9 $$'
[137]
$ jexec web sh -c 'kill -TERM $$'
[143]
$ jexec web echo -l -u root
-l -u root
$ echo piped | jexec web cat | tr p P
PiPed
$ echo 'echo shell $0' | jexec web 2>&1 | grep -o 'shell /.*'
shell /bin/sh
$ jexec web sleep 100 & kill $!; { wait $!; } 2> /dev/null
[143]
$ jexec web nothing
jexec: execvp: nothing: No such file or directory; the jail web has no such program
[1]
$ SHELL=/bin/none jexec web
jexec: execlp: /bin/none: No such file or directory; the jail web has no such program
[1]
$ jexec nowhere true
jexec: jail \"nowhere\" not found; jls(8) lists the jails that run, jail -c starts one of jail.conf
[1]
$ jexec 99 true
jexec: jail 99 not found; jls(8) lists the jails that run, jail -c starts one of jail.conf
[1]
$ jexec
usage: jexec [-l] [-d working-directory] [-e name=value] [-u username | -U username] jail [command ...]
[1]
$ jexec -u root -U root web true 2>&1 | cut -c 1-12
usage: jexec
$ jexec -e novalue web true 2>&1 | cut -c 1-12
usage: jexec
",
    );
    sandbox.ok("jail -R web");
}

/// A jail may have a FIFO for its passwd(5), which nobody ever writes: whoever asks for a user is
/// told that there is none.
#[test]
fn a_passwd_that_is_a_fifo() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    let passwd = "/home/jails/web/etc/passwd";
    sandbox.write(passwd, "worker:x:1000:1000::/:/bin/sh\n");
    let web =
        "web { path = /home/jails/web; persist; exec.jail_user = worker; exec.stop = true; }\n";
    sandbox.write("/etc/jail.conf", web);
    sandbox.ok("jail -q -c web; jexec -U worker web true");
    sandbox.ok(&format!("rm {passwd}; mkfifo {passwd}"));
    for line in ["jexec -U worker web true", "jail -r web"] {
        let done = sandbox.run(&format!("timeout 20 {line}"));
        assert_eq!(done.status, 1, "{line}: {done:?}");
        assert!(done.stderr.contains("worker: no such user"), "{line}: {done:?}");
    }
    sandbox.ok("timeout 20 jail -q -R web");
    sandbox.check();
}

#[test]
fn users_directories_and_environments() {
    let Some(sandbox) = machine() else { return };
    check(
        &sandbox,
        "\
$ jexec -U jailed web id -u; jexec -U jailed web pwd; jexec -lU jailed web pwd
1234
/
/tmp
$ jexec -u jailed web true
jexec: jailed: no such user; -u takes users of the host, -U those of the jail
[1]
$ jexec -u nobody web id -u
65534
$ jexec -U daemon web true
jexec: daemon: no such user; it is looked for in the jail's /etc/passwd
[1]
$ jexec -d /tmp web pwd; jexec -ld /etc web pwd
/tmp
/etc
$ jexec -d /nowhere web pwd
jexec: chdir(): /nowhere: No such file or directory
[1]
$ jexec -e A=1 -e B=x=y web sh -c 'echo $A $B'
1 x=y
$ SECRET=1 jexec web sh -c 'echo $SECRET'; SECRET=1 TERM=vt100 jexec -l -e A=1 web env | grep -v SHELL | sort
1
A=1
HOME=/root
PATH=/run/kletka/jail:/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin
TERM=vt100
USER=root
$ jexec -U jailed web sh -c 'echo $USER $HOME $SHELL'
jailed /tmp /bin/sh
$ rm /home/jails/web/etc/passwd; jexec web id -u; jexec -U root web true
0
jexec: root: no such user; it is looked for in the jail's /etc/passwd
[1]
",
    );
    sandbox.ok("jail -R web");
}

/// By the `..` of a directory from outside, a process would leave the jail's root.
#[test]
fn no_stream_is_a_directory() {
    let Some(sandbox) = machine() else { return };
    check(
        &sandbox,
        "\
$ jexec web ls .. < /
jexec: standard input is a directory: a process could leave the jail by it; use a file or /dev/null
[1]
$ jexec web sh -c 'echo never' 1< /
jexec: standard output is a directory: a process could leave the jail by it; use a file or /dev/null
[1]
$ jexec web sh -c 'exit 3' 0<&- 1>&- 2>&-
[3]
$ jail -qc name=db path=/home/jails/web command=/bin/true 0< /tmp; jls name
web
jail: standard input is a directory: a process could leave the jail by it; use a file or /dev/null
$ jail -qc name=db path=/home/jails/web exec.poststart=true exec.consolelog=/tmp/log exec.start=/bin/true 0< /tmp; jls name
web
jail: standard input is a directory: a process could leave the jail by it; use a file or /dev/null
",
    );
    sandbox.ok("jail -R web");
}

/// What was typed before the command has the terminal, an end of file too, is the command's.
#[test]
fn what_was_typed_before_is_read() {
    let Some(sandbox) = machine() else { return };
    for typed in ["abc\\n\\004", "abc\\004\\004", "\\004"] {
        let ahead = format!("(printf '{typed}'; exec sleep 2) 2> /dev/null");
        let command = "script -qec 'sleep .2; jexec web cat > /home/read; echo $? > /home/status'";
        sandbox.ok(&format!("{ahead} | timeout 5 {command} /dev/null > /dev/null; :"));
        let want = if typed.starts_with("abc") { "abc" } else { "" };
        assert_eq!(sandbox.ok("cat /home/read").trim(), want, "{typed}");
        assert_eq!(sandbox.ok("cat /home/status; rm /home/status"), "0\n", "{typed}");
    }
    sandbox.ok("jail -R web");
}

/// A shell in the machine, at a terminal of its own. The test types, and reads what the terminal
/// shows.
struct Terminal {
    script: Child,
    shown: Receiver<Vec<u8>>,
    /// Output that was read and that no call has waited for yet.
    rest: String,
}

impl Terminal {
    /// Opens a terminal: script(1), of the package bsdutils, makes it and runs bash(1) there.
    fn open(sandbox: &Sandbox) -> Self {
        let root = sandbox.outside(Path::new("/"));
        let pid = root.iter().nth(2).unwrap();
        let mut script = Command::new("nsenter")
            .args(["--mount", "--net", "--pid", "--uts", "--ipc", "--target"])
            .arg(pid)
            .args(["--", "script", "--quiet", "--return", "--command"])
            .args(["bash --norc --noediting -i", "/dev/null"])
            .env_clear()
            .envs([("PATH", "/usr/local/bin:/usr/bin:/bin"), ("PS1", "$ "), ("HOME", "/root")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("nsenter(1), package util-linux");
        let mut output = script.stdout.take().unwrap();
        let (sender, shown) = channel();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = output.read(&mut bytes) {
                if sender.send(bytes[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        let mut terminal = Self { script, shown, rest: String::new() };
        // Without echo, the terminal shows answers only and not what is typed.
        terminal.type_until("stty -echo; tty > /tmp/tty; echo no echo: $?\n", "no echo: 0");
        terminal
    }

    /// Types `keys`, and waits until the terminal shows `text`.
    #[track_caller]
    fn type_until(&mut self, keys: &str, text: &str) {
        let keyboard = self.script.stdin.as_mut().unwrap();
        keyboard.write_all(keys.as_bytes()).and_then(|()| keyboard.flush()).unwrap();
        while !self.rest.contains(text) {
            let more = self.shown.recv_timeout(Duration::from_secs(20));
            let more =
                more.unwrap_or_else(|_| panic!("no {text:?} after {keys:?}: {:?}", self.rest));
            self.rest.push_str(&String::from_utf8_lossy(&more));
        }
        let end = self.rest.find(text).unwrap() + text.len();
        self.rest.drain(..end);
    }

    /// Leaves the shell. Answers its exit status.
    fn close(mut self) -> Option<i32> {
        self.type_until("exit\n", "exit");
        drop(self.script.stdin.take());
        self.script.wait().unwrap().code()
    }
}

const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";
const CTRL_Z: &str = "\x1a";

/// A command that answers each line that it reads. The answer shows that the command runs and has
/// the keyboard.
const ECHO: &str = "awk '{ print \"got\", $0; fflush() }'";

#[test]
fn a_shell_in_the_jail_has_the_terminal() {
    let Some(sandbox) = machine() else { return };
    let mut terminal = Terminal::open(&sandbox);
    terminal.type_until("stty rows 33 cols 77; jexec web\n", "built-in shell");
    // This shell edits its lines and so echoes what is typed: the awaited answer must differ from
    // the command.
    terminal.type_until("echo in $((40 + 2)); stty size\n", "in 42\r\n33 77\r\n");
    // Job control inside: a job is stopped, continued in the foreground, and interrupted.
    terminal.type_until(&format!("{ECHO}\nline\n"), "got line\r\n");
    terminal.type_until(CTRL_Z, "Stopped");
    terminal.type_until("fg\nmore\n", "got more\r\n");
    terminal.type_until(CTRL_C, "$ ");
    terminal.type_until("echo was $?\n", "was 130\r\n");
    // The jail's shell is stopped: the shell outside gets the terminal, and `fg` gives it back.
    terminal.type_until("kill -STOP $$\n", "Stopped");
    terminal.type_until("echo out $((40 + 3))\n", "out 43\r\n");
    terminal.type_until("fg\n", "jexec web\r\n");
    terminal.type_until("echo in $((40 + 4))\n", "in 44\r\n");
    terminal.type_until("", "$ ");
    terminal.type_until("exit 5\n", "$ ");
    terminal.type_until("echo was $?\n", "was 5\r\n");
    // In a script only jexec(8) can take the terminal back, as no shell with job control waits.
    sandbox.write("/tmp/script", format!("jexec web /bin/sh -i; echo next; {ECHO}\n"));
    terminal.type_until("sh /tmp/script\n", "built-in shell");
    terminal.type_until("exit\n", "next\r\n");
    terminal.type_until("read\n", "got read\r\n");
    terminal.type_until(CTRL_D, "$ ");
    assert_eq!(terminal.close(), Some(0));
    sandbox.ok("jail -R web");
}

#[test]
fn keys_reach_a_command_in_the_jail() {
    let Some(sandbox) = machine() else { return };
    let mut terminal = Terminal::open(&sandbox);
    let command = format!("jexec web {ECHO}\n");
    terminal.type_until(&command, "");
    terminal.type_until("one\n", "got one\r\n");
    terminal.type_until(CTRL_C, "$ ");
    terminal.type_until("echo was $?\n", "was 130\r\n");
    terminal.type_until(&command, "");
    terminal.type_until("two\n", "got two\r\n");
    terminal.type_until(CTRL_Z, "Stopped");
    // In the background the command is stopped when it reads.
    terminal.type_until("bg\n", "jexec web");
    terminal.type_until("while jobs | grep -q Running; do :; done; jobs\n", "Stopped");
    terminal.type_until("fg\nthree\n", "got three\r\n");
    terminal.type_until(CTRL_D, "$ ");
    terminal.type_until("echo was $?\n", "was 0\r\n");
    // The terminal is one of the jail's own, and its root's.
    terminal.type_until(
        "jexec web sh -c 'tty; stat -c %U:%t,%T $(tty)'\n",
        "/dev/pts/0\r\nroot:88,0\r\n",
    );
    terminal.type_until("", "$ ");
    // The size of the window changes while it runs.
    let line = "jexec web sh -c 'trap \"stty size; exit 6\" WINCH; echo ready; while :; do sleep 1; done'\n";
    terminal.type_until(line, "ready\r\n");
    sandbox.ok("stty -F $(cat /tmp/tty) rows 44 cols 55");
    terminal.type_until("", "44 55\r\n");
    terminal.type_until("", "$ ");
    terminal.type_until("echo was $?\n", "was 6\r\n");
    assert_eq!(terminal.close(), Some(0));
    sandbox.ok("jail -R web");
}

/// A command at a terminal of the host: what a test types, and what the terminal then shows.
fn shows(terminal: &mut Terminal, cases: &[(&str, &str)]) {
    for (line, shown) in cases {
        terminal.type_until(&format!("{line}\n"), shown);
        terminal.type_until("", "$ ");
    }
}

#[test]
fn what_stays_in_the_background_has_no_terminal_of_the_host() {
    let Some(sandbox) = machine() else { return };
    let mut terminal = Terminal::open(&sandbox);
    for line in [
        "jexec web sh -c 'sleep 71 & echo left'",
        "jexec web sh -c 'sleep 72 & echo left' < /dev/null",
        "jexec web sh -c 'sleep 73 & echo left >&2' > /dev/null",
        "jail -qc name=db path=/home/jails/web mount.devfs persist exec.start='sleep 74 & echo left; true'",
        "jail -qc name=dc path=/home/jails/web persist exec.start='sleep 75 &' exec.poststart='echo left'",
    ] {
        terminal.type_until(&format!("{line}\n"), "left\r\n");
        terminal.type_until("", "$ ");
    }
    // By device and inode: the jail's terminals have the names of the host's.
    let held = "for p in $(pgrep '^sleep'); do stat -L -c '%d:%i' /proc/$p/fd/*; done";
    let held = sandbox.run(held).stdout;
    assert_eq!(held.lines().count(), 15, "{held}");
    let tty = sandbox.ok("stat -c '%d:%i' $(cat /tmp/tty)");
    assert!(!held.contains(tty.trim()), "{tty}{held}");
    assert_eq!(terminal.close(), Some(0));
    sandbox.ok("jail -R web; jail -R db; jail -R dc");
}

#[test]
fn streams_that_are_no_terminal_stay_as_they_are() {
    let Some(sandbox) = machine() else { return };
    let mut terminal = Terminal::open(&sandbox);
    let which = r#"for i in 0 1 2; do test -t $i && s="$s$i "; done; echo "$s" >&2"#;
    shows(
        &mut terminal,
        &[
            (&format!("jexec web sh -c '{which}'"), "0 1 2 \r\n"),
            (&format!("jexec web sh -c '{which}' | cat"), "0 2 \r\n"),
            ("jexec web echo piped | tr p P", "PiPed\r\n"),
            (&format!("echo in | jexec web sh -c '{which}; cat'"), "1 2 \r\nin\r\n"),
            (&format!("jexec web sh -c '{which}' 2>&1 < /dev/null"), "1 2 \r\n"),
            (
                &format!(
                    "(jexec web sh -c '{which}' < /dev/null > /dev/null 2> /tmp/log); cat /tmp/log"
                ),
                "\r\n",
            ),
            // A command that reads gets it.
            ("jexec web head -n 1 | cat\nkeys", "keys\r\n"),
            ("jexec web sh -c 'echo got $(head -n 1 /dev/tty)' < /dev/null\nkeys", "got keys\r\n"),
        ],
    );
    // A program that reads single keys, as less(1) does, has the keyboard as long as the command
    // does not read.
    let less = "sh -c 'stty -icanon < /dev/tty; echo ready; head -c 4 < /dev/tty; stty icanon < /dev/tty; cat'";
    terminal.type_until(&format!("jexec web sh -c 'sleep 2; echo done' | {less}\n"), "ready\r\n");
    terminal.type_until("keys", "keysdone\r\n");
    terminal.type_until("", "$ ");
    assert_eq!(terminal.close(), Some(0));
    sandbox.ok("jail -R web");
}

#[test]
fn a_terminal_without_a_name() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    sandbox.ok("jail -qc name=web path=/home/jails/web persist");
    let mut terminal = Terminal::open(&sandbox);
    shows(
        &mut terminal,
        &[(
            "jexec web sh -c 'test -t 0 && test -t 1 && echo is $((1 + 1)); tty; exit 4'; echo $?",
            "is 2\r\nnot a tty\r\n4\r\n",
        )],
    );
    assert_eq!(terminal.close(), Some(0));
    sandbox.ok("jail -R web");
}

/// A jail's root signals the process group that it is in, and nobody outside.
#[test]
fn signals_to_the_own_group_stay_inside() {
    let Some(sandbox) = machine() else { return };
    let inherit = "jail -qc name=db path=/home/jails/web kletka.userns=inherit persist";
    sandbox.ok(&format!("{inherit} 2> /dev/null"));
    sandbox.write(
        "/tmp/kill",
        "#!/bin/sh\njexec $1 sh -c 'kill -TERM 0; sleep 5'\necho still here $?\n",
    );
    sandbox.write("/tmp/start", "#!/bin/sh\njail -qc name=dc path=/home/jails/web kletka.userns=inherit exec.start='kill -TERM 0; sleep 5' 2> /tmp/err\necho still here $?\n");
    check(
        &sandbox,
        "\
$ sh /tmp/kill web; sh /tmp/kill db; sh /tmp/kill web < /dev/null | cat
still here 143
still here 143
still here 143
$ sh /tmp/start; grep -o 'signal 15' /tmp/err
still here 1
signal 15
$ sh -c 'jexec web sh -c \"kill -INT 0; sleep 5\"; echo $?'
130
",
    );
    let mut terminal = Terminal::open(&sandbox);
    shows(
        &mut terminal,
        &[
            ("sh /tmp/kill web", "still here 143\r\n"),
            ("sh /tmp/kill db", "still here 143\r\n"),
            ("sh /tmp/start", "still here 1\r\n"),
        ],
    );
    assert_eq!(terminal.close(), Some(0));
    sandbox.ok("jail -R web; jail -R db");
}

/// jail(8)'s own commands at a terminal.
#[test]
fn a_start_at_a_terminal() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    let mut terminal = Terminal::open(&sandbox);
    let jail = "jail -qc name=web path=/home/jails/web mount.devfs";
    sandbox.write(
        "/etc/jail.conf",
        "web { path = /home/jails/web; mount.devfs; persist; \
         exec.start = 'tty; stty size'; exec.stop = 'tty; echo bye'; }\n",
    );
    terminal.type_until("stty rows 33 cols 77\n", "$ ");
    shows(
        &mut terminal,
        &[
            ("jail -qc web", "/dev/pts/0\r\n33 77\r\n"),
            ("jail -qr web", "/dev/pts/0\r\nbye\r\n"),
            (
                &format!("{jail} command=sh -c 'tty; read x; echo got $x; exit 3'\nkeys"),
                "/dev/pts/0\r\ngot keys\r\n",
            ),
            (
                &format!(
                    "{jail} exec.start='echo a; echo b >&2' exec.consolelog=/tmp/log; cat /tmp/log"
                ),
                "a\r\nb\r\n",
            ),
            ("jls name | wc -l", "0\r\n"),
            (&format!("{jail} exec.timeout=1 exec.start='head -n 1'; echo $?"), "timed out\r\n"),
        ],
    );
    // The key ends the command.
    terminal
        .type_until(&format!("{jail} persist exec.start='echo ready; sleep 60'\n"), "ready\r\n");
    terminal.type_until(CTRL_C, "$ ");
    terminal.type_until("stty -a | grep -c ' icanon'\n", "1\r\n");
    assert_eq!(terminal.close(), Some(0));
    sandbox.ok("jail -R web 2>/dev/null; true");
}

/// On FreeBSD jexec(8) becomes its command, and who kills the one kills the other.
#[test]
fn a_command_ends_with_its_jexec() {
    let Some(sandbox) = machine() else { return };
    // For su(1): a set-user-ID program, and a root without a password.
    sandbox.ok(
        "chmod u+s /home/jails/web/bin/busybox; sed -i s/^root:x/root:/ /home/jails/web/etc/passwd",
    );
    let terminal = |line: &str| format!("script -qec \"{line}\" /dev/null < /dev/null");
    for line in [
        "jexec web sleep 91".to_owned(),
        "jexec -U jailed web sleep 91".to_owned(),
        // The command changes its user, by itself and by a set-user-ID program.
        "jexec web su jailed -s /bin/sh -c 'exec sleep 91'".to_owned(),
        "jexec -U jailed web su root -s /bin/sh -c 'exec sleep 91'".to_owned(),
        terminal("exec jexec web sleep 91"),
        terminal("exec jexec web su jailed -s /bin/sh -c 'exec sleep 91'"),
    ] {
        sandbox.write("/tmp/line", format!("{line}\n"));
        let killed = sandbox.run(
            "sh /tmp/line > /dev/null 2>&1 & until pgrep -x sleep > /dev/null; do :; done; \
             pkill -9 -x jexec; while pgrep -x sleep > /dev/null; do :; done; wait; echo ended",
        );
        assert_eq!(killed.stdout, "ended\n", "{line}");
    }
    // What the command has started is no part of it.
    sandbox.ok(
        "jexec web sh -c 'sleep 92 & exec sleep 91' & until pgrep -fx 'sleep 91' && pgrep -fx 'sleep 92'; do :; done > /dev/null; \
         pkill -9 -x jexec; while pgrep -fx 'sleep 91'; do :; done; pgrep -fx 'sleep 92'",
    );
    sandbox.ok("jail -R web");
}

/// A script that has the program as its interpreter that executes it runs a view of kletka that
/// nobody can change. The program waits: it writes its usage into a pipe that is full.
#[test]
fn no_jail_can_change_the_program_that_enters_it() {
    let Some(sandbox) = machine() else { return };
    let inherit = "jail -qc name=db path=/home/jails/web kletka.userns=inherit mount.devfs persist";
    sandbox.ok(&format!("{inherit} 2> /dev/null"));
    sandbox.write("/home/jails/web/bin/script", "#!/proc/self/exe jail\n");
    sandbox.write(
        "/home/jails/web/bin/try",
        "for p in /proc/[0-9]*; do grep -q bin/script $p/cmdline && touch -c $p/exe; done\n",
    );
    sandbox.ok("chmod 755 /home/jails/web/bin/script");
    sandbox.ok("mkfifo /tmp/full");
    check(
        &sandbox,
        "\
$ exec 5<> /tmp/full; head -c 65536 /dev/zero >&5; jexec db script 2>&5 & p=$!; until pgrep -f '[j]ail /bin/script'; do :; done > /dev/null; jexec db sh /bin/try 2>&1 | sed 's/[0-9][0-9]*/PID/'; kill -9 $p
touch: /proc/PID/exe: Read-only file system
$ jexec db nothing; jexec db /etc/passwd; jexec db sh -c 'exit 7'
jexec: execvp: nothing: No such file or directory; the jail db has no such program
jexec: execvp: /etc/passwd: Permission denied
[7]
$ jexec -U jailed db sh -c 'id -u; echo \"$1 $A\"' sh 'a  b'; A=' c' jexec db env | grep '^A='
1234
a  b 
A= c
",
    );
    sandbox.ok("jail -R web; jail -R db");
}

/// ps(1) and its like with FreeBSD's options for jails. All else is the host's own program's.
#[test]
fn processes_of_a_jail() {
    let Some(sandbox) = machine() else { return };
    if sandbox.run("/usr/bin/pgrep --version").status != 0 {
        eprintln!("skipped: processes_of_a_jail: needs pgrep(1)");
        return;
    }
    sandbox.root("/home/jails/db");
    let sleeps = "jexec db sh -c 'sleep 1001 > /dev/null & sleep 1002 > /dev/null &'";
    sandbox.ok(&format!("jail -qc name=db path=/home/jails/db mount.devfs persist; {sleeps}"));
    // Until both have executed, they are copies of their shell.
    sandbox.ok("until [ $(/usr/bin/pgrep -fxc 'sleep 100[12]') = 2 ]; do :; done");
    check(
        &sandbox,
        "\
$ ps -J db -o command= | sort; ps -J 2 -o args= | wc -l
sleep 1001
sleep 1002
2
$ ps -axJ web; ps -J web,db -o pid= | wc -l
2
$ ps -auxJ db | head -n 1 | cut -c 1-4
USER
$ ps -J nosuch; pgrep -j nosuch x
ps: Invalid jail ID: nosuch
pgrep: Invalid jail ID: nosuch
[1]
$ pgrep -j db sleep | wc -l; pgrep -lfj db 'sleep 1002' | cut -d ' ' -f 2-; pgrep -j web .
2
sleep
[1]
$ ps -o comm= -p 1 | wc -l; pgrep -f 'sleep 100[12]' | wc -l; ps -eo args= | grep -c '^sleep 100'
1
2
2
$ pkill -KILL -j db -f 1001; pkill -j web .; pkill -j db .; jls name
web
db
",
    );
    sandbox.ok("jail -qR web db");
}
