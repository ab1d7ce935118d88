/* The names are sorted and made unique first, because a ring takes each name that it is given for
 * a node of its own. */
#include "cacheserver/contract/ring_view.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cacheserver/contract/ring.h"
#include "cacheserver/contract/znode_paths.h"

struct ring_view {
    _Atomic unsigned references;
    char **nodes; /* IP:PORT, sorted, unique */
    size_t node_count;
    const char *self; /* one of them; NULL: not a member */
    struct ring ring;
};

static int compare_nodes(const void *left, const void *right)
{
    const char *a = *(char *const *)left, *b = *(char *const *)right;

    assert(a && b);
    return strcmp(a, b);
}

static bool copy_nodes(struct ring_view *view, const char *const *names, size_t count)
{
    view->nodes = calloc(count + 1, sizeof(*view->nodes));
    if (!view->nodes)
        return false;
    for (size_t i = 0; i < count; i++) {
        view->nodes[i] = strndup(names[i], znode_node_length(names[i]));
        if (!view->nodes[i])
            return false;
        view->node_count++;
    }
    return true;
}

static void make_unique(struct ring_view *view)
{
    size_t kept = 0;

    if (view->node_count > 1)
        qsort(view->nodes, view->node_count, sizeof(*view->nodes), compare_nodes);
    for (size_t i = 0; i < view->node_count; i++) {
        if (kept > 0 && !strcmp(view->nodes[kept - 1], view->nodes[i]))
            free(view->nodes[i]);
        else
            view->nodes[kept++] = view->nodes[i];
    }
    view->node_count = kept;
}

static const char *find_self(const struct ring_view *view, const char *self)
{
    char **found =
        bsearch(&self, view->nodes, view->node_count, sizeof(*view->nodes), compare_nodes);

    return found ? *found : NULL;
}

struct ring_view *ring_view_new(const char *const *names, size_t count, const char *self)
{
    struct ring_view *view = calloc(1, sizeof(*view));

    if (!view)
        return NULL;
    atomic_init(&view->references, 1);
    if (!copy_nodes(view, names, count))
        goto failed;
    make_unique(view);
    view->self = find_self(view, self);
    if (ring_init(&view->ring, (const char *const *)view->nodes, view->node_count))
        goto failed;
    return view;
failed:
    ring_view_unref(view);
    return NULL;
}

struct ring_view *ring_view_ref(struct ring_view *view)
{
    atomic_fetch_add_explicit(&view->references, 1, memory_order_relaxed);
    return view;
}

void ring_view_unref(struct ring_view *view)
{
    if (!view || atomic_fetch_sub_explicit(&view->references, 1, memory_order_acq_rel) > 1)
        return;
    for (size_t i = 0; i < view->node_count; i++)
        free(view->nodes[i]);
    free(view->nodes);
    ring_deinit(&view->ring);
    free(view);
}

bool ring_view_is_mine(const struct ring_view *view, const void *key, size_t length)
{
    return !view->self || view->nodes[ring_owner(&view->ring, key, length)] == view->self;
}

size_t ring_view_size(const struct ring_view *view)
{
    return view->node_count;
}
