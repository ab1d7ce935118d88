/*
 * The store's journal: each effect becomes a record, numbered in the order in which the log got
 * it, which for one key is the order in which it happened, because the bucket is locked. Two
 * threads: one flushes the log, one takes checkpoints (checkpoint.c).
 */
#include "cacheserver/persistence/persistence.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cacheserver/persistence/checkpoint.h"
#include "cacheserver/persistence/record.h"
#include "cacheserver/persistence/recovery.h"
#include "cacheserver/runtime/log.h"
#include "cacheserver/store/walk.h"

/* How long records wait for company when no client waits for them. */
#define LINGER_MS 50

/* Whether the next log needs the record, because the snapshot has the key's bucket already. The log
 * is locked. */
static bool is_walked(struct persistence *persistence, const struct record *record)
{
    if (persistence->log.phase != LOG_COPYING)
        return false;
    uint64_t walked = atomic_load_explicit(&persistence->progress.walked, memory_order_acquire);
    return walked > 0 && walk_index(persistence->store, record->key, record->key_len) < walked;
}

/* What is about elements of a collection that is partly in the snapshot: only what is below the
 * rank that it has come to counts, and moves that. false: nothing does. */
static bool narrow(struct snapshot_partial *partial, struct record *record)
{
    if (record->rank >= partial->rank)
        return false;
    if (record->type == RECORD_REMOVAL) {
        if (record->count > partial->rank - record->rank)
            record->count = partial->rank - record->rank;
        partial->rank -= record->count;
    } else if (!record->replaces) {
        partial->rank++;
    }
    return true;
}

/* Of all that is about a key. false: the next log does not need it; the record may be made less. */
static bool is_copied(struct persistence *persistence, struct record *record)
{
    if (!is_walked(persistence, record))
        return false;
    struct snapshot_partial *partial =
        snapshot_partial_find(&persistence->progress, record->key, record->key_len);
    if (!partial || partial->over)
        return true;
    if (record->type == RECORD_ELEMENT || record->type == RECORD_REMOVAL)
        return narrow(partial, record);
    if (record->type == RECORD_LINK || record->type == RECORD_UNLINK ||
        record->type == RECORD_COLLECTION)
        partial->over = true;
    return true;
}

static char *write_record(char *at, const struct record *record, struct item *item)
{
    char *end = record_put(record, at);

    if (item)
        record_put_value(item, end);
    else if (record->value_len)
        memcpy(end, record->value, record->value_len);
    return at;
}

/* About one key. `item`: its value follows the record. */
static void append(struct persistence *persistence, struct store_thread *thread,
                   const struct record *record, struct item *item, bool asked)
{
    size_t bytes = record_bytes(record);
    struct record copied = *record;
    char removal[ITEM_KEY_MAX + 64];
    const char *copy = NULL;

    if (snapshot_leaves_out(persistence->store, record->key, record->key_len))
        return;
    char *room = log_begin(&persistence->log, bytes);
    if (room)
        copy = write_record(room, record, item);
    if (!is_copied(persistence, &copied))
        copy = NULL;
    else if (copied.count != record->count)
        copy = write_record(removal, &copied, NULL);
    uint64_t seq = log_end(&persistence->log, room, bytes, copy);
    thread->journal_bytes += bytes;
    if (asked)
        thread->journal_seq = seq;
}

/* About the store as a whole. */
static void append_global(struct persistence *persistence, struct store_thread *thread,
                          const struct record *record)
{
    size_t bytes = record_bytes(record);
    char *room = log_begin(&persistence->log, bytes);

    if (room)
        record_put(record, room);
    thread->journal_seq = log_end(&persistence->log, room, bytes, room);
    thread->journal_bytes += bytes;
}

static struct record record_about(enum record_type type, struct item *item)
{
    return (struct record){.type = type,
                           .key = item_key(item),
                           .key_len = item_key_len(item),
                           .item_type = item_type(item)};
}

static void note_link(struct journal *journal, struct store_thread *thread, struct item *item)
{
    struct record record = record_of_item(item);

    append((struct persistence *)journal, thread, &record, record.type == RECORD_LINK ? item : NULL,
           true);
}

static void note_unlink(struct journal *journal, struct store_thread *thread, struct item *item,
                        bool asked)
{
    const struct record record = record_about(RECORD_UNLINK, item);

    append((struct persistence *)journal, thread, &record, NULL, asked);
}

static void note_touch(struct journal *journal, struct store_thread *thread, struct item *item)
{
    struct record record = record_about(RECORD_TOUCH, item);

    record.when = record_time(item->exptime);
    append((struct persistence *)journal, thread, &record, NULL, true);
}

static void note_state(struct journal *journal, struct store_thread *thread, struct item *item)
{
    struct record record = record_about(RECORD_STATE, item);

    collection_state_of(item, &record.state);
    append((struct persistence *)journal, thread, &record, NULL, true);
}

