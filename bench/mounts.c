// mounts: what mount(2), umount(2) and uname(2) cost.
//
//   mounts TIMES    as root, with /tmp and /mnt there: prints for each pair of calls, or call, its
//                   name and how many microseconds one takes
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/utsname.h>
#include <time.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static void memory(void) {
    if (mount("tmpfs", "/mnt", "tmpfs", 0, "size=1m")) err(1, "tmpfs");
    if (umount2("/mnt", 0)) err(1, "umount");
}

static void clone_of_a_directory(void) {
    if (mount("/tmp", "/mnt", "none", MS_BIND, 0)) err(1, "nullfs");
    if (umount2("/mnt", 0)) err(1, "umount");
}

static void names(void) {
    struct utsname names;
    if (uname(&names)) err(1, "uname");
}

int main(int count, char **arguments) {
    int times = count == 2 ? atoi(arguments[1]) : 0;
    if (times < 1) errx(2, "usage: mounts TIMES");
    struct { const char *name; void (*call)(void); } all[] = {
        {"tmpfs", memory}, {"nullfs", clone_of_a_directory}, {"uname", names}};
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        double before = now();
        for (int n = 0; n < times; n++) all[i].call();
        printf("%s %.2f\n", all[i].name, (now() - before) / times);
    }
}
