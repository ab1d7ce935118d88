#include "planner/cli/command.h"

#include <stdio.h>

int cmd_version(struct cli *cli)
{
    if (cli->json)
        printf("{\"version\": \"%s\"}\n", ARCUSPLAN_VERSION);
    else
        printf("arcusplan %s\n", ARCUSPLAN_VERSION);
    return 0;
}
