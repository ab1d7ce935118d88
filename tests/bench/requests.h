#pragma once
#include <stddef.h>
#include <stdint.h>

/*
 * What one operation looks like on the wire, in the text protocol that the memcached family speaks
 * and in redis' protocol, and how many lines its reply has: keys and elements that are asked for
 * exist and no value contains a line end, so counting lines finds the end of every reply.
 *
 * Keys are 14 bytes. An element of a collection is named by two numbers: the collection, and which
 * of the collection's elements it is.
 */
struct pick {
    uint64_t key;        /* of a key-value item */
    unsigned collection; /* below `collections` */
    unsigned element;    /* below `elements` */
    unsigned generation; /* collections of another generation have other keys */
    unsigned elements;
    unsigned value_bytes;
    uint64_t keys;
};

struct request {
    const char *name;
    size_t (*text)(char *at, const struct pick *pick);
    size_t (*redis)(char *at, const struct pick *pick);
    unsigned text_lines, redis_lines;
    const char *text_begins, *redis_begins; /* the reply */
    enum { AT_RANDOM, ONE_AFTER_THE_OTHER } order;
};

/* NULL: there is no such operation. */
const struct request *request_find(const char *name);

/* No request is longer than the value and this. */
#define REQUEST_BYTES 1024
