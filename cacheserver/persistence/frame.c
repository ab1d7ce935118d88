/* A frame leaves in one write; what the header says about itself is what the reader checks. */
#include "cacheserver/persistence/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>
#include <zlib.h>

#include "cacheserver/persistence/bytes.h"

#define CHECKSUM_AT (FRAME_HEADER_BYTES - 4)
/* So many zeros are written at once. */
#define PREPARED_BYTES ((size_t)1 << 20)

uint32_t frame_file_checksum(const char *header)
{
    return (uint32_t)crc32(0, (const Bytef *)header, FILE_HEADER_BYTES - 4);
}

static void build_header(char *header, enum file_kind kind, uint64_t stamp, uint64_t salt)
{
    char *at = header;

    memset(header, 0, FILE_HEADER_BYTES);
    memcpy(at, FILE_MAGIC, sizeof(FILE_MAGIC));
    at = put_u32(at + sizeof(FILE_MAGIC), FILE_VERSION);
    at = put_u32(at, kind);
    at = put_u64(at, stamp);
    put_u64(at, salt);
    put_u32(header + FILE_HEADER_BYTES - 4, frame_file_checksum(header));
}

int frame_create(struct frame_writer *writer, const struct disk *disk, const char *path,
                 enum file_kind kind, uint64_t stamp)
{
    char header[FILE_HEADER_BYTES];

    *writer = (struct frame_writer){.disk = disk, .fd = -1};
    if (getrandom(&writer->salt, sizeof(writer->salt), 0) != sizeof(writer->salt))
        return -1;
    build_header(header, kind, stamp, writer->salt);
    writer->fd = disk->open(disk, path, O_CREAT | O_EXCL);
    if (writer->fd < 0)
        return -1;
    if (disk->write(disk, writer->fd, 0, header, sizeof(header))) {
        frame_close(writer);
        return -1;
    }
    writer->size = sizeof(header);
    return 0;
}

int frame_continue(struct frame_writer *writer, const struct disk *disk, const char *path,
                   uint64_t salt, uint64_t size)
{
    *writer =
        (struct frame_writer){.disk = disk, .fd = -1, .salt = salt, .size = size, .synced = size};
    writer->fd = disk->open(disk, path, 0);
    return writer->fd < 0 ? -1 : 0;
}

uint32_t frame_checksum(const char *frame, size_t len)
{
    uLong sum = crc32(0, (const Bytef *)frame, CHECKSUM_AT);
    return (uint32_t)crc32_z(sum, (const Bytef *)frame + FRAME_HEADER_BYTES, len);
}

int frame_write(struct frame_writer *writer, enum frame_kind kind, char *frame, size_t len)
{
    char *at = frame;

    at = put_u32(at, FRAME_MAGIC);
    at = put_u32(at, (uint32_t)len);
    at = put_u64(at, writer->salt);
    at = put_u64(at, writer->size);
    at = put_u64(at, writer->synced);
    at = put_u32(at, kind);
    put_u32(at, frame_checksum(frame, len));
    if (writer->disk->write(writer->disk, writer->fd, writer->size, frame,
                            FRAME_HEADER_BYTES + len))
        return -1;
    writer->size += FRAME_HEADER_BYTES + len;
    return 0;
}

void frame_prepare(struct frame_writer *writer, size_t len)
{
    static char zeros[PREPARED_BYTES];
    uint64_t end = writer->size + FRAME_HEADER_BYTES + len;

    if (end > writer->zeroed &&
        !writer->disk->write(writer->disk, writer->fd, end, zeros, sizeof(zeros)))
        writer->zeroed = end + sizeof(zeros);
}

int frame_sync(struct frame_writer *writer)
{
    if (writer->synced == writer->size)
        return 0;
    if (writer->disk->sync(writer->disk, writer->fd))
        return -1;
    writer->synced = writer->size;
    return 0;
}

void frame_close(struct frame_writer *writer)
{
    int saved = errno;

    if (writer->fd >= 0)
        close(writer->fd);
    writer->fd = -1;
    errno = saved;
}
