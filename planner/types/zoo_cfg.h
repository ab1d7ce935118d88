#pragma once

#include "planner/base/digest.h"
#include "planner/model/restype.h"

/* Adds the wanted lines of zoo.cfg as attributes "cfg.KEY"; all hosts of the ensemble share them.
 * Sorted only after attrs_sort. */
void zoo_cfg_attrs(struct arena *arena, const struct declare_input *input, struct attrs *attrs);

/* The file made of the "cfg.KEY" attributes among attrs, one KEY=VALUE line each, in their order;
 * other attributes are left out. A zk_config resource's sorted attributes give the wanted file. */
char *zoo_cfg_text(struct arena *arena, const struct attrs *attrs);

/* What a zk_server's "config" attribute says of that text. */
void zoo_cfg_digest(const char *text, char digest[DIGEST_SHORT + 1]);
