//! rc(8), rc.shutdown and service(8) inside a jail with a Linux base: share/jail.

use crate::sandbox::Sandbox;
use crate::session::check;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// The network of the jail: the host has 10.0.0.1, and the jail's rc.conf configures the other end
/// of the epair.
const NETWORK: &str = "vnet; vnet.interface = epair1b;
exec.prepare = 'ifconfig epair1 create';
exec.prestart = 'ifconfig epair1a 10.0.0.1/24 up';
exec.poststop = 'ifconfig epair1a destroy';
exec.start = '/bin/sh /etc/rc'; exec.stop = '/bin/sh /etc/rc.shutdown';
mount.devfs; persist; exec.consolelog = /var/log/console; exec.clean;\n";

/// A service in the manner of FreeBSD's ports, for a program of busybox.
const WEB: &str = r#"#!/bin/sh

# PROVIDE: web
# REQUIRE: LOGIN
# KEYWORD: shutdown

. /etc/rc.subr

name="web"
desc="A web server"
rcvar="web_enable"

load_rc_config $name

: ${web_enable:="NO"}
: ${web_port:="8080"}

command="/usr/sbin/httpd"
command_args="-p ${web_port} -h /srv"
extra_commands="reload"
start_precmd="web_prestart"
required_dirs="/srv"

web_prestart()
{
	echo "port ${web_port}" > /tmp/prestart
}

run_rc_command "$1"
"#;

fn busybox_jail(sandbox: &Sandbox, rc_conf: &str) {
    let root = "/home/jails/www";
    sandbox.root(root);
    sandbox.ok(&format!(
        "mkdir -p {root}/usr/local/etc/rc.d {root}/srv; cp -p /usr/local/share/kletka/jail/rc* {root}/etc/"
    ));
    sandbox.write(format!("{root}/usr/local/etc/rc.d/web"), WEB);
    sandbox.ok(&format!(
        "chmod 755 {root}/usr/local/etc/rc.d/web; echo hello > {root}/srv/index.html"
    ));
    sandbox.write(format!("{root}/etc/rc.conf"), rc_conf);
    sandbox.write("/etc/jail.conf", format!("www {{ path = {root}; {NETWORK} }}\n"));
}

#[test]
fn a_service_in_the_manner_of_freebsd() {
    let Some(sandbox) = Sandbox::new() else { return };
    busybox_jail(
        &sandbox,
        "web_enable=YES\nweb_port=8\nweb_port+=0\nifconfig_epair1b=\"inet 10.0.0.2/24\"\n",
    );
    sandbox.ok("jail -c www");
    let session = "\
$ sed 's/^[A-Z][a-z][a-z] .*/DATE/' /var/log/console
Starting web.

DATE
$ busybox wget -q -O - http://10.0.0.2/
hello
$ cat /home/jails/www/tmp/prestart; sysrc -j www -n web_port
port 80
80
$ service -j www web status | sed 's/[0-9][0-9]*/N/'
web is running as pid N.
$ service -j www web start 2>&1 | sed 's/[0-9][0-9]*/N/'
web already running?  (pid=N).
$ service -j www -v web restart
web is located in /usr/local/etc/rc.d
Stopping web.
Starting web.
$ service -j www -l; service -j www -r; service -j www -e
web
/usr/local/etc/rc.d/web
/usr/local/etc/rc.d/web
$ service -j www -R
Stopping web.
Starting web.
$ service -j www web rcvar; service -j www web describe; service -j www web extracommands
# web : A web server
#
web_enable=\"YES\"
#   (default: \"\")

A web server
reload
$ service -j www web stop; service -j www web stop; service -j www web status
Stopping web.
web is not running.
web not running?
[1]
$ service -j www web disable; service -j www web start; service -j www web enabled
web disabled in /etc/rc.conf
Cannot 'start' web. Set web_enable to YES in /etc/rc.conf or use 'onestart' instead of 'start'.
[1]
$ service -j www web onestart; rm -r /home/jails/www/srv; service -j www web onerestart
Starting web.
Stopping web.
/usr/local/etc/rc.d/web: WARNING: /srv is not a directory.
/usr/local/etc/rc.d/web: WARNING: failed precmd routine for web
[1]
$ service -j www web halt
/usr/local/etc/rc.d/web: unknown directive 'halt'.
Usage: /usr/local/etc/rc.d/web [fast|force|one|quiet](start|stop|restart|rcvar|enable|disable|delete|enabled|describe|extracommands|reload|status|poll)
[1]
$ service -j www nothing start
nothing does not exist in /etc/rc.d or the local startup
directories (/usr/local/etc/rc.d), or is not executable; service -r lists the services of this jail
[1]
$ jail -r www
www: removed
";
    check(&sandbox, session);
}

