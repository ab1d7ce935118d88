#include "tests/unit/planner/apply/rehearsal.h"

#include "planner/base/clock.h"
#include "planner/base/str.h"

#include <ftw.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct rehearsal *current; /* the steps' context has no place for a test's own data */

int rehearsal_setup(void **state)
{
    struct arena *arena = arena_new();
    struct rehearsal *rehearsal = arena_new_of(arena, struct rehearsal);
    struct fault fault;

    rehearsal->arena = arena;
    rehearsal->diags = diags_new(arena);
    snprintf(rehearsal->directory, sizeof(rehearsal->directory), "/tmp/test-apply-XXXXXX");
    if (!mkdtemp(rehearsal->directory) || transport_init(&fault) ||
        statedb_open(arena_printf(arena, "%s/state.db", rehearsal->directory), false,
                     rehearsal->diags, &rehearsal->db))
        return -1;
    for (int i = 0; i < 4; i++)
        rehearsal->hosts[i] =
            (struct spec_host){.name = arena_printf(arena, "h%d", i),
                               .address = arena_printf(arena, "127.0.0.%d", i + 1),
                               .executor = EXECUTOR_LOCAL};
    rehearsal->cloud = (struct spec_cloud){.code = "test"};
    rehearsal->node = (struct resource){.cloud = &rehearsal->cloud};
    rehearsal->spec = (struct spec){.digest = "d", .hosts = rehearsal->hosts, .host_count = 4};
    rehearsal->plan.spec = &rehearsal->spec;
    rehearsal->plan.world = &rehearsal->world;
    world_init(&rehearsal->world, arena);
    rehearsal->fleet = fleet_new(8, &fault);
    rehearsal->options = (struct apply_options){
        .command = "apply", .user = "me@here", .cache_dir = rehearsal->directory};
    current = rehearsal;
    *state = rehearsal;
    return rehearsal->fleet ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
    (void)info, (void)type, (void)ftw;
    return remove(path);
}

int rehearsal_teardown(void **state)
{
    struct rehearsal *rehearsal = *state;

    fleet_free(rehearsal->fleet);
    statedb_close(rehearsal->db);
    world_deinit(&rehearsal->world);
    nftw(rehearsal->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(rehearsal->output);
    free(rehearsal->errors);
    arena_free(rehearsal->arena);
    return 0;
}

struct step *rehearsal_step(struct rehearsal *rehearsal, enum op op, const char *address, int host,
                            const int *needs, const int *after)
{
    struct step *step = arena_new_of(rehearsal->arena, struct step);
    struct change *change = arena_new_of(rehearsal->arena, struct change);

    change->address = address;
    change->verb = op == OP_STOP || op == OP_UNDEPLOY ? VERB_DELETE : VERB_CREATE;
    change->resource = op == OP_RESTART ? &rehearsal->node : NULL;
    change->at = (struct srcloc){"cluster.yaml", 10 + (int)rehearsal->plan.steps.count, 5};
    *vec_push(rehearsal->arena, &rehearsal->plan.steps) = step;
    step->id = (int)rehearsal->plan.steps.count;
    step->op = op;
    step->change = change;
    step->host = host < 0 ? NULL : &rehearsal->hosts[host];
    for (; needs && *needs; needs++)
        *vec_push(rehearsal->arena, &step->needs) = *needs;
    for (; after && *after; after++)
        *vec_push(rehearsal->arena, &step->after) = *after;
    return step;
}

struct part *rehearsal_part(struct rehearsal *rehearsal, const char *address,
                            enum outcome_kind kind)
{
    struct part *part = &rehearsal->parts[rehearsal->part_count++];

    *part = (struct part){.address = address, .kind = kind, .code = DIAG_HOST_COMMAND};
    return part;
}

static const struct part *find_part(const char *address)
{
    for (int i = 0; i < current->part_count; i++)
        if (!strcmp(current->parts[i].address, address))
            return &current->parts[i];
    return NULL;
}

static void note_running(void)
{
    int running = atomic_fetch_add(&current->running, 1) + 1;
    int most = atomic_load(&current->most_running);

    atomic_fetch_add(&current->begun, 1);
    while (running > most && !atomic_compare_exchange_weak(&current->most_running, &most, running))
        ;
}

static void play_step(const struct step_context *context, struct outcome *outcome)
{
    const struct part *part = find_part(context->step->change->address);
    int64_t deadline_ms = clock_deadline_ms(60000);

    note_running();
    outcome->kind = part ? part->kind : OUTCOME_DONE;
    atomic_store(context->sent, 1234567);
    context->phase(context->data, "uploading");
    if (part && part->signal)
        kill(getpid(), part->signal);
    while (part && atomic_load(&current->most_running) < part->together &&
           clock_left_ms(deadline_ms))
        sched_yield();
    while (part && part->waits_for_cancel && !atomic_load(context->cancel) &&
           clock_left_ms(deadline_ms))
        sched_yield();
    if (part && part->waits_for_cancel) {
        outcome->kind = OUTCOME_FAILED;
        fault_set(&outcome->fault, DIAG_INTERRUPTED, "interrupted");
    } else if (outcome->kind == OUTCOME_FAILED) {
        fault_set(&outcome->fault, part->code, "it did not work");
        fault_hint(&outcome->fault, "try harder");
    }
    attrs_add(context->arena, &outcome->attrs, "made", "yes", SRCLOC_NONE);
    atomic_fetch_sub(&current->running, 1);
}

void rehearsal_run(struct rehearsal *rehearsal)
{
    struct zk_session *session = NULL;
    size_t size;
    FILE *errors = open_memstream(&rehearsal->errors, &size);

    rehearsal->options.execute = play_step;
    rehearsal->options.out = open_memstream(&rehearsal->output, &rehearsal->output_size);
    rehearsal->status =
        apply_run(&rehearsal->plan, rehearsal->db, rehearsal->fleet, &session, &rehearsal->options,
                  rehearsal->arena, rehearsal->diags, &rehearsal->result);
    fclose(rehearsal->options.out);
    assert_null(session);
    assert_int_equal(fleet_pending(rehearsal->fleet), 0);
    diags_print(rehearsal->diags, errors, false);
    fclose(errors);
}

const char *rehearsal_recorded(struct rehearsal *rehearsal)
{
    struct run_step_list steps;
    struct str text = {0};
    const char *copy;

    assert_int_equal(
        statedb_run_steps(rehearsal->db, 1, rehearsal->arena, rehearsal->diags, &steps), 0);
    for (size_t i = 0; i < steps.count; i++)
        str_printf(&text, "%s%d %s", i ? ", " : "", steps.items[i].id,
                   steps.items[i].outcome ? steps.items[i].outcome : "uncertain");
    copy = arena_strdup(rehearsal->arena, str_text(&text));
    str_deinit(&text);
    return copy;
}

const char *rehearsal_run_result(struct rehearsal *rehearsal)
{
    struct run_list runs;

    assert_int_equal(statedb_runs(rehearsal->db, rehearsal->arena, rehearsal->diags, &runs), 0);
    assert_int_equal(runs.count, 1);
    return runs.items[0].result ? runs.items[0].result : "unfinished";
}

bool rehearsal_is_uncertain(struct rehearsal *rehearsal, const char *address)
{
    const struct recorded_resource *resource;
    struct recorded recorded;
    bool is_uncertain;

    assert_int_equal(statedb_snapshot(rehearsal->db, rehearsal->arena, rehearsal->diags, &recorded),
                     0);
    resource = recorded_find(&recorded, address);
    is_uncertain = resource && resource->is_uncertain;
    recorded_deinit(&recorded);
    return is_uncertain;
}
