/*
 * Statistics with the names of an engine that divides its memory into slab classes. Here it is one
 * pool, so they are two views of it. Of items, by the class that each would be in there (see
 * size_class.h): a larger one counts as a chunk of its own, of which none are free; small ones lie
 * in chunks of 256 KiB, of which a begun one counts as a whole. And of memory ("SM"), by the sizes
 * of object that its pages are really cut into (see memory.h), for items of all classes.
 *
 * All are counted exactly, except ages, which come from a sample: there are no lists of items by
 * use.
 */
#include "cacheserver/command/stats.h"
#include "cacheserver/store/cursor.h"

#define SAMPLE_ITEMS        100
#define SAMPLE_STEPS        1000
#define ITEMS_AT_ONCE       16
#define SMALL_CHUNK_BYTES   (256 * 1024)
#define SMALL_CHUNKS_A_PAGE 4
#define SHORTAGE_LEVEL      10

/* --- items --- */

struct age_sample {
    const struct size_classes *classes;
    uint32_t now_ms;
    uint32_t oldest_ms[SIZE_CLASSES_MAX];
};

static void see_age(struct item *item, void *argument)
{
    struct age_sample *sample = argument;
    uint32_t *oldest_ms = &sample->oldest_ms[item_size_class(sample->classes, item)];
    int32_t idle_ms = (int32_t)(sample->now_ms - item_atime_ms(item));

    if (idle_ms > 0 && (uint32_t)idle_ms > *oldest_ms)
        *oldest_ms = (uint32_t)idle_ms;
}

/* How long the item of each class that was not used for longest, of some, was not used. */
static void sample_ages(struct command_context *context, struct age_sample *sample)
{
    uint64_t position = 0;
    unsigned seen = 0, count;

    for (unsigned n = 0; n < SAMPLE_STEPS && seen < SAMPLE_ITEMS; n++) {
        position =
            cursor_pass_items(context->store, position, ITEMS_AT_ONCE, see_age, sample, &count);
        seen += count;
        if (position == 0)
            break;
    }
}

static void add_items_of_class(struct command_context *context, unsigned class, uint32_t age_s)
{
    struct store_class_totals totals;

    store_class_stats(context->shared->store, class, &totals);
    const struct {
        const char *name;
        int64_t value;
    } lines[] = {
        {"number", totals.counts[STORE_ITEMS]},
        {"sticky", totals.counts[STORE_STICKY_ITEMS]},
        {"age", age_s},
        {"evicted", totals.counts[STORE_EVICTIONS]},
        {"evicted_nonzero", totals.counts[STORE_EVICTED_NONZERO]},
        {"evicted_time", totals.evicted_idle_s},
        {"outofmemory", totals.counts[STORE_OUT_OF_MEMORY]},
        {"tailrepairs", 0},
        {"reclaimed", totals.counts[STORE_RECLAIMED]},
    };

    if (totals.counts[STORE_ITEMS] <= 0)
        return;
    for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
        reply_format(context->reply, "STAT items:%u:%s %lld\r\n", class, lines[i].name,
                     (long long)lines[i].value);
}

STATS_GROUP(items)
{
    const struct size_classes *classes = &context->shared->store->sizes;
    struct age_sample sample = {.classes = classes, .now_ms = context->store->now_ms};

    (void)session;
    (void)words;
    sample_ages(context, &sample);
    for (unsigned class = 0; class < classes->count; class ++)
        add_items_of_class(context, class, sample.oldest_ms[class] / 1000);
    reply_text(context->reply, "END\r\n");
}

/* --- memory, by the sizes that pages are cut into --- */

struct sizes_in_use {
    unsigned count;
    uint64_t used[MEMORY_CLASSES_MAX], free[MEMORY_CLASSES_MAX]; /* bytes in pages of this size */
    uint64_t used_total;
    unsigned hundredth; /* with those above it the largest that take a hundredth of the whole */
    uint64_t hundredth_bytes;
};

static void measure_sizes(struct store *store, struct sizes_in_use *sizes)
{
    sizes->count = store->memory.class_count;
    for (unsigned id = 0; id < sizes->count; id++) {
        const struct memory_class *class = &store->memory.classes[id];
        uint64_t pages = atomic_load_explicit(&class->page_count, memory_order_relaxed);
        uint64_t used = store_objects_in_use(store, id) * class->object_bytes;
        sizes->used[id] = used;
        sizes->free[id] = pages * MEMORY_PAGE_BYTES > used ? pages * MEMORY_PAGE_BYTES - used : 0;
        sizes->used_total += used;
    }
    sizes->hundredth = sizes->count;
    while (sizes->hundredth > 0 && sizes->hundredth_bytes * 100 < sizes->used_total)
        sizes->hundredth_bytes += sizes->used[--sizes->hundredth];
}

static void add_space(struct command_context *context, const char *name, int64_t value)
{
    reply_format(context->reply, "STAT SM:%s %lld\r\n", name, (long long)value);
}

static int64_t first_of(const uint64_t *bytes, unsigned count)
{
    for (unsigned id = 0; id < count; id++)
        if (bytes[id])
            return id;
    return -1;
}

static int64_t last_of(const uint64_t *bytes, unsigned count)
{
    while (count > 0 && !bytes[count - 1])
        count--;
    return (int64_t)count - 1;
}

static int64_t number_of(const uint64_t *bytes, unsigned count)
{
    int64_t number = 0;

    for (unsigned id = 0; id < count; id++)
        number += bytes[id] > 0;
    return number;
}

