#pragma once
#include <stddef.h>
#include <stdint.h>

/*
 * Everything that changes files goes through these functions, so that tests can make any of them
 * fail, or end the world between two of them. Each returns 0, or -1 with errno.
 */
struct disk {
    /* Opens for writing, created when flags say so; returns a descriptor. */
    int (*open)(const struct disk *disk, const char *path, int flags);
    /* All n bytes or failure. */
    int (*write)(const struct disk *disk, int fd, uint64_t offset, const void *bytes, size_t n);
    /* What was written survives a loss of power afterwards. */
    int (*sync)(const struct disk *disk, int fd);
    int (*cut)(const struct disk *disk, int fd, uint64_t size);
    int (*rename)(const struct disk *disk, const char *from, const char *to);
    int (*remove)(const struct disk *disk, const char *path);
    /* Names made, changed and removed in the directory survive, too. */
    int (*sync_directory)(const struct disk *disk, const char *path);
};

extern const struct disk disk_system;
