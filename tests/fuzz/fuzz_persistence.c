/*
 * Files of persistence that were not written by the server. The first byte says what the others
 * are: a whole file for the reader, or records that a good frame holds, which get further because
 * no checksum is in the way. Whatever is done to a store must leave it usable.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cacheserver/persistence/replay.h"
#include "cacheserver/store/btree.h"
#include "cacheserver/store/map.h"
#include "cacheserver/store/set.h"
#include "cacheserver/store/walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct store *store;
static struct store_thread *thread;

static void open_store(void)
{
    const struct store_config config = {.memory_limit_bytes = 16 << 20,
                                        .item_size_max_bytes = 1 << 20,
                                        .evict = true,
                                        .prefix_delimiter = ':'};

    clock_start();
    store = store_new(&config);
    thread = store_attach(store);
    if (!thread)
        abort();
}

static void close_store(void)
{
    store_detach(thread);
    store_free(store);
}

static void visit(struct item *item, void *argument)
{
    (void)item;
    ++*(unsigned *)argument;
}

static void pass(void *argument)
{
    (void)argument;
}

/* Every bucket, and a change of a key that records may well name. */
static void use_store(void)
{
    const char key[] = "k";
    const struct map_put put = {
        .mode = MAP_UPSERT, .field = {"f", 1}, .value = "v", .value_len = 1};
    struct bkey bkey;
    const struct btree_put element = {.bkey = &bkey, .value = "v", .value_len = 1};
    struct btree_answer answer;
    unsigned items = 0;

    thread->now = 2;
    uint64_t buckets = walk_begin(thread);
    for (uint64_t i = 0; i < buckets; i++)
        walk_bucket(thread, i, visit, pass, &items);
    walk_end(thread);
    bkey_set_number(&bkey, 77);
    set_insert(thread, key, 1, "value", 5, NULL);
    map_put(thread, key, 1, &put);
    btree_put(thread, key, 1, &element, &answer);
    store_delete(thread, key, 1);
}

static void read_records(const uint8_t *data, size_t size)
{
    struct replay replay;
    /* A copy of exactly this size, so that a sanitizer sees the end. */
    char *records = malloc(size ? size : 1);

    memcpy(records, data, size);
    replay_begin(&replay, thread);
    replay_frame(&replay, records, size);
    replay_end(&replay);
    free(records);
}

static void read_file(const uint8_t *data, size_t size)
{
    struct replay replay;
    struct reader reader;
    char path[64];
    int fd = memfd_create("fuzz", MFD_CLOEXEC);

    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    replay_begin(&replay, thread);
    if (reader_open(&reader, path) == READER_OK)
        replay_file(&replay, &reader);
    replay_end(&replay);
    reader_close(&reader);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    open_store();
    if (data[0] % 2)
        read_file(data + 1, size - 1);
    else
        read_records(data + 1, size - 1);
    use_store();
    close_store();
    return 0;
}
