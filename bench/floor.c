/* The floor of a jail's start: clone with a jail's namespaces, pivot_root, /proc, execute, wait; nothing
 * else. No devices, no system call filter, no control group, no init.
 * usage: floor [-u] [-N] ROOT COMMAND [ARGUMENT ...]
 *   -u  with a user namespace and an idmapped root
 *   -N  without a network namespace */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Host ids 268435456 to 268500991 are the jail's 0 to 65535. */
#define IDS "0 268435456 65536"

static void put(long process, const char *name, const char *text) {
    char path[64];
    int file;

    snprintf(path, sizeof path, "/proc/%ld/%s", process, name);
    if ((file = open(path, O_WRONLY)) < 0 || write(file, text, strlen(text)) < 0) err(1, "%s", path);
    close(file);
}

/* Lets the child see the tree under its own ids. */
static void idmap(long process, int tree) {
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_IDMAP};
    char path[64];

    snprintf(path, sizeof path, "/proc/%ld/ns/user", process);
    attributes.userns_fd = open(path, O_RDONLY | O_CLOEXEC);
    if (syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes))
        err(1, "mount_setattr");
}

/* In the child: makes ROOT, or the tree that was cloned from it, the root, and becomes the command. */
static void enter(const char *root, int tree, int go, char **command) {
    char byte;

    if (read(go, &byte, 1) != 1) _exit(1);
    if (tree >= 0 && (setresgid(0, 0, 0) || setresuid(0, 0, 0))) err(1, "setresuid");
    if (mount(0, "/", 0, MS_REC | (tree >= 0 ? MS_SLAVE : MS_PRIVATE), 0)) err(1, "mount /");
    if (tree >= 0) {
        if (syscall(SYS_move_mount, tree, "", AT_FDCWD, "/mnt", MOVE_MOUNT_F_EMPTY_PATH)) err(1, "move_mount");
        root = "/mnt";
    } else if (mount(root, root, 0, MS_BIND, 0)) {
        err(1, "mount %s", root);
    }
    if (chdir(root)) err(1, "chdir %s", root);
    if (mount("proc", "proc", "proc", 0, 0)) err(1, "mount proc");
    if (syscall(SYS_pivot_root, ".", ".")) err(1, "pivot_root");
    if (umount2(".", MNT_DETACH)) err(1, "umount2");
    execv(command[0], command);
    err(1, "%s", command[0]);
}

int main(int argc, char **argv) {
    int user = 0, network = CLONE_NEWNET, option, tree = -1, go[2], status;
    struct clone_args arguments = {.exit_signal = SIGCHLD};
    long child;

    while ((option = getopt(argc, argv, "+uN")) != -1) {
        if (option == 'u') user = CLONE_NEWUSER;
        else if (option == 'N') network = 0;
        else return 2;
    }
    if (argc - optind < 2) errx(2, "usage: floor [-u] [-N] ROOT COMMAND [ARGUMENT ...]");
    if (pipe2(go, O_CLOEXEC)) err(1, "pipe2");
    if (!user && unshare(CLONE_NEWNS)) err(1, "unshare");
    if (user && (tree = syscall(SYS_open_tree, AT_FDCWD, argv[optind], OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)) < 0)
        err(1, "open_tree %s", argv[optind]);
    arguments.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | network | user;
    if ((child = syscall(SYS_clone3, &arguments, sizeof arguments)) < 0) err(1, "clone3");
    if (child == 0) {
        close(go[1]);
        enter(argv[optind], tree, go[0], argv + optind + 1);
    }
    if (user) {
        put(child, "uid_map", IDS);
        put(child, "gid_map", IDS);
        idmap(child, tree);
    }
    if (write(go[1], "x", 1) != 1) err(1, "write");
    if (waitpid(child, &status, 0) < 0) err(1, "waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
