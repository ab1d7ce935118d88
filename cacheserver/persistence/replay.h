#pragma once
#include "cacheserver/persistence/reader.h"
#include "cacheserver/persistence/record.h"
#include "cacheserver/store/store.h"

/* Does what records say to a store that has no journal yet. */
struct replay {
    struct store_thread *thread;
    uint64_t cas_max; /* the largest cas unique seen */
    uint64_t records;
    void (*each_frame)(void); /* called by replay_file after each; NULL: nothing */
    uint64_t refused;         /* items for which there was no room, or that settings forbid now */
};

/* Nobody else may touch the store until replay_end. */
void replay_begin(struct replay *replay, struct store_thread *thread);
/* The records of one frame; -1: they make no sense. */
int replay_frame(struct replay *replay, const char *records, size_t len);
/* The rest of a file; what reader_next said last. READER_DAMAGED also for records that make no
 * sense. */
enum reader_outcome replay_file(struct replay *replay, struct reader *reader);
/* After the last file: cas uniques go on behind all that were given out. */
void replay_end(struct replay *replay);
