/* Categories by name, as access lists in ZooKeeper spell them. */
#include "cacheserver/auth/category.h"

#include <string.h>

static const struct {
    const char *name;
    unsigned bit;
} names[] = {
    {"kv", CATEGORY_KV},       {"list", CATEGORY_LIST},   {"set", CATEGORY_SET},
    {"map", CATEGORY_MAP},     {"btree", CATEGORY_BTREE}, {"scan", CATEGORY_SCAN},
    {"flush", CATEGORY_FLUSH}, {"attr", CATEGORY_ATTR},   {"admin", CATEGORY_ADMIN},
};

static unsigned bit_of(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strlen(names[i].name) == len && !memcmp(names[i].name, name, len))
            return names[i].bit;
    return 0;
}

unsigned category_parse(const char *text, size_t len)
{
    unsigned set = 0;
    size_t start = 0;

    for (size_t i = 0; i <= len; i++) {
        if (i < len && text[i] != ',')
            continue;
        set |= bit_of(text + start, i - start);
        start = i + 1;
    }
    return set;
}
