#pragma once
#include <stdbool.h>

#include "cacheserver/persistence/disk.h"

/*
 * A disk that counts the calls that change something and lets one go wrong: it fails (with half of
 * a write done), or it is the last thing that happens at all: from then on every call fails. What a
 * loss of power takes away is kept track of, so that it can be taken away.
 */
#define FRAIL_FILES_MAX 64
#define FRAIL_NAMES_MAX 64

enum frailty {
    FRAIL_NOT,
    FRAIL_FAILS, /* this call fails, the others work */
    FRAIL_ENDS,  /* this call and all after it fail */
};

struct frail_file {
    int fd; /* -1: closed since or reused */
    unsigned long inode;
    unsigned long long synced; /* bytes that are on disk for certain … */
    unsigned long long dirty;  /* … except those from here on, which may be as they were: zeros */
};

struct frail_name {
    char from[256], to[256]; /* `to` empty: removed, and nothing to take back */
};

struct frail_disk {
    struct disk disk; /* first */
    enum frailty frailty;
    unsigned countdown; /* 1: the next call goes wrong; 0: none does */
    unsigned calls;
    void (*before)(void *argument); /* NULL, or called before every call */
    void *argument;
    struct frail_file files[FRAIL_FILES_MAX];
    unsigned file_count;
    struct frail_name renames[FRAIL_NAMES_MAX]; /* of directories that were not synced since */
    unsigned rename_count;
};

void frail_disk_init(struct frail_disk *frail, enum frailty frailty, unsigned countdown);
/* Whether the call that was to go wrong was reached. */
bool frail_disk_fired(const struct frail_disk *frail);
/* Takes away what was not synced: ends of files, and renames. */
void frail_disk_lose_power(struct frail_disk *frail, const char *directory);
