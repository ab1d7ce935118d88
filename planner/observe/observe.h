#pragma once

#include "executors/transport/fleet.h"
#include "planner/base/diag.h"
#include "planner/model/fact.h"
#include "planner/model/recorded.h"
#include "planner/observe/zk_session.h"
#include "planner/spec/spec.h"

/* Looking at the world: every host that the spec or the state names, with one framed command each,
 * the ensemble, and the live nodes. */

enum refresh { REFRESH_FULL, REFRESH_ZOOKEEPER, REFRESH_NONE };

struct observation {
    struct fleet *fleet;          /* given by the caller; connections stay open in it. May be NULL
                                   * unless refresh is full */
    struct zk_session *zookeeper; /* opened by observe when reachable; the caller closes it */
    struct world world;
};

/* Packages are looked at by their own module; its facts are put into the world through this hook
 * (or NULL) before the world is finished; packages that it leaves out are as recorded. */
struct observe_options {
    enum refresh refresh;
    int64_t deadline_ms;
    int (*add_local_facts)(void *data, struct world *world, struct diags *diags);
    void *data;
};

/* Fills observation->world (init it before; finished on return). Unreachable hosts and ensembles
 * are facts, not errors; -1 only when nothing useful can be said (reported). */
int observe(const struct spec *spec, const struct recorded *recorded,
            const struct observe_options *options, struct arena *arena, struct diags *diags,
            struct observation *observation);

/* One resource of a host again, for steps that check before they act: fills *fact, whose address is
 * given. known (or NULL): attributes of the resource as last seen, whose install_dir and data_dir
 * are looked at besides those of the spec. Runs on the host's worker. "online" is not filled. */
int observe_host_resource(struct transport *transport, const struct spec *spec, const char *address,
                          const struct attrs *known, int64_t deadline_ms, struct arena *arena,
                          struct fact *fact, struct fault *fault);
