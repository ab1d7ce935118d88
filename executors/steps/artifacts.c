/* A run has few packages: a list is enough. Texts are copied, because the one who puts an artifact
 * keeps it in the arena of a step. */
#include "executors/steps/steps.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct artifacts {
    pthread_mutex_t mutex; /* guards the rest */
    struct arena *arena;
    vec_of(struct artifact) items;
};

struct artifacts *artifacts_new(void)
{
    struct arena *arena = arena_new();
    struct artifacts *artifacts = arena_new_of(arena, struct artifacts);

    artifacts->arena = arena;
    pthread_mutex_init(&artifacts->mutex, NULL);
    return artifacts;
}

void artifacts_free(struct artifacts *artifacts)
{
    if (!artifacts)
        return;
    pthread_mutex_destroy(&artifacts->mutex);
    arena_free(artifacts->arena);
}

static struct artifact *find(struct artifacts *artifacts, const char *package)
{
    vec_each(item, &artifacts->items)
        if (!strcmp(item->package, package))
            return item;
    return NULL;
}

void artifacts_put(struct artifacts *artifacts, const struct artifact *artifact)
{
    struct artifact *item;

    pthread_mutex_lock(&artifacts->mutex);
    item = find(artifacts, artifact->package);
    if (!item)
        item = vec_push(artifacts->arena, &artifacts->items);
    *item = *artifact;
    item->package = arena_strdup(artifacts->arena, artifact->package);
    item->archive = arena_strdup(artifacts->arena, artifact->archive);
    pthread_mutex_unlock(&artifacts->mutex);
}

bool artifacts_get(struct artifacts *artifacts, const char *package, struct artifact *artifact)
{
    const struct artifact *item;

    pthread_mutex_lock(&artifacts->mutex);
    item = find(artifacts, package);
    if (item)
        *artifact = *item;
    pthread_mutex_unlock(&artifacts->mutex);
    return item != NULL;
}
