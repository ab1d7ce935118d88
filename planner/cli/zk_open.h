#pragma once

#include "planner/cli/site.h"
#include "planner/observe/zk_session.h"

/* For commands that need nothing but the ensemble. */

/* The ensemble named by -z, or by the spec of the operands from first on; NULL in *connect when
 * neither is given. -1: reported. */
int zk_connect_string(struct cli *cli, size_t first, struct site *site, const char **connect);
/* -1 with fault. */
int zk_open(const char *connect, struct zk_session **session, struct fault *fault);
