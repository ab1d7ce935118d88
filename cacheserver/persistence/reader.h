#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cacheserver/persistence/frame.h"

/* Reads a file of frames from start to end, believing nothing that it finds there. */
enum reader_outcome {
    READER_OK = 0,
    READER_END,         /* after the last frame, of a snapshot its FRAME_END, of a log also zeros */
    READER_CUT_SHORT,   /* the rest is what a crash leaves of the last writes: good up to `at` */
    READER_DAMAGED,     /* bytes that were on disk once are not what they were */
    READER_NOT_OURS,    /* no file of this server's */
    READER_NEW_VERSION, /* of a later version of this server */
    READER_FAILED,      /* errno: it cannot be read */
};

struct reader {
    int fd;
    enum file_kind kind;
    uint64_t stamp, salt;
    uint64_t at;   /* where the next frame starts; all before it is good */
    uint64_t size; /* of the file */
    bool ended;    /* its FRAME_END was seen */
    char *frame;
    size_t capacity;
};

/* READER_OK, or what is wrong with the header. End with reader_close in every case. */
enum reader_outcome reader_open(struct reader *reader, const char *path);
/* The records of the next frame, good until the next call. */
enum reader_outcome reader_next(struct reader *reader, const char **records, size_t *len);
void reader_close(struct reader *reader);

/* What is wrong, to follow the file's name; not for READER_OK and READER_END. */
const char *reader_complaint(enum reader_outcome outcome);
