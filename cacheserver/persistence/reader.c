/*
 * Zeros to the end are what a log has ready for its next frames. Any other frame that is no good
 * ends the file: usually it is what was being written when the process or the machine stopped. It
 * is damage instead if a good frame after it says that everything before that frame had been on
 * disk, so that is looked for before the rest of a file is given up.
 */
#include "cacheserver/persistence/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cacheserver/persistence/bytes.h"

#define SEARCH_BYTES ((size_t)1 << 20)

static bool read_at(struct reader *reader, uint64_t offset, char *to, size_t n)
{
    while (n > 0) {
        ssize_t got = pread(reader->fd, to, n, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            errno = got < 0 ? errno : EIO;
            return false;
        }
        to += got;
        offset += (uint64_t)got;
        n -= (size_t)got;
    }
    return true;
}

static enum reader_outcome check_header(struct reader *reader, const char *header)
{
    if (memcmp(header, FILE_MAGIC, sizeof(FILE_MAGIC)) != 0)
        return READER_NOT_OURS;
    if (get_u32(header + FILE_HEADER_BYTES - 4) != frame_file_checksum(header))
        return READER_DAMAGED;
    if (get_u32(header + 8) != FILE_VERSION)
        return READER_NEW_VERSION;
    reader->kind = (enum file_kind)get_u32(header + 12);
    reader->stamp = get_u64(header + 16);
    reader->salt = get_u64(header + 24);
    return READER_OK;
}

enum reader_outcome reader_open(struct reader *reader, const char *path)
{
    char header[FILE_HEADER_BYTES];
    struct stat status;

    memset(reader, 0, sizeof(*reader));
    reader->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (reader->fd < 0 || fstat(reader->fd, &status))
        return READER_FAILED;
    reader->size = (uint64_t)status.st_size;
    if (!S_ISREG(status.st_mode) || reader->size < FILE_HEADER_BYTES)
        return READER_NOT_OURS;
    if (!read_at(reader, 0, header, sizeof(header)))
        return READER_FAILED;
    reader->at = FILE_HEADER_BYTES;
    return check_header(reader, header);
}

static bool make_room(struct reader *reader, size_t n)
{
    if (n <= reader->capacity)
        return true;
    char *grown = realloc(reader->frame, n);
    if (!grown)
        return false;
    reader->frame = grown;
    reader->capacity = n;
    return true;
}

/* The header at `at` may be a frame's: its length fits the file, its place is its own. */
static bool is_plausible(const struct reader *reader, const char *header, uint64_t at)
{
    return get_u32(header) == FRAME_MAGIC && get_u64(header + 8) == reader->salt &&
           get_u64(header + 16) == at && get_u64(header + 24) <= at &&
           get_u32(header + 4) <= reader->size - at - FRAME_HEADER_BYTES &&
           get_u32(header + 32) <= FRAME_END;
}

/* Reads the frame at a place into reader->frame. READER_CUT_SHORT: it is no good. */
static enum reader_outcome read_frame(struct reader *reader, uint64_t at, size_t *len)
{
    if (reader->size - at < FRAME_HEADER_BYTES)
        return READER_CUT_SHORT;
    if (!make_room(reader, FRAME_HEADER_BYTES) ||
        !read_at(reader, at, reader->frame, FRAME_HEADER_BYTES))
        return READER_FAILED;
    if (!is_plausible(reader, reader->frame, at))
        return READER_CUT_SHORT;
    *len = get_u32(reader->frame + 4);
    if (!make_room(reader, FRAME_HEADER_BYTES + *len) ||
        !read_at(reader, at + FRAME_HEADER_BYTES, reader->frame + FRAME_HEADER_BYTES, *len))
        return READER_FAILED;
    if (frame_checksum(reader->frame, *len) != get_u32(reader->frame + 36))
        return READER_CUT_SHORT;
    return READER_OK;
}

/* Whether a good frame in the block, which starts at `base`, vouches for what is before reader->at
 * and more. */
static bool block_vouches(struct reader *reader, const char *block, size_t n, uint64_t base)
{
    size_t len;

    for (size_t i = 0; i + FRAME_HEADER_BYTES <= n; i++) {
        const char *found = memchr(block + i, FRAME_MAGIC & 0xff, n - FRAME_HEADER_BYTES - i + 1);
        if (!found)
            return false;
        i = (size_t)(found - block);
        if (is_plausible(reader, found, base + i) && get_u64(found + 24) > reader->at &&
            read_frame(reader, base + i, &len) == READER_OK)
            return true;
    }
    return false;
}

static enum reader_outcome at_end(const struct reader *reader)
{
    return reader->kind == FILE_COMMAND_LOG || reader->ended ? READER_END : READER_CUT_SHORT;
}

static bool is_zeros(const char *block, size_t n)
{
    return block[0] == 0 && !memcmp(block, block + 1, n - 1);
}

static enum reader_outcome judge_rest(struct reader *reader)
{
    char *block = malloc(SEARCH_BYTES);
    enum reader_outcome outcome = at_end(reader);

    if (!block)
        return READER_FAILED;
    for (uint64_t at = reader->at; at < reader->size; at += SEARCH_BYTES - FRAME_HEADER_BYTES + 1) {
        uint64_t left = reader->size - at;
        size_t n = left < SEARCH_BYTES ? (size_t)left : SEARCH_BYTES;
        if (!read_at(reader, at, block, n)) {
            outcome = READER_FAILED;
            break;
        }
        if (block_vouches(reader, block, n, at)) {
            outcome = READER_DAMAGED;
            break;
        }
        if (!is_zeros(block, n))
            outcome = READER_CUT_SHORT;
    }
    free(block);
    return outcome;
}

enum reader_outcome reader_next(struct reader *reader, const char **records, size_t *len)
{
    if (reader->at == reader->size)
        return at_end(reader);
    if (reader->ended)
        return READER_DAMAGED;
    enum reader_outcome outcome = read_frame(reader, reader->at, len);
    if (outcome == READER_CUT_SHORT)
        return judge_rest(reader);
    if (outcome != READER_OK)
        return outcome;
    *records = reader->frame + FRAME_HEADER_BYTES;
    reader->at += FRAME_HEADER_BYTES + *len;
    reader->ended = get_u32(reader->frame + 32) == FRAME_END;
    return READER_OK;
}

void reader_close(struct reader *reader)
{
    if (reader->fd >= 0)
        close(reader->fd);
    free(reader->frame);
    reader->fd = -1;
    reader->frame = NULL;
}

const char *reader_complaint(enum reader_outcome outcome)
{
    static const char *const complaints[] = {
        [READER_CUT_SHORT] = "ends too early",
        [READER_DAMAGED] = "is damaged",
        [READER_NOT_OURS] = "was not written by this server",
        [READER_NEW_VERSION] = "was written by a later version of this server",
    };

    return outcome == READER_FAILED ? strerror(errno) : complaints[outcome];
}
