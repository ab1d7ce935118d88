#pragma once
#include <stdbool.h>

/* A few names, each once, in no order. A zeroed struct is an empty list. */
struct name_list {
    char **names;
    unsigned count, capacity;
};

/* Copies the name unless it is there; false: no memory. */
bool name_list_add(struct name_list *list, const char *name);
bool name_list_add_all(struct name_list *list, const struct name_list *more);
void name_list_remove(struct name_list *list, const char *name);
bool name_list_has(const struct name_list *list, const char *name);
void name_list_clear(struct name_list *list);
