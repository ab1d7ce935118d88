#include "planner/base/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The examples of FIPS 180-4. */
static const char of_abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
static const char of_nothing[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
static const char of_two_blocks[] =
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";

static void digests_are_those_of_the_standard(void **state)
{
    const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    char hex[DIGEST_HEX_SIZE];

    (void)state;
    digest_of("abc", 3, hex);
    assert_string_equal(hex, of_abc);
    digest_of("", 0, hex);
    assert_string_equal(hex, of_nothing);
    digest_of(two_blocks, strlen(two_blocks), hex);
    assert_string_equal(hex, of_two_blocks);
}

static void pieces_give_the_digest_of_the_whole(void **state)
{
    struct digest *digest = digest_new();
    char hex[DIGEST_HEX_SIZE];

    (void)state;
    digest_add(digest, "a", 1);
    digest_add(digest, "", 0);
    digest_add(digest, "bc", 2);
    digest_finish(digest, hex);
    assert_string_equal(hex, of_abc);
}

static void digest_of_strings(const char *first, const char *second, char hex[DIGEST_HEX_SIZE])
{
    struct digest *digest = digest_new();

    digest_add_string(digest, first);
    digest_add_string(digest, second);
    digest_finish(digest, hex);
}

static void neighbouring_strings_do_not_run_together(void **state)
{
    char one[DIGEST_HEX_SIZE], other[DIGEST_HEX_SIZE];

    (void)state;
    digest_of_strings("ab", "c", one);
    digest_of_strings("a", "bc", other);
    assert_string_not_equal(one, other);
    digest_of_strings("ab", "c", other);
    assert_string_equal(one, other);
}

static void the_rest_of_a_file_is_digested(void **state)
{
    FILE *file = tmpfile();
    char hex[DIGEST_HEX_SIZE];

    (void)state;
    assert_non_null(file);
    fputs("xxabc", file);
    fflush(file);
    assert_int_equal(lseek(fileno(file), 2, SEEK_SET), 2);
    assert_int_equal(digest_of_fd(fileno(file), hex), 0);
    assert_string_equal(hex, of_abc);
    assert_int_equal(digest_of_fd(fileno(file), hex), 0);
    assert_string_equal(hex, of_nothing);
    fclose(file);
}

static void a_file_larger_than_the_buffer_is_digested_as_a_whole(void **state)
{
    enum { SIZE = 200 * 1024 };
    static char bytes[SIZE];
    char from_memory[DIGEST_HEX_SIZE], from_file[DIGEST_HEX_SIZE];
    FILE *file = tmpfile();

    (void)state;
    for (int i = 0; i < SIZE; i++)
        bytes[i] = (char)(i * 31);
    assert_int_equal(fwrite(bytes, 1, SIZE, file), SIZE);
    rewind(file);
    assert_int_equal(digest_of_fd(fileno(file), from_file), 0);
    digest_of(bytes, SIZE, from_memory);
    assert_string_equal(from_file, from_memory);
    fclose(file);
}

static void a_read_error_is_handed_on(void **state)
{
    char hex[DIGEST_HEX_SIZE];

    (void)state;
    errno = 0;
    assert_int_equal(digest_of_fd(-1, hex), -1);
    assert_int_equal(errno, EBADF);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_are_those_of_the_standard),
        cmocka_unit_test(pieces_give_the_digest_of_the_whole),
        cmocka_unit_test(neighbouring_strings_do_not_run_together),
        cmocka_unit_test(the_rest_of_a_file_is_digested),
        cmocka_unit_test(a_file_larger_than_the_buffer_is_digested_as_a_whole),
        cmocka_unit_test(a_read_error_is_handed_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