static void add_sizes(struct command_context *context, const struct sizes_in_use *sizes)
{
    bool any = sizes->used_total > 0;

    add_space(context, "used_num_classes", number_of(sizes->used, sizes->count));
    add_space(context, "free_num_classes", number_of(sizes->free, sizes->count));
    add_space(context, "used_min_classid", first_of(sizes->used, sizes->count));
    add_space(context, "used_01p_classid", any ? (int64_t)sizes->hundredth : -1);
    add_space(context, "used_max_classid", last_of(sizes->used, sizes->count));
    add_space(context, "free_min_classid", first_of(sizes->free, sizes->count));
    add_space(context, "free_max_classid", last_of(sizes->free, sizes->count));
}

static void add_spaces(struct command_context *context, uint64_t free_pages_bytes)
{
    struct store *store = context->shared->store;
    struct sizes_in_use sizes = {0};
    uint64_t small = 0, avail = 0;
    int64_t to_limit =
        (int64_t)atomic_load_explicit(&store->memory.limit_bytes, memory_order_relaxed) -
        (int64_t)memory_used(&store->memory);

    measure_sizes(store, &sizes);
    for (unsigned id = 0; id < sizes.count; id++)
        *(id < sizes.hundredth ? &small : &avail) += sizes.free[id];
    add_sizes(context, &sizes);
    add_space(context, "used_total_space", (int64_t)sizes.used_total);
    add_space(context, "used_01pct_space", (int64_t)sizes.hundredth_bytes);
    add_space(context, "free_small_space", (int64_t)small);
    add_space(context, "free_bslot_space", 0);
    add_space(context, "free_avail_space", (int64_t)avail);
    add_space(context, "free_chunk_space", (int64_t)free_pages_bytes);
    add_space(context, "free_limit_space", to_limit > 0 ? to_limit : 0);
    add_space(context, "space_shortage_level", to_limit < MEMORY_PAGE_BYTES ? SHORTAGE_LEVEL : 0);
}

/* --- items as chunks of their classes --- */

struct chunks {
    uint64_t bytes, a_page, used, free, requested;
};

static void add_chunks(struct command_context *context, unsigned class, const struct chunks *chunks)
{
    uint64_t total = chunks->used + chunks->free;
    const struct {
        const char *name;
        uint64_t value;
    } lines[] = {
        {"chunk_size", chunks->bytes},
        {"chunks_per_page", chunks->a_page},
        {"reserved_pages", 0},
        {"total_pages", (total + chunks->a_page - 1) / chunks->a_page},
        {"total_chunks", total},
        {"used_chunks", chunks->used},
        {"free_chunks", chunks->free},
        {"free_chunks_end", 0},
        {"mem_requested", chunks->requested},
    };

    for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
        reply_format(context->reply, "STAT %u:%s %llu\r\n", class, lines[i].name,
                     (unsigned long long)lines[i].value);
}

/* Small items have what the larger ones leave of the pages in use. */
static void add_small_chunks(struct command_context *context, uint64_t pages_bytes,
                             int64_t small_items_bytes, uint64_t free_pages_bytes)
{
    struct store_totals totals;

    store_stats(context->shared->store, &totals);
    uint64_t larger_bytes = (uint64_t)(totals.counts[STORE_BYTES] - small_items_bytes);
    uint64_t bytes = pages_bytes > larger_bytes ? pages_bytes - larger_bytes : 0;
    struct chunks chunks = {.bytes = SMALL_CHUNK_BYTES,
                            .a_page = SMALL_CHUNKS_A_PAGE,
                            .used = (bytes + SMALL_CHUNK_BYTES - 1) / SMALL_CHUNK_BYTES,
                            .free = free_pages_bytes / SMALL_CHUNK_BYTES};
    chunks.requested = chunks.used * SMALL_CHUNK_BYTES;
    add_chunks(context, 0, &chunks);
}

static void add_larger_chunks(struct command_context *context, unsigned class,
                              const struct store_class_totals *totals)
{
    const struct chunks chunks = {.bytes = context->shared->store->sizes.bytes[class],
                                  .a_page = 1,
                                  .used = (uint64_t)totals->counts[STORE_ITEMS],
                                  .requested = (uint64_t)totals->counts[STORE_BYTES]};

    add_chunks(context, class, &chunks);
}

/* Returns how many classes have items. */
static uint64_t add_classes(struct command_context *context, uint64_t pages_bytes,
                            uint64_t free_pages_bytes)
{
    struct store *store = context->shared->store;
    uint64_t active = 0;

    for (unsigned class = 0; class < store->sizes.count; class ++) {
        struct store_class_totals totals;
        store_class_stats(store, class, &totals);
        if (totals.counts[STORE_ITEMS] <= 0)
            continue;
        active++;
        if (class == 0)
            add_small_chunks(context, pages_bytes, totals.counts[STORE_BYTES], free_pages_bytes);
        else
            add_larger_chunks(context, class, &totals);
    }
    return active;
}

STATS_GROUP(slabs)
{
    struct store *store = context->shared->store;
    size_t free_pages;
    uint64_t in_pages = memory_in_pages(&store->memory, &free_pages);
    uint64_t free_pages_bytes = (uint64_t)free_pages * MEMORY_PAGE_BYTES;

    (void)session;
    (void)words;
    add_spaces(context, free_pages_bytes);
    uint64_t active = add_classes(context, in_pages - free_pages_bytes, free_pages_bytes);
    stat_u64(context, "active_slabs", active);
    stat_u64(context, "memory_limit",
             atomic_load_explicit(&store->memory.limit_bytes, memory_order_relaxed));
    stat_u64(context, "total_malloced", in_pages + store->feigned_bytes);
    reply_text(context->reply, "END\r\n");
}
