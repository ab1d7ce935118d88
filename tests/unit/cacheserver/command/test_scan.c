#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/cacheserver/command/fixture.h"

#define KEYS 5000

/* Counts the keys k0, k1, ... of a reply and returns its cursor. */
static unsigned long long note_keys(const char *reply, unsigned char times[KEYS])
{
    unsigned long long cursor;
    unsigned count, n;
    const char *at = reply;

    assert_int_equal(sscanf(reply, "KEYS %u %llu", &count, &cursor), 2);
    for (unsigned i = 0; i < count; i++) {
        at = strchr(at, '\n') + 1;
        if (sscanf(at, "k%u ", &n) == 1)
            times[n]++;
    }
    at = strchr(at, '\n') + 1;
    assert_string_equal(at, "END\r\n");
    return cursor;
}

static void a_scan_shows_every_key_once_while_others_come_and_go(void **state)
{
    struct client *c = client_new();
    unsigned char times[KEYS] = {0};
    unsigned long long cursor = 0;
    char line[64];
    unsigned more = 0;

    (void)state;
    for (unsigned i = 0; i < KEYS; i++) {
        snprintf(line, sizeof(line), "k%u", i);
        put(c->base, line, "x");
    }
    do {
        snprintf(line, sizeof(line), "scan key %llu count 100\r\n", cursor);
        cursor = note_keys(say(c, line), times);
        for (unsigned i = 0; i < 500 && more < 100000; i++, more++) {
            snprintf(line, sizeof(line), "other%u", more);
            put(c->base, line, "x");
        }
    } while (cursor);
    for (unsigned i = 0; i < KEYS; i++)
        assert_int_equal(times[i], 1);
    client_free(c);
}

static void long_keys_end_a_call_early(void **state)
{
    struct client *c = client_new();
    unsigned char times[KEYS] = {0};
    char *key = malloc(16001);
    unsigned long long cursor = 0;
    char line[64];
    unsigned calls = 0;

    (void)state;
    memset(key, 'x', 16000);
    key[16000] = '\0';
    for (unsigned i = 0; i < 100; i++) {
        memcpy(key, line, (size_t)snprintf(line, sizeof(line), "%03u", i));
        assert_int_equal(put(c->base, key, "x"), STORE_OK);
    }
    do {
        snprintf(line, sizeof(line), "scan key %llu count 2000\r\n", cursor);
        const char *reply = say(c, line);
        assert_true(strlen(reply) < 400000);
        cursor = note_keys(reply, times);
        calls++;
    } while (cursor);
    assert_true(calls > 5);
    free(key);
    client_free(c);
}

static void a_scan_of_prefixes_goes_on_where_it_stopped(void **state)
{
    struct client *c = client_new();
    unsigned long long cursor = 0;
    unsigned seen = 0, count;
    char line[64];

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(line, sizeof(line), "p%u:x", i);
        put(c->base, line, "x");
    }
    do {
        snprintf(line, sizeof(line), "scan prefix %llu count 30\r\n", cursor);
        assert_int_equal(sscanf(say(c, line), "PREFIXES %u %llu", &count, &cursor), 2);
        assert_true(count <= 30);
        seen += count;
    } while (cursor);
    assert_int_equal(seen, 1000);
    client_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scan_shows_every_key_once_while_others_come_and_go),
        cmocka_unit_test(long_keys_end_a_call_early),
        cmocka_unit_test(a_scan_of_prefixes_goes_on_where_it_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
