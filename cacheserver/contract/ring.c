/* A sorted array of points: building sorts once, an owner is one binary search, and shares and
 * moved keys come from walking the points in order. The walk looks at stretches of key points
 * between two neighbouring ring points, all of whose keys have the same owner, so its result is
 * exact whatever the number of nodes. */
#include "cacheserver/contract/ring.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MD5_SIZE = 16, POINTS_PER_DIGEST = 4 };
enum { DIGESTS_PER_NODE = RING_POINTS_PER_NODE / POINTS_PER_DIGEST };
#define KEY_POINTS (UINT64_C(1) << 32)

static uint32_t read_little_endian(const unsigned char *bytes)
{
    return (uint32_t)bytes[3] << 24 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[1] << 8 | bytes[0];
}

static int add_digest(struct ring *ring, EVP_MD_CTX *context, const EVP_MD *md5, const char *name,
                      uint32_t node, unsigned number)
{
    unsigned char digest[MD5_SIZE];
    char suffix[16];
    int suffix_length = snprintf(suffix, sizeof(suffix), "-%u", number);

    if (!EVP_DigestInit_ex(context, md5, NULL) || !EVP_DigestUpdate(context, name, strlen(name)) ||
        !EVP_DigestUpdate(context, suffix, (size_t)suffix_length) ||
        !EVP_DigestFinal_ex(context, digest, NULL))
        return -1;
    for (int i = 0; i < POINTS_PER_DIGEST; i++)
        ring->points[ring->count++] =
            (struct ring_point){.point = read_little_endian(digest + 4 * i), .node = node};
    return 0;
}

static int add_all(struct ring *ring, EVP_MD_CTX *context, const EVP_MD *md5,
                   const char *const *names, size_t count)
{
    for (size_t node = 0; node < count; node++)
        for (unsigned number = 0; number < DIGESTS_PER_NODE; number++)
            if (add_digest(ring, context, md5, names[node], (uint32_t)node, number) < 0)
                return -1;
    return 0;
}

static int compare_points(const void *left, const void *right, void *data)
{
    const struct ring_point *a = left, *b = right;
    const char *const *names = data;

    if (a->point != b->point)
        return a->point < b->point ? -1 : 1;
    return strcmp(names[a->node], names[b->node]);
}

int ring_init(struct ring *ring, const char *const *names, size_t count)
{
    EVP_MD *md5;
    EVP_MD_CTX *context;
    int result = -1;

    *ring = (struct ring){0};
    if (count == 0)
        return 0;
    md5 = EVP_MD_fetch(NULL, "MD5", NULL);
    context = EVP_MD_CTX_new();
    ring->points = calloc(count, RING_POINTS_PER_NODE * sizeof(*ring->points));
    if (md5 && context && ring->points)
        result = add_all(ring, context, md5, names, count);
    EVP_MD_CTX_free(context);
    EVP_MD_free(md5);
    if (result < 0) {
        ring_deinit(ring);
        return -1;
    }
    qsort_r(ring->points, ring->count, sizeof(*ring->points), compare_points, (void *)names);
    return 0;
}

void ring_deinit(struct ring *ring)
{
    free(ring->points);
    *ring = (struct ring){0};
}

/* The index of the first point at or above point; count when there is none. */
static size_t find_point(const struct ring *ring, uint32_t point)
{
    size_t low = 0, high = ring->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (ring->points[middle].point < point)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint32_t ring_owner(const struct ring *ring, const void *key, size_t length)
{
    unsigned char digest[MD5_SIZE];
    size_t index;
    bool is_hashed = EVP_Digest(key, length, digest, NULL, EVP_md5(), NULL);

    assert(is_hashed && ring->count > 0);
    index = find_point(ring, read_little_endian(digest));
    return ring->points[index < ring->count ? index : 0].node;
}

/* A place in a walk over the ring's points in order. */
struct walk {
    const struct ring *ring;
    size_t next;
};

/* The last key point of the stretch that the walk is in. */
static uint64_t stretch_end(const struct walk *walk)
{
    if (walk->next == walk->ring->count)
        return KEY_POINTS - 1;
    return walk->ring->points[walk->next].point;
}

static uint32_t stretch_owner(const struct walk *walk)
{
    return walk->ring->points[walk->next < walk->ring->count ? walk->next : 0].node;
}

static void walk_past(struct walk *walk, uint64_t end)
{
    while (walk->next < walk->ring->count && walk->ring->points[walk->next].point <= end)
        walk->next++;
}

static bool has_same_owner(const struct walk *before, const char *const *before_names,
                           const struct walk *after, const char *const *after_names)
{
    if (before->ring->count == 0 || after->ring->count == 0)
        return before->ring->count == after->ring->count;
    return strcmp(before_names[stretch_owner(before)], after_names[stretch_owner(after)]) == 0;
}

double ring_moved(const struct ring *before, const char *const *before_names,
                  const struct ring *after, const char *const *after_names)
{
    struct walk left = {.ring = before}, right = {.ring = after};
    uint64_t start = 0, moved = 0;

    while (start < KEY_POINTS) {
        uint64_t left_end = stretch_end(&left), right_end = stretch_end(&right);
        uint64_t end = left_end < right_end ? left_end : right_end;

        if (!has_same_owner(&left, before_names, &right, after_names))
            moved += end - start + 1;
        walk_past(&left, end);
        walk_past(&right, end);
        start = end + 1;
    }
    return (double)moved / (double)KEY_POINTS;
}

void ring_shares(const struct ring *ring, double *shares, size_t count)
{
    struct walk walk = {.ring = ring};
    uint64_t start = 0;

    for (size_t i = 0; i < count; i++)
        shares[i] = 0;
    while (ring->count > 0 && start < KEY_POINTS) {
        uint64_t end = stretch_end(&walk);
        uint32_t owner = stretch_owner(&walk);

        assert(owner < count);
        shares[owner] += (double)(end - start + 1) / (double)KEY_POINTS;
        walk_past(&walk, end);
        start = end + 1;
    }
}
