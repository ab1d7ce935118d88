/*
 * load: drives one server over many connections and says what an operation costs the server in CPU
 * time, which unlike the wall time hardly depends on what else the machine does.
 *
 *   load -p PORT -P PID -o OPERATION [-r] [-c CONNECTIONS] [-q IN_FLIGHT] [-n OPERATIONS]
 *        [-k KEYS] [-b VALUE_BYTES] [-e ELEMENTS] [-g GENERATION] [-C COLLECTIONS]
 *
 * The operations are those of requests.c; -r speaks redis' protocol. Each connection sends
 * IN_FLIGHT requests at once and waits for all their replies. Operations on collections meet
 * COLLECTIONS collections of ELEMENTS elements each. Clocks start after the first twentieth of the
 * operations: accepting connections and filling caches is not what an operation costs. It prints
 * one line: operations since then, wall seconds, CPU microseconds of the server per operation (all
 * its threads, as exact as the kernel counts), the server's resident kilobytes afterwards, and the
 * microseconds from sending a batch to having its replies: median, 99 %, 99.9 % and the longest.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/requests.h"

#define BUFFER_BYTES     (1 << 20)
#define VALUE_BYTES_MAX  16384
#define REPLY_TIMEOUT_MS 20000
#define WARM_UP_SHARE    20 /* one operation in so many */
#define REST_NS          1000000

/* Latencies are counted in steps of an eighth of a power of two of nanoseconds. */
#define LATENCY_SLOTS (64 * 8)

struct options {
    unsigned port, pid;
    bool redis;
    const struct request *request;
    unsigned connections, in_flight, value_bytes, elements, generation, collections;
    uint64_t operations, keys;
};

struct peer {
    int fd;
    unsigned lines_due;
    bool seen; /* the begin of the replies */
    uint64_t sent_ns;
};

static char buffer[BUFFER_BYTES];
static uint64_t sequence;
static uint64_t latencies[LATENCY_SLOTS];
static uint64_t longest_ns;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static uint64_t read_clock_ns(clockid_t clock)
{
    struct timespec ts;

    if (clock_gettime(clock, &ts))
        die("clock_gettime");
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* Who runs is charged with every tick of the kernel, who goes to sleep at once: the server, which
 * has nothing to do now, is given the time for that. */
static uint64_t read_cpu_ns(const struct options *options)
{
    clockid_t clock;

    if (clock_getcpuclockid((pid_t)options->pid, &clock)) {
        fprintf(stderr, "load: there is no process %u\n", options->pid);
        exit(1);
    }
    nanosleep(&(struct timespec){.tv_nsec = REST_NS}, NULL);
    return read_clock_ns(clock);
}

static long read_resident_kb(const struct options *options)
{
    char path[64];
    long pages = 0;

    snprintf(path, sizeof(path), "/proc/%u/statm", options->pid);
    FILE *file = fopen(path, "re");
    if (!file || fscanf(file, "%*d %ld", &pages) != 1)
        die(path);
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static unsigned latency_slot(uint64_t ns)
{
    unsigned top = 63 - (unsigned)__builtin_clzll(ns | 8);
    return top * 8 + (unsigned)(ns >> (top - 3) & 7);
}

static void note_latency(uint64_t ns)
{
    latencies[latency_slot(ns)]++;
    if (ns > longest_ns)
        longest_ns = ns;
}

static double latency_us(double share)
{
    uint64_t total = 0, sum = 0;

    for (unsigned i = 0; i < LATENCY_SLOTS; i++)
        total += latencies[i];
    for (unsigned i = 0; i < LATENCY_SLOTS; i++) {
        sum += latencies[i];
        if ((double)sum >= share * (double)total)
            return (double)((8ull + i % 8) << (i / 8) >> 3) / 1000;
    }
    return 0;
}

static int connect_to(unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
        die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return fd;
}

static size_t write_request(const struct options *options, char *at)
{
    const struct request *request = options->request;
    uint64_t number = sequence;

    if (request->order == ONE_AFTER_THE_OTHER) {
        sequence++;
    } else {
        sequence = sequence * 6364136223846793005u + 1442695040888963407u;
        number = sequence >> 20;
    }
    const struct pick pick = {.key = number % options->keys,
                              .collection = (unsigned)(number % options->collections),
                              .element =
                                  (unsigned)(number / options->collections % options->elements),
                              .generation = options->generation,
                              .elements = options->elements,
                              .value_bytes = options->value_bytes,
                              .keys = options->keys};
    return options->redis ? request->redis(at, &pick) : request->text(at, &pick);
}

static void send_batch(const struct options *options, struct peer *peer, uint64_t *left)
{
    unsigned lines = options->redis ? options->request->redis_lines : options->request->text_lines;
    size_t len = 0;

    for (unsigned i = 0; i<options->in_flight && * left> 0; i++, --*left) {
        len += write_request(options, buffer + len);
        peer->lines_due += lines;
    }
    peer->seen = false;
    peer->sent_ns = read_clock_ns(CLOCK_MONOTONIC);
    for (size_t done = 0; done < len;) {
        ssize_t n = send(peer->fd, buffer + done, len - done, MSG_NOSIGNAL);
        if (n < 0)
            die("send");
        done += (size_t)n;
    }
}

static void check_begin(const struct options *options, const char *reply, size_t len)
{
    const struct request *request = options->request;
    const char *begins = options->redis ? request->redis_begins : request->text_begins;

    if (len > 8 && !memcmp(reply, "CREATED_", 8)) {
        reply += 8;
        len -= 8;
    }
    if (len >= strlen(begins) && !memcmp(reply, begins, strlen(begins)))
        return;
    fprintf(stderr, "load: %s: expected %s, got %.*s\n", request->name, begins,
            (int)(len < 60 ? len : 60), reply);
    exit(1);
}

/* true: all replies of the batch are here. */
static bool receive(const struct options *options, struct peer *peer)
{
    ssize_t n = recv(peer->fd, buffer, sizeof(buffer), 0);

    if (n <= 0)
        die("recv");
    if (!peer->seen)
        check_begin(options, buffer, (size_t)n);
    peer->seen = true;
    for (const char *at = buffer, *end = buffer + n; at < end; at++) {
        at = memchr(at, '\n', (size_t)(end - at));
        if (!at)
            break;
        if (peer->lines_due-- == 0) {
            fprintf(stderr, "load: replies are longer than expected: %.60s\n", buffer);
            exit(1);
        }
    }
    return peer->lines_due == 0;
}

static struct peer *connect_peers(const struct options *options, int epoll_fd)
{
    struct peer *peers = calloc(options->connections, sizeof(*peers));

    for (unsigned i = 0; i < options->connections; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &peers[i]};
        peers[i].fd = connect_to(options->port);
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, peers[i].fd, &event);
    }
    return peers;
}

