/* Users are few and looked up when a client logs in: a list does. Passwords are wiped when they are
 * given back. */
#include "cacheserver/auth/users.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cacheserver/auth/category.h"

struct users *users_new(void)
{
    struct users *users = calloc(1, sizeof(*users));

    if (users)
        atomic_init(&users->refs, 1);
    return users;
}

struct users *users_ref(struct users *users)
{
    atomic_fetch_add(&users->refs, 1);
    return users;
}

static void free_properties(struct user_property *property)
{
    while (property) {
        struct user_property *next = property->next;
        explicit_bzero(property->value, property->value_len);
        free(property->value);
        free(property->name);
        free(property);
        property = next;
    }
}

void users_unref(struct users *users)
{
    if (!users || atomic_fetch_sub(&users->refs, 1) > 1)
        return;
    while (users->first) {
        struct user *user = users->first;
        users->first = user->next;
        free_properties(user->properties);
        free(user->name);
        free(user);
    }
    free(users);
}

struct user *users_add(struct users *users, const char *name, size_t len, unsigned categories)
{
    struct user *user = len > 0 && len <= USERS_NAME_MAX ? calloc(1, sizeof(*user)) : NULL;

    if (!user)
        return NULL;
    user->name = strndup(name, len);
    if (!user->name) {
        free(user);
        return NULL;
    }
    user->categories = categories;
    user->next = users->first;
    users->first = user;
    return user;
}

int user_set(struct user *user, const char *name, const char *value, size_t value_len)
{
    struct user_property *property =
        value_len <= USERS_VALUE_MAX ? calloc(1, sizeof(*property)) : NULL;

    if (!property)
        return -1;
    property->name = strdup(name);
    property->value = malloc(value_len + 1);
    if (!property->name || !property->value) {
        free(property->name);
        free(property->value);
        free(property);
        return -1;
    }
    memcpy(property->value, value, value_len);
    property->value[value_len] = '\0';
    property->value_len = value_len;
    property->next = user->properties;
    user->properties = property;
    return 0;
}

const struct user *users_find(const struct users *users, const char *name, size_t len)
{
    for (const struct user *user = users->first; user; user = user->next)
        if (strlen(user->name) == len && !memcmp(user->name, name, len))
            return user;
    return NULL;
}

const struct user_property *user_property(const struct user *user, const char *name)
{
    for (const struct user_property *property = user->properties; property;
         property = property->next)
        if (!strcasecmp(property->name, name))
            return property;
    return NULL;
}

/* -1: the line is wrong, or there is no memory. */
static int add_line(struct users *users, const char *line)
{
    size_t len = strcspn(line, "\r\n");

    if (len == 0 || line[0] == '#')
        return 0;
    size_t name_len = strcspn(line, ": \t\r\n");
    if (name_len == 0 || name_len >= len)
        return -1;
    const char *password = line + name_len + 1;
    password += strspn(password, " \t");
    const char *separators = line[name_len] == ':' ? ":\r\n" : " \t\r\n";
    struct user *user = users_add(users, line, name_len, CATEGORY_ALL);
    return user ? user_set(user, "userPassword", password, strcspn(password, separators)) : -1;
}

struct users *users_read_file(const char *path, FILE *errors)
{
    FILE *file = fopen(path, "re");
    struct users *users = file ? users_new() : NULL;
    char line[USERS_NAME_MAX + USERS_VALUE_MAX];
    unsigned number = 0;

    if (!users) {
        fprintf(errors, "cacheserver: cannot read the users in %s: %s\n", path, strerror(errno));
        if (file)
            fclose(file);
        return NULL;
    }
    while (fgets(line, sizeof(line), file)) {
        number++;
        if (add_line(users, line)) {
            fprintf(errors, "cacheserver: %s:%u: expected a user, a colon or a blank, a password\n",
                    path, number);
            users_unref(users);
            users = NULL;
            break;
        }
    }
    explicit_bzero(line, sizeof(line));
    fclose(file);
    return users;
}
