/*
 * The items of a bucket are copied under its lock, but long values are only pinned there and
 * copied after: a linked item's value never changes. Large collections are copied in slices, with
 * the lock given up in between; up to which rank they are written is known to whoever changes them
 * meanwhile. Frames are written between buckets and slices, when enough has gathered.
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
/* Of a collection, while its bucket is locked. */
#define SLICE_BYTES ((size_t)64 * 1024)

struct pinned {
    struct item *item;
    struct record record; /* as it was under the lock */
};

struct snapshot {
    struct frame_writer *file;
    struct store_thread *thread;
    struct log *log;
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
        (struct pinned){.item = item, .record = record_of_item(item)};
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

/* --- collections --- */

struct snapshot_partial *snapshot_partial_find(struct snapshot_progress *progress, const char *key,
                                               size_t key_len)
{
    for (size_t i = 0; i < progress->partial_count; i++) {
        struct snapshot_partial *partial = &progress->partials[i];
        if (partial->key_len == key_len && !memcmp(partial->key, key, key_len))
            return partial;
    }
    return NULL;
}

/* The log is locked. */
static bool add_partial(struct snapshot_progress *progress, struct item *item)
{
    size_t key_len = item_key_len(item);

    if (progress->partial_count == progress->partial_capacity) {
        size_t capacity = progress->partial_capacity ? 2 * progress->partial_capacity : 16;
        void *grown = realloc(progress->partials, capacity * sizeof(*progress->partials));
        if (!grown)
            return false;
        progress->partials = grown;
        progress->partial_capacity = capacity;
    }
    char *key = malloc(key_len);
    if (!key)
        return false;
    memcpy(key, item_key(item), key_len);
    progress->partials[progress->partial_count++] =
        (struct snapshot_partial){.key = key, .key_len = key_len};
    return true;
}

struct elements {
    struct snapshot *snapshot;
    struct record record; /* without the element */
};

static void add_element(const char *bytes, size_t len, void *argument)
{
    struct elements *elements = argument;

    elements->record.value_len = len;
    char *at = room_for(elements->snapshot, record_bytes(&elements->record));
    if (!at)
        return;
    memcpy(record_put(&elements->record, at), bytes, len);
    elements->snapshot->len += record_bytes(&elements->record);
}

/* Returns the rank after those that were added. */
static uint32_t add_elements(struct snapshot *snapshot, struct item *item, uint32_t rank)
{
    struct record whole = record_of_item(item);
    struct elements elements = {.snapshot = snapshot,
                                .record = {.type = RECORD_ELEMENT,
                                           .item_type = whole.item_type,
                                           .rank = RESTORE_LAST,
                                           .kind = whole.state.kind,
                                           .key = whole.key,
                                           .key_len = whole.key_len}};
    return walk_elements(item, rank, SLICE_BYTES, add_element, &elements);
}

static void add_collection(struct snapshot *snapshot, struct item *item)
{
    struct record record = record_of_item(item);
    size_t bytes;

    add_record(snapshot, &record, NULL);
    walk_element_count(item, &bytes);
    if (bytes <= SLICE_BYTES) {
        add_elements(snapshot, item, 0);
        return;
    }
    lock_take(&snapshot->log->lock);
    if (!add_partial(snapshot->progress, item))
        snapshot->failed = ENOMEM;
    lock_drop(&snapshot->log->lock);
}

struct slice {
    struct snapshot *snapshot;
    size_t partial;
    bool done;
};

static void write_slice(struct item *item, void *argument)
{
    struct slice *slice = argument;
    struct snapshot *snapshot = slice->snapshot;
    struct snapshot_partial *partial = &snapshot->progress->partials[slice->partial];
    size_t bytes;

    lock_take(&snapshot->log->lock);
    slice->done = partial->over;
    uint32_t rank = partial->rank;
    lock_drop(&snapshot->log->lock);
    if (slice->done)
        return;
    /* Between the two takes nothing changes the rank: that needs the bucket's lock. */
    rank = add_elements(snapshot, item, rank);
    slice->done = rank == walk_element_count(item, &bytes);
    lock_take(&snapshot->log->lock);
    partial->rank = rank;
    partial->over = slice->done;
    lock_drop(&snapshot->log->lock);
}

static void write_partial(struct snapshot *snapshot, size_t index)
{
    struct slice slice = {.snapshot = snapshot, .partial = index};
    const struct snapshot_partial *partial = &snapshot->progress->partials[index];

    while (!slice.done && !snapshot->failed) {
        if (!walk_collection(snapshot->thread, partial->key, partial->key_len, write_slice, &slice))
            return;
        flush(snapshot, FRAME_ENOUGH);
        if (atomic_load_explicit(&snapshot->progress->stop, memory_order_relaxed))
            snapshot->failed = ECANCELED;
    }
}

static void forget_partials(struct snapshot *snapshot)
{
    struct snapshot_progress *progress = snapshot->progress;

    lock_take(&snapshot->log->lock);
    for (size_t i = 0; i < progress->partial_count; i++)
        free(progress->partials[i].key);
    progress->partial_count = 0;
    lock_drop(&snapshot->log->lock);
}

static void write_partials(struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->progress->partial_count; i++)
        write_partial(snapshot, i);
    if (snapshot->progress->partial_count > 0)
        forget_partials(snapshot);
}

