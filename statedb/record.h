#pragma once

#include "statedb/statedb.h"

/* Writes on single resources, each inside the caller's transaction. -1: reported. */

/* The resource is there with exactly these attributes (those named live.* are left out, so are
 * those without a value) and no longer uncertain. */
int record_resource(struct statedb *db, const char *address, const struct spec_host *host,
                    const struct attrs *attrs, struct diags *diags);
int record_forget(struct statedb *db, const char *address, struct diags *diags);
/* prevent_destroy of a resource that is recorded; nothing otherwise. */
int record_protection(struct statedb *db, const char *address, bool prevent_destroy,
                      struct diags *diags);
int record_host(struct statedb *db, const struct spec_host *host, struct diags *diags);
/* The serial grows by one. */
int record_serial(struct statedb *db, struct diags *diags);
/* Whether an attribute is kept at all. */
bool record_keeps(const struct attr *attr);