/* Over all connections, until all replies are here. */
static void drive(const struct options *options, struct peer *peers, int epoll_fd, uint64_t left)
{
    struct epoll_event events[256];
    unsigned busy = 0;

    for (unsigned i = 0; i < options->connections; i++) {
        send_batch(options, &peers[i], &left);
        busy += peers[i].lines_due > 0;
    }
    while (busy > 0) {
        int count = epoll_wait(epoll_fd, events, 256, REPLY_TIMEOUT_MS);
        if (count <= 0) {
            fprintf(stderr, "load: %s: no reply in time\n", options->request->name);
            exit(1);
        }
        for (int i = 0; i < count; i++) {
            struct peer *peer = events[i].data.ptr;
            if (!receive(options, peer))
                continue;
            note_latency(read_clock_ns(CLOCK_MONOTONIC) - peer->sent_ns);
            send_batch(options, peer, &left);
            busy -= peer->lines_due == 0;
        }
    }
}

static void measure(const struct options *options)
{
    int epoll_fd = epoll_create1(0);
    struct peer *peers = connect_peers(options, epoll_fd);
    uint64_t warm_up = options->operations / WARM_UP_SHARE;
    uint64_t counted = options->operations - warm_up;

    drive(options, peers, epoll_fd, warm_up);
    memset(latencies, 0, sizeof(latencies));
    longest_ns = 0;
    uint64_t cpu_ns = read_cpu_ns(options);
    uint64_t start_ns = read_clock_ns(CLOCK_MONOTONIC);
    drive(options, peers, epoll_fd, counted);
    double wall_s = (double)(read_clock_ns(CLOCK_MONOTONIC) - start_ns) / 1e9;
    cpu_ns = read_cpu_ns(options) - cpu_ns;
    printf("%llu %.3f %.4f %ld %.1f %.1f %.1f %.1f\n", (unsigned long long)counted, wall_s,
           (double)cpu_ns / 1000 / (double)counted, read_resident_kb(options), latency_us(0.5),
           latency_us(0.99), latency_us(0.999), (double)longest_ns / 1000);
    for (unsigned i = 0; i < options->connections; i++)
        close(peers[i].fd);
    close(epoll_fd);
    free(peers);
}

static void set_option(struct options *options, int letter, const char *text)
{
    uint64_t number = text ? strtoull(text, NULL, 10) : 0;
    unsigned *const numbers[128] = {
        ['p'] = &options->port,       ['P'] = &options->pid,         ['c'] = &options->connections,
        ['q'] = &options->in_flight,  ['b'] = &options->value_bytes, ['e'] = &options->elements,
        ['g'] = &options->generation, ['C'] = &options->collections,
    };

    if (letter == 'r')
        options->redis = true;
    else if (letter == 'o')
        options->request = request_find(text);
    else if (letter == 'n')
        options->operations = number;
    else if (letter == 'k')
        options->keys = number;
    else if (letter > 0 && letter < 128 && numbers[letter])
        *numbers[letter] = (unsigned)number;
    else
        exit(64);
}

int main(int argc, char **argv)
{
    struct options options = {.request = request_find("get"),
                              .connections = 50,
                              .in_flight = 1,
                              .value_bytes = 100,
                              .elements = 1000,
                              .collections = 100,
                              .operations = 300000,
                              .keys = 100000};
    int letter;

    while ((letter = getopt(argc, argv, "p:P:ro:c:q:n:k:b:e:g:C:")) != -1)
        set_option(&options, letter, optarg);
    if (!options.port || !options.pid || !options.request || options.value_bytes < 8 ||
        options.value_bytes > VALUE_BYTES_MAX || !options.elements || !options.collections ||
        !options.keys || options.in_flight * (options.value_bytes + REQUEST_BYTES) > BUFFER_BYTES) {
        fprintf(stderr, "usage: load -p PORT -P PID -o OPERATION ... (see the head of load.c)\n");
        return 64;
    }
    measure(&options);
    return 0;
}