/// Writes a script in the manner of FreeBSD that notes each call.
fn noting(sandbox: &Sandbox, name: &str, headers: &str) {
    let path = format!("/home/jails/www/etc/rc.d/{name}");
    let own = match name {
        "slow" => "[ $1 != faststop ] || sleep 1000\n",
        _ => "",
    };
    sandbox.write(&path, format!("#!/bin/sh\n{headers}\necho \"{name} $1\" >> /tmp/log\n{own}"));
    sandbox.ok(&format!("chmod 755 {path}"));
}

#[test]
fn the_order_of_scripts() {
    let Some(sandbox) = Sandbox::new() else { return };
    busybox_jail(&sandbox, "rcshutdown_timeout=60\n");
    sandbox.ok("mkdir -p /home/jails/www/etc/rc.d; : > /home/jails/www/firstboot");
    for (name, headers) in [
        ("app", "# PROVIDE: app\n# REQUIRE: db nobody\n# KEYWORD: shutdown"),
        ("db", "# PROVIDE: db store\n# BEFORE: web\n# KEYWORD: shutdown"),
        ("web2", "# PROVIDE: web\n# KEYWORD: shutdown"),
        ("once", "# PROVIDE: once\n# REQUIRE: store\n# KEYWORD: firstboot"),
        ("hard", "# PROVIDE: hard\n# KEYWORD: nojail"),
        ("hand", "# PROVIDE: hand\n# KEYWORD: nostart"),
        ("plain", "echo plain > /dev/null"),
        ("round", "# PROVIDE: round\n# REQUIRE: trip"),
        ("trip", "# PROVIDE: trip\n# REQUIRE: round"),
    ] {
        noting(&sandbox, name, headers);
    }
    sandbox.ok("jail -q -c www");
    let log = || sandbox.ok("cat /home/jails/www/tmp/log; rm /home/jails/www/tmp/log");
    assert_eq!(log().replace(" faststart\n", " "), "db app once plain trip round web2 ");
    let said = sandbox.ok("cat /var/log/console");
    assert_eq!(
        said.matches("/etc/rc: WARNING: circular dependency on file /etc/rc.d/").count(),
        1,
        "{said}"
    );
    assert_eq!(sandbox.ok("ls /home/jails/www | grep first || true"), "");
    // Scripts with the keyword `shutdown` are called, in reverse order.
    sandbox.ok("jail -q -r www");
    assert_eq!(log().replace(" faststop\n", " "), "web2 app db ");
    sandbox.ok("jail -q -c www");
    assert!(!log().contains("once"));
    sandbox.ok("jail -q -r www");
}

