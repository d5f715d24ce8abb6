//! What is offered where the tables alone decide.

use super::*;
use crate::cli::APPLETS;

/// Answers the directives, if there are any, and the words, in one line.
fn offered(line: &str) -> String {
    let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    let answer = answer(&words, &APPLETS);
    let mut said: Vec<String> = answer.directives.iter().map(|it| format!("<{it}>")).collect();
    said.extend(answer.names.into_iter().map(|name| name.word));
    said.join(" ")
}

#[test]
#[rustfmt::skip]
fn by_the_place() {
    for (line, want) in [
        ("jail --p",                        "--plan"),
        ("jail --plan=",                    "--plan=json"),
        ("jail -vf /etc/",                  "<files>"),
        ("jail -f",                         "-f"),
        ("jail -u ",                        "<users>"),
        ("jail -n ",                        ""),
        ("jail /",                          "<directories>"),
        ("jail -c allow.mount.t",           "allow.mount.tmpfs"),
        ("jail -c vnet=",                   "vnet=new vnet=inherit"),
        ("jail -c persist=t",               "persist=true"),
        ("jail -c path=/home/",             "<files>"),
        ("jail -c name=web ho",             "host= host.hostname= host.domainname= host.hostuuid= host.hostid="),
        ("jls host.h",                      "host.hostid host.hostname host.hostuuid"),
        ("jls --libxo j",                   "json"),
        ("jls --libxo=j",                   "--libxo=json"),
        ("jls -v -",                        "-c -d -h -j -N -n -q -s -v --diff --libxo --help --version"),
        ("jexec web ls -",                  "<command 2>"),
        ("jexec -lu nobody web l",          "<command 4>"),
        ("/usr/local/bin/jexec web l",      "<command 2>"),
        ("service ",                        "devfs netif jail"),
        ("service jail st",                 "start stop status"),
        ("service jail onest",              ""),
        ("service -j web ",                 ""),
        ("service -j web nginx st",         "start stop status"),
        ("sysrc -R ",                       "<directories>"),
        ("sysctl kern.hostn",               "kern.hostname"),
        ("devfs rule -s 4 s",               "show showsets"),
        ("mount -t ",                       "nullfs tmpfs"),
        ("netstat -f ",                     "inet inet6"),
        ("route fl",                        "flush"),
        ("ifconfig lagg0 laggproto l",      "loadbalance lacp"),
        ("ifconfig -f inet:",               "inet:hex inet:dotted inet:cidr"),
        ("ifconfig --",                     "--help --version"),
        ("kletka j",                        "jail jls jexec"),
        ("kletka ve",                       "version"),
        ("kletka -",                        "--help --version"),
        ("kletka help kletka-f",            "kletka-fstab kletka-files"),
        ("kletka config ",                  "check fmt get set"),
        ("kletka config fmt --",            "--check --help --version"),
        ("kletka config get -f x web exec.sto", "exec.stop"),
        ("kletka config set web exec.sto",  "exec.stop="),
        ("kletka install --pre",            "--prefix"),
        ("kletka install --prefix ",        "<directories>"),
        ("kletka net guard 10 l",           "<command 4>"),
        ("kletka service jail st",          "start stop status"),
        ("kletka ifconfig em0 prom",        "promisc"),
        ("kletka nothing ",                 ""),
        ("nothing ",                        ""),
        ("jail",                            ""),
    ] {
        assert_eq!(offered(line), want, "{line}");
    }
}

/// Whoever chooses the name of a jail or an interface cannot end the line or the word.
#[test]
fn names_of_others_end_nothing() {
    let names = ["web\nfiles", "a\tb", "c\u{1b}[2J", "", "$(reboot)"];
    let answer = Answer::of(plain(names));
    assert_eq!(answer.text(), "\n$(reboot)\n");
}

#[test]
fn what_a_word_does_is_behind_a_tab() {
    let answer = answer(&["kletka", "config", "ch"].map(str::to_owned), &APPLETS);
    assert_eq!(answer.text(), "\ncheck\tprint what is wrong, by file and line\n");
}
