#pragma once

#include "planner/spec/spec.h"

/* Settings as one line "KEY=VALUE KEY=VALUE", sorted by key: how cloud attributes carry the
 * settings of a node. */

/* Those of the settings alone; "" for none. */
char *settings_text(struct arena *arena, const struct settings *settings);

/* What /arcus/cache_server_mapping/IP:PORT holds: the node's merged settings and its port. */
char *node_mapping_text(struct arena *arena, const struct spec_node *node);

/* What the cloud's JSON says of the node: its host's name, then the settings of its own. */
char *node_listed_text(struct arena *arena, const struct spec_node *node);

/* "ADDRESS:PORT". */
char *node_address_text(struct arena *arena, const struct spec_node *node);
