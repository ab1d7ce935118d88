#pragma once

#include "planner/model/fact.h"
#include "planner/model/recorded.h"
#include "planner/observe/host_probe.h"

/* What there is to look at: everything that the spec or the state names, apart from packages. */

/* Makes a fact, UNKNOWN for the time being, for each of those resources, with its host. */
void targets_declare(const struct spec *spec, const struct recorded *recorded, struct arena *arena,
                     struct world *world);

/* The hosts to probe: the spec's, then those of which only the state knows. */
struct target_hosts {
    vec_of(const struct spec_host *) items;
};
void target_hosts_collect(const struct spec *spec, const struct recorded *recorded,
                          struct arena *arena, struct target_hosts *hosts);

/* Where to look on a host. */
void target_dirs(const struct spec *spec, const struct recorded *recorded,
                 const struct spec_host *host, struct arena *arena, struct probe_request *request);

/* Adds the directories that these attributes of a host's resource name. */
void target_dirs_of_attrs(const struct attrs *attrs, struct arena *arena,
                          struct probe_request *request);

/* The service codes that the spec or the state names, sorted. */
struct target_codes {
    vec_of(const char *) items;
};
void target_codes_collect(const struct spec *spec, const struct recorded *recorded,
                          struct arena *arena, struct target_codes *codes);
bool target_codes_has(const struct target_codes *codes, const char *code);
