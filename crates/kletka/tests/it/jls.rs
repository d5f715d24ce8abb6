//! jls(8): each form of output, byte by byte, and the messages for bad input.

use crate::sandbox::Sandbox;
use crate::session::{check, freebsds};

/// A machine with two jails.
fn machine() -> Option<Sandbox> {
    let sandbox = Sandbox::new()?;
    sandbox.root("/home/jails/web");
    sandbox.ok("mkdir '/home/jails/a \"long\" way'");
    sandbox.ok("jail -c name=web path=/home/jails/web host.hostname=web.example.org vnet persist");
    sandbox.ok("jail -c jid=12345 path='/home/jails/a \"long\" way' allow.raw_sockets persist \
         host.hostname=a-host-name-that-is-wider-than-its-column.example.org");
    Some(sandbox)
}

#[test]
fn columns() {
    let Some(sandbox) = machine() else { return };
    check(
        &sandbox,
        "\
$ jls
   JID  IP Address      Hostname                      Path
     1                  web.example.org               /home/jails/web
 12345                  a-host-name-that-is-wider-tha /home/jails/a \"long\" way
$ jls -N
 JID             IP Address      Hostname                      Path
 web                             web.example.org               /home/jails/web
 12345                           a-host-name-that-is-wider-tha /home/jails/a \"long\" way
$ jls -v -j web
   JID  Hostname                      Path
        Name                          State
        CPUSetID
        IP Address(es)
     1  web.example.org               /home/jails/web
        web                           ACTIVE
        1
$ jls -dj 12345 name
12345
",
    );
    sandbox.ok("jail -R 1 12345");
}

#[test]
fn parameters() {
    let Some(sandbox) = machine() else { return };
    check(
        &sandbox,
        "\
$ jls jid name vnet ip4.addr persist host.domainname jid
1 web new - true \"\"
12345 12345 inherit - true \"\"
$ jls -h -j web jid path nopersist
jid path nopersist
1 /home/jails/web false
$ jls -n jid persist nopersist allow.raw_sockets ip4.addr path
jid=1 persist persist allow.noraw_sockets ip4.addr= path=/home/jails/web
jid=12345 persist persist allow.raw_sockets ip4.addr= path=/home/jails/a \"long\" way
$ jls -nq -j 12345 path ip4.addr host.domainname
path='/home/jails/a \"long\" way' ip4.addr=\"\" host.domainname=\"\"
$ jls -q -j 12345 path ip4.addr
'/home/jails/a \"long\" way' \"\"
$ jls -n -j web | cut -d ' ' -f 1-14
devfs_ruleset=0 nodying enforce_statfs=2 env=\"\" host=new ip4=inherit ip6=inherit jid=1 meta=\"\" name=web parent=0 path=/home/jails/web persist securelevel=-1
$ jls -h -j web | head -n 1 | tr ' ' '\\n' | grep -e ^host -e dying
dying
host
host.domainname
host.hostid
host.hostname
host.hostuuid
$ jls all -j web
jls: unknown parameter: -j; options stand before parameters
[1]
$ jls pth
jls: unknown parameter: pth; did you mean path?
[1]
$ jls mount.devfs
jls: unknown parameter: mount.devfs; it is jail(8)'s: kletka config get shows it
[1]
",
    );
    sandbox.ok("jail -R '*'");
}

#[test]
fn what_s_prints_makes_the_same_jail() {
    let Some(sandbox) = machine() else { return };
    let line = sandbox.ok("jls -s -j 12345");
    for word in [
        "jid=12345",
        "allow.raw_sockets",
        "host.hostname=a-host",
        "path='/home/jails/a \"long\" way'",
    ] {
        assert!(line.contains(word), "{word} in {line}");
    }
    for word in ["dying", " parent=", "cpuset.id", "osrelease", "ip4.addr"] {
        assert!(!line.contains(word), "{word} in {line}");
    }
    sandbox.ok("jail -R 12345");
    // Values in the line are quoted so that a shell can read them.
    sandbox.ok(&format!("jail -c {line}"));
    assert_eq!(sandbox.ok("jls -s -j 12345"), line);
    sandbox.ok("jail -R 1 12345");
}

