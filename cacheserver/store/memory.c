/*
 * Regions of 16 MiB, aligned to their size, hold 256 pages each; the first page has the descriptors
 * of the others, so an object's address leads to its page without a lookup. Pages are taken one
 * after the other, and the system backs a region by huge pages as far as that goes, a little ahead:
 * it may take milliseconds for one, so it is asked when no lock is held. Sizes grow in steps of 8
 * bytes up to 256 and by a sixteenth to an eighth beyond: what a cache stores is mostly small and
 * alike, and a coarser table would cost more than the items' headers do. From 1 KiB on a size is
 * what a page has room for so many times, which leaves nothing over at its end.
 *
 * A thread's cache is a stack per size. It is refilled and emptied by half, under the lock of that
 * size. A page with no object in use goes back to the pool, from which any size takes it; when
 * memory is short and the pool is empty, the store evicts a whole page (memory_drain_begin).
 * Threads empty their caches once when that happens, because a single cached object would keep
 * the page from becoming free; for the same reason they keep no objects of sizes that they do not
 * take any more. A few free pages stay as they are, the memory of further ones goes back to the
 * system: growing collections pass through all sizes, and would keep their peak.
 */
#include "cacheserver/store/memory.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#define POISONING 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISONING 1
#endif
#endif
#ifdef POISONING
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, n)   ((void)(at), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(at, n) ((void)(at), (void)(n))
#endif

#define REGION_BYTES       ((size_t)16 << 20)
#define REGION_PAGES       (REGION_BYTES / MEMORY_PAGE_BYTES)
#define CACHED_BYTES_MAX   16384
#define CACHED_OBJECTS_MAX 32
#define NO_CLASS           255
/* So many free pages, and one for so many in use, keep their memory. */
#define FREE_PAGES_MIN   16
#define FREE_PAGES_SHARE 32

/* So many pages have memory before they are taken. They get it by huge pages of so many. */
#define READY_PAGES     16
#define HUGE_PAGE_PAGES 32

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* Guarded by the lock of its class, or by pages_lock while it has none; `class_id` and `draining`
 * may be read without. */
struct memory_page {
    _Atomic uint8_t class_id;
    _Atomic bool draining;
    uint16_t capacity;
    uint16_t carved; /* objects handed out at least once; those after it were never touched */
    uint16_t free_count;
    void *free;
    struct memory_page *next, *prev; /* list of partial pages of the class, or of free pages */
};

struct memory_region {
    struct memory_page pages[REGION_PAGES]; /* the first describes this header and is not used */
};

/* A free object's first word leads to the next one. */
static void *next_free(void *object)
{
    void *next;
    memcpy(&next, object, sizeof(next));
    return next;
}

static void set_next_free(void *object, void *next)
{
    memcpy(object, &next, sizeof(next));
}

static struct memory_page *page_of(const void *object)
{
    uintptr_t address = (uintptr_t)object;
    struct memory_region *region = (struct memory_region *)(address & ~(REGION_BYTES - 1));
    return &region->pages[(address & (REGION_BYTES - 1)) / MEMORY_PAGE_BYTES];
}

char *memory_page_base(struct memory_page *page)
{
    uintptr_t region = (uintptr_t)page & ~(REGION_BYTES - 1);
    size_t index = (size_t)(page - ((struct memory_region *)region)->pages);
    return (char *)region + index * MEMORY_PAGE_BYTES;
}

static uint32_t size_after(uint32_t size)
{
    if (size < 256)
        return size + 8;
    if (size < 1024) {
        uint32_t magnitude = 1u << (31 - __builtin_clz(size));
        return size + magnitude / 16;
    }
    uint32_t per_page = MEMORY_PAGE_BYTES / size;
    return MEMORY_PAGE_BYTES / (per_page - (per_page > 32 ? 2 : 1)) / 8 * 8;
}

static void add_class(struct memory *memory, uint32_t size)
{
    struct memory_class *class = &memory->classes[memory->class_count++];

    assert(memory->class_count < MEMORY_CLASSES_MAX);
    lock_init(&class->lock, LOCK_RANK_SIZE_CLASS);
    class->object_bytes = size;
    class->cached_max = CACHED_BYTES_MAX / size;
    if (class->cached_max > CACHED_OBJECTS_MAX)
        class->cached_max = CACHED_OBJECTS_MAX;
    if (class->cached_max < 2)
        class->cached_max = 2;
}

void memory_init(struct memory *memory, size_t limit_bytes)
{
    memset(memory, 0, sizeof(*memory));
    atomic_init(&memory->limit_bytes, limit_bytes);
    lock_init(&memory->pages_lock, LOCK_RANK_PAGES);
    for (uint32_t size = 24; size < MEMORY_OBJECT_MAX; size = size_after(size))
        add_class(memory, size);
    add_class(memory, MEMORY_OBJECT_MAX);
    unsigned class = 0;
    for (size_t units = 0; units <= MEMORY_OBJECT_MAX / 8; units++) {
        while (memory->classes[class].object_bytes < units * 8)
            class ++;
        memory->class_of[units] = (uint8_t) class;
    }
}

void memory_deinit(struct memory *memory)
{
    for (size_t i = 0; i < memory->region_count; i++) {
        ASAN_UNPOISON_MEMORY_REGION(memory->regions[i], REGION_BYTES);
        munmap(memory->regions[i], REGION_BYTES);
    }
    free(memory->regions);
    for (unsigned i = 0; i < memory->class_count; i++)
        lock_deinit(&memory->classes[i].lock);
    lock_deinit(&memory->pages_lock);
}

static struct memory_region *map_region(void)
{
    char *at = mmap(NULL, 2 * REGION_BYTES, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED)
        return NULL;
    char *aligned = (char *)(((uintptr_t)at + REGION_BYTES - 1) & ~(REGION_BYTES - 1));
    if (aligned > at)
        munmap(at, (size_t)(aligned - at));
    munmap(aligned + REGION_BYTES, REGION_BYTES - (size_t)(aligned - at));
    /* Items are met at random, so that small pages would miss the TLB on every one. */
    madvise(aligned, REGION_BYTES, MADV_HUGEPAGE);
    return (struct memory_region *)aligned;
}

static bool add_region(struct memory *memory)
{
    if (memory->region_count == memory->region_capacity) {
        size_t capacity = memory->region_capacity ? 2 * memory->region_capacity : 16;
        void *grown = realloc(memory->regions, capacity * sizeof(*memory->regions));
        if (!grown)
            return false;
        memory->regions = grown;
        memory->region_capacity = capacity;
    }
    struct memory_region *region = map_region();
    if (!region)
        return false;
    memory->regions[memory->region_count++] = region;
    return true;
}

/* Pages count from 0, in the order in which they are taken for the first time. */
static struct memory_page *page_by_number(struct memory *memory, size_t number)
{
    struct memory_region *region = memory->regions[number / (REGION_PAGES - 1)];
    return &region->pages[1 + number % (REGION_PAGES - 1)];
}

/* One that is free again, or else a fresh one; NULL: no memory. The pages_lock is held. */
static struct memory_page *any_page(struct memory *memory)
{
    struct memory_page *page = memory->free_pages;

    if (page) {
        memory->free_pages = page->next;
        memory->free_page_count--;
        return page;
    }
    page = memory->bare_pages;
    if (page) {
        memory->bare_pages = page->next;
        return page;
    }
    size_t number = atomic_load_explicit(&memory->page_count, memory_order_relaxed);
    if (number == memory->region_count * (REGION_PAGES - 1) && !add_region(memory))
        return NULL;
    atomic_store_explicit(&memory->page_count, number + 1, memory_order_relaxed);
    page = page_by_number(memory, number);
    atomic_init(&page->class_id, NO_CLASS);
    return page;
}

static bool has_pages(const struct memory_class *class)
{
    return atomic_load_explicit(&class->page_count, memory_order_relaxed) > 0;
}

static bool may_grow(const struct memory *memory, const struct memory_class *class)
{
    size_t limit = atomic_load_explicit(&memory->limit_bytes, memory_order_relaxed);

    return !has_pages(class) || memory_used(memory) + MEMORY_PAGE_BYTES <= limit;
}

/* What an allocation may do when its size has no free object. */
enum growth {
    GROWTH_NONE,
    GROWTH_TO_LIMIT, /* take a page */
    GROWTH_BEYOND,
};

/* For a class that has page_count others. */
static struct memory_page *take_page(struct memory *memory, const struct memory_class *class,
                                     enum growth growth)
{
    struct memory_page *page = NULL;

    lock_take(&memory->pages_lock);
    if (growth == GROWTH_BEYOND || may_grow(memory, class))
        page = any_page(memory);
    if (page && has_pages(class))
        atomic_fetch_add_explicit(&memory->used_bytes, MEMORY_PAGE_BYTES, memory_order_relaxed);
    lock_drop(&memory->pages_lock);
    return page;
}

/* Of a class that has page_count others. */
static void give_page(struct memory *memory, const struct memory_class *class,
                      struct memory_page *page)
{
    lock_take(&memory->pages_lock);
    atomic_store_explicit(&page->class_id, NO_CLASS, memory_order_relaxed);
    if (has_pages(class))
        atomic_fetch_sub_explicit(&memory->used_bytes, MEMORY_PAGE_BYTES, memory_order_relaxed);
    size_t used = memory_used(memory);
    if (memory->free_page_count < FREE_PAGES_MIN + used / MEMORY_PAGE_BYTES / FREE_PAGES_SHARE) {
        page->next = memory->free_pages;
        memory->free_pages = page;
        memory->free_page_count++;
    } else {
        ASAN_UNPOISON_MEMORY_REGION(memory_page_base(page), MEMORY_PAGE_BYTES);
        madvise(memory_page_base(page), MEMORY_PAGE_BYTES, MADV_DONTNEED);
        page->next = memory->bare_pages;
        memory->bare_pages = page;
    }
    lock_drop(&memory->pages_lock);
}

static void link_partial(struct memory_class *class, struct memory_page *page)
{
    page->prev = NULL;
    page->next = class->partial;
    if (page->next)
        page->next->prev = page;
    class->partial = page;
}

static void unlink_partial(struct memory_class *class, struct memory_page *page)
{
    if (page->prev)
        page->prev->next = page->next;
    else
        class->partial = page->next;
    if (page->next)
        page->next->prev = page->prev;
}

static bool page_is_full(const struct memory_page *page)
{
    return !page->free && page->carved == page->capacity;
}

static bool add_page(struct memory *memory, struct memory_class *class, enum growth growth)
{
    struct memory_page *page = growth == GROWTH_NONE ? NULL : take_page(memory, class, growth);

    if (!page)
        return false;
    page->capacity = (uint16_t)(MEMORY_PAGE_BYTES / class->object_bytes);
    page->carved = 0;
    page->free_count = 0;
    page->free = NULL;
    atomic_store_explicit(&page->draining, false, memory_order_relaxed);
    atomic_store_explicit(&page->class_id, (uint8_t)(class - memory->classes),
                          memory_order_relaxed);
    link_partial(class, page);
    atomic_fetch_add_explicit(&class->page_count, 1, memory_order_relaxed);
    return true;
}

/* The lock of the class is held. */
static void count_taken(struct memory_class *class, int n)
{
    uint32_t taken = atomic_load_explicit(&class->taken, memory_order_relaxed);
    atomic_store_explicit(&class->taken, taken + (uint32_t)n, memory_order_relaxed);
}

/* From the first partial page that is not being drained; the lock of the class is held. */
static void *take_object(struct memory_class *class)
{
    struct memory_page *page = class->partial;

    if (page->next && atomic_load_explicit(&page->draining, memory_order_relaxed))
        page = page->next;
    void *object = page->free;
    if (object) {
        page->free = next_free(object);
        page->free_count--;
    } else {
        object = memory_page_base(page) + (size_t)page->carved++ * class->object_bytes;
        /* The page may have been carved into objects of another class before. */
        ASAN_UNPOISON_MEMORY_REGION(object, 8);
        ASAN_POISON_MEMORY_REGION((char *)object + 8, class->object_bytes - 8);
    }
    if (page_is_full(page))
        unlink_partial(class, page);
    count_taken(class, 1);
    return object;
}

/* The lock of the class is held. */
static void give_object(struct memory *memory, struct memory_class *class, void *object)
{
    struct memory_page *page = page_of(object);

    if (page_is_full(page))
        link_partial(class, page);
    set_next_free(object, page->free);
    page->free = object;
    page->free_count++;
    count_taken(class, -1);
    if (page->free_count == page->carved) {
        unlink_partial(class, page);
        atomic_fetch_sub_explicit(&class->page_count, 1, memory_order_relaxed);
        give_page(memory, class, page);
    }
}

uint32_t memory_cached(const struct memory_cache *cache, unsigned id)
{
    return atomic_load_explicit(&cache->bins[id].count, memory_order_relaxed);
}

static void push(struct memory_cache *cache, unsigned id, void *object)
{
    set_next_free(object, cache->bins[id].head);
    cache->bins[id].head = object;
    atomic_store_explicit(&cache->bins[id].count, memory_cached(cache, id) + 1,
                          memory_order_relaxed);
}

static void *pop(struct memory_cache *cache, unsigned id)
{
    void *object = cache->bins[id].head;

    cache->bins[id].head = next_free(object);
    cache->bins[id].used = true;
    atomic_store_explicit(&cache->bins[id].count, memory_cached(cache, id) - 1,
                          memory_order_relaxed);
    return object;
}

static bool refill(struct memory *memory, struct memory_cache *cache, unsigned id,
                   enum growth growth)
{
    struct memory_class *class = &memory->classes[id];
    uint32_t most = (class->cached_max + 1) / 2, count = 0;
    void *objects[(CACHED_OBJECTS_MAX + 1) / 2];

    lock_take(&class->lock);
    while (count < most && (class->partial || (count == 0 && add_page(memory, class, growth))))
        objects[count++] = take_object(class);
    lock_drop(&class->lock);
    /* The first touch of a huge page takes long: not while the lock is held. */
    for (uint32_t i = 0; i < count; i++)
        push(cache, id, objects[i]);
    return count > 0;
}

static void empty_bin(struct memory *memory, struct memory_cache *cache, unsigned id, uint32_t keep)
{
    struct memory_class *class = &memory->classes[id];

    lock_take(&class->lock);
    while (memory_cached(cache, id) > keep)
        give_object(memory, class, pop(cache, id));
    lock_drop(&class->lock);
}

void memory_cache_flush(struct memory *memory, struct memory_cache *cache)
{
    for (unsigned id = 0; id < memory->class_count; id++)
        if (memory_cached(cache, id))
            empty_bin(memory, cache, id, 0);
}

void memory_cache_trim(struct memory *memory, struct memory_cache *cache)
{
    unsigned id = cache->next_trimmed++ % memory->class_count;

    if (!cache->bins[id].used && memory_cached(cache, id))
        empty_bin(memory, cache, id, 0);
    cache->bins[id].used = false;
}

static void *alloc_object(struct memory *memory, struct memory_cache *cache, size_t size,
                          enum growth growth)
{
    unsigned epoch = atomic_load_explicit(&memory->drain_epoch, memory_order_relaxed);

    assert(size <= MEMORY_OBJECT_MAX);
    if (cache->drain_epoch != epoch) {
        cache->drain_epoch = epoch;
        memory_cache_flush(memory, cache);
    }
    unsigned id = memory->class_of[(size + 7) / 8];
    if (!memory_cached(cache, id) && !refill(memory, cache, id, growth))
        return NULL;
    void *object = pop(cache, id);
    ASAN_UNPOISON_MEMORY_REGION(object, size);
    return object;
}

void *memory_alloc(struct memory *memory, struct memory_cache *cache, size_t size)
{
    return alloc_object(memory, cache, size, GROWTH_TO_LIMIT);
}

void *memory_alloc_at_hand(struct memory *memory, struct memory_cache *cache, size_t size)
{
    return alloc_object(memory, cache, size, GROWTH_NONE);
}

void *memory_alloc_beyond_limit(struct memory *memory, struct memory_cache *cache, size_t size)
{
    return alloc_object(memory, cache, size, GROWTH_BEYOND);
}

/* Mostly no page is, and then it is not looked at: it is seldom in the processor's cache. */
static bool is_draining(const struct memory *memory, const void *object)
{
    return atomic_load_explicit(&memory->draining_pages, memory_order_relaxed) > 0 &&
           atomic_load_explicit(&page_of(object)->draining, memory_order_relaxed);
}

static void free_object(struct memory *memory, struct memory_cache *cache, void *object,
                        unsigned id)
{
    struct memory_class *class = &memory->classes[id];

    ASAN_POISON_MEMORY_REGION((char *)object + 8, class->object_bytes - 8);
    if (is_draining(memory, object)) {
        lock_take(&class->lock);
        give_object(memory, class, object);
        lock_drop(&class->lock);
        return;
    }
    push(cache, id, object);
    if (memory_cached(cache, id) > class->cached_max)
        empty_bin(memory, cache, id, class->cached_max / 2);
}

static unsigned class_of_object(const void *object)
{
    return atomic_load_explicit(&page_of(object)->class_id, memory_order_relaxed);
}

void memory_free(struct memory *memory, struct memory_cache *cache, void *object)
{
    free_object(memory, cache, object, class_of_object(object));
}

void memory_free_sized(struct memory *memory, struct memory_cache *cache, void *object, size_t size)
{
    unsigned id = memory->class_of[(size + 7) / 8];

#ifdef POISONING
    assert(id == class_of_object(object));
#endif
    free_object(memory, cache, object, id);
}

void memory_populate(void *at, size_t bytes)
{
    /* Systems before Linux 5.14 do not know how; the first write does it there. */
    madvise(at, bytes, MADV_POPULATE_WRITE);
}

/* Whether the pages from ready_count on should get memory. Racing with those who take pages. */
static bool needs_ready(const struct memory *memory)
{
    return atomic_load_explicit(&memory->ready_count, memory_order_relaxed) <
           atomic_load_explicit(&memory->page_count, memory_order_relaxed) + READY_PAGES;
}

void memory_ready(struct memory *memory)
{
    char *huge = NULL;

    if (!needs_ready(memory))
        return;
    lock_take(&memory->pages_lock);
    size_t number = atomic_load_explicit(&memory->ready_count, memory_order_relaxed);
    size_t taken = atomic_load_explicit(&memory->page_count, memory_order_relaxed);
    number = number < taken ? taken : number;
    if (needs_ready(memory) &&
        (number < memory->region_count * (REGION_PAGES - 1) || add_region(memory))) {
        size_t index = 1 + number % (REGION_PAGES - 1);
        size_t first = index / HUGE_PAGE_PAGES * HUGE_PAGE_PAGES;
        huge = (char *)memory->regions[number / (REGION_PAGES - 1)] + first * MEMORY_PAGE_BYTES;
        atomic_store_explicit(&memory->ready_count, number + first + HUGE_PAGE_PAGES - index,
                              memory_order_relaxed);
    }
    lock_drop(&memory->pages_lock);
    if (huge)
        memory_populate(huge, HUGE_PAGE_PAGES * MEMORY_PAGE_BYTES);
}

void memory_note_extra(struct memory *memory, size_t bytes)
{
    lock_take(&memory->pages_lock);
    atomic_fetch_add_explicit(&memory->used_bytes, bytes, memory_order_relaxed);
    lock_drop(&memory->pages_lock);
}

size_t memory_used(const struct memory *memory)
{
    return atomic_load_explicit(&memory->used_bytes, memory_order_relaxed);
}

bool memory_may_grow(const struct memory *memory, size_t size)
{
    return may_grow(memory, &memory->classes[memory->class_of[(size + 7) / 8]]);
}

size_t memory_in_pages(struct memory *memory, size_t *free)
{
    size_t pages;

    lock_take(&memory->pages_lock);
    *free = pages = memory->free_page_count;
    lock_drop(&memory->pages_lock);
    for (unsigned id = 0; id < memory->class_count; id++)
        pages += atomic_load_explicit(&memory->classes[id].page_count, memory_order_relaxed);
    return pages * MEMORY_PAGE_BYTES;
}

size_t memory_rounded(const struct memory *memory, size_t size)
{
    return memory->classes[memory->class_of[(size + 7) / 8]].object_bytes;
}

/* Whether as many objects of the class are free as a page has. */
static bool has_spare_page(const struct memory_class *class)
{
    int64_t per_page = MEMORY_PAGE_BYTES / class->object_bytes;
    int64_t pages = atomic_load_explicit(&class->page_count, memory_order_relaxed);

    return pages * per_page - atomic_load_explicit(&class->taken, memory_order_relaxed) >= per_page;
}

struct memory_page *memory_drain_begin(struct memory *memory, size_t size, bool spare,
                                       uint64_t random)
{
    struct memory_page *page = NULL;
    unsigned wanted = memory->class_of[(size + 7) / 8];

    lock_take(&memory->pages_lock);
    size_t pages = atomic_load_explicit(&memory->page_count, memory_order_relaxed);
    for (unsigned tries = 0; tries < 32 && pages; tries++) {
        struct memory_page *candidate = page_by_number(memory, random % pages);
        unsigned id = atomic_load_explicit(&candidate->class_id, memory_order_relaxed);
        if (id != NO_CLASS && id != wanted && (!spare || has_spare_page(&memory->classes[id]))) {
            page = candidate;
            atomic_store_explicit(&page->draining, true, memory_order_relaxed);
            break;
        }
        random = random * 6364136223846793005u + 1442695040888963407u;
        random ^= random >> 29;
    }
    lock_drop(&memory->pages_lock);
    if (page) {
        atomic_fetch_add_explicit(&memory->draining_pages, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&memory->drain_epoch, 1, memory_order_relaxed);
    }
    return page;
}

bool memory_has(struct memory *memory, const void *address)
{
    uintptr_t region = (uintptr_t)address & ~(REGION_BYTES - 1);
    bool found = false;

    lock_take(&memory->pages_lock);
    for (size_t i = 0; i < memory->region_count && !found; i++)
        found = (uintptr_t)memory->regions[i] == region;
    lock_drop(&memory->pages_lock);
    return found && (uintptr_t)address - region >= MEMORY_PAGE_BYTES;
}

void memory_drain_end(struct memory *memory, struct memory_page *page)
{
    atomic_store_explicit(&page->draining, false, memory_order_relaxed);
    atomic_fetch_sub_explicit(&memory->draining_pages, 1, memory_order_relaxed);
}

size_t memory_page_object_bytes(const struct memory *memory, const struct memory_page *page)
{
    unsigned id = atomic_load_explicit(&page->class_id, memory_order_relaxed);
    return id == NO_CLASS ? 0 : memory->classes[id].object_bytes;
}
