#pragma once
#include <stddef.h>

/* What commands ask for and what users are allowed: sets of these bits. */
enum category {
    CATEGORY_OPEN = 0, /* everybody, logged in or not */
    CATEGORY_KV = 1 << 0,
    CATEGORY_LIST = 1 << 1,
    CATEGORY_SET = 1 << 2,
    CATEGORY_MAP = 1 << 3,
    CATEGORY_BTREE = 1 << 4,
    CATEGORY_SCAN = 1 << 5,
    CATEGORY_FLUSH = 1 << 6,
    CATEGORY_ATTR = 1 << 7,
    CATEGORY_ADMIN = 1 << 8,
    CATEGORY_ANY_DATA = CATEGORY_KV | CATEGORY_LIST | CATEGORY_SET | CATEGORY_MAP | CATEGORY_BTREE,
    CATEGORY_ALL = (1 << 9) - 1,
};

/* "kv,list,admin" as a set; words that name nothing are passed over. */
unsigned category_parse(const char *text, size_t len);
