//! FreeBSD's own /etc/defaults/rc.conf, which ends in two commands: one defines the function that
//! reads `rc_conf_files`, the other reads a vendor's file. kletka does both by itself.

/// The vendor's file, which need not be there.
pub(crate) const OF_VENDOR: &str = "/etc/defaults/vendor.conf";

/// How the two commands begin. Each ends with a line `fi`.
const COMMANDS: [&[u8]; 2] = [
    b"if [ -z \"${source_rc_confs_defined}\" ]; then",
    b"if [ -r /etc/defaults/vendor.conf ]; then",
];

/// Empties the lines of the two commands; all other lines keep their numbers.
pub(crate) fn assignments_alone(text: &[u8]) -> Vec<u8> {
    let mut inside = false;
    let lines = text.split(|&byte| byte == b'\n').map(|line| {
        let begins = COMMANDS.contains(&line.trim_ascii_end());
        let is_command = inside || begins;
        inside = is_command && line.trim_ascii_end() != b"fi";
        if is_command { &b""[..] } else { line }
    });
    lines.collect::<Vec<_>>().join(&b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_are_left_out() {
        let text = "a=1\nif [ -z \"${source_rc_confs_defined}\" ]; then\n\tsource_rc_confs() {\n\t\tif [ -r $i ]; \
                    then\n\t\t\t. $i\n\t\tfi\n\t}\nfi\nb=2\nif [ -r /etc/defaults/vendor.conf ]; then\n\
                    \t. /etc/defaults/vendor.conf\nfi\nif true; then\nfi\n";
        let want = "a=1\n\n\n\n\n\n\n\nb=2\n\n\n\nif true; then\nfi\n";
        assert_eq!(String::from_utf8_lossy(&assignments_alone(text.as_bytes())), want);
    }
}
