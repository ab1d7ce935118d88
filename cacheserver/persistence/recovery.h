#pragma once
#include "cacheserver/persistence/persistence.h"

/* Brings the contents back from the pair that counts, which the log then goes on with; without one
 * an empty pair is made. *checkpoint: what is in the store is not what the files say, so they must
 * be written anew before anybody is served. -1: said on `errors`; nothing on disk was removed. */
int recovery_run(struct persistence *persistence, const struct disk *disk, bool *checkpoint,
                 FILE *errors);
