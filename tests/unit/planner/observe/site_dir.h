#pragma once

#include <sys/types.h>

/* A directory tree as arcusplan leaves it on a host, made by a test. */
struct site_dir {
    char path[64];
};

void site_dir_make(struct site_dir *site);
void site_dir_remove(struct site_dir *site);

/* Writes PATH/RELATIVE, making directories. */
void site_dir_write(const struct site_dir *site, const char *relative, const void *bytes,
                    size_t length);
void site_dir_puts(const struct site_dir *site, const char *relative, const char *text);

/* Writes a `started` file for a process that lives, followed by more lines. */
void site_dir_start(const struct site_dir *site, const char *relative, pid_t pid, const char *more);

/* A release of package NAME, version 1.0, whose digest is 64 times digit, in PATH/opt. */
void site_dir_release(const struct site_dir *site, const char *name, char digit);
