/* The two forms of a status. What the ensemble and the nodes said was cleaned when it was read. */
#include "planner/cli/status.h"

#include "planner/cli/table.h"
#include "planner/plan/print.h"

#include <inttypes.h>
#include <jansson.h>

static const char red[] = "\033[31m";
static const char yellow[] = "\033[33m";
static const char green[] = "\033[32m";

static const char *count_text(struct arena *arena, int64_t count)
{
    return count < 0 ? NULL : arena_printf(arena, "%" PRId64, count);
}

static const char *memory_text(struct arena *arena, const struct node_stats *stats)
{
    struct str text = {0};
    const char *copy;

    if (stats->bytes < 0)
        return NULL;
    print_bytes(&text, stats->bytes);
    if (stats->limit_bytes > 0)
        str_printf(&text, " (%d%%)",
                   (int)(100.0 * (double)stats->bytes / (double)stats->limit_bytes));
    copy = arena_strdup(arena, str_text(&text));
    str_deinit(&text);
    return copy;
}

/* -1 when nothing was asked for yet. */
static double hit_ratio(const struct node_stats *stats)
{
    double gets = (double)stats->hits + (double)stats->misses;

    return stats->hits < 0 || stats->misses < 0 || gets <= 0 ? -1 : (double)stats->hits / gets;
}

static const char *ratio_text(struct arena *arena, const struct node_stats *stats)
{
    double ratio = hit_ratio(stats);

    return ratio < 0 ? NULL : arena_printf(arena, "%.1f%%", 100 * ratio);
}

static const char *uptime_text(struct arena *arena, int64_t seconds)
{
    if (seconds < 0)
        return NULL;
    if (seconds >= 86400)
        return arena_printf(arena, "%" PRId64 "d %" PRId64 "h", seconds / 86400,
                            seconds % 86400 / 3600);
    if (seconds >= 3600)
        return arena_printf(arena, "%" PRId64 "h %" PRId64 "m", seconds / 3600,
                            seconds % 3600 / 60);
    if (seconds >= 60)
        return arena_printf(arena, "%" PRId64 "m %" PRId64 "s", seconds / 60, seconds % 60);
    return arena_printf(arena, "%" PRId64 "s", seconds);
}

static void print_servers(const struct status *status, struct arena *arena, FILE *out, bool color)
{
    struct table table;

    table_init(&table, arena, 0x8, "ZOOKEEPER", "MODE", "ZXID", "CONNECTIONS", NULL);
    vec_each(member, &status->ensemble.members) {
        struct table_row *row =
            table_add(&table, arena_printf(arena, "%s:%d", member->host, member->port),
                      member->mode           ? member->mode
                      : member->is_answering ? "not serving"
                                             : "down",
                      member->zxid, count_text(arena, member->connections));

        row->color = member->is_serving ? NULL : red;
    }
    table_print(&table, out, color);
}

static void print_clouds(const struct status *status, struct arena *arena, FILE *out, bool color)
{
    struct table table;

    table_init(&table, arena, 0x1e, "CLOUD", "TOTAL", "ONLINE", "OFFLINE", "UNDEFINED", "STATE",
               NULL);
    vec_each(cloud, &status->clouds) {
        struct table_row *row =
            table_add(&table, cloud->code, count_text(arena, cloud->total),
                      count_text(arena, cloud->online), count_text(arena, cloud->offline),
                      count_text(arena, cloud->undefined), cloud_state_word(status, cloud));

        row->color = cloud->online == 0 ? red : cloud->offline ? yellow : green;
    }
    table_print(&table, out, color);
}

