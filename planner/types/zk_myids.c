/* A server's identity is the myid on its disk, not its place in the list: a reordered list must
 * not swap identities. So the numbers found are adopted first, and what is left over goes to the
 * hosts without one. */
#include "planner/types/zk_myids.h"

#include <stdlib.h>
#include <string.h>

enum { MYID_MAX = 255 };

struct myids {
    const struct spec_zookeeper *zookeeper;
    const struct recorded *recorded;
    const struct world *world;
    int *of_host;
    bool is_taken[MYID_MAX + 1];
};

/* 0 when the text is no myid. */
static int myid_parse(const char *text)
{
    char *end;
    long number;

    if (!text || *text < '0' || *text > '9')
        return 0;
    number = strtol(text, &end, 10);
    return *end || number < 1 || number > MYID_MAX ? 0 : (int)number;
}

/* The myid that the resource zk_config/HOST has at present, 0 for none. */
static int myid_present(const struct myids *myids, const char *address)
{
    const struct fact *fact = world_find(myids->world, address);
    const struct recorded_resource *recorded;

    if (fact && fact->presence != PRESENCE_UNKNOWN)
        return fact->presence == PRESENCE_PRESENT ? myid_parse(attrs_value(&fact->attrs, "myid"))
                                                  : 0;
    recorded = recorded_find(myids->recorded, address);
    return recorded ? myid_parse(attrs_value(&recorded->attrs, "myid")) : 0;
}

static int myids_adopt(struct myids *myids, struct arena *arena, struct diags *diags)
{
    const struct spec_zookeeper *zookeeper = myids->zookeeper;
    size_t owner[MYID_MAX + 1];
    int result = 0;

    for (size_t i = 0; i < zookeeper->host_count; i++) {
        const char *host = zookeeper->hosts[i]->name;
        int myid = myid_present(myids, arena_printf(arena, "zk_config/%s", host));
        struct diag *diag;

        myids->of_host[i] = myid;
        if (!myid)
            continue;
        if (!myids->is_taken[myid]) {
            myids->is_taken[myid] = true;
            owner[myid] = i;
            continue;
        }
        diag = diag_error(diags, DIAG_ZK_MYID, zookeeper->host_places[i],
                          "host %s has myid %d, which host %s has too", host, myid,
                          zookeeper->hosts[owner[myid]]->name);
        diag_note(diags, diag, zookeeper->host_places[owner[myid]], "the other host");
        diag_hint(diags, diag, "remove %s/myid on the host whose data may be lost",
                  zookeeper->data_dir);
        result = -1;
    }
    return result;
}

static bool is_member(const struct spec_zookeeper *zookeeper, const char *address)
{
    for (size_t i = 0; i < zookeeper->host_count; i++)
        if (!strcmp(zookeeper->hosts[i]->name, address + strlen("zk_config/")))
            return true;
    return false;
}

static void myids_keep_from(struct myids *myids, const char *address)
{
    if (strncmp(address, "zk_config/", strlen("zk_config/")) ||
        is_member(myids->zookeeper, address))
        return;
    myids->is_taken[myid_present(myids, address)] = true;
}

static int myids_fill(struct myids *myids, struct diags *diags)
{
    int next = 1;

    for (size_t i = 0; i < myids->zookeeper->host_count; i++) {
        if (myids->of_host[i])
            continue;
        while (next <= MYID_MAX && myids->is_taken[next])
            next++;
        if (next > MYID_MAX) {
            diag_error(diags, DIAG_ZK_MYID, myids->zookeeper->host_places[i],
                       "no myid from 1 to %d is left for host %s", MYID_MAX,
                       myids->zookeeper->hosts[i]->name);
            return -1;
        }
        myids->of_host[i] = next++;
    }
    return 0;
}

int zk_assign_myids(const struct spec *spec, const struct recorded *recorded,
                    const struct world *world, struct arena *arena, struct diags *diags,
                    int **result)
{
    struct myids myids = {.zookeeper = spec->zookeeper, .recorded = recorded, .world = world};

    *result = NULL;
    if (!spec->zookeeper || !spec->zookeeper->is_managed)
        return 0;
    myids.of_host = arena_array_of(arena, int, spec->zookeeper->host_count);
    if (myids_adopt(&myids, arena, diags))
        return -1;
    vec_each(fact, &world->facts)
        myids_keep_from(&myids, (*fact)->address);
    vec_each(resource, &recorded->resources)
        myids_keep_from(&myids, (*resource)->address);
    if (myids_fill(&myids, diags))
        return -1;
    *result = myids.of_host;
    return 0;
}
