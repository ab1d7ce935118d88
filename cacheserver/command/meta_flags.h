#pragma once
#include "cacheserver/command/command.h"

/*
 * The flags of memcached's meta commands: single letters, some with a token behind them. All
 * commands take all letters and ignore those that mean nothing to them, as memcached does.
 */
#define META_OPAQUE_MAX 32

struct meta {
    const struct words *words;
    unsigned first;  /* the word that is the first flag */
    const char *key; /* decoded */
    size_t key_len;
    uint64_t given;                        /* the letters, by bit */
    uint64_t cas, unique, delta, initial;  /* C E D J */
    uint32_t client_flags;                 /* F */
    clock_seconds exptime, create_exptime; /* T N */
    clock_seconds renew_before;            /* R */
    char mode;                             /* M; 0: not given */
    char decoded[ITEM_KEY_MAX];
};

/* NULL, or the line to answer, with its CRLF. The words must outlast *meta. */
const char *meta_parse(struct meta *meta, const struct words *words, unsigned first);

static inline bool meta_has(const struct meta *meta, char letter)
{
    return meta->given >> (letter - 'A') & 1;
}

/* Whether the first letter comes before the second one in the request; both are given. */
bool meta_is_before(const struct meta *meta, char first, char second);

/* Upper limit of what the flags of a reply line take, its CRLF included. */
size_t meta_reply_max(const struct meta *meta);

/* Write one flag of a reply and return where the next one goes. */
char *meta_put_number(char *at, char letter, uint64_t value);
/* The k and O flags; nothing for others. */
char *meta_put_echo(char *at, const struct meta *meta, const struct word *flag);
/* Seconds until then, -1 for ever. */
char *meta_put_ttl(char *at, clock_seconds exptime, clock_seconds now);