/* --- the walk --- */

static void visit(struct item *item, void *argument)
{
    struct snapshot *snapshot = argument;

    if (snapshot_leaves_out(snapshot->thread->store, item_key(item), item_key_len(item)))
        return;
    if (item_type(item) != ITEM_KV) {
        add_collection(snapshot, item);
    } else if (item_has_pins(item)) {
        pin(snapshot, item);
    } else {
        struct record record = record_of_item(item);
        add_record(snapshot, &record, item);
    }
}

static void passed(void *argument)
{
    struct snapshot *snapshot = argument;

    atomic_store_explicit(&snapshot->progress->walked, snapshot->index + 1, memory_order_release);
}

static void write_pinned(struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->pinned_count; i++) {
        add_record(snapshot, &snapshot->pinned[i].record, snapshot->pinned[i].item);
        store_unpin(snapshot->thread, snapshot->pinned[i].item);
        flush(snapshot, FRAME_ENOUGH);
    }
    snapshot->pinned_count = 0;
}

static struct record seed_of(const struct store *store)
{
    return (struct record){
        .type = RECORD_SEED, .cas = store->table.seed.a, .unique = store->table.seed.b};
}

/* What holds for the store as a whole. What changes after it was read is in the next log. */
static void write_state(struct snapshot *snapshot)
{
    struct store *store = snapshot->thread->store;
    const struct record records[] = {
        seed_of(store),
        {.type = RECORD_CAS, .cas = atomic_load(&store->cas_taken)},
        {.type = RECORD_FLUSH, .cas = atomic_load(&store->flush_floor)},
        {.type = RECORD_FLUSH_DUE, .when = record_time(atomic_load(&store->flush_due))},
    };

    for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++)
        add_record(snapshot, &records[i], NULL);
}

/* Flushes of prefixes to come; after the items, because who has no items has no prefix. */
static void write_prefix_flushes(struct snapshot *snapshot)
{
    struct prefixes *prefixes = &snapshot->thread->store->prefixes;
    uint32_t ids = atomic_load_explicit(&prefixes->id_count, memory_order_acquire);

    for (uint32_t id = 0; id < ids; id++) {
        struct prefix *prefix = prefix_at(prefixes, id);
        clock_seconds due = prefix ? atomic_load(&prefix->flush_due) : CLOCK_NEVER;
        if (due == CLOCK_NEVER)
            continue;
        const struct record record = {.type = RECORD_FLUSH_PREFIX_DUE,
                                      .when = record_time(due),
                                      .key = prefix->name,
                                      .key_len = prefix->len};
        add_record(snapshot, &record, NULL);
    }
}

int snapshot_write(struct frame_writer *file, struct store_thread *thread, struct log *log,
                   struct snapshot_progress *progress)
{
    struct snapshot snapshot = {.file = file, .thread = thread, .log = log, .progress = progress};

    write_state(&snapshot);
    uint64_t buckets = walk_begin(thread);
    for (; snapshot.index < buckets && !snapshot.failed; snapshot.index++) {
        walk_bucket(thread, snapshot.index, visit, passed, &snapshot);
        write_pinned(&snapshot);
        write_partials(&snapshot);
        flush(&snapshot, FRAME_ENOUGH);
        if (atomic_load_explicit(&progress->stop, memory_order_relaxed))
            snapshot.failed = ECANCELED;
    }
    write_prefix_flushes(&snapshot);
    if (!snapshot.failed)
        log_start_both(log);
    walk_end(thread);
    flush(&snapshot, 0);
    free(snapshot.frame);
    free(snapshot.pinned);
    forget_partials(&snapshot);
    errno = snapshot.failed;
    return snapshot.failed ? -1 : 0;
}

int snapshot_write_seed(struct frame_writer *file, const struct store *store)
{
    char frame[FRAME_HEADER_BYTES + 64];
    struct record record = seed_of(store);
    size_t bytes = record_bytes(&record);

    record_put(&record, frame + FRAME_HEADER_BYTES);
    return frame_write(file, FRAME_RECORDS, frame, bytes);
}

int snapshot_end(struct frame_writer *file)
{
    char frame[FRAME_HEADER_BYTES];

    return frame_write(file, FRAME_END, frame, 0) || frame_sync(file) ? -1 : 0;
}
