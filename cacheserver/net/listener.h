#pragma once
#include <stdbool.h>
#include <stdio.h>

#include "cacheserver/runtime/settings.h"

#define LISTENERS_MAX 64

struct listener {
    int fd;
    int family; /* AF_INET, AF_INET6, AF_UNIX */
    int port;
    bool is_udp;
};

struct listeners {
    unsigned count;
    struct listener items[LISTENERS_MAX];
    char *unix_path; /* removed when they are closed */
};

/* Listens wherever the settings say. -1: something could not be had; a line about it was written
 * to `errors`, and nothing is left open. */
int listeners_open(struct listeners *listeners, const struct settings *settings, FILE *errors);
void listeners_close(struct listeners *listeners);

/* The TCP port really used, which differs from the settings when those say -1; 0: none. */
int listeners_tcp_port(const struct listeners *listeners);
bool listeners_have_udp(const struct listeners *listeners);