#[test]
fn one_jail_or_none() {
    let Some(sandbox) = machine() else { return };
    check(
        &sandbox,
        "\
$ jls -c -j web
$ jls -c -d -j 12345
$ jls -c -j nowhere
[1]
$ jls -c -j 99
[1]
$ jls -c
usage: jls [-dhNnqsv] [-j jail] [param ...]
       jls -c [-d] -j jail
       jls --diff [jail]
[1]
$ jls -cn -j web 2>&1 | head -n 1
usage: jls [-dhNnqsv] [-j jail] [param ...]
$ jls -j nowhere jid
jls: jail \"nowhere\" not found; jls(8) lists the jails that run, jail -c starts one of jail.conf
[1]
$ jls -j 99 jid
jls: jail 99 not found; jls(8) lists the jails that run, jail -c starts one of jail.conf
[1]
$ jls -x 2>&1 | head -n 2
jls: illegal option -- x
usage: jls [-dhNnqsv] [-j jail] [param ...]
",
    );
    sandbox.ok("jail -R 1 12345");
}

#[test]
fn libxo() {
    let Some(sandbox) = machine() else { return };
    check(
        &sandbox,
        r#"$ jls --libxo json
{"__version": "2", "jail-information": {"jail": [{"jid":1,"ipv4":"","hostname":"web.example.org","path":"/home/jails/web"}, {"jid":12345,"ipv4":"","hostname":"a-host-name-that-is-wider-than-its-column.example.org","path":"/home/jails/a \"long\" way"}]}}
$ jls --libxo=json,pretty -N -j web
{
  "__version": "2", 
  "jail-information": {
    "jail": [
      {
        "name": "web",
        "ipv4": "",
        "hostname": "web.example.org",
        "path": "/home/jails/web"
      }
    ]
  }
}
$ jls --libxo:J -v -j web
{"__version": "2", "jail-information": {"jail": [{"jid":1,"hostname":"web.example.org","path":"/home/jails/web","name":"web","state":"ACTIVE","cpusetid":1, "ipv4_addrs": [], "ipv6_addrs": []}]}}
$ jls --libxo json -n -j web jid nopersist persist ip4.addr path host.domainname
{"__version": "2", "jail-information": {"jail": [{"jid":"1","nopersist":true,"persist":true, "ip4.addr": [],"path":"/home/jails/web","host.domainname":""}]}}
$ jls --libxo xml,pretty -j 12345 jid persist path
<jail-information __version="2">
  <jail>
    <jid>12345</jid>
    <persist>true</persist>
    <path>/home/jails/a "long" way</path>
  </jail>
</jail-information>
$ jls --libxo html -j web; echo
<div class="line"><div class="title">   JID</div><div class="padding">  </div><div class="title">IP Address</div><div class="padding">      </div><div class="title">Hostname</div><div class="padding">                      </div><div class="title">Path</div></div><div class="line"><div class="data" data-tag="jid">     1</div><div class="padding">  </div><div class="data" data-tag="ipv4">               </div><div class="padding"> </div><div class="data" data-tag="hostname">web.example.org              </div><div class="padding"> </div><div class="data" data-tag="path">/home/jails/web</div></div>
$ jls --libxo html -n -j web jid persist; echo
<div class="line"><div class="data" data-tag="%s">jid</div><div class="text">=</div><div class="data" data-tag="jid">1</div><div class="padding"> </div><div class="data">persist</div><div class="padding">
</div></div>
$ jls --libxo text -j web jid
1
$ jls --libxo:JPi1 -j web jid
{
 "__version": "2", 
 "jail-information": {
  "jail": [
   {
    "jid": "1"
   }
  ]
 }
}
$ jls --libxo json,xml -j web jid
{"__version": "2", "jail-information": {"jail": [{"jid":"1"}]}}
jls: ignoring multiple styles: 'xml'
$ jls --libxo html,xpath
jls: libxo option xpath is not supported; use text, json, xml or html
[1]
$ jls --libxo json -j nowhere
{"__version": "2", "jail-information": {"jail": []}}
jls: jail "nowhere" not found; jls(8) lists the jails that run, jail -c starts one of jail.conf
[1]
$ jls --libxo json pth
{ }
jls: unknown parameter: pth; did you mean path?
[1]
$ jls --libxo yaml
jls: unknown libxo option value: 'yaml'
[1]
$ jls --libxo
jls: missing libxo option
[1]
$ jls --libxo-check
[121]
"#,
    );
    sandbox.ok("jail -R 1 12345");
}

