#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cacheserver/store/hash.h"

static const struct hash_seed seed = {0x0123456789abcdef, 0xfedcba9876543210};

static void every_byte_of_a_key_counts(void **state)
{
    char key[100];

    (void)state;
    for (size_t len = 1; len <= sizeof(key); len++) {
        memset(key, 'x', sizeof(key));
        uint64_t plain = hash_key(&seed, key, len);
        for (size_t i = 0; i < len; i++) {
            key[i] = 'y';
            assert_true(hash_key(&seed, key, len) != plain);
            key[i] = 'x';
        }
    }
}

static void length_and_seed_count(void **state)
{
    const struct hash_seed other = {1, 2};
    const char zeros[40] = {0};

    (void)state;
    for (size_t len = 1; len < sizeof(zeros); len++)
        assert_true(hash_key(&seed, zeros, len) != hash_key(&seed, zeros, len + 1));
    assert_true(hash_key(&seed, "key", 3) != hash_key(&other, "key", 3));
}

/* Alike keys must spread over low bits (the bucket) and high bits (the tag). */
static void keys_with_numbers_spread_evenly(void **state)
{
    enum { BUCKETS = 256, KEYS = 100 * BUCKETS };
    unsigned low[BUCKETS] = {0}, high[BUCKETS] = {0};
    char key[32];

    (void)state;
    for (unsigned i = 0; i < KEYS; i++) {
        int len = snprintf(key, sizeof(key), "prefix:key%08u", i);
        uint64_t hash = hash_key(&seed, key, (size_t)len);
        low[hash % BUCKETS]++;
        high[hash >> 56]++;
    }
    for (unsigned i = 0; i < BUCKETS; i++) {
        assert_in_range(low[i], 50, 160);
        assert_in_range(high[i], 50, 160);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_of_a_key_counts),
        cmocka_unit_test(length_and_seed_count),
        cmocka_unit_test(keys_with_numbers_spread_evenly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
