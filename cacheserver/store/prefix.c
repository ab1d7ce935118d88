/* Prefix names are looked at when an item is made, so the check is one table look-up a byte. */
#include "cacheserver/store/prefix.h"

#include <string.h>

static const bool allowed[256] = {
    ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['_'] = true,
    ['-'] = true,         ['+'] = true,         ['.'] = true,
};

size_t prefix_length(const char *key, size_t key_len, char delimiter)
{
    const char *end = key_len > 1 ? memchr(key + 1, delimiter, key_len - 1) : NULL;
    return end ? (size_t)(end - key) : 0;
}

bool prefix_is_valid(const char *name, size_t len)
{
    if (len == 0)
        return true;
    if (name[0] == '-' || len > PREFIX_MAX)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!allowed[(unsigned char)name[i]])
            return false;
    return true;
}
