#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cacheserver/persistence/disk.h"

/*
 * The form of both kinds of file: a header, then frames. A frame is what was written at once: a
 * frame header and whole records. Numbers are little-endian, checksums are CRC-32.
 *
 * File header, 64 bytes: "CACHEDAT", u32 version, u32 kind, u64 stamp (the digits in the file's
 * name), u64 salt (random), zeros, u32 checksum of the 60 bytes before.
 * Frame header, 40 bytes: u32 FRAME_MAGIC, u32 bytes of records, u64 salt of the file, u64 place of
 * this frame in the file, u64 place up to which the file was on disk for certain when the frame was
 * written, u32 enum frame_kind, u32 checksum of the 36 bytes before and of the records.
 *
 * A snapshot ends with a FRAME_END; a command log ends anywhere, and zeros may follow. The salt and
 * the frame's own place make sure that nothing that a client stored is taken for a frame.
 */
#define FILE_VERSION 1
static const char FILE_MAGIC[8] = {'C', 'A', 'C', 'H', 'E', 'D', 'A', 'T'};
#define FILE_HEADER_BYTES  64
#define FRAME_HEADER_BYTES 40
#define FRAME_MAGIC        0x4d415246u /* "FRAM" */

enum file_kind { FILE_SNAPSHOT = 1, FILE_COMMAND_LOG = 2 };
enum frame_kind { FRAME_RECORDS = 0, FRAME_END = 1 };

/* A file that is being written. */
struct frame_writer {
    const struct disk *disk;
    int fd; /* -1: none */
    uint64_t salt;
    uint64_t size;   /* of the file, up to the end of its last frame */
    uint64_t synced; /* so much of it is on disk for certain */
    uint64_t zeroed; /* up to here zeros follow the frames, if that is more than size */
};

/* Makes the file, which must not exist, and writes its header. -1 with errno. */
int frame_create(struct frame_writer *writer, const struct disk *disk, const char *path,
                 enum file_kind kind, uint64_t stamp);
/* Goes on with a file of `size` good bytes, which are all on disk. -1 with errno. */
int frame_continue(struct frame_writer *writer, const struct disk *disk, const char *path,
                   uint64_t salt, uint64_t size);

/* `frame` has FRAME_HEADER_BYTES of room and then len bytes of records. -1 with errno: the file
 * may end in part of a frame. */
int frame_write(struct frame_writer *writer, enum frame_kind kind, char *frame, size_t len);
/* Before frames with `len` bytes of records: where they do not take the place of zeros, zeros are
 * written behind them for those that follow. Syncing what takes the place of zeros changes nothing
 * but data, which is much quicker. No room on the disk for zeros is no failure. */
void frame_prepare(struct frame_writer *writer, size_t len);
int frame_sync(struct frame_writer *writer);
void frame_close(struct frame_writer *writer);

/* The checksum of a file's header. */
uint32_t frame_file_checksum(const char *header);
/* The checksum of a frame, header and records. */
uint32_t frame_checksum(const char *frame, size_t len);
