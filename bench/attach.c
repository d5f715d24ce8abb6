/* The floor of jexec(8): enter every namespace of a process, fork, execute, wait; nothing else.
 * usage: attach PID COMMAND [ARGUMENT ...] */
#define _GNU_SOURCE
#include <err.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEPT (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_NEWNET)

int main(int argc, char **argv) {
    int process, status;
    pid_t child;

    if (argc < 3) errx(2, "usage: attach PID COMMAND [ARGUMENT ...]");
    if ((process = syscall(SYS_pidfd_open, atoi(argv[1]), 0)) < 0) err(1, "pidfd_open");
    /* A process in our own user namespace: entering that again is an error. */
    if (setns(process, CLONE_NEWUSER | KEPT) && setns(process, KEPT)) err(1, "setns");
    if ((child = fork()) < 0) err(1, "fork");
    if (child == 0) {
        execv(argv[2], argv + 2);
        err(1, "%s", argv[2]);
    }
    if (waitpid(child, &status, 0) < 0) err(1, "waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
