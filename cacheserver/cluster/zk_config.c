/*
 * The text is lines, the last one without an end:
 *
 *   server.1=10.0.0.1:2888:3888:participant;0.0.0.0:2181
 *   server.2=[fd00::2]:2888:3888:observer;2181
 *   version=10000000d
 *
 * After the semicolon comes what clients connect to. An address that stands for all is replaced by
 * the one that the servers know each other by. A server without such a part has no port for
 * clients that could be known here, and is passed over.
 */
#include "cacheserver/cluster/zk_config.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define NAME_ADDRESSES 3

struct part {
    const char *at;
    size_t len;
};

/* The host at the beginning of "HOST:…", in its brackets when it has some. */
static struct part host_of(const char *at, const char *end)
{
    const char *stop = at < end && *at == '[' ? memchr(at, ']', (size_t)(end - at)) : NULL;

    if (stop)
        stop++;
    else
        stop = memchr(at, ':', (size_t)(end - at));
    return (struct part){at, (size_t)((stop ? stop : end) - at)};
}

static bool stands_for_all(struct part host)
{
    size_t zeros = 0;

    if (host.len == 0)
        return true;
    while (zeros < host.len && strchr("[]0:.", host.at[zeros]))
        zeros++;
    return zeros == host.len;
}

static struct part port_of(const char *at, const char *end)
{
    const char *colon = memrchr(at, ':', (size_t)(end - at));
    const char *port = colon ? colon + 1 : at;
    return (struct part){port, (size_t)(end - port)};
}

static bool is_port(struct part port)
{
    return port.len > 0 && port.len <= 5 && strspn(port.at, "0123456789") >= port.len;
}

/* Appends "HOST:PORT" of a line "server.N=…" that ends at `end`; -1: no memory. */
static int add_server(FILE *servers, const char *line, const char *end)
{
    const char *equals = memchr(line, '=', (size_t)(end - line));
    const char *semicolon = memchr(line, ';', (size_t)(end - line));

    if (!equals || !semicolon || semicolon < equals)
        return 0;
    struct part port = port_of(semicolon + 1, end);
    struct part host = host_of(semicolon + 1, end);
    if (port.at == semicolon + 1 || stands_for_all(host))
        host = host_of(equals + 1, semicolon);
    if (!is_port(port) || host.len == 0)
        return 0;
    const char *comma = ftell(servers) > 0 ? "," : "";
    return fprintf(servers, "%s%.*s:%.*s", comma, (int)host.len, host.at, (int)port.len, port.at) <
                   0
               ? -1
               : 0;
}

static bool read_version(const char *line, int64_t *version)
{
    char *end;

    errno = 0;
    *version = strtoll(line, &end, 16);
    return end > line && !errno && *version >= 0;
}

static int read_lines(struct zk_config *config, FILE *servers, const char *text)
{
    bool has_version = false;

    while (*text) {
        const char *end = text + strcspn(text, "\r\n");
        if (!strncmp(text, "server.", 7) && add_server(servers, text, end))
            return -1;
        if (!strncmp(text, "version=", 8))
            has_version = read_version(text + 8, &config->version);
        text = end + strspn(end, "\r\n");
    }
    return has_version && ftell(servers) > 0 ? 0 : -1;
}

int zk_config_parse(struct zk_config *config, const char *text)
{
    size_t len;

    *config = (struct zk_config){0};
    FILE *servers = open_memstream(&config->servers, &len);
    if (!servers)
        return -1;
    int result = read_lines(config, servers, text);
    if (fclose(servers))
        result = -1;
    if (result)
        zk_config_deinit(config);
    return result;
}

void zk_config_deinit(struct zk_config *config)
{
    free(config->servers);
    *config = (struct zk_config){0};
}

bool zk_config_is_one_name(const char *servers)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    char name[NI_MAXHOST];
    struct addrinfo *list;
    unsigned count = 0;
    size_t len = strcspn(servers, ":,/");

    if (strchr(servers, ',') || len == 0 || len >= sizeof(name))
        return false;
    memcpy(name, servers, len);
    name[len] = '\0';
    if (getaddrinfo(name, NULL, &hints, &list))
        return false;
    for (struct addrinfo *info = list; info; info = info->ai_next)
        count++;
    freeaddrinfo(list);
    return count >= NAME_ADDRESSES;
}
