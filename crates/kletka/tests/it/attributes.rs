//! `allow.extattr`: root of a jail reads and writes attributes of the system, which are `trusted.`
//! on Linux, and Samba's `security.NTACL`.

use crate::intrusion::perl;
use crate::sandbox::Sandbox;
use crate::session::check;

/// A machine with a root in which `attr` sets, gets and removes attributes, if files have any.
fn machine() -> Option<Sandbox> {
    let sandbox = Sandbox::new()?;
    sandbox.root("/home/r");
    perl(&sandbox, "/home/r");
    let calls = [
        ("set", libc::SYS_setxattr),
        ("lset", libc::SYS_lsetxattr),
        ("fset", libc::SYS_fsetxattr),
        ("get", libc::SYS_getxattr),
        ("lget", libc::SYS_lgetxattr),
        ("fget", libc::SYS_fgetxattr),
        ("length", libc::SYS_getxattr),
        ("remove", libc::SYS_removexattr),
        ("lremove", libc::SYS_lremovexattr),
        ("fremove", libc::SYS_fremovexattr),
    ];
    let calls: String =
        calls.iter().map(|(name, number)| format!("{name} => {number}, ")).collect();
    let script = format!(
        r#"my %calls = ({calls});
           while (@ARGV) {{
               my ($how, $file, $name) = splice @ARGV, 0, 3;
               open(my $open, '<', $file) if $how =~ /^f/;
               my $of = $how =~ /^f/ ? fileno($open) : $file;
               my @more = ();
               my $value = "\0" x 16;
               if ($how =~ /set/) {{ $value = shift @ARGV; @more = ($value, length $value, 0); }}
               if ($how =~ /get/) {{ @more = ($value, 16); }}
               if ($how eq 'length') {{ @more = (0, 0); }}
               $! = 0;
               my $done = syscall($calls{{$how}}, $of, $name, @more);
               print $done < 0 ? "$!\n" : $how eq 'length' ? "$done bytes\n" : $how =~ /get/ ? substr($more[0], 0, $done) . "\n" : "done\n";
           }}"#
    );
    sandbox.write("/home/r/attr", &script);
    sandbox.write("/attr", script);
    if sandbox.run("touch /home/r/x; perl /attr set /home/r/x trusted.x 1").stdout != "done\n" {
        println!("skipped: no attributes of the system here");
        return None;
    }
    Some(sandbox)
}

#[test]
fn attributes_of_the_system() {
    let Some(sandbox) = machine() else { return };
    sandbox.ok(
        "mkdir -p /home/r/ro /home/r/rw /home/share; touch /home/share/file; ln -s x /home/r/link",
    );
    sandbox.ok("touch /home/r/others; chown 70000 /home/r/others");
    sandbox.write(
        "/etc/fstab.j",
        "/home/share /home/r/ro nullfs ro 0 0\n/home/share /home/r/rw nullfs rw 0 0\n",
    );
    check(
        &sandbox,
        "\
$ jail -qc name=j path=/home/r persist mount.devfs mount.fstab=/etc/fstab.j
$ jexec j perl /attr get /x trusted.x set /x trusted.x 2 set /x security.NTACL 1 set /x user.x 1 get /x user.x
No data available
Operation not permitted
Operation not permitted
done
1
$ jail -qm name=j allow.extattr; jexec j perl /attr get /x trusted.x set /x trusted.x 22 get /x trusted.x set /x user.x 2 get /x user.x
1
done
22
done
2
$ jexec j perl /attr set /x security.NTACL acl get /x security.NTACL remove /x security.NTACL get /x security.NTACL
done
acl
done
No data available
$ jexec j perl /attr fset /x trusted.f f fget /x trusted.f lset /x trusted.l l lget /x trusted.l fremove /x trusted.f lremove /x trusted.l get /x trusted.f
done
f
done
l
done
done
No data available
$ jexec j perl /attr length /x trusted.x length /x user.x set /x trusted.long 12345678901234567 length /x trusted.long get /x trusted.long
2 bytes
1 bytes
done
17 bytes
Numerical result out of range
$ perl /attr get /home/r/x trusted.x; jexec j perl /attr get /link trusted.x lget /link trusted.x get /none trusted.x
22
22
No data available
No such file or directory
$ jexec j perl /attr set /x trusted.overlay.opaque y set /x trusted.SGI_ACL_FILE x set /x security.ima x set /others trusted.x 1 set /dev trusted.x 1
Operation not permitted
Operation not permitted
Operation not permitted
Operation not permitted
Operation not permitted
$ jexec j perl /attr set /ro/file trusted.x 1 set /rw/file trusted.x 1 get /ro/file trusted.x
Read-only file system
done
1
$ jexec -U nobody j perl /attr get /x trusted.x set /x trusted.x 1
No data available
Operation not permitted
$ jail -qm name=j allow.noextattr; jexec j perl /attr get /x trusted.x set /x trusted.x 1
No data available
Operation not permitted
$ jail -qr j
",
    );
    for parameters in ["children.max=1", "kletka.userns=inherit", "allow.nosuser"] {
        sandbox.ok(&format!("jail -qc name=j path=/home/r persist allow.extattr {parameters}"));
        let said = sandbox.ok("jexec j perl /attr get /x trusted.x set /x trusted.x 1");
        assert_eq!(said, "No data available\nOperation not permitted\n", "{parameters}");
        sandbox.ok("jail -qr j");
    }
    sandbox.check();
}
