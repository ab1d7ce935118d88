/* A package has exactly one of files, directory and archive; paths inside the release must not
 * leave it, nor may one file lie where another one needs a directory. */
#include "planner/spec/resolve.h"
#include "planner/spec/schema.h"

#include <stdlib.h>
#include <string.h>

static const char *const *read_globs(struct resolver *resolver, const struct tree *list,
                                     size_t *count)
{
    vec_of(const char *) globs = {0};

    if (list)
        vec_each(item, &list->items) {
            const char *glob = resolve_inner_path(resolver, *item);

            if (glob)
                *vec_push(resolver->arena, &globs) = glob;
        }
    *count = globs.count;
    return globs.items;
}

static void read_rules(struct resolver *resolver, const struct tree *list,
                       struct spec_package *package)
{
    vec_of(struct spec_build_rule) rules = {0};

    if (!list)
        return;
    vec_each(item, &list->items) {
        struct spec_build_rule *rule = vec_push(resolver->arena, &rules);

        rule->at = (*item)->at;
        schema_read(schema_rule_keys, *item, rule);
        rule->inputs = read_globs(resolver, tree_get(*item, "inputs"), &rule->input_count);
        rule->outputs = read_globs(resolver, tree_get(*item, "outputs"), &rule->output_count);
    }
    package->rules = rules.items;
    package->rule_count = rules.count;
}

static bool is_separator_or_end(char c)
{
    return c == '/' || c == '\0';
}

/* Orders paths so that what lies below a path follows it at once: '/' before all characters. */
static int path_compare(const void *left, const void *right)
{
    const struct tree *a = *(struct tree *const *)left, *b = *(struct tree *const *)right;
    const unsigned char *x = (const unsigned char *)a->text, *y = (const unsigned char *)b->text;

    while (*x && *x == *y) {
        x++;
        y++;
    }
    if (*x == *y)
        return srcloc_compare(&a->at, &b->at);
    if (is_separator_or_end((char)*x) || is_separator_or_end((char)*y))
        return !*x ? -1 : !*y ? 1 : *x == '/' ? -1 : 1;
    return *x < *y ? -1 : 1;
}

/* Reports two files of which one lies where the other does, or below it. */
static void compare_neighbours(struct resolver *resolver, const struct tree *a,
                               const struct tree *b)
{
    bool is_same = strcmp(a->text, b->text) == 0;
    bool is_later = srcloc_compare(&a->at, &b->at) < 0;
    const struct tree *later = is_later ? b : a;
    struct diag *diag;

    if (!resolve_is_below(b->text, a->text))
        return;
    if (is_same)
        diag = diag_error(resolver->diags, DIAG_SPEC_DUPLICATE, later->at,
                          "%s is written twice in the release", later->shown);
    else
        diag = diag_error(resolver->diags, DIAG_SPEC_CONFLICT, later->at,
                          "%s is a file, so that %s cannot lie below it", a->shown, b->shown);
    diag_note(resolver->diags, diag, (is_later ? a : b)->at, "the other file is here");
}

static void read_files(struct resolver *resolver, const struct tree *list,
                       struct spec_package *package)
{
    vec_of(struct spec_file) files = {0};
    vec_of(const struct tree *) paths = {0};

    if (!list)
        return;
    vec_each(item, &list->items) {
        struct spec_file *file = vec_push(resolver->arena, &files);
        const struct tree *to = tree_get(*item, "to");

        *file = (struct spec_file){.at = (*item)->at, .mode = -1};
        schema_read(schema_file_keys, *item, file);
        file->to = resolve_inner_path(resolver, to);
        if (file->to)
            *vec_push(resolver->arena, &paths) = to;
    }
    if (paths.count)
        qsort(paths.items, paths.count, sizeof(*paths.items), path_compare);
    for (size_t i = 1; i < paths.count; i++)
        compare_neighbours(resolver, paths.items[i - 1], paths.items[i]);
    package->files = files.items;
    package->file_count = files.count;
}

static void read_source(struct resolver *resolver, const struct tree_entry *entry,
                        struct spec_package *package)
{
    static const char *const names[] = {[PACKAGE_FILES] = "files",
                                        [PACKAGE_DIRECTORY] = "directory",
                                        [PACKAGE_ARCHIVE] = "archive"};
    const struct tree_entry *first = NULL;

    for (int i = PACKAGE_FILES; i <= PACKAGE_ARCHIVE; i++) {
        const struct tree_entry *found = tree_entry(entry->value, names[i]);
        struct diag *diag;

        if (!found)
            continue;
        if (first) {
            diag = diag_error(resolver->diags, DIAG_SPEC_CONFLICT, found->at,
                              "%s and %s exclude each other", first->key, found->key);
            diag_note(resolver->diags, diag, first->at, "%s is set here", first->key);
        } else {
            package->source = (enum package_source)i;
            first = found;
        }
    }
    if (!first && entry->value->kind == TREE_MAP)
        diag_hint(resolver->diags,
                  diag_error(resolver->diags, DIAG_SPEC_MISSING_KEY, entry->at,
                             "package %s has no content", entry->key),
                  "set files, directory or archive");
}

static void read_package(struct resolver *resolver, const struct tree_entry *entry,
                         struct spec_package *package)
{
    *package = (struct spec_package){.name = entry->key, .at = entry->at};
    schema_read_defaults(schema_package_keys, package);
    schema_read(schema_package_keys, entry->value, package);
    package->base_dir = resolve_directory_of(resolver->arena, entry->at.file);
    package->install_dir = resolve_remote_path(resolver, tree_get(entry->value, "install_dir"));
    read_source(resolver, entry, package);
    read_rules(resolver, tree_get(entry->value, "build"), package);
    read_files(resolver, tree_get(entry->value, "files"), package);
}

void resolve_packages(struct resolver *resolver, const struct tree *root)
{
    const struct tree *map = tree_get(root, "packages");
    struct spec_package *packages;

    if (!map || map->kind != TREE_MAP) {
        resolver->has_bad_package = map && map->is_broken;
        return;
    }
    packages = arena_array_of(resolver->arena, struct spec_package, map->entries.count);
    resolver->spec->packages = packages;
    vec_each(entry, &map->entries) {
        struct spec_package *package = packages + resolver->spec->package_count++;

        read_package(resolver, entry, package);
        map_put(&resolver->packages, package->name, package);
    }
}
