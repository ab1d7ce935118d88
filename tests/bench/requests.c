/*
 * The generators write with small copies instead of printf, because what the load generator takes
 * of a processor is missing to the server. Element numbers are spread over the collection by
 * multiplication with an odd number modulo a power of two where the server must not see them in
 * rising order.
 */
#include "tests/bench/requests.h"

#include <string.h>

static char *put(char *at, const char *text)
{
    return stpcpy(at, text);
}

static char *put_digits(char *at, uint64_t number, unsigned digits)
{
    for (unsigned i = digits; i-- > 0; number /= 10)
        at[i] = (char)('0' + number % 10);
    return at + digits;
}

static char *put_number(char *at, uint64_t number)
{
    unsigned digits = 1;

    for (uint64_t rest = number; rest >= 10; rest /= 10)
        digits++;
    return put_digits(at, number, digits);
}

static char *put_key(char *at, uint64_t key)
{
    return put_digits(put(at, "key:"), key, 10);
}

/* "lst000:0000000" */
static char *put_collection(char *at, const char *type, const struct pick *pick)
{
    at = put_digits(put(at, type), pick->generation, 3);
    return put_digits(put(at, ":"), pick->collection, 7);
}

static char *put_field(char *at, unsigned element)
{
    return put_digits(put(at, "field:"), element, 6);
}

/* The element's number in the first bytes makes it one of a kind. */
static char *put_value(char *at, const struct pick *pick)
{
    memset(at, 'v', pick->value_bytes);
    put_digits(at, pick->element, 8);
    return at + pick->value_bytes;
}

static unsigned spread(const struct pick *pick)
{
    unsigned size = 1;

    while (size < pick->elements)
        size *= 2;
    return pick->element * 2654435761u % size;
}

/* --- text --- */

static size_t text_get(char *at, const struct pick *pick)
{
    return (size_t)(put(put_key(put(at, "get "), pick->key), "\r\n") - at);
}

static size_t text_get10(char *at, const struct pick *pick)
{
    char *end = put(at, "get");

    for (uint64_t i = 0; i < 10; i++)
        end = put_key(put(end, " "), (pick->key + i * 7919) % pick->keys);
    return (size_t)(put(end, "\r\n") - at);
}

static char *put_block(char *at, const struct pick *pick)
{
    return put(put_value(put(at, "\r\n"), pick), "\r\n");
}

static size_t text_set(char *at, const struct pick *pick)
{
    char *end = put(put_key(put(at, "set "), pick->key), " 0 0 ");
    return (size_t)(put_block(put_number(end, pick->value_bytes), pick) - at);
}

static char *put_creating(char *at, const struct pick *pick)
{
    return put_block(put(put_number(at, pick->value_bytes), " create 0 0 0"), pick);
}

static size_t text_lop_insert(char *at, const struct pick *pick)
{
    char *end = put_collection(put(at, "lop insert "), "lst", pick);
    return (size_t)(put_creating(put(end, " -1 "), pick) - at);
}

static size_t text_lop_get(char *at, const struct pick *pick)
{
    char *end = put_collection(put(at, "lop get "), "lst", pick);
    return (size_t)(put(end, " 0..9\r\n") - at);
}

static size_t text_sop_insert(char *at, const struct pick *pick)
{
    char *end = put_collection(put(at, "sop insert "), "set", pick);
    return (size_t)(put_creating(put(end, " "), pick) - at);
}

static size_t text_sop_exist(char *at, const struct pick *pick)
{
    char *end = put_collection(put(at, "sop exist "), "set", pick);
    return (size_t)(put_block(put_number(put(end, " "), pick->value_bytes), pick) - at);
}

static size_t text_mop_insert(char *at, const struct pick *pick)
{
    char *end = put_collection(put(at, "mop insert "), "map", pick);
    end = put_field(put(end, " "), pick->element);
    return (size_t)(put_creating(put(end, " "), pick) - at);
}

static size_t text_mop_get(char *at, const struct pick *pick)
{
    char *end = put_collection(put(at, "mop get "), "map", pick);
    return (size_t)(put(put_field(put(end, " 12 1\r\n"), pick->element), "\r\n") - at);
}

static size_t text_bop_insert(char *at, const struct pick *pick)
{
    char *end = put_collection(put(at, "bop insert "), "bpt", pick);
    end = put_number(put(end, " "), spread(pick));
    return (size_t)(put_creating(put(end, " "), pick) - at);
}

static size_t text_bop_get(char *at, const struct pick *pick, const char *range_end)
{
    char *end = put_collection(put(at, "bop get "), "bpt", pick);
    end = put_number(put(end, " "), pick->element % (pick->elements / 2));
    return (size_t)(put(end, range_end) - at);
}

static size_t text_bop_get10(char *at, const struct pick *pick)
{
    return text_bop_get(at, pick, "..4294967295 0 10\r\n");
}

static size_t text_bop_get50(char *at, const struct pick *pick)
{
    return text_bop_get(at, pick, "..4294967295 0 50\r\n");
}

/* --- redis: *COUNT, then $LENGTH and bytes per word --- */

static char *put_word(char *at, const char *word)
{
    at = put(put_number(put(at, "$"), strlen(word)), "\r\n");
    return put(put(at, word), "\r\n");
}

static char *put_key_word(char *at, uint64_t key)
{
    return put(put_key(put(at, "$14\r\n"), key), "\r\n");
}

