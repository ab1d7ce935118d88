/*
 * load: drives one cache server over many connections and says what an operation costs the server
 * in CPU time, which unlike the wall time hardly depends on what else the machine does.
 *
 *   load -p PORT -P PID [-r] [-o get|set] [-c CONNECTIONS] [-q IN_FLIGHT] [-n OPERATIONS]
 *        [-k KEYS] [-b VALUE_BYTES]
 *
 * -r speaks redis' protocol. The keys are 14 bytes long. -o fill stores every key once. It prints
 * one line: operations, wall seconds, server CPU microseconds per operation (user+system from
 * /proc/PID/stat), and the server's resident kilobytes afterwards.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUFFER_BYTES (1 << 20)

struct options {
    int port, pid;
    bool redis;
    const char *operation;
    unsigned connections, in_flight, value_bytes;
    uint64_t operations, keys;
};

struct peer {
    int fd;
    unsigned replies_due;
    size_t have; /* bytes of replies */
    size_t reply_bytes;
};

static char buffer[BUFFER_BYTES];
static char value[1 << 16];
static uint64_t next_key;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static double seconds_now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Microseconds of user and system time, and resident kilobytes. */
static double read_cpu(int pid, long *resident_kb)
{
    char path[64], text[1024];
    unsigned long user, system;
    long pages;

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    FILE *file = fopen(path, "re");
    if (!file || !fgets(text, sizeof(text), file))
        die(path);
    fclose(file);
    char *after_name = strrchr(text, ')');
    if (!after_name ||
        sscanf(after_name + 2,
               "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d %*d "
               "%*u %*u %ld",
               &user, &system, &pages) != 3)
        die("stat");
    *resident_kb = pages * (sysconf(_SC_PAGESIZE) / 1024);
    return (double)(user + system) * 1e6 / (double)sysconf(_SC_CLK_TCK);
}

static int connect_to(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
        die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return fd;
}

static bool stores(const struct options *options)
{
    return strcmp(options->operation, "get") != 0;
}

static uint64_t choose_key(const struct options *options)
{
    if (!strcmp(options->operation, "fill"))
        return next_key++ % options->keys;
    next_key = next_key * 6364136223846793005u + 1442695040888963407u;
    return (next_key >> 20) % options->keys;
}

static size_t write_request(const struct options *options, char *at)
{
    unsigned long long key = (unsigned long long)choose_key(options);
    int n;

    if (!stores(options)) {
        n = options->redis ? sprintf(at, "*2\r\n$3\r\nGET\r\n$14\r\nkey:%010llu\r\n", key)
                           : sprintf(at, "get key:%010llu\r\n", key);
        return (size_t)n;
    }
    n = options->redis ? sprintf(at, "*3\r\n$3\r\nSET\r\n$14\r\nkey:%010llu\r\n$%u\r\n", key,
                                 options->value_bytes)
                       : sprintf(at, "set key:%010llu 0 0 %u\r\n", key, options->value_bytes);
    memcpy(at + n, value, options->value_bytes);
    memcpy(at + n + options->value_bytes, "\r\n", 2);
    return (size_t)n + options->value_bytes + 2;
}

/* All keys exist and all values have one length, so replies do too. */
static size_t reply_length(const struct options *options)
{
    char text[64];

    if (stores(options))
        return options->redis ? strlen("+OK\r\n") : strlen("STORED\r\n");
    int n = options->redis
                ? snprintf(text, sizeof(text), "$%u\r\n\r\n", options->value_bytes)
                : snprintf(text, sizeof(text), "VALUE key:0000000000 0 %u\r\n\r\nEND\r\n",
                           options->value_bytes);
    return (size_t)n + options->value_bytes;
}