/// FreeBSD's names of services lead to the base's scripts, which start in the order of their LSB
/// headers.
#[test]
fn services_under_freebsds_names() {
    let Some(sandbox) = Sandbox::new() else { return };
    busybox_jail(
        &sandbox,
        "sshd_enable=YES
samba_server_enable=YES
nfs_server_enable=YES
inetd_enable=YES
syslogd_enable=YES
cron_enable=YES
named_enable=YES
apache24_enable=YES
php_fpm_enable=YES
smartd_enable=NO
mosquitto_enable=YES
",
    );
    for (script, starts_after) in [
        ("apache2", "$remote_fs $named php8.2-fpm"),
        ("bind9", "$remote_fs $syslog"),
        ("cron", "$remote_fs $syslog"),
        ("nfs-kernel-server", "$remote_fs"),
        ("nmbd", "$remote_fs"),
        ("openbsd-inetd", "$all"),
        ("php8.2-fpm", "$remote_fs"),
        ("rsyslog", "$remote_fs"),
        ("smartmontools", ""),
        ("smbd", "nmbd"),
        ("ssh", "$remote_fs $syslog"),
    ] {
        let path = format!("/home/jails/www/etc/init.d/{script}");
        sandbox.write(
            &path,
            format!(
                "#!/bin/sh\n### BEGIN INIT INFO\n# Provides: {script}\n# Required-Start: {starts_after}\n\
                 ### END INIT INFO\necho \"$1 {script}\" >> /tmp/log\n"
            ),
        );
        sandbox.ok(&format!("chmod 755 {path}"));
    }
    sandbox.ok("jail -q -c www");
    let log = || sandbox.ok("cat /home/jails/www/tmp/log; rm /home/jails/www/tmp/log");
    let started =
        "rsyslog bind9 php8.2-fpm apache2 cron nfs-kernel-server nmbd smbd ssh openbsd-inetd";
    assert_eq!(log(), started.split(' ').map(|name| format!("start {name}\n")).collect::<String>());
    let said = sandbox.ok("cat /var/log/console");
    let missing = "/etc/rc: WARNING: mosquitto_enable: there is no /etc/init.d/mosquitto: ";
    assert!(said.contains(missing) && said.matches("WARNING").count() == 1, "{said}");
    assert_eq!(
        sandbox.ok("service -j www smartd onestart; service -j www samba_server restart"),
        ""
    );
    assert_eq!(log(), "start smartmontools\nstop smbd\nstop nmbd\nstart nmbd\nstart smbd\n");
    sandbox.ok("jail -q -r www");
    assert_eq!(
        log(),
        started.split(' ').rev().map(|name| format!("stop {name}\n")).collect::<String>()
    );
}

#[test]
fn a_script_that_does_not_stop() {
    let Some(sandbox) = Sandbox::new() else { return };
    busybox_jail(&sandbox, "rcshutdown_timeout=1\n");
    sandbox.ok("mkdir -p /home/jails/www/etc/rc.d; sed -i 's/^mount.devfs;/mount.devfs; stop.timeout = 1;/' /etc/jail.conf");
    noting(&sandbox, "slow", "# PROVIDE: slow\n# KEYWORD: shutdown");
    sandbox.ok("jail -q -c www; jail -q -r www");
    let said = sandbox.ok("cat /var/log/console");
    let late = "1 second watchdog timeout expired. Shutdown terminated.\n";
    assert!(said.contains(late), "{said}");
    sandbox.check();
}

#[test]
fn the_network_of_rc_conf() {
    let Some(sandbox) = Sandbox::new() else { return };
    busybox_jail(
        &sandbox,
        "ifconfig_epair1b='inet 10.0.0.2/24'
ifconfig_epair1b_ipv6='inet6 fd00::2/64'
ifconfig_epair1b_alias0='inet 10.0.0.3/32'
ifconfig_epair1b_aliases='inet 10.0.0.4/32 inet6 fd00::4/64'
ifconfig_lo0_alias0='inet 127.0.0.2/8'
ipv4_addrs_epair1b='10.0.0.5/32 10.0.0.6-9/32'
gateway_enable=YES
ipv6_gateway_enable=YES
ifconfig_re0='inet 10.9.9.9/24'
defaultrouter=10.0.0.1
static_routes='lab gone'
route_lab='-net 10.7.0.0/16 10.0.0.9'
nothing_enable=YES
",
    );
    sandbox.ok("jail -c www");
    let said = sandbox.ok("cat /var/log/console");
    for line in [
        "/etc/rc: WARNING: ifconfig_re0: the jail has no such interface",
        "/etc/rc: WARNING: route_gone not found.",
        "/etc/rc: WARNING: ipv4_addrs_epair1b: 10.0.0.6-9/32: ranges are not supported in a jail",
        "/etc/rc: WARNING: nothing_enable: there is no /etc/init.d/nothing: ",
    ] {
        assert_eq!(said.matches(line).count(), 1, "{line}\n{said}");
    }
    assert_eq!(said.matches("WARNING").count(), 4, "{said}");
    let forwards =
        "jexec www cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding";
    assert_eq!(sandbox.ok(forwards), "1\n1\n");
    let shown = sandbox.ok("jexec www ip -o addr; jexec www ip route");
    for part in [
        "inet 10.0.0.2/24",
        "inet 10.0.0.3/32",
        "inet 10.0.0.4/32",
        "inet 10.0.0.5/32",
        "inet6 fd00::2/64",
        "inet6 fd00::4/64",
        "inet 127.0.0.1/8",
        "inet 127.0.0.2/8",
        "default via 10.0.0.1",
        "10.7.0.0/16 via 10.0.0.9",
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    sandbox.ok("jail -r www");
}

/// A service of OpenRC.
const NAPPER: &str = "#!/sbin/openrc-run
command=/bin/sleep
command_args=1000
command_background=true
pidfile=/run/napper.pid
depend() {
	need localmount
	after sshd
}
";

/// Makes a Debian base with these packages, from the distribution's mirror or from an earlier run.
/// The sandbox has the base in /usr/local/kletka/bases. `None`: no base can be had, and a line that
/// `cargo xtask test` counts says so.
pub(crate) fn debian(base: &str, packages: &str) -> Option<()> {
    let bases = Path::new(env!("CARGO_TARGET_TMPDIR")).join("prefix/kletka/bases");
    let mut bootstrap = Command::new(env!("CARGO_BIN_EXE_kletka"));
    bootstrap.args(["bootstrap", "--include", packages, "--bases"]).arg(bases).arg(base);
    let done = bootstrap.output().unwrap();
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr);
        let why = said.lines().last().unwrap_or_default().to_owned();
        let thread = std::thread::current();
        let _ = writeln!(io::stderr(), "skipped: {}: {why}", thread.name().unwrap_or("?"));
        return None;
    }
    Some(())
}

