#include "planner/base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int set_up(void **state)
{
    *state = arena_new();
    return 0;
}

static int tear_down(void **state)
{
    arena_free(*state);
    return 0;
}

static void memory_is_zeroed(void **state)
{
    for (size_t size = 1; size < 5000; size += 37) {
        const char *memory = arena_alloc(*state, size);

        for (size_t i = 0; i < size; i++)
            assert_int_equal(memory[i], 0);
        memset((char *)memory, 0xff, size);
    }
}

static void memory_is_aligned_for_any_type(void **state)
{
    for (size_t size = 0; size < 100; size++)
        assert_int_equal((uintptr_t)arena_alloc(*state, size) % _Alignof(max_align_t), 0);
}

static void pieces_do_not_overlap(void **state)
{
    enum { PIECES = 2000 };
    unsigned char *pieces[PIECES];
    size_t size = 1;

    for (size_t i = 0; i < PIECES; i++, size = size * 7 % 1013 + 1) {
        pieces[i] = arena_alloc(*state, size);
        memset(pieces[i], (int)(i % 251), size);
    }
    size = 1;
    for (size_t i = 0; i < PIECES; i++, size = size * 7 % 1013 + 1)
        for (size_t j = 0; j < size; j++)
            assert_int_equal(pieces[i][j], i % 251);
}

static void a_piece_may_be_larger_than_every_chunk(void **state)
{
    const size_t size = 5 * 1024 * 1024;
    char *small = arena_strdup(*state, "before");
    char *large = arena_alloc(*state, size);

    large[0] = 'x';
    large[size - 1] = 'y';
    assert_string_equal(small, "before");
    assert_string_equal(arena_strdup(*state, "after"), "after");
    assert_int_equal(large[size - 1], 'y');
}

static void an_empty_piece_is_a_valid_pointer(void **state)
{
    assert_non_null(arena_alloc(*state, 0));
    assert_non_null(arena_array_of(*state, int, 0));
}

static void copies_are_their_own_and_end_with_nul(void **state)
{
    char text[] = "a cache";
    char *copy = arena_strdup(*state, text);

    text[0] = 'x';
    assert_string_equal(copy, "a cache");
    assert_string_equal(arena_strndup(*state, "abcdef", 3), "abc");
    assert_string_equal(arena_strndup(*state, NULL, 0), "");
    assert_memory_equal(arena_strndup(*state, "a\0b", 3), "a\0b", 4);
}

static void printf_formats_texts_of_any_length(void **state)
{
    char *text = arena_printf(*state, "%s:%d", "port", 11211);

    assert_string_equal(text, "port:11211");
    assert_string_equal(arena_printf(*state, "%s", ""), "");
    assert_int_equal(strlen(arena_printf(*state, "%100000d", 1)), 100000);
}

static void typed_helpers_give_room_for_all_items(void **state)
{
    int *numbers = arena_array_of(*state, int, 1000);
    long long *one = arena_new_of(*state, long long);

    for (int i = 0; i < 1000; i++)
        numbers[i] = i;
    *one = 1;
    assert_int_equal(numbers[999], 999);
}

static void freeing_nothing_is_allowed(void **state)
{
    (void)state;
    arena_free(NULL);
}

/* Runs in a child, because the program ends. */
static void sizes_that_overflow_end_the_program(void **state)
{
    pid_t child = fork();
    int status = 0;

    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        fclose(stderr);
        arena_alloc_array(*state, SIZE_MAX / 2, 3);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(memory_is_zeroed),
        TEST(memory_is_aligned_for_any_type),
        TEST(pieces_do_not_overlap),
        TEST(a_piece_may_be_larger_than_every_chunk),
        TEST(an_empty_piece_is_a_valid_pointer),
        TEST(copies_are_their_own_and_end_with_nul),
        TEST(printf_formats_texts_of_any_length),
        TEST(typed_helpers_give_room_for_all_items),
        cmocka_unit_test(freeing_nothing_is_allowed),
        TEST(sizes_that_overflow_end_the_program),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
