/*
 * One request after the other over a session of its own, which is closed afterwards: the table is
 * small and read at start and once a day. Requests are asynchronous because synchronous ones have
 * no deadline; their answers are copied by the callback into a reader that the waiting thread holds
 * the lock of. A request that the deadline overtakes may still be answered, but not once the
 * session is closed, and that happens before the reader goes.
 */
#include "cacheserver/auth/users_zookeeper.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zookeeper/zookeeper.h>

#include "cacheserver/auth/category.h"

#define PATH_MAX_BYTES 1024

struct reader {
    zhandle_t *handle;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    bool done;
    int code;
    char value[USERS_VALUE_MAX];
    size_t value_len;
    char **names; /* the caller's once done */
    int name_count;

    struct timespec until;
};

static void finish(struct reader *reader, int code)
{
    reader->code = code;
    reader->done = true;
    pthread_cond_signal(&reader->changed);
}

static void take_value(int code, const char *value, int len, const struct Stat *stat,
                       const void *argument)
{
    struct reader *reader = (struct reader *)(uintptr_t)argument;

    (void)stat;
    pthread_mutex_lock(&reader->lock);
    reader->value_len = 0;
    if (code == ZOK && len > (int)sizeof(reader->value)) {
        code = ZBADARGUMENTS;
    } else if (code == ZOK && len > 0) {
        memcpy(reader->value, value, (size_t)len);
        reader->value_len = (size_t)len;
    }
    finish(reader, code);
    pthread_mutex_unlock(&reader->lock);
}

static void free_names(char **names, int count)
{
    for (int i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

static void take_names(int code, const struct String_vector *found, const void *argument)
{
    struct reader *reader = (struct reader *)(uintptr_t)argument;

    pthread_mutex_lock(&reader->lock);
    free_names(reader->names, reader->name_count);
    reader->names = NULL;
    reader->name_count = 0;
    if (code == ZOK && found->count > 0) {
        reader->names = calloc((size_t)found->count, sizeof(*reader->names));
        for (int i = 0; reader->names && i < found->count; i++) {
            reader->names[i] = strdup(found->data[i]);
            reader->name_count = i + 1;
            if (!reader->names[i])
                code = ZSYSTEMERROR;
        }
        if (!reader->names)
            code = ZSYSTEMERROR;
    }
    finish(reader, code);
    pthread_mutex_unlock(&reader->lock);
}

/* The result of the request that was just made, or of having failed to. */
static int await(struct reader *reader, int sent)
{
    int waited = 0;

    if (sent != ZOK)
        return sent;
    pthread_mutex_lock(&reader->lock);
    while (!reader->done && waited == 0)
        waited = pthread_cond_timedwait(&reader->changed, &reader->lock, &reader->until);
    int code = reader->done ? reader->code : ZOPERATIONTIMEOUT;
    pthread_mutex_unlock(&reader->lock);
    return code;
}

static int get_value(struct reader *reader, const char *path)
{
    reader->done = false;
    return await(reader, zoo_aget(reader->handle, path, 0, take_value, reader));
}

/* The names are the caller's to free. */
static int get_names(struct reader *reader, const char *path, char ***names, int *count)
{
    reader->done = false;
    int code = await(reader, zoo_aget_children(reader->handle, path, 0, take_names, reader));

    *names = code == ZOK ? reader->names : NULL;
    *count = code == ZOK ? reader->name_count : 0;
    if (code == ZOK) {
        reader->names = NULL;
        reader->name_count = 0;
    }
    return code;
}

/* Below another path; -1: too long to be one of ours. */
static int join(char path[PATH_MAX_BYTES], const char *parent, const char *name)
{
    int n = snprintf(path, PATH_MAX_BYTES, "%s/%s", parent, name);
    return n > 0 && n < PATH_MAX_BYTES ? 0 : -1;
}

static int read_properties(struct reader *reader, struct user *user, const char *path)
{
    char property[PATH_MAX_BYTES];
    char **names;
    int count;
    int code = get_names(reader, path, &names, &count);

    for (int i = 0; i < count && code == ZOK; i++) {
        code = join(property, path, names[i]) ? ZBADARGUMENTS : get_value(reader, property);
        if (code == ZOK && user_set(user, names[i], reader->value, reader->value_len))
            code = ZSYSTEMERROR;
    }
    free_names(names, count);
    return code;
}

static int read_user(struct reader *reader, struct users *users, const char *group_path,
                     const char *name)
{
    char path[PATH_MAX_BYTES];

    int code = join(path, group_path, name) ? ZBADARGUMENTS : get_value(reader, path);
    if (code != ZOK)
        return code;
    unsigned categories = category_parse(reader->value, reader->value_len);
    struct user *user = users_add(users, name, strlen(name), categories);
    return user ? read_properties(reader, user, path) : ZSYSTEMERROR;
}

static int read_group(struct reader *reader, struct users *users, const char *group)
{
    char path[PATH_MAX_BYTES];
    char **names;
    int count;

    if (join(path, "/arcus_acl", group))
        return ZBADARGUMENTS;
    int code = get_names(reader, path, &names, &count);
    for (int i = 0; i < count && code == ZOK; i++)
        code = read_user(reader, users, path, names[i]);
    free_names(names, count);
    return code;
}

static struct reader *open_reader(const char *servers, unsigned timeout_ms)
{
    struct reader *reader = calloc(1, sizeof(*reader));

    if (!reader)
        return NULL;
    pthread_mutex_init(&reader->lock, NULL);
    pthread_cond_init(&reader->changed, NULL);
    clock_gettime(CLOCK_REALTIME, &reader->until);
    reader->until.tv_sec += timeout_ms / 1000;
    zoo_set_debug_level(ZOO_LOG_LEVEL_WARN);
    reader->handle = zookeeper_init(servers, NULL, (int)timeout_ms, NULL, NULL, 0);
    return reader;
}

static void close_reader(struct reader *reader)
{
    if (reader->handle)
        zookeeper_close(reader->handle);
    free_names(reader->names, reader->name_count);
    explicit_bzero(reader->value, sizeof(reader->value));
    pthread_cond_destroy(&reader->changed);
    pthread_mutex_destroy(&reader->lock);
    free(reader);
}

struct users *users_read_zookeeper(const char *servers, const char *group, unsigned timeout_ms,
                                   FILE *errors)
{
    struct reader *reader = open_reader(servers, timeout_ms);
    struct users *users = reader ? users_new() : NULL;
    int code = ZSYSTEMERROR;

    if (users && reader->handle)
        code = read_group(reader, users, group);
    if (code != ZOK) {
        fprintf(errors, "cacheserver: cannot read the users in /arcus_acl/%s of ZooKeeper %s: %s\n",
                group, servers, zerror(code));
        users_unref(users);
        users = NULL;
    }
    if (reader)
        close_reader(reader);
    return users;
}
