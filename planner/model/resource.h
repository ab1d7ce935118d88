#pragma once

#include "planner/model/attr.h"
#include "planner/spec/spec.h"

struct restype;
struct resource;

/* NEEDS: the other one's step must have succeeded. AFTER: it must have ended, either way. */
enum dependency_kind { DEPENDENCY_NEEDS, DEPENDENCY_AFTER };

struct dependency {
    const char *address;
    enum dependency_kind kind;
    const struct resource *resource; /* resolved by graph_build */
};

/* Something that the spec wants to exist. */
struct resource {
    const char *address; /* "node/test-cloud/10.0.0.1:11211" */
    const struct restype *type;
    const struct spec_host *host; /* NULL: not on a host */
    /* What the resource comes from, for the steps; NULL where it does not apply. */
    const struct spec_package *package;
    const struct spec_cloud *cloud;
    const struct spec_node *node;
    struct attrs attrs; /* wanted */
    vec_of(struct dependency) dependencies;
    struct srcloc at;
};

/* What restypes declare into; graph turns it into a graph. */
struct resource_set {
    struct arena *arena;
    vec_of(struct resource *) items;
};

struct resource *resource_declare(struct resource_set *set, const struct restype *type,
                                  struct srcloc at, const char *address_format, ...)
    __attribute__((format(printf, 4, 5)));
void resource_depend(struct resource_set *set, struct resource *resource, enum dependency_kind kind,
                     const char *address_format, ...) __attribute__((format(printf, 4, 5)));
