/*
 * Connecting a UDP socket sends nothing: the kernel only picks the route and with it the local
 * address. The name comes from reverse look-up, or from the machine when there is none.
 */
#include "cacheserver/cluster/identity.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cacheserver/runtime/log.h"

/* Any port will do. */
#define PROBE_PORT "514"

static int local_address(const struct addrinfo *remote, struct sockaddr_storage *local,
                         socklen_t *len)
{
    int fd = socket(remote->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    int failed = connect(fd, remote->ai_addr, remote->ai_addrlen) ||
                 getsockname(fd, (struct sockaddr *)local, len);
    close(fd);
    return failed ? -1 : 0;
}

/* Through the first host of "host:port,host:port/chroot" that works. */
static int find_local_address(const char *ensemble, struct arena *arena,
                              struct sockaddr_storage *local, socklen_t *len)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM};
    char *rest, *copy = arena_strndup(arena, ensemble, strcspn(ensemble, "/"));

    for (char *host = strtok_r(copy, ",", &rest); host; host = strtok_r(NULL, ",", &rest)) {
        struct addrinfo *list;
        char *colon = strrchr(host, ':');
        if (colon)
            *colon = '\0';
        if (host[0] == '[' && host[strlen(host) - 1] == ']') {
            host[strlen(host) - 1] = '\0';
            host++;
        }
        if (getaddrinfo(host, PROBE_PORT, &hints, &list))
            continue;
        int failed = local_address(list, local, len);
        freeaddrinfo(list);
        if (!failed)
            return 0;
    }
    log_write(LOG_LEVEL_ERROR, "no route to any ZooKeeper server of %s", ensemble);
    return -1;
}

static const char *host_name(const struct sockaddr_storage *local, socklen_t len,
                             struct arena *arena)
{
    char name[NI_MAXHOST];

    if (!getnameinfo((const struct sockaddr *)local, len, name, sizeof(name), NULL, 0, NI_NAMEREQD))
        return arena_strdup(arena, name);
    if (!gethostname(name, sizeof(name))) {
        name[sizeof(name) - 1] = '\0';
        return arena_strdup(arena, name);
    }
    return "localhost";
}

static int find_address(struct identity *identity, struct arena *arena, const char *ensemble)
{
    const char *public_ip = getenv("ARCUS_CACHE_PUBLIC_IP");
    const char *name = getenv("ARCUS_CACHE_HOSTNAME_OVERWRITE");
    struct sockaddr_storage local;
    socklen_t len = sizeof(local);
    char address[NI_MAXHOST];

    if (find_local_address(ensemble, arena, &local, &len))
        return -1;
    if (getnameinfo((struct sockaddr *)&local, len, address, sizeof(address), NULL, 0,
                    NI_NUMERICHOST)) {
        log_write(LOG_LEVEL_ERROR, "the local address cannot be printed");
        return -1;
    }
    identity->address = public_ip && *public_ip ? public_ip : arena_strdup(arena, address);
    identity->host = name && *name ? name : host_name(&local, len, arena);
    return 0;
}

int identity_find(struct identity *identity, struct arena *arena, const char *ensemble, int port,
                  const char *proxy)
{
    identity->port = port;
    if (find_address(identity, arena, ensemble))
        return -1;
    if (proxy) {
        const char *colon = strrchr(proxy, ':');
        if (!colon || colon == proxy || atoi(colon + 1) <= 0) {
            log_write(LOG_LEVEL_ERROR, "-x %s is not ip:port", proxy);
            return -1;
        }
        identity->address = arena_strndup(arena, proxy, (size_t)(colon - proxy));
        identity->port = atoi(colon + 1);
    }
    identity->node = arena_printf(arena, "%s:%d", identity->address, identity->port);
    identity->host_port = arena_printf(arena, "%s:%d", identity->host, identity->port);
    identity->znode_name = arena_printf(arena, "%s-%s", identity->node, identity->host);
    return 0;
}
