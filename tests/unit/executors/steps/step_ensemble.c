#include "tests/unit/executors/steps/step_ensemble.h"

#include "planner/base/clock.h"
#include "planner/types/zoo_cfg.h"
#include "tests/unit/executors/transport/sshd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void step_ensemble_init(struct step_ensemble *ensemble, struct step_bench *bench)
{
    static const struct spec_host *hosts[1];

    setenv("JVMFLAGS", "-Xmx64m -XX:+UseSerialGC -XX:TieredStopAtLevel=1", 1);
    hosts[0] = &bench->host;
    *ensemble = (struct step_ensemble){.bench = bench};
    ensemble->zookeeper = (struct spec_zookeeper){.is_managed = true,
                                                  .hosts = hosts,
                                                  .host_count = 1,
                                                  .connect = ensemble->connect,
                                                  .home = "/usr/share/zookeeper",
                                                  .client_port = free_port(),
                                                  .data_dir = step_bench_path(bench, "data")};
    snprintf(ensemble->connect, sizeof(ensemble->connect), "127.0.0.1:%d",
             ensemble->zookeeper.client_port);
    bench->spec.zookeeper = &ensemble->zookeeper;
}

struct step *step_ensemble_config(struct step_ensemble *ensemble, const char *myid,
                                  const char *tick_time)
{
    struct arena *arena = ensemble->bench->arena;

    return step_bench_step(
        ensemble->bench, OP_ZK_CONFIG, "zk_config/here.arcus", "myid", myid, "cfg.tickTime",
        tick_time, "cfg.dataDir", ensemble->zookeeper.data_dir, "cfg.clientPort",
        arena_printf(arena, "%d", ensemble->zookeeper.client_port), "cfg.4lw.commands.whitelist",
        "*", "cfg.admin.enableServer", "false", NULL);
}

struct step *step_ensemble_server(struct step_ensemble *ensemble, enum op op, const char *tick_time)
{
    struct arena *arena = ensemble->bench->arena;
    const struct resource *config =
        step_ensemble_config(ensemble, "1", tick_time)->change->resource;
    char digest[DIGEST_SHORT + 1];
    struct step *step;
    struct resource *resource;

    zoo_cfg_digest(zoo_cfg_text(arena, &config->attrs), digest);
    step = step_bench_step(ensemble->bench, op, "zk_server/here.arcus", "running", "yes", "config",
                           arena_strdup(arena, digest), "home", ensemble->zookeeper.home,
                           "data_dir", ensemble->zookeeper.data_dir, NULL);
    resource = (struct resource *)step->change->resource;
    resource->package = NULL;
    *vec_push(arena, &resource->dependencies) =
        (struct dependency){"zk_config/here.arcus", DEPENDENCY_NEEDS, config};
    return step;
}

struct step *step_ensemble_stop(struct step_ensemble *ensemble)
{
    return step_bench_removal(ensemble->bench, OP_ZK_STOP, "zk_server/here.arcus", "data_dir",
                              ensemble->zookeeper.data_dir, NULL);
}

void step_ensemble_open(struct step_ensemble *ensemble)
{
    struct fault fault = {0};

    step_bench_expect(ensemble->bench, step_ensemble_config(ensemble, "1", "2000"), OUTCOME_DONE);
    step_bench_expect(ensemble->bench, step_ensemble_server(ensemble, OP_ZK_START, "2000"),
                      OUTCOME_DONE);
    if (zk_session_open(ensemble->connect, 30000, clock_deadline_ms(60000), NULL,
                        &ensemble->bench->session, &fault) < 0)
        fail_msg("%s", fault.text);
}

void step_ensemble_close(struct step_ensemble *ensemble)
{
    zk_session_close(ensemble->bench->session);
    ensemble->bench->session = NULL;
    step_bench_run(ensemble->bench, step_ensemble_stop(ensemble));
}

void step_ensemble_make(struct step_ensemble *ensemble, const char *path)
{
    struct zk_op op = {.kind = ZK_OP_CREATE, .path = path, .version = -1};
    struct fault fault = {0};
    size_t failed;

    if (zk_multi(ensemble->bench->session, &op, 1, clock_deadline_ms(60000), &failed, &fault) < 0)
        fail_msg("%s: %s", path, fault.text);
}
