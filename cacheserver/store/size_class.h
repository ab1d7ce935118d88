#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cacheserver/store/item.h"

/*
 * Items by size, for statistics only: tools ask for the slab classes of arcus-memcached, where a
 * class is a list of items of about the same size. An item is counted in the class that it would
 * be in there, with the same options. Memory is not divided by class here.
 *
 * Class 0 is what takes up to 48 KiB there, collections included; the others have sizes that grow
 * by a factor, from a small one on, so that only those above 48 KiB are ever used.
 */
#define SIZE_CLASSES_MAX        201
#define SIZE_CLASS_CHUNK_BYTES  48 /* what the smallest class has beside a header, by default */
#define SIZE_CLASS_FACTOR       1.25
#define SIZE_CLASS_SMALL_BYTES  (48 * 1024)
#define SIZE_CLASS_HEADER_BYTES 64 /* of an item, there */

struct size_classes {
    unsigned count;                   /* class 0 included */
    uint32_t bytes[SIZE_CLASSES_MAX]; /* the largest item of the class */
};

/* `largest_bytes` is the size of the last class. */
void size_classes_init(struct size_classes *classes, size_t chunk_bytes, double factor,
                       size_t largest_bytes);

/* The class of a key-value item. */
unsigned size_class_of(const struct size_classes *classes, size_t key_len, size_t value_len);

/* The class of any item; small ones, which are most, are not looked up. */
static inline unsigned item_size_class(const struct size_classes *classes, const struct item *item)
{
    return item_in_chunks(item) ? size_class_of(classes, item_key_len(item), item_value_len(item))
                                : 0;
}