#[test]
fn nobody_there() {
    let Some(sandbox) = Sandbox::new() else { return };
    check(
        &sandbox,
        r#"$ jls
   JID  IP Address      Hostname                      Path
$ jls -n
$ jls --libxo json
{"__version": "2", "jail-information": {"jail": []}}
$ setpriv --reuid=65534 --regid=65534 --clear-groups jls
   JID  IP Address      Hostname                      Path
"#,
    );
}

/// FreeBSD's jls(8) needs no privilege; whoever has none reads nothing else and changes nothing.
#[test]
fn ordinary_users() {
    let Some(sandbox) = machine() else { return };
    sandbox.write("/etc/rc.conf", "jail_enable=YES\njail_list=web\n");
    sandbox.write("/tmp/u", "exec setpriv --reuid=65534 --regid=65534 --clear-groups \"$@\"\n");
    check(
        &sandbox,
        r#"$ sh /tmp/u jls
   JID  IP Address      Hostname                      Path
     1                  web.example.org               /home/jails/web
 12345                  a-host-name-that-is-wider-tha /home/jails/a "long" way
$ sh /tmp/u jls -n > /tmp/users; jls -n | cmp - /tmp/users
$ sh /tmp/u jls -j web name vnet allow.raw_sockets
web new false
$ sh /tmp/u jls -c -j web
$ sh /tmp/u jls -c -j nosuch
[1]
$ sh /tmp/u service jail status
 JID             IP Address      Hostname                      Path
 web                             web.example.org               /home/jails/web
 12345                           a-host-name-that-is-wider-tha /home/jails/a "long" way
$ sh /tmp/u kletka complete jexec '' | grep -x -e web -e 12345
web
12345
$ jail -m name=web host.hostname=other; sh /tmp/u jls -j web host.hostname
other
$ sh /tmp/u jexec web true
jexec: Operation not permitted: jails are for root alone; run this as root
[1]
$ sh /tmp/u jail -r web
jail: Operation not permitted: jails are for root alone; run this as root
[1]
$ sh /tmp/u ls /run/kletka
ls: cannot open directory '/run/kletka': Permission denied
[2]
$ jail -qR web; sh /tmp/u jls name
12345
$ stat -c %a /run/kletka.list /run/kletka.list/12345
755
644
$ jail -qR 12345; ls /run/kletka.list
"#,
    );
    // Whatever the umask of root.
    sandbox.ok("rmdir /run/kletka.list; umask 077; jail -qc path=/home/jails/web name=web persist");
    assert_eq!(sandbox.ok("sh /tmp/u jls name"), "web\n");
    // What runs is asked of the kernel: a file that stayed behind lists no jail.
    let line = "cd /run/kletka.list; cp * /tmp; jail -qR web; test -z \"$(ls)\"; cp /tmp/[1-9]* .";
    sandbox.ok(line);
    assert_eq!(sandbox.ok("sh /tmp/u jls name"), "");
}

/// A measurement: `cargo test --release --test it -- --ignored --nocapture a_thousand_jails`.
#[test]
#[ignore = "measures, for docs/performance.md"]
fn a_thousand_jails() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    for hundred in 0..10 {
        sandbox.ok(&format!(
            "for i in $(seq {hundred}00 {hundred}99); do \
             jail -qc name=j$i path=/home/jails/web host.hostname=j$i.example.org persist || exit 1; done"
        ));
    }
    for line in ["jls", "jls -n", "jls -j j500 jid", "jls --libxo json"] {
        assert_eq!(sandbox.ok("jls -h jid | wc -l"), "1001\n");
        // 20 runs in one shell, so that the start of the shell counts for little.
        let took = sandbox.ok(&format!(
            "begin=$(date +%s%N); for i in $(seq 20); do {line} > /dev/null; done; \
             echo $((($(date +%s%N) - begin) / 20000))"
        ));
        println!("{line}: {} microseconds", took.trim());
    }
    sandbox.ok("jail -R '*' > /dev/null");
}

