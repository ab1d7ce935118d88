#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cacheserver/runtime/number.h"

/* Pieces of reply lines, written into room that was reserved before; each returns the new end. */
static inline char *put_bytes(char *at, const char *bytes, size_t n)
{
    memcpy(at, bytes, n);
    return at + n;
}

static inline char *put_text(char *at, const char *text)
{
    return put_bytes(at, text, strlen(text));
}

static inline char *put_number(char *at, uint64_t number)
{
    return at + number_format(number, at);
}

static inline char *put_blank(char *at)
{
    *at = ' ';
    return at + 1;
}

static inline char *put_crlf(char *at)
{
    return put_bytes(at, "\r\n", 2);
}