static void print_nodes(const struct status *status, struct arena *arena, FILE *out, bool color)
{
    struct table table;

    table_init(&table, arena, 0x1f0, "CLOUD", "NODE", "HOST", "STATE", "ITEMS", "MEMORY", "HITS",
               "CONNECTIONS", "UPTIME", NULL);
    vec_each(cloud, &status->clouds)
        vec_each(node, &cloud->nodes) {
            const struct node_stats *stats = node->stats;
            struct table_row *row =
                table_add(&table, cloud->code, node->name, node->host, node_state_word(node->state),
                          count_text(arena, stats->items), memory_text(arena, stats),
                          ratio_text(arena, stats), count_text(arena, stats->connections),
                          uptime_text(arena, stats->uptime_s));

            row->color = node->state == NODE_OFFLINE     ? red
                         : node->state == NODE_UNDEFINED ? yellow
                                                         : NULL;
        }
    if (table.rows.count > 1) {
        fputc('\n', out);
        table_print(&table, out, color);
    }
}

void status_print(const struct status *status, struct arena *arena, FILE *out, bool color)
{
    if (status->ensemble.members.count) {
        print_servers(status, arena, out, color);
        fputc('\n', out);
    }
    if (status->clouds.count)
        print_clouds(status, arena, out, color);
    else
        fputs(status->is_readable ? "no clouds\n" : "the clouds are not known\n", out);
    print_nodes(status, arena, out, color);
    if (status->drift == 0)
        fputs("\ndrift: none\n", out);
    else if (status->drift > 0)
        fprintf(out, "\ndrift: %d step%s, see arcusplan plan\n", status->drift,
                status->drift == 1 ? "" : "s");
}

/* json_string is NULL for what is not UTF-8. */
static json_t *text_or_null(const char *text)
{
    json_t *string = text ? json_string(text) : NULL;

    return string ? string : json_null();
}

static json_t *number_or_null(int64_t number)
{
    return number < 0 ? json_null() : json_integer(number);
}

static json_t *servers_to_json(const struct status *status)
{
    json_t *array = json_array();

    vec_each(member, &status->ensemble.members)
        json_array_append_new(
            array,
            json_pack("{s:o, s:i, s:b, s:o, s:o, s:o, s:o}", "host", text_or_null(member->host),
                      "port", member->port, "serving", (int)member->is_serving, "mode",
                      text_or_null(member->mode), "zxid", text_or_null(member->zxid), "connections",
                      number_or_null(member->connections), "error", text_or_null(member->problem)));
    return array;
}

static json_t *node_to_json(const struct status_node *node)
{
    const struct node_stats *stats = node->stats;
    double ratio = hit_ratio(stats);

    return json_pack("{s:o, s:o, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "node",
                     text_or_null(node->name), "host", text_or_null(node->host), "state",
                     node_state_word(node->state), "answers", (int)stats->answered, "items",
                     number_or_null(stats->items), "bytes", number_or_null(stats->bytes),
                     "limit_bytes", number_or_null(stats->limit_bytes), "hit_ratio",
                     ratio < 0 ? json_null() : json_real(ratio), "connections",
                     number_or_null(stats->connections), "uptime_seconds",
                     number_or_null(stats->uptime_s), "version", text_or_null(stats->version));
}

static json_t *clouds_to_json(const struct status *status)
{
    json_t *array = json_array();

    vec_each(cloud, &status->clouds) {
        json_t *nodes = json_array();

        vec_each(node, &cloud->nodes)
            json_array_append_new(nodes, node_to_json(node));
        json_array_append_new(
            array, json_pack("{s:o, s:s, s:i, s:i, s:i, s:i, s:o}", "cloud",
                             text_or_null(cloud->code), "state", cloud_state_word(status, cloud),
                             "total", cloud->total, "online", cloud->online, "offline",
                             cloud->offline, "undefined", cloud->undefined, "nodes", nodes));
    }
    return array;
}

void status_print_json(const struct status *status, FILE *out)
{
    json_t *object =
        json_pack("{s:o, s:b, s:o, s:o, s:o}", "connect", text_or_null(status->ensemble.connect),
                  "readable", (int)status->is_readable, "ensemble", servers_to_json(status),
                  "clouds", clouds_to_json(status), "drift", number_or_null(status->drift));

    json_dumpf(object, out, JSON_INDENT(2));
    fputc('\n', out);
    json_decref(object);
}
