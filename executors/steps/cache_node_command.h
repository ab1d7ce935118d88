#pragma once

#include "executors/steps/steps.h"

/* How a cache server is called. */

/* The program's path in the wanted release. -1 with fault when the release is not known. */
int cache_node_server(const struct step_context *context, bool is_arcus_memcached,
                      const char **server, struct fault *fault);

/* Who it runs as where the commands are run by root. */
const char *cache_node_user(const struct spec_host *host);

/* Adds the shell function server_arguments of host/node_launch.sh. */
void cache_node_add_arguments(struct str *script, const struct step_context *context, int port,
                              bool is_arcus_memcached);
