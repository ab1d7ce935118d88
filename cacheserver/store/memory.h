#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cacheserver/runtime/lock.h"

/*
 * Objects of up to 64 KiB out of 64 KiB pages, each page cut into objects of one size, under one
 * limit. Each thread allocates and frees through a cache of its own and takes a lock only to
 * refill or empty it, so that nothing is shared in the steady state. Larger things are chains of
 * objects (see item.h).
 *
 * The limit counts pages and what memory_note_extra adds. The first page of each size does not
 * count, so whatever is stored first of its size takes no memory from others.
 */
#define MEMORY_PAGE_BYTES  65536
#define MEMORY_OBJECT_MAX  65536
#define MEMORY_CLASSES_MAX 128

struct memory_page;
struct memory_region;

struct memory_class {
    _Alignas(64) struct lock lock; /* guards the pages of this class */
    struct memory_page *partial;   /* pages with a free object */
    _Atomic uint32_t page_count;   /* pages of this class */
    _Atomic uint32_t taken;        /* objects in use or in the cache of a thread */
    uint32_t object_bytes;
    uint32_t cached_max; /* free objects that one thread keeps */
};

struct memory {
    _Atomic size_t limit_bytes;
    _Atomic size_t used_bytes; /* what counts; changed under pages_lock */
    _Atomic unsigned drain_epoch;
    _Atomic unsigned draining_pages;
    struct lock pages_lock;         /* guards what follows */
    struct memory_page *free_pages; /* with memory behind them, free_page_count of them */
    struct memory_page *bare_pages; /* free, and their memory was given back to the system */
    size_t free_page_count;
    struct memory_region **regions;
    size_t region_count, region_capacity;
    _Atomic size_t page_count;  /* taken at least once */
    _Atomic size_t ready_count; /* pages before this one have memory, or get it just now */

    unsigned class_count;
    uint8_t class_of[MEMORY_OBJECT_MAX / 8 + 1]; /* by size in units of 8 bytes, rounded up */
    struct memory_class classes[MEMORY_CLASSES_MAX];
};

/* One thread's free objects. */
struct memory_cache {
    unsigned drain_epoch;
    unsigned next_trimmed;
    struct {
        void *head;
        _Atomic uint32_t count; /* written by its thread alone */
        bool used;              /* since it was looked at by memory_cache_trim */
    } bins[MEMORY_CLASSES_MAX];
};

void memory_init(struct memory *memory, size_t limit_bytes);
void memory_deinit(struct memory *memory);

/* NULL when the limit is reached (or the system refuses). size <= MEMORY_OBJECT_MAX. The object is
 * aligned to 8 bytes, to 64 when size is a multiple of 64. */
void *memory_alloc(struct memory *memory, struct memory_cache *cache, size_t size);
/* The same, NULL also when it would take another page. */
void *memory_alloc_at_hand(struct memory *memory, struct memory_cache *cache, size_t size);
/* The same for small structures that must not fail because of the limit. */
void *memory_alloc_beyond_limit(struct memory *memory, struct memory_cache *cache, size_t size);
void memory_free(struct memory *memory, struct memory_cache *cache, void *object);
/* The same for one that was allocated as `size` bytes, or as many as are rounded alike: who knows
 * them spares a look at its page. */
void memory_free_sized(struct memory *memory, struct memory_cache *cache, void *object,
                       size_t size);

/* Gives a thread's free objects back to all. */
void memory_cache_flush(struct memory *memory, struct memory_cache *cache);
/* Gives those of one size back if none was taken since this was called for that size before. Now
 * and then: a few objects that nobody needs keep as many pages. */
void memory_cache_trim(struct memory *memory, struct memory_cache *cache);

/* Gets memory from the system for the pages that will be taken next, which may take it
 * milliseconds. After every change and before a page is taken, when no lock is held. */
void memory_ready(struct memory *memory);
/* The same for mapped memory that is not in pages. */
void memory_populate(void *at, size_t bytes);

/* Counts memory that is not in pages (the hash table) against the limit. */
void memory_note_extra(struct memory *memory, size_t bytes);
/* What counts against the limit. */
size_t memory_used(const struct memory *memory);
/* There may be another page of objects of this size. */
bool memory_may_grow(const struct memory *memory, size_t size);
/* What pages have taken from the system and not given back: those in use, and those that are free
 * but kept, whose number is *free. */
size_t memory_in_pages(struct memory *memory, size_t *free);
/* Objects of this class that lie ready in a thread's cache. Any thread. */
uint32_t memory_cached(const struct memory_cache *cache, unsigned id);
/* What objects of this size really take. */
size_t memory_rounded(const struct memory *memory, size_t size);

/* A page cut into objects of another size than `size`, marked so that what is freed in it goes
 * back to the page at once; when all of it is freed it serves any size again. `spare`: only one
 * whose objects have room in other pages. NULL: none found. */
struct memory_page *memory_drain_begin(struct memory *memory, size_t size, bool spare,
                                       uint64_t random);
void memory_drain_end(struct memory *memory, struct memory_page *page);
/* Whether the address lies in a page of ours; pages stay ours for ever. */
bool memory_has(struct memory *memory, const void *address);
/* Where its objects lie; the page may have changed hands meanwhile, so trust nothing in them. */
char *memory_page_base(struct memory_page *page);
/* 0 when it is cut into nothing at the moment. */
size_t memory_page_object_bytes(const struct memory *memory, const struct memory_page *page);