static char *put_command(char *at, const char *count, const char *command, const char *type,
                         const struct pick *pick)
{
    at = put_word(put(at, count), command);
    return put(put_collection(put(at, "$14\r\n"), type, pick), "\r\n");
}

static char *put_value_word(char *at, const struct pick *pick)
{
    return put_block(put_number(put(at, "$"), pick->value_bytes), pick);
}

static char *put_field_word(char *at, const struct pick *pick)
{
    return put(put_field(put(at, "$12\r\n"), pick->element), "\r\n");
}

static char *put_number_word(char *at, unsigned number)
{
    char digits[16];

    *put_number(digits, number) = '\0';
    return put_word(at, digits);
}

static size_t redis_get(char *at, const struct pick *pick)
{
    return (size_t)(put_key_word(put(at, "*2\r\n$3\r\nGET\r\n"), pick->key) - at);
}

static size_t redis_get10(char *at, const struct pick *pick)
{
    char *end = put(at, "*11\r\n$4\r\nMGET\r\n");

    for (uint64_t i = 0; i < 10; i++)
        end = put_key_word(end, (pick->key + i * 7919) % pick->keys);
    return (size_t)(end - at);
}

static size_t redis_set(char *at, const struct pick *pick)
{
    char *end = put_key_word(put(at, "*3\r\n$3\r\nSET\r\n"), pick->key);
    return (size_t)(put_value_word(end, pick) - at);
}

static size_t redis_lop_insert(char *at, const struct pick *pick)
{
    return (size_t)(put_value_word(put_command(at, "*3\r\n", "RPUSH", "lst", pick), pick) - at);
}

static size_t redis_lop_get(char *at, const struct pick *pick)
{
    char *end = put_command(at, "*4\r\n", "LRANGE", "lst", pick);
    return (size_t)(put_word(put_word(end, "0"), "9") - at);
}

static size_t redis_sop_insert(char *at, const struct pick *pick)
{
    return (size_t)(put_value_word(put_command(at, "*3\r\n", "SADD", "set", pick), pick) - at);
}

static size_t redis_sop_exist(char *at, const struct pick *pick)
{
    char *end = put_command(at, "*3\r\n", "SISMEMBER", "set", pick);
    return (size_t)(put_value_word(end, pick) - at);
}

static size_t redis_mop_insert(char *at, const struct pick *pick)
{
    char *end = put_command(at, "*4\r\n", "HSET", "map", pick);
    return (size_t)(put_value_word(put_field_word(end, pick), pick) - at);
}

static size_t redis_mop_get(char *at, const struct pick *pick)
{
    return (size_t)(put_field_word(put_command(at, "*3\r\n", "HGET", "map", pick), pick) - at);
}

static size_t redis_bop_insert(char *at, const struct pick *pick)
{
    char *end = put_command(at, "*4\r\n", "ZADD", "bpt", pick);
    return (size_t)(put_value_word(put_number_word(end, spread(pick)), pick) - at);
}

static size_t redis_bop_get(char *at, const struct pick *pick, const char *count)
{
    char *end = put_command(at, "*8\r\n", "ZRANGEBYSCORE", "bpt", pick);
    end = put_number_word(end, pick->element % (pick->elements / 2));
    end = put_word(put_word(end, "4294967295"), "WITHSCORES");
    return (size_t)(put_word(put_word(put_word(end, "LIMIT"), "0"), count) - at);
}

static size_t redis_bop_get10(char *at, const struct pick *pick)
{
    return redis_bop_get(at, pick, "10");
}

static size_t redis_bop_get50(char *at, const struct pick *pick)
{
    return redis_bop_get(at, pick, "50");
}

static const struct request requests[] = {
    {"get", text_get, redis_get, 3, 2, "VALUE", "$", AT_RANDOM},
    {"get10", text_get10, redis_get10, 21, 21, "VALUE", "*10", AT_RANDOM},
    {"set", text_set, redis_set, 1, 1, "STORED", "+OK", AT_RANDOM},
    {"fill", text_set, redis_set, 1, 1, "STORED", "+OK", ONE_AFTER_THE_OTHER},
    {"lop-insert", text_lop_insert, redis_lop_insert, 1, 1, "STORED", ":", ONE_AFTER_THE_OTHER},
    {"lop-get10", text_lop_get, redis_lop_get, 12, 21, "VALUE 0 10", "*10", AT_RANDOM},
    {"sop-insert", text_sop_insert, redis_sop_insert, 1, 1, "STORED", ":1", ONE_AFTER_THE_OTHER},
    {"sop-exist", text_sop_exist, redis_sop_exist, 1, 1, "EXIST", ":1", AT_RANDOM},
    {"mop-insert", text_mop_insert, redis_mop_insert, 1, 1, "STORED", ":1", ONE_AFTER_THE_OTHER},
    {"mop-get", text_mop_get, redis_mop_get, 3, 2, "VALUE 0 1", "$", AT_RANDOM},
    {"bop-insert", text_bop_insert, redis_bop_insert, 1, 1, "STORED", ":1", ONE_AFTER_THE_OTHER},
    {"bop-get10", text_bop_get10, redis_bop_get10, 12, 41, "VALUE 0 10", "*20", AT_RANDOM},
    {"bop-get50", text_bop_get50, redis_bop_get50, 52, 201, "VALUE 0 50", "*100", AT_RANDOM},
};

const struct request *request_find(const char *name)
{
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
        if (!strcmp(requests[i].name, name))
            return &requests[i];
    return NULL;
}