#[test]
fn services_of_debian() {
    let Some(sandbox) = Sandbox::new() else { return };
    let Some(()) = debian("rc-test", "cron,nginx-light,openrc,openssh-server") else { return };
    sandbox.ok("kletka bootstrap --root /home/jails/deb rc-test");
    sandbox.write("/etc/jail.conf", format!("deb {{ path = /home/jails/deb; {NETWORK} }}\n"));
    sandbox.write(
        "/home/jails/deb/etc/rc.conf",
        "cron_enable=YES\nsshd_enable=YES\nnginx_enable=YES\nnapper_enable=YES\nifconfig_epair1b='inet 10.0.0.2/24'\n",
    );
    sandbox.write("/home/jails/deb/etc/init.d/napper", NAPPER);
    sandbox.ok("chmod 755 /home/jails/deb/etc/init.d/napper");
    sandbox.ok("jail -c deb");
    let console = || sandbox.ok("cat /var/log/console");
    assert!(!console().contains("WARNING"), "{}", console());
    // All three services answer.
    let banner = sandbox.ok("busybox nc -w 10 10.0.0.2 22 < /dev/null | head -n 1");
    assert!(banner.starts_with("SSH-2.0-OpenSSH"), "{banner}");
    let page = sandbox
        .run("printf 'GET / HTTP/1.0\\r\\n\\r\\n' | busybox nc -w 10 10.0.0.2 80 | head -n 1");
    assert_eq!(page.stdout, "HTTP/1.1 200 OK\r\n", "{page:?}");
    for service in ["cron", "sshd", "nginx", "napper"] {
        let done = sandbox.run(&format!("service -j deb {service} status"));
        let says = ["is running", "status: started"].iter().any(|it| done.stdout.contains(it));
        assert!(done.status == 0 && says, "{done:?}");
    }
    assert_eq!(
        sandbox.ok("service -j deb -e"),
        "/etc/init.d/cron\n/etc/init.d/ssh\n/etc/init.d/napper\n/etc/init.d/nginx\n"
    );
    // rc.shutdown ends all services, and rc starts them again.
    sandbox.ok("jexec deb /bin/sh /etc/rc.shutdown");
    assert_eq!(sandbox.ok("jexec deb ps -A -o comm= | sort | tr '\\n' ' '"), "kletka ps ");
    sandbox.ok("jexec deb /bin/sh /etc/rc > /dev/null 2>&1");
    assert_eq!(sandbox.run("service -j deb nginx status").status, 0);
    // The services stop when they are asked to, long before stop.timeout, ten seconds, kills them.
    let began = Instant::now();
    sandbox.ok("jail -r deb");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}\n{}", began.elapsed(), console());
    assert!(!console().contains("WARNING"), "{}", console());
    for service in
        ["periodic command scheduler: cron", "OpenBSD Secure Shell server: sshd", "nginx: nginx"]
    {
        for line in [format!("Starting {service}"), format!("Stopping {service}")] {
            assert!(console().contains(&line), "{line}\n{}", console());
        }
    }
    sandbox.check();
}
