/* One row per letter says how its token is read and where it goes. */
#include "cacheserver/command/meta_flags.h"

#include <string.h>

#include "cacheserver/protocol/base64.h"
#include "cacheserver/runtime/number.h"

/* memcached's limit on words of a meta command, the command itself included. */
#define META_WORDS_MAX 20

static const char bad_token[] = "CLIENT_ERROR bad token in command line format\r\n";
static const char bad_line[] = "CLIENT_ERROR bad command line format\r\n";

struct flag_row {
    char letter;
    bool (*read)(void *field, const char *token, size_t len);
    size_t offset;
    const char *complaint;
};

static bool read_nothing(void *field, const char *token, size_t len)
{
    (void)field;
    (void)token;
    (void)len;
    return true;
}

static bool read_opaque(void *field, const char *token, size_t len)
{
    (void)field;
    (void)token;
    return len <= META_OPAQUE_MAX;
}

static bool read_u64(void *field, const char *token, size_t len)
{
    return number_parse_u64(token, len, field);
}

static bool read_u32(void *field, const char *token, size_t len)
{
    return number_parse_u32(token, len, field);
}

static bool read_expiry(void *field, const char *token, size_t len)
{
    int64_t exptime;

    if (!number_parse_i64(token, len, &exptime))
        return false;
    *(clock_seconds *)field = clock_expiry_from_now(exptime);
    return true;
}

static bool read_mode(void *field, const char *token, size_t len)
{
    *(char *)field = len == 1 ? *token : '?';
    return true;
}

#define PLAIN(letter)                                                                              \
    {                                                                                              \
        letter, read_nothing, 0, NULL                                                              \
    }
#define FIELD(name) offsetof(struct meta, name)

static const struct flag_row rows[] = {
    PLAIN('b'),
    PLAIN('c'),
    PLAIN('f'),
    PLAIN('h'),
    PLAIN('k'),
    PLAIN('l'),
    PLAIN('q'),
    PLAIN('s'),
    PLAIN('t'),
    PLAIN('u'),
    PLAIN('v'),
    PLAIN('x'),
    PLAIN('I'),
    PLAIN('P'),
    PLAIN('L'),
    {'O', read_opaque, 0, "CLIENT_ERROR opaque token too long\r\n"},
    {'C', read_u64, FIELD(cas), bad_token},
    {'E', read_u64, FIELD(unique), bad_token},
    {'D', read_u64, FIELD(delta), "CLIENT_ERROR invalid numeric delta value\r\n"},
    {'J', read_u64, FIELD(initial), "CLIENT_ERROR invalid numeric initial value\r\n"},
    {'F', read_u32, FIELD(client_flags), bad_line},
    {'T', read_expiry, FIELD(exptime), bad_token},
    {'N', read_expiry, FIELD(create_exptime), bad_token},
    {'R', read_expiry, FIELD(renew_before), bad_token},
    {'M', read_mode, FIELD(mode), NULL},
};

static const struct flag_row *row_of(char letter)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].letter == letter)
            return &rows[i];
    return NULL;
}

static const char *parse_flag(struct meta *meta, const struct word *flag)
{
    const struct flag_row *row = row_of(flag->at[0]);

    if (!row)
        return "CLIENT_ERROR invalid flag\r\n";
    if (meta_has(meta, row->letter))
        return "CLIENT_ERROR duplicate flag\r\n";
    meta->given |= 1ull << (row->letter - 'A');
    return row->read((char *)meta + row->offset, flag->at + 1, flag->len - 1) ? NULL
                                                                              : row->complaint;
}

static const char *take_key(struct meta *meta)
{
    const struct word *key = &meta->words->word[1];

    meta->key = key->at;
    meta->key_len = key->len;
    if (meta_has(meta, 'b')) {
        meta->key = meta->decoded;
        if (!base64_decode(key->at, key->len, meta->decoded, ITEM_KEY_MAX, &meta->key_len) ||
            meta->key_len == 0)
            return "CLIENT_ERROR error decoding key\r\n";
    }
    return meta->key_len > ITEM_KEY_MAX ? bad_line : NULL;
}

const char *meta_parse(struct meta *meta, const struct words *words, unsigned first)
{
    const char *wrong = NULL;

    memset(meta, 0, offsetof(struct meta, decoded));
    meta->words = words;
    meta->first = first;
    meta->delta = 1;
    if (words->count > META_WORDS_MAX)
        return "CLIENT_ERROR options flags are too long\r\n";
    for (unsigned i = first; i < words->count && !wrong; i++)
        wrong = parse_flag(meta, &words->word[i]);
    return wrong ? wrong : take_key(meta);
}

bool meta_is_before(const struct meta *meta, char first, char second)
{
    for (unsigned i = meta->first;; i++) {
        char letter = meta->words->word[i].at[0];
        if (letter == first || letter == second)
            return letter == first;
    }
}

size_t meta_reply_max(const struct meta *meta)
{
    return (size_t)(meta->words->count + 6) * (NUMBER_MAX_DIGITS + 3) + META_OPAQUE_MAX +
           meta->words->word[1].len;
}

char *meta_put_number(char *at, char letter, uint64_t value)
{
    *at++ = ' ';
    *at++ = letter;
    return at + number_format(value, at);
}

char *meta_put_echo(char *at, const struct meta *meta, const struct word *flag)
{
    const struct word *token = flag->at[0] == 'k' ? &meta->words->word[1] : flag;

    if (flag->at[0] != 'k' && flag->at[0] != 'O')
        return at;
    *at++ = ' ';
    if (flag->at[0] == 'k')
        *at++ = 'k';
    memcpy(at, token->at, token->len);
    at += token->len;
    return flag->at[0] == 'k' && meta_has(meta, 'b') ? mempcpy(at, " b", 2) : at;
}

char *meta_put_ttl(char *at, clock_seconds exptime, clock_seconds now)
{
    if (exptime != CLOCK_NEVER && exptime != CLOCK_STICKY)
        return meta_put_number(at, 't', exptime > now ? exptime - now : 0);
    return mempcpy(at, " t-1", 4);
}
