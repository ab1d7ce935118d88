/* Errors are all that validate is for: without them it says one line, or nothing with -q. */
#include "planner/cli/command.h"
#include "planner/cli/site.h"

#include <jansson.h>

static int count_nodes(const struct spec *spec)
{
    size_t count = 0;

    for (size_t i = 0; i < spec->cloud_count; i++)
        count += spec->clouds[i].node_count;
    return (int)count;
}

int cmd_validate(struct cli *cli)
{
    struct site site;

    if (site_load(cli, 0, &site))
        return -1;
    if (cli->json) {
        json_t *object =
            json_pack("{s:b, s:i, s:i, s:i, s:i}", "valid", 1, "hosts", (int)site.spec->host_count,
                      "packages", (int)site.spec->package_count, "clouds",
                      (int)site.spec->cloud_count, "nodes", count_nodes(site.spec));

        json_dumpf(object, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(object);
    } else if (!cli->quiet) {
        printf("valid: %zu hosts, %zu packages, %zu clouds, %d nodes\n", site.spec->host_count,
               site.spec->package_count, site.spec->cloud_count, count_nodes(site.spec));
    }
    return 0;
}
