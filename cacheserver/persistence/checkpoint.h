#pragma once
#include "cacheserver/persistence/persistence.h"

/* The thread that looks every check_interval_ms whether a checkpoint is due. */
void checkpoint_init(struct persistence *persistence);
void checkpoint_deinit(struct persistence *persistence);
/* -1: no thread. */
int checkpoint_start(struct persistence *persistence);
/* A checkpoint under way is given up. */
void checkpoint_stop(struct persistence *persistence);
/* The log has grown enough, as the settings say. */
bool checkpoint_is_due(struct persistence *persistence);
