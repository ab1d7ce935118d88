#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/*
 * Who may log in, with what and to do what. A table is filled by one thread and never changes once
 * others see it; they hold it by reference.
 */
#define USERS_NAME_MAX  256
#define USERS_VALUE_MAX 8192

/* A SASL property of a user, such as userPassword. */
struct user_property {
    struct user_property *next;
    char *name;
    char *value;
    size_t value_len;
};

struct user {
    struct user *next;
    char *name;
    unsigned categories;
    struct user_property *properties;
};

struct users {
    _Atomic unsigned refs;
    struct user *first;
};

/* Empty, with one reference; NULL: no memory. */
struct users *users_new(void);
struct users *users_ref(struct users *users);
void users_unref(struct users *users); /* takes NULL */

/* NULL: no memory, or the name is too long. */
struct user *users_add(struct users *users, const char *name, size_t len, unsigned categories);
/* -1: no memory, or the value is too long. */
int user_set(struct user *user, const char *name, const char *value, size_t value_len);

const struct user *users_find(const struct users *users, const char *name, size_t len);
const struct user_property *user_property(const struct user *user, const char *name);

/* A file of lines "user:password" or "user password", with more after another separator; empty
 * lines and those that start with # say nothing. Users in files may do everything. NULL: said on
 * `errors`. */
struct users *users_read_file(const char *path, FILE *errors);
