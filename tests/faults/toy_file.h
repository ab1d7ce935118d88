#pragma once

#include "planner/model/attr.h"

#include <stdbool.h>

/* One resource of the toy world. */
struct toy_file {
    const char *address;
    int acts;
    bool is_there;
    const char *host; /* name; NULL */
    struct attrs attrs;
};

/* is_there is false when there is no file. */
struct toy_file toy_file_read(const char *directory, const char *address, struct arena *arena);
/* Atomically. */
void toy_file_write(const char *directory, const struct toy_file *file, struct arena *arena);

struct toy_files {
    struct toy_file *items;
    size_t count;
    size_t room;
};
/* All, also those of what is gone, sorted by address. */
struct toy_files toy_files_read(const char *directory, struct arena *arena);
