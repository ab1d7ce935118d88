#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cacheserver/auth/category.h"
#include "cacheserver/auth/users.h"

static const char *message;

static struct users *read_text(const char *text)
{
    static char path[64], said[1024];
    FILE *errors = fmemopen(said, sizeof(said), "w");

    strcpy(path, "/tmp/test-users-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    memset(said, 0, sizeof(said));
    struct users *users = users_read_file(path, errors);
    fclose(errors);
    unlink(path);
    message = said;
    return users;
}

static const char *password_of(const struct users *users, const char *name)
{
    const struct user *user = users_find(users, name, strlen(name));
    return user ? user_property(user, "userPassword")->value : NULL;
}

static void both_ways_to_write_a_line_are_read(void **state)
{
    struct users *users = read_text("# comment\n\na:one two:x\r\nb three four\nc\tfive\nd:six");

    (void)state;
    assert_non_null(users);
    assert_string_equal(password_of(users, "a"), "one two");
    assert_string_equal(password_of(users, "b"), "three");
    assert_string_equal(password_of(users, "c"), "five");
    assert_string_equal(password_of(users, "d"), "six");
    assert_null(password_of(users, "e"));
    assert_int_equal(users_find(users, "a", 1)->categories, CATEGORY_ALL);
    users_unref(users);
}

static void a_wrong_line_is_refused_with_its_number(void **state)
{
    (void)state;
    assert_null(read_text("a:b\n\nnobody\n"));
    assert_non_null(strstr(message, ":3: expected a user"));
    assert_null(read_text(":b\n"));
    assert_non_null(strstr(message, ":1: expected a user"));
}

static void a_file_that_is_not_there_is_an_error(void **state)
{
    char said[256] = "";
    FILE *errors = fmemopen(said, sizeof(said), "w");

    (void)state;
    assert_null(users_read_file("/nowhere/users", errors));
    fclose(errors);
    assert_non_null(strstr(said, "/nowhere/users: No such file"));
}

static void a_table_lives_as_long_as_somebody_holds_it(void **state)
{
    struct users *users = users_new();
    struct user *user = users_add(users, "name", 4, CATEGORY_KV);

    (void)state;
    assert_int_equal(user_set(user, "authPassword", "v\0w", 3), 0);
    struct users *again = users_ref(users);
    users_unref(users);
    const struct user_property *property =
        user_property(users_find(again, "name", 4), "AUTHPASSWORD");
    assert_int_equal(property->value_len, 3);
    assert_memory_equal(property->value, "v\0w", 3);
    users_unref(again);
    users_unref(NULL);
}

static void names_and_values_have_limits(void **state)
{
    static char text[USERS_VALUE_MAX + 1];
    struct users *users = users_new();

    (void)state;
    memset(text, 'x', sizeof(text));
    assert_null(users_add(users, text, USERS_NAME_MAX + 1, 0));
    assert_null(users_add(users, "", 0, 0));
    struct user *user = users_add(users, text, USERS_NAME_MAX, 0);
    assert_int_equal(user_set(user, "p", text, USERS_VALUE_MAX + 1), -1);
    assert_int_equal(user_set(user, "p", text, USERS_VALUE_MAX), 0);
    users_unref(users);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways_to_write_a_line_are_read),
        cmocka_unit_test(a_wrong_line_is_refused_with_its_number),
        cmocka_unit_test(a_file_that_is_not_there_is_an_error),
        cmocka_unit_test(a_table_lives_as_long_as_somebody_holds_it),
        cmocka_unit_test(names_and_values_have_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
