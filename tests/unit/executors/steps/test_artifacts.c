#include "executors/steps/steps.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void what_was_put_is_found_by_its_package(void **state)
{
    struct artifacts *artifacts = artifacts_new();
    char name[] = "arcus", path[] = "/tmp/arcus.tar.gz";
    struct artifact put = {.package = name, .digest = "abc", .archive = path, .bytes = 7}, got;

    (void)state;
    assert_false(artifacts_get(artifacts, "arcus", &got));
    artifacts_put(artifacts, &put);
    name[0] = path[0] = 'X';
    assert_true(artifacts_get(artifacts, "arcus", &got));
    assert_string_equal(got.package, "arcus");
    assert_string_equal(got.archive, "/tmp/arcus.tar.gz");
    assert_string_equal(got.digest, "abc");
    assert_int_equal(got.bytes, 7);
    assert_false(artifacts_get(artifacts, "other", &got));
    artifacts_free(artifacts);
    artifacts_free(NULL);
}

static void a_second_build_replaces_the_first(void **state)
{
    struct artifacts *artifacts = artifacts_new();
    struct artifact got;

    (void)state;
    artifacts_put(artifacts, &(struct artifact){"a", "1", "one", 1});
    artifacts_put(artifacts, &(struct artifact){"b", "x", "other", 1});
    artifacts_put(artifacts, &(struct artifact){"a", "2", "two", 2});
    assert_true(artifacts_get(artifacts, "a", &got));
    assert_string_equal(got.digest, "2");
    assert_string_equal(got.archive, "two");
    artifacts_free(artifacts);
}

static void *put_many(void *data)
{
    for (int i = 0; i < 200; i++) {
        char name[16];
        struct artifact artifact = {.package = name, .archive = "x", .bytes = i}, got;

        snprintf(name, sizeof(name), "p%d", i % 20);
        artifacts_put(data, &artifact);
        if (!artifacts_get(data, name, &got))
            return data;
    }
    return NULL;
}

static void several_threads_may_put_and_get(void **state)
{
    struct artifacts *artifacts = artifacts_new();
    pthread_t threads[4];

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, put_many, artifacts), 0);
    for (int i = 0; i < 4; i++) {
        void *missed;

        pthread_join(threads[i], &missed);
        assert_null(missed);
    }
    artifacts_free(artifacts);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_found_by_its_package),
        cmocka_unit_test(a_second_build_replaces_the_first),
        cmocka_unit_test(several_threads_may_put_and_get),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
