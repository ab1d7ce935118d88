/*
 * Sizes are multiples of eight and each is the one before times the factor, rounded up; the last
 * class takes what is larger.
 */
#include "cacheserver/store/size_class.h"

/* An item there also has a cas unique, and its value the CRLF that came with it. */
#define UNIQUE_BYTES 8
#define CRLF_BYTES   2
#define ALIGNMENT    8

void size_classes_init(struct size_classes *classes, size_t chunk_bytes, double factor,
                       size_t largest_bytes)
{
    size_t size = SIZE_CLASS_HEADER_BYTES + chunk_bytes;

    classes->count = 1;
    classes->bytes[0] = SIZE_CLASS_SMALL_BYTES;
    while (classes->count < SIZE_CLASSES_MAX - 1 &&
           (double)size <= (double)largest_bytes / factor) {
        size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        classes->bytes[classes->count++] = (uint32_t)size;
        size = (size_t)((double)size * factor);
    }
    classes->bytes[classes->count++] = (uint32_t)largest_bytes;
}

unsigned size_class_of(const struct size_classes *classes, size_t key_len, size_t value_len)
{
    size_t bytes = SIZE_CLASS_HEADER_BYTES + UNIQUE_BYTES + key_len + value_len + CRLF_BYTES;
    unsigned class = 1;

    if (bytes <= SIZE_CLASS_SMALL_BYTES)
        return 0;
    while (class < classes->count - 1 && classes->bytes[class] < bytes)
        class ++;
    return class;
}