/// Text that a terminal would obey is shown as by vis(3), or by the escapes of the form, in
/// whatever way it is printed.
#[test]
fn no_text_is_obeyed_by_a_terminal() {
    let Some(sandbox) = Sandbox::new() else { return };
    sandbox.root("/home/jails/web");
    let hostname = r#""$(printf 'a\033[2J\nb\302\233c\342\200\256d')""#;
    sandbox.ok(&format!(
        "jail -c name=web path=/home/jails/web vnet allow.raw_sockets persist host.hostname={hostname} meta.key={hostname}"
    ));
    // The jail's root may give its interface any name but that of a file, and any alias.
    sandbox.ok(
        "nsenter -t $(pgrep -f '^kletka: web') -n ip link set lo alias \"$(printf 'x\\033[2Jy')\"",
    );
    let seen = r"a\033[2J\nb\302\233c\342\200\256d";
    let lines = seen.replace("\\n", "\n");
    let record = "/run/kletka/jails/1";
    sandbox.ok(&format!(r"printf 'colour=\033]0;x\007\n' >> {record}"));
    for (line, want) in [
        ("jls", format!("     1                  {:.29} /home/jails/web\n", format!("{seen:29}"))),
        ("jls -N", seen[..29].to_owned()),
        ("jls -v", seen[..29].to_owned()),
        ("jls host.hostname", format!("{seen}\n")),
        ("jls -n host.hostname", format!("host.hostname={seen}\n")),
        ("jls -q host.hostname", seen.to_owned()),
        ("jls -s", seen.to_owned()),
        ("jls -n", seen.to_owned()),
        ("jls -h host.hostname", seen.to_owned()),
        ("jls meta.key", r"a\033[2J".to_owned()),
        // The administrator's lines are lines, and all else in them is shown as elsewhere.
        ("jls meta", format!("key={lines}\n")),
        ("jls -q meta", format!("key={lines}\n")),
        ("jls -n meta", format!("meta=key={seen}\n")),
        ("jls --libxo json", r#""hostname":"a\u001b[2J\nb\u009bc\u202ed""#.to_owned()),
        ("jls --libxo xml", "<hostname>a\\033[2J&#xa;b&#x9b;c&#x202e;d</hostname>".to_owned()),
        ("jls --libxo html", seen[..29].to_owned()),
        ("jls -n", r"colour=\033]0;x\a".to_owned()),
        ("ifconfig -j web lo", "description: x?[2Jy".to_owned()),
    ] {
        let done = sandbox.run(line);
        assert!(done.stdout.contains(&want), "{line}\n{}{}\n{want}", done.stdout, done.stderr);
        let obeyed = |c: &char| (c.is_control() && !"\n\t".contains(*c)) || *c == '\u{202e}';
        assert_eq!(done.stdout.chars().find(obeyed), None, "{line}");
    }
    for (line, said) in [
        (
            "jail -c name=\"$(printf 'a\\033b')\" path=/home/jails/web persist",
            r#"jail: name "a\033b" cannot be used"#,
        ),
        (
            "jail -c name=\"$(printf 'a\\342\\200\\256b')\" path=/home/jails/web persist",
            r#"jail: name "a\342\200\256b" cannot be used"#,
        ),
        ("jexec \"$(printf 'a\\033b')\" true", r#"jexec: jail "a\033b" not found"#),
        ("jexec web \"$(printf 'a\\033b')\"", r"jexec: execvp: a\033b: No such file or directory"),
        ("jail -r \"$(printf 'a\\033b')\"", r#"jail: "a\033b" not found"#),
    ] {
        let stderr = freebsds(&sandbox.run(line).stderr, &format!("{said}\n"));
        assert_eq!(stderr.trim_end(), said, "{line}");
    }
    sandbox.ok("jail -r web");
    sandbox.check();
}
