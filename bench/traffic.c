// traffic: what a socket costs.
//
//   traffic serve PORT            TCP and UDP at PORT answer each byte, TCP at PORT+1 closes what it has accepted
//   traffic ask WHAT HOST PORT MS prints `connect`, `tcp` and `udp` in microseconds a round, `stream` in Mbit/s
//   traffic listen PORT MS        prints how long socket, bind to all addresses, listen and close take
//   traffic alternate ROUNDS [-- NAME COMMAND [ARGUMENT...]]...
//                                 runs the commands in turn, and prints for each run: name, microseconds
#include <arpa/inet.h>
#include <err.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static struct sockaddr_in at(const char *host, int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1) errx(1, "%s: not an address", host);
    return address;
}

static int bound(int type, int port) {
    int one = 1, fd = socket(AF_INET, type, 0);
    struct sockaddr_in address = at("0.0.0.0", port);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address)) err(1, "bind %d", port);
    if (type == SOCK_STREAM && listen(fd, 1024)) err(1, "listen %d", port);
    return fd;
}

static int connected(int type, struct sockaddr_in *address) {
    int one = 1, fd = socket(AF_INET, type, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)address, sizeof *address)) err(1, "connect");
    if (type == SOCK_STREAM) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static char buffer[1 << 17];

// A child that does not outlive the server.
static int child(void) {
    if (fork()) return 0;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    return 1;
}

static void serve(int port) {
    signal(SIGCHLD, SIG_IGN);
    int echo = bound(SOCK_STREAM, port), closing = bound(SOCK_STREAM, port + 1), datagrams = bound(SOCK_DGRAM, port);
    if (child()) {
        struct sockaddr_in from;
        for (;;) {
            socklen_t size = sizeof from;
            ssize_t got = recvfrom(datagrams, buffer, sizeof buffer, 0, (struct sockaddr *)&from, &size);
            if (got >= 0) sendto(datagrams, buffer, got, 0, (struct sockaddr *)&from, size);
        }
    }
    if (child()) for (;;) close(accept(closing, NULL, NULL));
    for (;;) {
        int one = 1, fd = accept(echo, NULL, NULL);
        if (fd < 0) continue;
        if (child()) {
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            // One byte is answered; more is a stream.
            for (ssize_t got; (got = read(fd, buffer, sizeof buffer)) > 0;)
                if (got == 1 && write(fd, buffer, 1) != 1) break;
            _exit(0);
        }
        close(fd);
    }
}

static void ask(const char *what, const char *host, int port, double microseconds) {
    int is_stream = !strcmp(what, "stream"), connects = !strcmp(what, "connect");
    struct sockaddr_in address = at(host, connects ? port + 1 : port);
    int fd = connects ? -1 : connected(strcmp(what, "udp") ? SOCK_STREAM : SOCK_DGRAM, &address);
    double begin = now(), end;
    long rounds = 0, bytes = 0;
    for (; (end = now()) - begin < microseconds; rounds++) {
        if (is_stream) {
            ssize_t sent = write(fd, buffer, sizeof buffer);
            if (sent < 0) err(1, "write");
            bytes += sent;
        } else if (connects) {
            fd = connected(SOCK_STREAM, &address);
            if (read(fd, buffer, 1) < 0) err(1, "read");
            close(fd);
        } else if (write(fd, buffer, 1) != 1 || read(fd, buffer, 1) != 1) {
            err(1, "%s", what);
        }
    }
    printf("%.2f\n", is_stream ? bytes * 8 / (end - begin) : (end - begin) / rounds);
}

static void listens(int port, double microseconds) {
    double begin = now(), end;
    long rounds = 0;
    for (; (end = now()) - begin < microseconds; rounds++) close(bound(SOCK_STREAM, port));
    printf("%.2f\n", (end - begin) / rounds);
}

static void alternate(int rounds, char **words) {
    for (; rounds > 0; rounds--) {
        char **word = words;
        while (*word) {
            char *name = word[1], **command = word + 2;
            for (word = command; *word && strcmp(*word, "--"); word++);
            char *end = *word;
            *word = NULL;
            double begin = now();
            pid_t child = fork();
            if (child == 0) {
                execvp(*command, command);
                _exit(127);
            }
            int status;
            if (waitpid(child, &status, 0) < 0 || status) errx(1, "%s: status %d", name, status);
            printf("%s %.1f\n", name, now() - begin);
            *word = end;
        }
    }
}

int main(int argc, char **argv) {
    if (argc == 3 && !strcmp(argv[1], "serve")) serve(atoi(argv[2]));
    else if (argc == 6 && !strcmp(argv[1], "ask")) ask(argv[2], argv[3], atoi(argv[4]), atof(argv[5]) * 1e3);
    else if (argc == 4 && !strcmp(argv[1], "listen")) listens(atoi(argv[2]), atof(argv[3]) * 1e3);
    else if (argc > 3 && !strcmp(argv[1], "alternate")) alternate(atoi(argv[2]), argv + 3);
    else errx(1, "see the head of traffic.c");
    return 0;
}
