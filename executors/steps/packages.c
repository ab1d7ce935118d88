/* A package is named by the digest over its sorted entries, so that neither times nor the
 * compressor matter. Packing computes that digest from the very bytes that go into the archive,
 * writes to a temporary file and renames it when all is there: an archive under its final name is
 * whole. */
#include "executors/steps/packages.h"

#include "executors/steps/package_archive.h"
#include "executors/steps/package_cache.h"
#include "executors/steps/package_source.h"
#include "planner/base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RULE_DEADLINE_MS = 60 * 60 * 1000 };

static struct rule_place rule_place(const struct package_place *place,
                                    const struct spec_package *package, size_t rule,
                                    struct arena *arena)
{
    return (struct rule_place){package, (int)rule,
                               package_cache_path(place->cache_dir, package, arena), place->record};
}

static void look_at_archive(const struct package_place *place, const struct spec_package *package,
                            struct arena *arena, struct package_look *look)
{
    struct stat found;

    look->archive = package_cache_archive(place->cache_dir, package, look->digest, arena);
    look->is_packed = !stat(look->archive, &found) && S_ISREG(found.st_mode) && found.st_size > 0;
    look->bytes = look->is_packed ? found.st_size : 0;
    look->build = look->is_packed ? "up to date" : "not packed";
}

/* Stops at the first rule that is due: what later rules would see depends on it. */
static int look_at_rules(const struct package_place *place, const struct spec_package *package,
                         struct arena *arena, struct package_look *look, struct srcloc *at,
                         struct fault *fault)
{
    for (size_t i = 0; i < package->rule_count; i++) {
        const struct rule_place rule = rule_place(place, package, i, arena);
        struct rule_look found;

        *at = package->rules[i].at;
        if (rule_look(&rule, arena, &found, fault))
            return -1;
        if (found.is_due) {
            look->build = found.why;
            look->is_first = found.is_first && i == 0;
            return 0;
        }
    }
    look->is_built = true;
    return 0;
}

int package_look(const struct package_place *place, const struct spec_package *package,
                 struct arena *arena, struct package_look *look, struct srcloc *at,
                 struct fault *fault)
{
    struct package_tree tree;
    int status;

    *look = (struct package_look){0};
    if (look_at_rules(place, package, arena, look, at, fault))
        return -1;
    if (!look->is_built)
        return 0;
    package_tree_init(&tree, arena);
    status = package_source_read(package, false, place->cache_dir, place->cancel, &tree, at, fault);
    if (!status) {
        package_tree_digest(&tree, look->digest);
        look_at_archive(place, package, arena, look);
        look->is_first = !look->is_packed && !package->rule_count;
    }
    package_tree_deinit(&tree);
    return status;
}

static void tell(const struct package_place *place, const char *text)
{
    if (place->phase)
        place->phase(place->data, text);
}

static int run_rules(const struct package_place *place, const struct spec_package *package,
                     bool is_forced, struct arena *arena, struct srcloc *at, struct fault *fault)
{
    for (size_t i = 0; i < package->rule_count; i++) {
        const struct rule_place rule = rule_place(place, package, i, arena);
        struct rule_look look;

        *at = package->rules[i].at;
        if (rule_look(&rule, arena, &look, fault))
            return -1;
        if (!look.is_due && !is_forced)
            continue;
        tell(place, "building");
        if (rule_run(&rule, &look, clock_deadline_ms(RULE_DEADLINE_MS), place->cancel, arena,
                     fault))
            return -1;
    }
    return 0;
}

static int write_archive(const struct package_place *place, const struct spec_package *package,
                         struct package_tree *tree, struct arena *arena, struct package_look *look,
                         struct fault *fault)
{
    const char *temporary;
    int fd = package_cache_new_file(place->cache_dir, package, arena, &temporary, fault);
    int status;

    if (fd < 0)
        return -1;
    status = archive_write_tree(tree, fd, place->cancel, fault);
    if (!status && (fchmod(fd, 0644) || fsync(fd)))
        status = fault_set(fault, DIAG_FILE_WRITE, "%s: %s", temporary, strerror(errno));
    close(fd);
    if (!status) {
        package_tree_digest(tree, look->digest);
        look->archive = package_cache_archive(place->cache_dir, package, look->digest, arena);
        if (rename(temporary, look->archive))
            status = fault_set(fault, DIAG_FILE_WRITE, "%s: %s", look->archive, strerror(errno));
    }
    if (status)
        unlink(temporary);
    return status;
}

