/* Kept to the library's synchronous calls: a test has nothing else to do meanwhile. */
#include "tests/unit/cacheserver/cluster/zoo.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void ignore(zhandle_t *handle, int type, int state, const char *path, void *context)
{
    (void)handle;
    (void)type;
    (void)state;
    (void)path;
    (void)context;
}

int zoo_set_up(void **state)
{
    static struct zoo zoo;
    static const char *const paths[] = {"/arcus",
                                        "/arcus/cache_list",
                                        ZOO_LIST,
                                        "/arcus/cache_server_mapping",
                                        "/arcus/cache_server_mapping/127.0.0.1",
                                        "/arcus/cache_server_mapping/127.0.0.1/test^x"};

    if (zk_server_start(&zoo.server))
        return -1;
    zoo_set_debug_level(ZOO_LOG_LEVEL_ERROR);
    zoo.hand = zookeeper_init(zoo.server.connect, ignore, 30000, NULL, NULL, 0);
    for (unsigned tries = 0; zoo_state(zoo.hand) != ZOO_CONNECTED_STATE; tries++) {
        if (tries > 3000)
            return -1;
        poll(NULL, 0, 10);
    }
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        zoo_make(&zoo, paths[i], false);
    *state = &zoo;
    return 0;
}

int zoo_tear_down(void **state)
{
    struct zoo *zoo = *state;

    zookeeper_close(zoo->hand);
    zk_server_remove(&zoo->server);
    return 0;
}

void zoo_make(struct zoo *zoo, const char *path, bool ephemeral)
{
    assert_int_equal(zoo_create(zoo->hand, path, "", 0, &ZOO_OPEN_ACL_UNSAFE,
                                ephemeral ? ZOO_EPHEMERAL : 0, NULL, 0),
                     ZOK);
}

void zoo_remove(struct zoo *zoo, const char *path)
{
    assert_int_equal(zoo_delete(zoo->hand, path, -1), ZOK);
}

int zoo_count(struct zoo *zoo, const char *path)
{
    struct String_vector names = {0};

    if (zoo_get_children(zoo->hand, path, 0, &names) != ZOK)
        return -1;
    int count = names.count;
    deallocate_String_vector(&names);
    return count;
}

const char *zoo_first(struct zoo *zoo, const char *path)
{
    static char first[512];
    struct String_vector names = {0};

    first[0] = '\0';
    if (zoo_get_children(zoo->hand, path, 0, &names) == ZOK && names.count > 0)
        snprintf(first, sizeof(first), "%s", names.data[0]);
    deallocate_String_vector(&names);
    return first;
}
