/* Names are looked up one after the other: an ensemble has few, and literals cost nothing. */
#include "planner/observe/zk_literals.h"

#include "executors/transport/tcp.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum { ADDRESSES_PER_NAME = 16, NAME_SIZE = 256 };

static void add(struct str *literals, const char *text, size_t length)
{
    if (literals->length)
        str_puts(literals, ",");
    str_add(literals, text, length);
}

static int add_addresses(const char *name, const char *port, int64_t deadline_ms,
                         const atomic_bool *cancel, struct str *literals, struct fault *fault)
{
    union tcp_address found[ADDRESSES_PER_NAME];
    char text[INET_ADDRSTRLEN];
    int count = tcp_lookup(name, atoi(port), deadline_ms, cancel, found, ADDRESSES_PER_NAME, fault);

    for (int i = 0; i < count; i++)
        if (found[i].any.sa_family == AF_INET &&
            inet_ntop(AF_INET, &found[i].ip4.sin_addr, text, sizeof(text))) {
            add(literals, text, strlen(text));
            str_printf(literals, ":%d", atoi(port));
        }
    return count < 0 ? -1 : 0;
}

/* One server of the list, of this length. */
static int add_server(const char *server, size_t length, int64_t deadline_ms,
                      const atomic_bool *cancel, struct str *literals, struct fault *fault)
{
    const char *colon = memrchr(server, ':', length);
    size_t name_length = colon ? (size_t)(colon - server) : 0;
    size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;
    char name[NAME_SIZE];

    if (!name_length || name_length >= sizeof(name) || name_length + 1 + digits != length ||
        !digits || digits > 5) {
        add(literals, server, length);
        return 0;
    }
    memcpy(name, server, name_length);
    name[name_length] = '\0';
    return add_addresses(name, colon + 1, deadline_ms, cancel, literals, fault);
}

int zk_literals(const char *connect, int64_t deadline_ms, const atomic_bool *cancel,
                struct str *literals, struct fault *fault)
{
    int failed = 0;

    for (const char *server = connect; *server;) {
        size_t length = strcspn(server, ",");

        failed |= add_server(server, length, deadline_ms, cancel, literals, fault);
        server += length;
        server += *server == ',';
    }
    return failed && !literals->length ? -1 : 0;
}
