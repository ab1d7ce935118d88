#pragma once

#include "planner/base/map.h"
#include "planner/base/vec.h"
#include "planner/spec/spec.h"
#include "planner/spec/tree.h"

/* From a checked tree to struct spec: one resolve_SECTION.c for each section of the file, in the
 * order below. Broken parts of the tree are passed over: they were reported. */

enum { RESOLVE_MOST_HOSTS = 20000, RESOLVE_MOST_NODES = 50000, RESOLVE_MOST_USES = 200000 };

struct resolver {
    const struct spec_input *input;
    struct arena *arena;
    struct diags *diags;
    struct spec *spec;
    struct map hosts;     /* name -> struct spec_host */
    struct map addresses; /* address -> struct spec_host */
    struct map packages;  /* name -> struct spec_package */
    struct map claims;    /* what may be used once on a host -> struct claim */
    struct map conflicts; /* pairs of places already reported */
    size_t hint_count;
    size_t node_count;
    size_t use_count;
    /* A name could not be read: one that is missing may be that one. */
    bool has_bad_host;
    bool has_bad_package;
};

void resolve_hosts(struct resolver *resolver, const struct tree *root);
void resolve_packages(struct resolver *resolver, const struct tree *root);
void resolve_zookeeper(struct resolver *resolver, const struct tree *root);
void resolve_clouds(struct resolver *resolver, const struct tree *root);

/* A host named in a list, with the place of the name. */
struct host_use {
    const struct spec_host *host;
    struct srcloc at;
};
struct host_uses {
    const struct host_use *items;
    size_t count;
};
/* The hosts that a list of names and ranges stands for; what is not defined is reported. */
struct host_uses resolve_host_uses(struct resolver *resolver, const struct tree *list);

/* The package that a value names; NULL when it is not there or unknown (reported). */
const struct spec_package *resolve_package_use(struct resolver *resolver, const struct tree *name);

/* The value's text; NULL when it is not there, empty or broken. */
const char *resolve_text(const struct tree *value);

/* What a message may quote of text, which is made of value: value's source text when it holds the
 * environment's values. */
const char *resolve_quote(const struct tree *value, const char *text);

/* Takes a port of a host; reports when something else has it already. */
void resolve_claim_port(struct resolver *resolver, const struct spec_host *host, int port,
                        struct srcloc at);
/* Takes the install directory of a package on a host; other packages must lie elsewhere. */
void resolve_claim_directory(struct resolver *resolver, const struct spec_host *host,
                             const struct spec_package *package, struct srcloc at);

/* Paths. *_path functions report and return NULL for what cannot be used. */
const char *resolve_directory_of(struct arena *arena, const char *file);
/* A path on this machine: ~ stands for the home directory, others lie beside the spec file. */
const char *resolve_local_path(struct resolver *resolver, const struct tree *value);
/* A path on a host. */
const char *resolve_absolute_path(struct resolver *resolver, const struct tree *value);
/* A directory on a host that arcusplan may own. */
const char *resolve_remote_path(struct resolver *resolver, const struct tree *value);
/* A relative path that does not leave its directory. */
const char *resolve_inner_path(struct resolver *resolver, const struct tree *value);
/* Whether inner is outer or lies below it. */
bool resolve_is_below(const char *inner, const char *outer);
