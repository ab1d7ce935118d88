#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/cacheserver/command/fixture.h"

#define TREES_MAX    600
#define ELEMENTS_MAX 64

/* What the b+trees hold, and the whole reply as it should be. */
struct site {
    struct client *client;
    unsigned trees;
    unsigned value_len;
    char keys[TREES_MAX * 8];
    struct pair {
        unsigned bkey, tree;
    } all[TREES_MAX * ELEMENTS_MAX];
    unsigned count;
    char request[TREES_MAX * 8 + 200];
    char expected[1 << 20];
};

static void say_ok(struct site *site, const char *request)
{
    const char *reply = say(site->client, request);
    assert_true(strstr(reply, "STORED\r\n"));
}

static struct site *site_new(unsigned trees, unsigned elements, unsigned value_len)
{
    struct site *site = calloc(1, sizeof(*site));
    char request[6000];
    size_t n = 0;

    site->client = client_new();
    site->trees = trees;
    site->value_len = value_len;
    for (unsigned t = 0; t < trees; t++) {
        n += (size_t)snprintf(site->keys + n, sizeof(site->keys) - n, "%st%03u", t ? " " : "", t);
        unsigned bkey = 0;
        for (unsigned i = 0; i < elements; i++) {
            bkey += 1 + (unsigned)rand() % 50;
            (void)snprintf(request, sizeof(request),
                           "bop insert t%03u %u %u create 3 0 0\r\n%0*u\r\n", t, bkey, value_len,
                           (int)value_len, t);
            say_ok(site, request);
            site->all[site->count++] = (struct pair){.bkey = bkey, .tree = t};
        }
    }
    return site;
}

static void site_free(struct site *site)
{
    client_free(site->client);
    free(site);
}

static int compare(const void *a, const void *b)
{
    const struct pair *first = a, *second = b;

    if (first->bkey != second->bkey)
        return first->bkey < second->bkey ? -1 : 1;
    return (first->tree > second->tree) - (first->tree < second->tree);
}

static void expect(struct site *site, unsigned count, bool descending, bool unique)
{
    size_t n = 0, size = sizeof(site->expected);
    unsigned taken[2000], found = 0;
    bool duplicated = false;

    qsort(site->all, site->count, sizeof(site->all[0]), compare);
    for (unsigned i = 0; i < site->count && found < count; i++) {
        unsigned at = descending ? site->count - 1 - i : i;
        bool same = found && site->all[taken[found - 1]].bkey == site->all[at].bkey;
        if (same && unique)
            continue;
        duplicated |= same;
        taken[found++] = at;
    }
    n += (size_t)snprintf(site->expected, size, "ELEMENTS %u\r\n", found);
    for (unsigned i = 0; i < found; i++) {
        const struct pair *pair = &site->all[taken[i]];
        n += (size_t)snprintf(site->expected + n, size - n, "t%03u 3 %u %u %0*u\r\n", pair->tree,
                              pair->bkey, site->value_len, (int)site->value_len, pair->tree);
    }
    (void)snprintf(site->expected + n, size - n, "MISSED_KEYS 0\r\nTRIMMED_KEYS 0\r\n%s\r\n",
                   duplicated ? "DUPLICATED" : "END");
}

static void check(struct site *site, unsigned count, bool descending, bool unique)
{
    (void)snprintf(site->request, sizeof(site->request), "bop smget %zu %u %s %u %s\r\n%s\r\n",
                   strlen(site->keys), site->trees, descending ? "99999..0" : "0..99999", count,
                   unique ? "unique" : "duplicate", site->keys);
    expect(site, count, descending, unique);
    assert_string_equal(say(site->client, site->request), site->expected);
}

static void check_all(struct site *site)
{
    static const unsigned counts[] = {1, 10, 100, 1000};

    for (unsigned form = 0; form < 4; form++)
        for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
            if (counts[i] * site->value_len < sizeof(site->expected) / 2)
                check(site, counts[i], form & 1, form & 2);
    site_free(site);
}

static void many_btrees_are_merged_in_turns(void **state)
{
    (void)state;
    check_all(site_new(TREES_MAX, 20, 10));
}

static void long_btrees_are_merged_in_slices(void **state)
{
    (void)state;
    check_all(site_new(20, ELEMENTS_MAX, 10));
}

static void large_elements_are_merged_in_slices(void **state)
{
    (void)state;
    check_all(site_new(30, 40, 5000));
}

static void a_reply_that_is_full_is_continued(void **state)
{
    struct site *site = site_new(40, 40, 2000);

    (void)state;
    check(site, 250, false, false);
    check(site, 250, true, true);
    site_free(site);
}

static void the_next_request_is_answered_after_it(void **state)
{
    struct site *site = site_new(TREES_MAX, 3, 10);
    const char *reply;

    (void)state;
    check(site, 100, false, false);
    (void)snprintf(site->request, sizeof(site->request),
                   "bop smget %zu %u 0..99999 1 unique\r\n%s\r\nversion\r\n", strlen(site->keys),
                   site->trees, site->keys);
    reply = say(site->client, site->request);
    assert_non_null(strstr(reply, "ELEMENTS 1\r\n"));
    assert_non_null(strstr(reply, "END\r\nVERSION"));
    site_free(site);
}

static void a_client_that_leaves_meanwhile_leaves_nothing(void **state)
{
    struct site *site = site_new(TREES_MAX, 10, 10);
    size_t done;

    (void)state;
    (void)snprintf(site->request, sizeof(site->request),
                   "bop smget %zu %u 0..99999 1000 duplicate\r\n%s\r\n", strlen(site->keys),
                   site->trees, site->keys);
    done = session_input(&site->client->session, &site->client->context, site->request,
                         strlen(site->request));
    assert_int_equal(done, strlen(site->request));
    assert_true(session_has_work(&site->client->session));
    site_free(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_btrees_are_merged_in_turns),
        cmocka_unit_test(long_btrees_are_merged_in_slices),
        cmocka_unit_test(large_elements_are_merged_in_slices),
        cmocka_unit_test(a_reply_that_is_full_is_continued),
        cmocka_unit_test(the_next_request_is_answered_after_it),
        cmocka_unit_test(a_client_that_leaves_meanwhile_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
