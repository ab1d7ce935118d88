/* What logs call a client. */
#include "cacheserver/net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

void address_describe(const struct sockaddr_storage *address, char *text, size_t size)
{
    const void *bytes = &((const struct sockaddr_in *)address)->sin_addr;

    if (address->ss_family == AF_INET6)
        bytes = &((const struct sockaddr_in6 *)address)->sin6_addr;
    if (address->ss_family == AF_UNIX ||
        !inet_ntop(address->ss_family, bytes, text, (socklen_t)size))
        snprintf(text, size, "unix");
}
