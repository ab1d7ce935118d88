/* Both locks: the file beside the state database, and the znode of the ensemble when one is named.
 * An ensemble that cannot be reached is an error only after the local lock was shown. */
#include "planner/base/clock.h"
#include "planner/cli/command.h"
#include "planner/cli/table.h"
#include "planner/cli/zk_open.h"
#include "planner/observe/zk_lock.h"

#include <jansson.h>
#include <string.h>

enum { READ_MS = 5000, HOLDERS = 2 };

struct held {
    const char *where;
    struct lock_holder holder;
    const char *lives; /* "yes", "no", "unknown" */
};

static const char *lives_text(struct cli *cli, const struct lock_holder *holder)
{
    struct lock_holder self;

    lock_holder_self(cli->arena, "", &self);
    if (strcmp(self.host, holder->host) != 0)
        return "unknown";
    return lock_holder_is_alive(holder) ? "yes" : "no";
}

static int read_local(struct cli *cli, const struct site *site, struct held *held)
{
    int status = run_lock_read(site->state_path, cli->arena, cli->diags, &held->holder);

    held->where = site->state_path;
    return status;
}

static int read_ensemble(struct cli *cli, const char *connect, struct held *held)
{
    struct zk_session *session = NULL;
    struct fault fault;
    int status = zk_open(connect, &session, &fault);

    if (status == 0)
        status =
            zk_lock_read(session, clock_deadline_ms(READ_MS), cli->arena, &held->holder, &fault);
    zk_session_close(session);
    if (status < 0)
        diag_fault(cli->diags, SRCLOC_NONE, &fault);
    held->where = "ensemble";
    return status;
}

static void print_held(struct cli *cli, const struct held *held, size_t count)
{
    struct table table;

    if (count == 0) {
        if (!cli->quiet)
            puts("no lock is held");
        return;
    }
    table_init(&table, cli->arena, 0x10, "LOCK", "ID", "COMMAND", "WHO", "PID", "SINCE", "LIVES",
               NULL);
    for (size_t i = 0; i < count; i++) {
        const struct lock_holder *holder = &held[i].holder;

        table_add(&table, held[i].where, holder->id, holder->command,
                  arena_printf(cli->arena, "%s@%s", holder->user, holder->host),
                  arena_printf(cli->arena, "%lld", (long long)holder->pid), holder->since,
                  held[i].lives);
    }
    table_print(&table, stdout, cli->color);
}

static void print_held_json(const struct held *held, size_t count)
{
    json_t *array = json_array(), *object;

    for (size_t i = 0; i < count; i++) {
        const struct lock_holder *holder = &held[i].holder;

        json_array_append_new(array, json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:s}", "lock",
                                               held[i].where, "id", holder->id, "command",
                                               holder->command, "user", holder->user, "host",
                                               holder->host, "pid", (json_int_t)holder->pid,
                                               "since", holder->since, "lives", held[i].lives));
    }
    object = json_pack("{s:o}", "locks", array);
    json_dumpf(object, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(object);
}

int cmd_lock_list(struct cli *cli)
{
    struct held held[HOLDERS] = {0};
    const char *connect;
    struct site site;
    size_t count = 0;
    int local, ensemble = 1;

    if (zk_connect_string(cli, 0, &site, &connect))
        return -1;
    local = read_local(cli, &site, &held[count]);
    count += local == 0;
    if (connect) {
        ensemble = read_ensemble(cli, connect, &held[count]);
        count += ensemble == 0;
    }
    for (size_t i = 0; i < count; i++)
        held[i].lives = lives_text(cli, &held[i].holder);
    if (cli->json)
        print_held_json(held, count);
    else
        print_held(cli, held, count);
    return local < 0 || ensemble < 0 ? -1 : 0;
}

static int break_ensemble(struct cli *cli, const char *connect, const char *id)
{
    struct zk_session *session = NULL;
    struct fault fault;
    int status = zk_open(connect, &session, &fault);

    if (status == 0)
        status = zk_lock_break(session, id, clock_deadline_ms(READ_MS), cli->arena, &fault);
    zk_session_close(session);
    if (status < 0)
        diag_fault(cli->diags, SRCLOC_NONE, &fault);
    return status;
}

int cmd_lock_break(struct cli *cli)
{
    const char *id = cli->operands.items[0], *connect;
    struct site site;
    struct diag *diag;
    int local, ensemble = 1;

    if (zk_connect_string(cli, 1, &site, &connect))
        return -1;
    local = run_lock_break(site.state_path, id, cli->arena, cli->diags);
    if (local < 0)
        return -1;
    if (connect)
        ensemble = break_ensemble(cli, connect, id);
    if (ensemble < 0)
        return -1;
    if (local && ensemble) {
        diag = diag_error(cli->diags, DIAG_STATE_NOT_FOUND, SRCLOC_NONE, "no lock %s is held", id);
        diag_hint(cli->diags, diag,
                  connect ? "`arcusplan lock list` shows the locks"
                          : "name the spec, or the ensemble with -z, for the ensemble's lock");
        return -1;
    }
    if (!cli->quiet && !cli->json)
        printf("lock %s is broken\n", id);
    return 0;
}
