/* The state database by hand. forget is the only one that writes to it, under the run's lock. */
#include "planner/cli/command.h"
#include "planner/cli/report.h"
#include "planner/cli/site.h"
#include "planner/cli/table.h"
#include "statedb/run_lock.h"
#include "statedb/statedb.h"

#include <jansson.h>
#include <unistd.h>

static json_t *resource_to_json(struct cli *cli, const struct recorded_resource *resource)
{
    json_t *attributes = json_object();

    vec_each(attr, &resource->attrs)
        json_object_set_new(attributes, attr->name, json_string(attr->value));
    return json_pack("{s:s, s:o, s:b, s:o, s:o}", "address", report_text(cli, resource->address),
                     "host", resource->host ? json_string(resource->host) : json_null(),
                     "prevent_destroy", resource->prevent_destroy, "uncertain",
                     resource->is_uncertain ? json_string(resource->uncertain_op) : json_null(),
                     "attributes", attributes);
}

static void print_list(struct cli *cli, const struct recorded *recorded)
{
    struct table table;

    if (recorded->resources.count == 0) {
        if (!cli->quiet)
            puts("nothing is recorded");
        return;
    }
    table_init(&table, cli->arena, 0, "RESOURCE", "HOST", "NOTE", NULL);
    vec_each(resource, &recorded->resources)
        table_add(&table, (*resource)->address, (*resource)->host,
                  (*resource)->is_uncertain
                      ? arena_printf(cli->arena, "uncertain after %s", (*resource)->uncertain_op)
                  : (*resource)->prevent_destroy ? "prevent_destroy"
                                                 : NULL);
    table_print(&table, stdout, cli->color);
}

static void print_list_json(struct cli *cli, const struct recorded *recorded)
{
    json_t *array = json_array(), *object;

    vec_each(resource, &recorded->resources)
        json_array_append_new(array, resource_to_json(cli, *resource));
    object = json_pack("{s:I, s:o}", "serial", (json_int_t)recorded->serial, "resources", array);
    json_dumpf(object, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(object);
}

static void print_resource(struct cli *cli, const struct recorded_resource *resource)
{
    struct table table;

    table_init(&table, cli->arena, 0, "ATTRIBUTE", "VALUE", NULL);
    vec_each(attr, &resource->attrs)
        table_add(&table, attr->name, attr->value);
    printf("%s%s%s\n", resource->address, resource->host ? " on " : "",
           resource->host ? resource->host : "");
    if (resource->prevent_destroy)
        puts("protected by prevent_destroy");
    if (resource->is_uncertain)
        printf("uncertain: %s failed or was cut; the next run looks at the world\n",
               resource->uncertain_op);
    table_print(&table, stdout, cli->color);
}

static int show_resource(struct cli *cli, const struct recorded *recorded)
{
    const char *address = cli->operands.items[0];
    const struct recorded_resource *resource = recorded_find(recorded, address);
    struct diag *diag;

    if (!resource) {
        diag = diag_error(cli->diags, DIAG_STATE_NOT_FOUND, SRCLOC_NONE, "%s is not recorded",
                          address);
        diag_hint(cli->diags, diag, "`arcusplan state list` shows what is");
        return -1;
    }
    if (cli->json) {
        json_t *object = resource_to_json(cli, resource);

        json_dumpf(object, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(object);
    } else {
        print_resource(cli, resource);
    }
    return 0;
}

static int with_snapshot(struct cli *cli, int (*body)(struct cli *, const struct recorded *))
{
    struct recorded recorded;
    struct statedb *db;
    int status;

    if (site_open_state(cli, true, &db))
        return -1;
    status = statedb_snapshot(db, cli->arena, cli->diags, &recorded);
    if (status == 0)
        status = body(cli, &recorded);
    recorded_deinit(&recorded);
    statedb_close(db);
    return status;
}

static int show_list(struct cli *cli, const struct recorded *recorded)
{
    if (cli->json)
        print_list_json(cli, recorded);
    else
        print_list(cli, recorded);
    return 0;
}

int cmd_state_list(struct cli *cli)
{
    return with_snapshot(cli, show_list);
}

int cmd_state_show(struct cli *cli)
{
    return with_snapshot(cli, show_resource);
}

static int forget_all(struct cli *cli)
{
    struct statedb *db;
    int status = 0;

    if (site_open_state(cli, false, &db))
        return -1;
    for (size_t i = 0; i < cli->operands.count && status == 0; i++)
        status = statedb_forget(db, cli->operands.items[i], cli->diags);
    statedb_close(db);
    return status;
}

int cmd_state_forget(struct cli *cli)
{
    struct lock_holder self, holder;
    struct run_lock *lock;
    struct site site;
    int status;

    site_without_spec(cli, &site);
    if (access(site.state_path, F_OK))
        return forget_all(cli);
    lock_holder_self(cli->arena, "state forget", &self);
    status = run_lock_take(site.state_path, &self, cli->arena, cli->diags, &lock, &holder);
    if (status > 0)
        diag_error(cli->diags, DIAG_LOCKED, SRCLOC_NONE, "%s is locked by %s", site.state_path,
                   lock_holder_text(&holder, cli->arena));
    if (status)
        return -1;
    status = forget_all(cli);
    run_lock_drop(lock);
    return status;
}

int cmd_state_backup(struct cli *cli)
{
    struct statedb *db;
    int status;

    if (site_open_state(cli, true, &db))
        return -1;
    status = statedb_backup(db, cli->operands.items[0], cli->diags);
    statedb_close(db);
    return status;
}

int cmd_state_verify(struct cli *cli)
{
    struct statedb *db;
    int status;

    if (site_open_state(cli, true, &db))
        return -1;
    status = statedb_verify(db, cli->diags);
    statedb_close(db);
    if (status == 0 && !cli->quiet && !cli->json)
        puts("the state database is sound");
    if (status == 0 && cli->json)
        puts("{\"sound\": true}");
    return status;
}
