#pragma once

#include "planner/base/arena.h"

#include <stdbool.h>
#include <stddef.h>

/* The JSON that is kept in /arcus/cache_list/CODE and /arcus/cache_server_mapping/IP:PORT; the
 * form is that of arcus.sh, which reads it. All settings are strings.
 *
 * Reading is tolerant where people edit by hand: a number or a boolean counts as its text, other
 * keys are passed over, and servers, config and the times may be missing. */

struct cache_setting {
    const char *key, *value;
};

struct cache_settings { /* sorted by key */
    struct cache_setting *items;
    size_t count;
};

struct cache_list_server {
    const char *hostname;
    const char *ip;
    struct cache_settings config; /* port and what differs from the defaults */
};

struct cache_list {
    const char *service_code;
    struct cache_list_server *servers;
    size_t server_count;
    struct cache_settings config; /* defaults */
    const char *created;          /* "YYYY-MM-DD HH:MM:SS.ffffff"; NULL when missing */
    const char *modified;         /* NULL when missing */
};

/* Looks for a setting; NULL when it is not there. */
const char *cache_settings_get(const struct cache_settings *settings, const char *key);

/* Any bytes: false, with what is wrong in *problem (arena), when they are not such an object. */
bool cache_list_parse(const char *text, size_t length, struct arena *arena, struct cache_list *list,
                      const char **problem);
/* One line of ASCII. Bytes that are not UTF-8 become "?". */
char *cache_list_print(const struct cache_list *list, struct arena *arena);

/* The settings object of a mapping. */
bool cache_settings_parse(const char *text, size_t length, struct arena *arena,
                          struct cache_settings *settings, const char **problem);
char *cache_settings_print(const struct cache_settings *settings, struct arena *arena);