static void note_element(struct journal *journal, struct store_thread *thread, struct item *item,
                         const struct restore_element *element)
{
    struct record record = record_about(RECORD_ELEMENT, item);

    record.rank = element->rank;
    record.replaces = element->replaces;
    record.kind = element->kind;
    record.value = element->bytes;
    record.value_len = element->len;
    append((struct persistence *)journal, thread, &record, NULL, true);
}

static void note_removal(struct journal *journal, struct store_thread *thread, struct item *item,
                         uint32_t rank, uint32_t count)
{
    struct record record = record_about(RECORD_REMOVAL, item);

    record.rank = rank;
    record.count = count;
    append((struct persistence *)journal, thread, &record, NULL, true);
}

static void note_flush(struct journal *journal, struct store_thread *thread, uint64_t floor)
{
    const struct record record = {.type = RECORD_FLUSH, .cas = floor};

    append_global((struct persistence *)journal, thread, &record);
}

static void note_flush_prefix(struct journal *journal, struct store_thread *thread,
                              const char *prefix, size_t len, uint64_t floor)
{
    const struct record record = {
        .type = RECORD_FLUSH_PREFIX, .cas = floor, .key = prefix, .key_len = len};

    append_global((struct persistence *)journal, thread, &record);
}

static void note_flush_prefix_due(struct journal *journal, struct store_thread *thread,
                                  const char *prefix, size_t len, clock_seconds due)
{
    const struct record record = {
        .type = RECORD_FLUSH_PREFIX_DUE, .when = record_time(due), .key = prefix, .key_len = len};

    append_global((struct persistence *)journal, thread, &record);
}

static void note_flush_due(struct journal *journal, struct store_thread *thread, clock_seconds due)
{
    const struct record record = {.type = RECORD_FLUSH_DUE, .when = record_time(due)};

    append_global((struct persistence *)journal, thread, &record);
}

static const struct journal journal_functions = {
    .link = note_link,
    .unlink = note_unlink,
    .touch = note_touch,
    .element = note_element,
    .removal = note_removal,
    .state = note_state,
    .flush = note_flush,
    .flush_prefix = note_flush_prefix,
    .flush_prefix_due = note_flush_prefix_due,
    .flush_due = note_flush_due,
};

static int recover(struct persistence *persistence, const struct persistence_config *config,
                   FILE *errors)
{
    const struct disk *disk = config->disk ? config->disk : &disk_system;
    time_t start = time(NULL);
    bool checkpoint;

    if (catalog_open(&persistence->catalog, disk, config->data_path, config->logs_path, errors))
        return -1;
    if (recovery_run(persistence, disk, &checkpoint, errors)) {
        catalog_close(&persistence->catalog);
        return -1;
    }
    persistence->store->journal = &persistence->journal;
    catalog_clean(&persistence->catalog, persistence->stamp);
    if (checkpoint && persistence_checkpoint(persistence)) {
        fprintf(errors, "cacheserver: cannot write what was recovered to %s and %s\n",
                config->data_path, config->logs_path);
        persistence->store->journal = NULL;
        log_deinit(&persistence->log);
        catalog_close(&persistence->catalog);
        return -1;
    }
    persistence->recovery_s = (unsigned)(time(NULL) - start);
    return 0;
}

struct persistence *persistence_open(const struct persistence_config *config, struct store *store,
                                     FILE *errors)
{
    struct persistence *persistence = calloc(1, sizeof(*persistence));

    if (!persistence || !(persistence->thread = store_attach(store))) {
        fprintf(errors, "cacheserver: no memory for persistence\n");
        free(persistence);
        return NULL;
    }
    persistence->journal = journal_functions;
    persistence->store = store;
    persistence->recovering = config->recovering;
    persistence->check_interval_ms = config->check_interval_ms;
    atomic_init(&persistence->async_logging, config->async_logging);
    atomic_init(&persistence->interval_pct, config->interval_pct);
    atomic_init(&persistence->min_log_bytes, config->min_log_bytes);
    if (recover(persistence, config, errors)) {
        store_detach(persistence->thread);
        free(persistence);
        return NULL;
    }
    checkpoint_init(persistence);
    store_thread_rest(persistence->thread);
    return persistence;
}

static void *run_flusher(void *argument)
{
    struct persistence *persistence = argument;

    while (log_wait(&persistence->log, LINGER_MS))
        log_flush(&persistence->log);
    log_flush(&persistence->log);
    return NULL;
}

int persistence_start(struct persistence *persistence)
{
    if (pthread_create(&persistence->flusher, NULL, run_flusher, persistence))
        return -1;
    if (checkpoint_start(persistence)) {
        log_stop(&persistence->log);
        pthread_join(persistence->flusher, NULL);
        return -1;
    }
    persistence->started = true;
    return 0;
}

void persistence_close(struct persistence *persistence)
{
    if (persistence->started) {
        checkpoint_stop(persistence);
        log_stop(&persistence->log);
        pthread_join(persistence->flusher, NULL);
    }
    log_flush(&persistence->log);
    persistence->store->journal = NULL;
    store_detach(persistence->thread);
    free(persistence->progress.partials);
    checkpoint_deinit(persistence);
    log_deinit(&persistence->log);
    catalog_close(&persistence->catalog);
    free(persistence);
}