static int pack(const struct package_place *place, const struct spec_package *package,
                struct arena *arena, struct package_look *look, struct srcloc *at,
                struct fault *fault)
{
    struct package_tree tree;
    int status;

    tell(place, "packing");
    package_tree_init(&tree, arena);
    status =
        package_source_read(package, true, package_cache_path(place->cache_dir, package, arena),
                            place->cancel, &tree, at, fault);
    if (!status)
        status = write_archive(place, package, &tree, arena, look, fault);
    package_tree_deinit(&tree);
    if (status)
        return -1;
    look_at_archive(place, package, arena, look);
    package_cache_tidy(place->cache_dir, package, arena);
    return 0;
}

int package_build(const struct package_place *place, const struct spec_package *package,
                  bool is_forced, struct arena *arena, struct package_look *look, struct srcloc *at,
                  struct fault *fault)
{
    *look = (struct package_look){.is_built = true};
    *at = package->at;
    if (package_cache_make(place->cache_dir, package, arena, fault) ||
        run_rules(place, package, is_forced, arena, at, fault))
        return -1;
    return pack(place, package, arena, look, at, fault);
}

struct own_record {
    struct statedb *db;
    struct arena *arena;
    struct diags *diags;
};

static int own_get(void *data, const char *package, int rule, char digest[DIGEST_HEX_SIZE])
{
    struct own_record *own = data;
    const char *found = NULL;

    if (statedb_build_get(own->db, package, rule, own->arena, own->diags, &found))
        return -1;
    snprintf(digest, DIGEST_HEX_SIZE, "%s", found ? found : "");
    return 0;
}

static void fill_fact(struct fact *fact, const struct spec_package *package,
                      const struct package_look *look, struct arena *arena)
{
    fact->presence = look->is_first ? PRESENCE_ABSENT : PRESENCE_PRESENT;
    fact->said_by = WITNESS_LOCAL;
    attrs_add(arena, &fact->attrs, "version", package->version, SRCLOC_NONE);
    attrs_add(arena, &fact->attrs, "build", look->build, SRCLOC_NONE);
    if (look->is_built)
        attrs_add(arena, &fact->attrs, "digest", arena_strdup(arena, look->digest), SRCLOC_NONE);
    if (look->is_packed)
        attrs_add(arena, &fact->attrs, "bytes", arena_printf(arena, "%lld", (long long)look->bytes),
                  SRCLOC_NONE);
}

int packages_observe(const struct spec *spec, struct statedb *db, const char *cache_dir,
                     struct arena *arena, struct diags *diags, struct world *world)
{
    struct own_record own = {db, arena, diags ? diags : diags_new(arena)};
    const struct build_record record = {.get = own_get, .data = &own};
    const struct package_place place = {.cache_dir = cache_dir, .record = &record};
    int status = 0;

    for (size_t i = 0; i < spec->package_count; i++) {
        const struct spec_package *package = &spec->packages[i];
        struct fact *fact = world_fact(world, arena_printf(arena, "package/%s", package->name));
        struct package_look look;
        struct fault fault;
        struct srcloc at;

        if (!package_look(&place, package, arena, &look, &at, &fault)) {
            fill_fact(fact, package, &look, arena);
        } else if (diags) {
            diag_fault(diags, at, &fault);
            status = -1;
        } else {
            fact->note = arena_strdup(arena, fault.text);
        }
    }
    return status;
}

void packages_collect(const struct spec *spec, const struct world *world, const char *cache_dir,
                      struct arena *arena, struct artifacts *artifacts)
{
    for (size_t i = 0; i < spec->package_count; i++) {
        const struct spec_package *package = &spec->packages[i];
        const struct fact *fact =
            world_find(world, arena_printf(arena, "package/%s", package->name));
        const char *digest = fact ? attrs_value(&fact->attrs, "digest") : NULL;
        const char *bytes = fact ? attrs_value(&fact->attrs, "bytes") : NULL;
        struct artifact artifact = {.package = package->name};

        if (!digest || !bytes || fact->said_by == WITNESS_STATE)
            continue;
        snprintf(artifact.digest, sizeof(artifact.digest), "%s", digest);
        artifact.archive = package_cache_archive(cache_dir, package, digest, arena);
        artifact.bytes = strtoll(bytes, NULL, 10);
        artifacts_put(artifacts, &artifact);
    }
}
