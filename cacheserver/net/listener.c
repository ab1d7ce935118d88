/*
 * One socket per address. Without -l these are the IPv4 and the IPv6 wildcard; a machine without
 * IPv6 is fine as long as one socket could be had. MEMCACHED_PORT_FILENAME names a file that tells
 * test suites which ports were taken.
 */
#include "cacheserver/net/listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Two servers may share a UDP port that both may reuse, so that is not asked for. */
static int set_options(int fd, int family, bool is_udp)
{
    int on = 1;

    if (!is_udp && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)))
        return -1;
    if (family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)))
        return -1;
    return 0;
}

static int bound_port(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof(address);

    if (getsockname(fd, (struct sockaddr *)&address, &len))
        return 0;
    if (address.ss_family == AF_INET)
        return ntohs(((struct sockaddr_in *)&address)->sin_port);
    if (address.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    return 0;
}

static int add(struct listeners *listeners, int fd, int family, bool is_udp)
{
    if (listeners->count == LISTENERS_MAX) {
        errno = EMFILE;
        return -1;
    }
    listeners->items[listeners->count++] =
        (struct listener){.fd = fd, .family = family, .port = bound_port(fd), .is_udp = is_udp};
    return 0;
}

static int listen_on(struct listeners *listeners, const struct addrinfo *info, unsigned backlog)
{
    int fd = socket(info->ai_family, info->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                    info->ai_protocol);
    if (fd < 0)
        return -1;
    bool is_udp = info->ai_socktype == SOCK_DGRAM;
    if (set_options(fd, info->ai_family, is_udp) || bind(fd, info->ai_addr, info->ai_addrlen) ||
        (!is_udp && listen(fd, (int)backlog)) || add(listeners, fd, info->ai_family, is_udp)) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return 0;
}

/* `port` is NULL for a path. */
static int complain(FILE *errors, const char *address, const char *port, const char *why)
{
    fprintf(errors, "cacheserver: cannot listen on %s%s%s: %s\n", address ? address : "*",
            port ? " port " : "", port ? port : "", why);
    return -1;
}

static int listen_address(struct listeners *listeners, const struct settings *settings,
                          const char *address, int type, int wanted_port, FILE *errors)
{
    struct addrinfo hints = {.ai_flags = AI_PASSIVE, .ai_socktype = type};
    struct addrinfo *list;
    char port[16];
    int last_error = 0;
    unsigned before = listeners->count;

    snprintf(port, sizeof(port), "%d", wanted_port > 0 ? wanted_port : 0);
    int failed = getaddrinfo(address, port, &hints, &list);
    if (failed)
        return complain(errors, address, port, gai_strerror(failed));
    for (struct addrinfo *info = list; info; info = info->ai_next) {
        if (listeners->count > before && wanted_port < 0 && info->ai_family == AF_INET6)
            ((struct sockaddr_in6 *)info->ai_addr)->sin6_port =
                htons((uint16_t)listeners->items[before].port);
        if (!listen_on(listeners, info, settings->backlog))
            continue;
        last_error = errno;
        if (errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL)
            break;
    }
    freeaddrinfo(list);
    if (listeners->count == before || last_error == EADDRINUSE || last_error == EACCES)
        return complain(errors, address, port, strerror(last_error));
    return 0;
}

static int port_of(const struct listeners *listeners, bool is_udp)
{
    for (unsigned i = 0; i < listeners->count; i++)
        if (listeners->items[i].family != AF_UNIX && listeners->items[i].is_udp == is_udp)
            return listeners->items[i].port;
    return 0;
}

/* On all addresses; a port that the system chose for the first holds for the others, too. */
static int listen_all(struct listeners *listeners, const struct settings *settings, int type,
                      int wanted_port, FILE *errors)
{
    if (!settings->listen_addresses)
        return listen_address(listeners, settings, NULL, type, wanted_port, errors);
    char *copy = strdup(settings->listen_addresses), *rest;
    if (!copy)
        return complain(errors, settings->listen_addresses, NULL, strerror(ENOMEM));
    int failed = 0;
    for (char *address = strtok_r(copy, ", ", &rest); address && !failed;
         address = strtok_r(NULL, ", ", &rest)) {
        int known = port_of(listeners, type == SOCK_DGRAM);
        failed =
            listen_address(listeners, settings, address, type, known ? known : wanted_port, errors);
    }
    free(copy);
    return failed;
}

static int listen_unix(struct listeners *listeners, const struct settings *settings, FILE *errors)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat status;
    const char *path = settings->unix_path;

    if (strlen(path) >= sizeof(address.sun_path))
        return complain(errors, path, NULL, "the path is too long for a socket");
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (!lstat(path, &status) && S_ISSOCK(status.st_mode))
        unlink(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return complain(errors, path, NULL, strerror(errno));
    mode_t old = umask((mode_t)(~settings->unix_mask & 0777));
    int failed = bind(fd, (struct sockaddr *)&address, sizeof(address));
    umask(old);
    if (failed || listen(fd, (int)settings->backlog) || add(listeners, fd, AF_UNIX, false)) {
        complain(errors, path, NULL, strerror(errno));
        close(fd);
        return -1;
    }
    listeners->unix_path = strdup(path);
    return 0;
}

static void write_port_file(const struct listeners *listeners)
{
    const char *path = getenv("MEMCACHED_PORT_FILENAME");
    char temporary[4096];

    if (!path || snprintf(temporary, sizeof(temporary), "%s.lck", path) >= (int)sizeof(temporary))
        return;
    FILE *file = fopen(temporary, "we");
    if (!file)
        return;
    for (unsigned i = 0; i < listeners->count; i++)
        if (listeners->items[i].family != AF_UNIX)
            fprintf(file, "%s %s: %d\n", listeners->items[i].is_udp ? "UDP" : "TCP",
                    listeners->items[i].family == AF_INET ? "INET" : "INET6",
                    listeners->items[i].port);
    if (!fclose(file))
        rename(temporary, path);
}

int listeners_open(struct listeners *listeners, const struct settings *settings, FILE *errors)
{
    int failed = 0;

    memset(listeners, 0, sizeof(*listeners));
    if (settings->unix_path)
        failed = listen_unix(listeners, settings, errors);
    else if (settings->tcp_port)
        failed = listen_all(listeners, settings, SOCK_STREAM, settings->tcp_port, errors);
    if (!failed && !settings->unix_path && settings->udp_port)
        failed = listen_all(listeners, settings, SOCK_DGRAM, settings->udp_port, errors);
    if (failed) {
        listeners_close(listeners);
        return -1;
    }
    write_port_file(listeners);
    return 0;
}

void listeners_close(struct listeners *listeners)
{
    for (unsigned i = 0; i < listeners->count; i++)
        close(listeners->items[i].fd);
    listeners->count = 0;
    if (listeners->unix_path)
        unlink(listeners->unix_path);
    free(listeners->unix_path);
    listeners->unix_path = NULL;
}

int listeners_tcp_port(const struct listeners *listeners)
{
    return port_of(listeners, false);
}

bool listeners_have_udp(const struct listeners *listeners)
{
    return port_of(listeners, true) != 0;
}