static void send_batch(const struct options *options, struct peer *peer, uint64_t *left)
{
    size_t len = 0;

    while (peer->replies_due<options->in_flight && * left> 0) {
        len += write_request(options, buffer + len);
        peer->replies_due++;
        --*left;
    }
    for (size_t done = 0; done < len;) {
        ssize_t n = send(peer->fd, buffer + done, len - done, MSG_NOSIGNAL);
        if (n < 0)
            die("send");
        done += (size_t)n;
    }
}

/* true: all replies of the batch are here. */
static bool receive(const struct options *options, struct peer *peer)
{
    ssize_t n = recv(peer->fd, buffer, sizeof(buffer), 0);

    (void)options;
    if (n <= 0)
        die("recv");
    peer->have += (size_t)n;
    if (peer->have < peer->replies_due * peer->reply_bytes)
        return false;
    if (peer->have > peer->replies_due * peer->reply_bytes) {
        fprintf(stderr, "load: replies are longer than expected: %.60s\n", buffer);
        exit(1);
    }
    peer->have = 0;
    peer->replies_due = 0;
    return true;
}

static void drive(const struct options *options)
{
    struct peer *peers = calloc(options->connections, sizeof(*peers));
    struct epoll_event events[256];
    uint64_t left = options->operations;
    unsigned busy = 0;
    int epoll_fd = epoll_create1(0);

    for (unsigned i = 0; i < options->connections; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &peers[i]};
        peers[i].fd = connect_to(options->port);
        peers[i].reply_bytes = reply_length(options);
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, peers[i].fd, &event);
        send_batch(options, &peers[i], &left);
        busy += peers[i].replies_due > 0;
    }
    while (busy > 0) {
        int count = epoll_wait(epoll_fd, events, 256, 10000);
        if (count <= 0) {
            fprintf(stderr, "load: no reply within 10 s\n");
            exit(1);
        }
        for (int i = 0; i < count; i++) {
            struct peer *peer = events[i].data.ptr;
            if (!receive(options, peer))
                continue;
            send_batch(options, peer, &left);
            busy -= peer->replies_due == 0;
        }
    }
    for (unsigned i = 0; i < options->connections; i++)
        close(peers[i].fd);
    close(epoll_fd);
    free(peers);
}

static void parse(struct options *options, int argc, char **argv)
{
    int letter;

    while ((letter = getopt(argc, argv, "p:P:ro:c:q:n:k:b:")) != -1) {
        unsigned long number = letter == 'o' || letter == 'r' ? 0 : strtoul(optarg, NULL, 10);
        switch (letter) {
        case 'p':
            options->port = (int)number;
            break;
        case 'P':
            options->pid = (int)number;
            break;
        case 'r':
            options->redis = true;
            break;
        case 'o':
            options->operation = optarg;
            break;
        case 'c':
            options->connections = (unsigned)number;
            break;
        case 'q':
            options->in_flight = (unsigned)number;
            break;
        case 'n':
            options->operations = number;
            break;
        case 'k':
            options->keys = number;
            break;
        case 'b':
            options->value_bytes = (unsigned)number;
            break;
        default:
            exit(64);
        }
    }
}

int main(int argc, char **argv)
{
    struct options options = {.operation = "get",
                              .connections = 50,
                              .in_flight = 1,
                              .value_bytes = 100,
                              .operations = 300000,
                              .keys = 100000};
    long resident_kb;

    parse(&options, argc, argv);
    memset(value, 'v', sizeof(value));
    if (!options.port || !options.pid || options.value_bytes > sizeof(value) ||
        options.in_flight * (options.value_bytes + 128) > BUFFER_BYTES) {
        fprintf(stderr, "usage: load -p PORT -P PID ... (see the head of load.c)\n");
        return 64;
    }
    double cpu = read_cpu(options.pid, &resident_kb);
    double start = seconds_now();
    drive(&options);
    double wall = seconds_now() - start;
    cpu = read_cpu(options.pid, &resident_kb) - cpu;
    printf("%llu %.3f %.3f %ld\n", (unsigned long long)options.operations, wall,
           cpu / (double)options.operations, resident_kb);
    return 0;
}
