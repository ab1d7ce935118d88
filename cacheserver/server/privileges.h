#pragma once
#include "cacheserver/runtime/settings.h"

/* Resource limits for the connections asked for, core files, locked memory, and the user to run
 * as. 0, or the exit status after one line on stderr. */
int privileges_apply(const struct settings *settings);
