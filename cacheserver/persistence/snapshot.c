/*
 * The items of a bucket are copied under its lock, but long values are only pinned there and
 * copied after: a linked item's value never changes. Frames are written between buckets, when
 * enough has gathered.
 *
 * The file is synced again and again while it grows: dirty pages of a whole snapshot would make
 * the command log's syncs, for which clients wait, as slow as all of it.
 */
#include "cacheserver/persistence/snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cacheserver/persistence/record.h"
#include "cacheserver/store/walk.h"

#define FRAME_ENOUGH ((size_t)256 * 1024)
#define SYNC_BYTES   ((size_t)8 << 20)

struct pinned {
    struct item *item;
    clock_seconds exptime;
};

struct snapshot {
    struct frame_writer *file;
    struct store_thread *thread;
    struct snapshot_progress *progress;
    char *frame; /* room for a header, then len bytes of records */
    size_t len, capacity;
    struct pinned *pinned; /* items of this bucket that are yet to be written */
    size_t pinned_count, pinned_capacity;
    uint64_t index;
    int failed; /* errno */
};

bool snapshot_leaves_out(const struct store *store, const char *key, size_t key_len)
{
    static const char internal[] = "arcus";
    size_t len = sizeof(internal) - 1;

    return key_len > len && key[len] == store->prefix_delimiter && !memcmp(key, internal, len);
}

static char *room_for(struct snapshot *snapshot, size_t bytes)
{
    if (snapshot->failed)
        return NULL;
    if (bytes > snapshot->capacity - snapshot->len) {
        size_t capacity = snapshot->capacity ? snapshot->capacity : 2 * FRAME_ENOUGH;
        while (bytes > capacity - snapshot->len)
            capacity *= 2;
        char *grown = realloc(snapshot->frame, FRAME_HEADER_BYTES + capacity);
        if (!grown) {
            snapshot->failed = ENOMEM;
            return NULL;
        }
        snapshot->frame = grown;
        snapshot->capacity = capacity;
    }
    return snapshot->frame + FRAME_HEADER_BYTES + snapshot->len;
}

static void add_record(struct snapshot *snapshot, const struct record *record, struct item *item)
{
    size_t bytes = record_bytes(record);
    char *at = room_for(snapshot, bytes);

    if (!at)
        return;
    at = record_put(record, at);
    if (item)
        record_put_value(item, at);
    snapshot->len += bytes;
}

static void add_item(struct snapshot *snapshot, struct item *item, clock_seconds exptime)
{
    struct record record = record_of_item(item, exptime);
    add_record(snapshot, &record, item);
}

static void pin(struct snapshot *snapshot, struct item *item)
{
    if (snapshot->pinned_count == snapshot->pinned_capacity) {
        size_t capacity = snapshot->pinned_capacity ? 2 * snapshot->pinned_capacity : 64;
        struct pinned *grown = realloc(snapshot->pinned, capacity * sizeof(*grown));
        if (!grown) {
            snapshot->failed = ENOMEM;
            return;
        }
        snapshot->pinned = grown;
        snapshot->pinned_capacity = capacity;
    }
    store_pin(item);
    snapshot->pinned[snapshot->pinned_count++] =
        (struct pinned){.item = item, .exptime = item->exptime};
}

static void visit(struct item *item, void *argument)
{
    struct snapshot *snapshot = argument;

    if (item_type(item) != ITEM_KV ||
        snapshot_leaves_out(snapshot->thread->store, item_key(item), item_key_len(item)))
        return;
    if (item_has_pins(item))
        pin(snapshot, item);
    else
        add_item(snapshot, item, item->exptime);
}

static void passed(void *argument)
{
    struct snapshot *snapshot = argument;

    atomic_store_explicit(&snapshot->progress->walked, snapshot->index + 1, memory_order_release);
}

static void flush(struct snapshot *snapshot, size_t enough)
{
    struct frame_writer *file = snapshot->file;

    if (snapshot->failed || snapshot->len == 0 || snapshot->len < enough)
        return;
    if (frame_write(file, FRAME_RECORDS, snapshot->frame, snapshot->len) ||
        (file->size - file->synced >= SYNC_BYTES && frame_sync(file)))
        snapshot->failed = errno;
    snapshot->len = 0;
}

static void write_pinned(struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->pinned_count; i++) {
        add_item(snapshot, snapshot->pinned[i].item, snapshot->pinned[i].exptime);
        store_unpin(snapshot->thread, snapshot->pinned[i].item);
        flush(snapshot, FRAME_ENOUGH);
    }
    snapshot->pinned_count = 0;
}

/* What holds for the store as a whole. What changes after it was read is in the next log. */
static void write_state(struct snapshot *snapshot)
{
    struct store *store = snapshot->thread->store;
    const struct record records[] = {
        {.type = RECORD_CAS, .cas = atomic_load(&store->cas_taken)},
        {.type = RECORD_FLUSH, .cas = atomic_load(&store->flush_floor)},
        {.type = RECORD_FLUSH_DUE, .when = record_time(atomic_load(&store->flush_due))},
    };

    for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++)
        add_record(snapshot, &records[i], NULL);
}

int snapshot_write(struct frame_writer *file, struct store_thread *thread, struct log *log,
                   struct snapshot_progress *progress)
{
    struct snapshot snapshot = {.file = file, .thread = thread, .progress = progress};

    write_state(&snapshot);
    uint64_t buckets = walk_begin(thread);
    for (; snapshot.index < buckets && !snapshot.failed; snapshot.index++) {
        walk_bucket(thread, snapshot.index, visit, passed, &snapshot);
        write_pinned(&snapshot);
        flush(&snapshot, FRAME_ENOUGH);
        if (atomic_load_explicit(&progress->stop, memory_order_relaxed))
            snapshot.failed = ECANCELED;
    }
    if (!snapshot.failed)
        log_start_both(log);
    walk_end(thread);
    flush(&snapshot, 0);
    free(snapshot.frame);
    free(snapshot.pinned);
    errno = snapshot.failed;
    return snapshot.failed ? -1 : 0;
}

int snapshot_end(struct frame_writer *file)
{
    char frame[FRAME_HEADER_BYTES];

    return frame_write(file, FRAME_END, frame, 0) || frame_sync(file) ? -1 : 0;
}
