/* One list for the whole program under one lock; a door that nobody uses leaves the list. Waiting
 * is polling, because a waiter has to look at its cancel flag anyway. */
#include "executors/transport/gate.h"

#include "executors/transport/exchange.h"

#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct door {
    struct door *next;
    int inside;
    char name[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct door *doors; /* guarded by lock */

static struct door **find_door(const char *name)
{
    struct door **door = &doors;

    while (*door && strcmp((*door)->name, name) != 0)
        door = &(*door)->next;
    return door;
}

static struct door *add_door(const char *name)
{
    size_t size = strlen(name) + 1;
    struct door *door = calloc(1, sizeof(*door) + size);

    if (!door)
        abort();
    memcpy(door->name, name, size);
    door->next = doors;
    doors = door;
    return door;
}

static bool try_enter(const char *name)
{
    struct door *door;
    bool is_in;

    pthread_mutex_lock(&lock);
    door = *find_door(name);
    if (!door)
        door = add_door(name);
    is_in = door->inside < GATE_LIMIT;
    door->inside += is_in;
    pthread_mutex_unlock(&lock);
    return is_in;
}

int gate_enter(const char *door, int64_t deadline_ms, const atomic_bool *cancel,
               struct fault *fault)
{
    while (!try_enter(door)) {
        if (wait_check(deadline_ms, cancel, "waiting for other logins", fault) < 0)
            return -1;
        poll(NULL, 0, 5);
    }
    return 0;
}

void gate_leave(const char *name)
{
    struct door **place, *door;

    pthread_mutex_lock(&lock);
    place = find_door(name);
    door = *place;
    assert(door && door->inside > 0);
    if (--door->inside == 0) {
        *place = door->next;
        free(door);
    }
    pthread_mutex_unlock(&lock);
}
