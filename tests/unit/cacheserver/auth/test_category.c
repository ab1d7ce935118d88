#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cacheserver/auth/category.h"

static unsigned parse(const char *text)
{
    return category_parse(text, strlen(text));
}

static void names_become_bits(void **state)
{
    (void)state;
    assert_int_equal(parse("kv"), CATEGORY_KV);
    assert_int_equal(parse("list,btree"), CATEGORY_LIST | CATEGORY_BTREE);
    assert_int_equal(parse("kv,list,set,map,btree,scan,flush,attr,admin"), CATEGORY_ALL);
}

static void the_last_name_counts_without_a_terminator(void **state)
{
    (void)state;
    assert_int_equal(category_parse("kv,adminX", 8), CATEGORY_KV | CATEGORY_ADMIN);
}

static void what_names_nothing_gives_nothing(void **state)
{
    (void)state;
    assert_int_equal(parse(""), 0);
    assert_int_equal(parse(",,"), 0);
    assert_int_equal(parse("KV, list,adm"), 0);
    assert_int_equal(parse("x,kv,"), CATEGORY_KV);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_become_bits),
        cmocka_unit_test(the_last_name_counts_without_a_terminator),
        cmocka_unit_test(what_names_nothing_gives_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
