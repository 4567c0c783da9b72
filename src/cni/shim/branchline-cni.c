/* The CNI plugin: passes a request to the agent and prints what it answers. It decides nothing and reads no JSON: its
 * start-up is all that it costs each pod (docs/architecture.md, "Choices that measurements already made").
 * The frame is described in ../frame.ts; ../shim/reference.ts is the same program in TypeScript. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* Tests build with other values; the shipped program takes none from its surroundings. */
#ifndef RUN_DIR
#define RUN_DIR "/run/branchline"
#endif
#ifndef DEADLINE_MS
#define DEADLINE_MS 100000
#endif
#ifndef DEL_WAIT_MS
#define DEL_WAIT_MS 10000
#endif
#define RETRY_MS 50
#define MAX_BYTES (4u << 20)
#define HEADER 8
static const char VERSION[] = "{\"cniVersion\":\"1.1.0\",\"supportedVersions\":[\"0.3.0\",\"0.3.1\",\"0.4.0\",\"1.0.0\",\"1.1.0\"]}\n";
#define ERROR(code, text) "{\"cniVersion\":\"1.0.0\",\"code\":" code ",\"msg\":\"" text "\"}\n"
static const char UNREACHABLE[] = ERROR("11", "the agent does not answer on its socket; look at the branchline-agent pod of this node (agent-unreachable)");
static const char BAD_REPLY[] = ERROR("6", "a frame on the agent's socket is malformed; install plugin and agent of one version (frame-invalid)");
static const char BAD_STDIN[] = ERROR("5", "the network configuration cannot be read from stdin, or is above 4 MiB (frame-invalid)");

extern char **environ;
static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
static int write_all(int fd, const char *data, size_t size) {
    while (size > 0) {
        ssize_t n = write(fd, data, size);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return -1;
        data += n, size -= (size_t)n;
    }
    return 0;
}
static int finish(const char *out, size_t size, int code) { return write_all(1, out, size) < 0 ? 1 : code; }
#define FAIL(text) return finish(text, sizeof text - 1, 1)
static uint32_t get32(const unsigned char *p) { return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24; }
static void put32(char *p, uint32_t v) { for (int i = 0; i < 4; i++) p[i] = (char)(v >> 8 * i); }

/* Reads until end of file (0), or until `limit` bytes are there; the buffer grows as needed. */
static int read_until(int fd, char **buffer, size_t *size, size_t *room, size_t limit) {
    while (*size < limit) {
        if (*size == *room) {
            char *larger = realloc(*buffer, *room *= 2);
            if (!larger) return -1;
            *buffer = larger;
        }
        size_t want = *room - *size < limit - *size ? *room - *size : limit - *size;
        ssize_t n = read(fd, *buffer + *size, want);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return n < 0 ? -1 : 0;
        *size += (size_t)n;
    }
    return 1;
}

enum outcome { ANSWERED, AWAY, TIMED_OUT, GARBAGE };

/* One attempt. AWAY: nobody listens, or who listened went away before the reply was whole: repeating is harmless,
 * since the agent answers the same sandbox with the same result. */
static enum outcome exchange(const char *frame, size_t size, int64_t left, int *code, char **reply, size_t *reply_size) {
    struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = RUN_DIR "/agent.sock"};
    struct timeval limit = {.tv_sec = left / 1000, .tv_usec = left % 1000 * 1000 + 1};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return AWAY;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    enum outcome outcome = AWAY;
    size_t room = 4096, got = 0;
    char *in = malloc(room);
    if (!in || connect(fd, (struct sockaddr *)&to, sizeof to) < 0 || write_all(fd, frame, size) < 0) {
        outcome = errno == EAGAIN ? TIMED_OUT : AWAY; /* a full backlog blocks connect up to the limit */
    } else {
        int more = read_until(fd, &in, &got, &room, HEADER);
        if (more == 1) {
            uint32_t length = get32((unsigned char *)in), status = get32((unsigned char *)in + 4);
            if (length > MAX_BYTES || status > 255) outcome = GARBAGE;
            else if ((more = read_until(fd, &in, &got, &room, HEADER + (size_t)length)) == 1)
                outcome = ANSWERED, *code = (int)status, *reply = in + HEADER, *reply_size = length;
        }
        if (more < 0 && errno == EAGAIN) outcome = TIMED_OUT;
    }
    close(fd);
    if (outcome != ANSWERED) free(in);
    return outcome;
}

/* A DEL that finds no agent must not keep its pod Terminating: the frame waits for the agent's next start. The name is
 * the sandbox's, so that a repeated DEL does not pile up; rename makes it whole or absent. */
static int spool(const char *frame, size_t size) {
    const char *id = getenv("CNI_CONTAINERID"), *link = getenv("CNI_IFNAME");
    char name[200], part[400], whole[400];
    snprintf(name, sizeof name, "%.150s.%.15s", id ? id : "none", link ? link : "none");
    for (char *c = name; *c; c++) if (*c == '/') *c = '_';
    snprintf(whole, sizeof whole, RUN_DIR "/del/%s", name);
    snprintf(part, sizeof part, RUN_DIR "/del/.%s.%d", name, (int)getpid());
    mkdir(RUN_DIR, 0700), mkdir(RUN_DIR "/del", 0700);
    int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return -1;
    int bad = write_all(fd, frame, size) < 0 || fsync(fd) < 0;
    if (close(fd) < 0 || bad || rename(part, whole) < 0) { unlink(part); return -1; }
    return 0;
}

int main(void) {
    const int64_t start = now_ms();
    const char *command = getenv("CNI_COMMAND");
    if (command && strcmp(command, "VERSION") == 0) return finish(VERSION, sizeof VERSION - 1, 0);
    signal(SIGPIPE, SIG_IGN);
    size_t room = 65536, size = HEADER;
    for (char **e = environ; *e; e++) if (strncmp(*e, "CNI_", 4) == 0) room += strlen(*e) + 1;
    char *frame = malloc(room);
    if (!frame) FAIL(BAD_STDIN);
    for (char **e = environ; *e; e++) if (strncmp(*e, "CNI_", 4) == 0) size = (size_t)(stpcpy(frame + size, *e) - frame) + 1;
    frame[size++] = 0;
    if (read_until(0, &frame, &size, &room, HEADER + (size_t)MAX_BYTES) != 0) FAIL(BAD_STDIN);
    memcpy(frame, "BLC1", 4), put32(frame + 4, (uint32_t)(size - HEADER));
    const int64_t deadline = start + DEADLINE_MS;
    const int is_del = command && strcmp(command, "DEL") == 0;
    for (;;) {
        int code = 1;
        char *reply = NULL;
        size_t reply_size = 0;
        int64_t left = deadline - now_ms();
        enum outcome outcome = left > 0 ? exchange(frame, size, left, &code, &reply, &reply_size) : TIMED_OUT;
        if (outcome == ANSWERED) return finish(reply, reply_size, code);
        if (outcome == GARBAGE) FAIL(BAD_REPLY);
        if (is_del && (outcome == TIMED_OUT || now_ms() - start >= DEL_WAIT_MS) && spool(frame, size) == 0) return 0;
        if (outcome == TIMED_OUT) FAIL(UNREACHABLE);
        nanosleep(&(struct timespec){.tv_nsec = RETRY_MS * 1000000L}, NULL);
    }
}
