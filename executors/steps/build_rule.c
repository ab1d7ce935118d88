/* What decides is the digest in the state. The list of inputs with their digests, kept beside it in
 * the cache, only serves to tell which input changed, and may be missing. The digest that is kept
 * was computed before the rule ran: an input that changes meanwhile makes it due again. */
#include "executors/steps/build_rule.h"

#include "executors/steps/glob.h"
#include "executors/steps/local_command.h"
#include "executors/steps/package_source.h"
#include "planner/base/map.h"
#include "planner/base/str.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct rule_input {
    const char *path;
    const char *digest;
};

static const struct spec_build_rule *rule_of(const struct rule_place *place)
{
    return &place->package->rules[place->rule];
}

static const char *cache_path(const struct rule_place *place, struct arena *arena,
                              const char *ending)
{
    return arena_printf(arena, "%s/build-%d.%s", place->directory, place->rule + 1, ending);
}

static int digest_input(const struct rule_place *place, const struct glob_file *file,
                        struct arena *arena, struct rule_input *input, struct fault *fault)
{
    const char *path = package_path(arena, place->package, file->path);
    char *digest = arena_alloc(arena, DIGEST_HEX_SIZE + 1);

    *input = (struct rule_input){file->path, digest};
    *digest++ = S_ISLNK(file->stat.st_mode) ? 'l' : file->stat.st_mode & 0111 ? 'x' : '-';
    if (S_ISLNK(file->stat.st_mode)) {
        char target[4096];
        ssize_t length = readlink(path, target, sizeof(target));

        if (length < 0)
            return fault_set(fault, DIAG_PACKAGE_INPUT, "%s: %s", path, strerror(errno));
        digest_of(target, (size_t)length, digest);
        return 0;
    }
    return file_digest(path, digest, fault);
}

static int find_inputs(const struct rule_place *place, const struct glob_files *outputs,
                       struct arena *arena, struct rule_look *look, struct fault *fault)
{
    const struct spec_build_rule *rule = rule_of(place);
    struct glob_files files = {.arena = arena};
    size_t unmatched;

    if (glob_find(place->package->base_dir, rule->inputs, rule->input_count, &files, &unmatched,
                  fault))
        return -1;
    if (unmatched < rule->input_count) {
        fault_set(fault, DIAG_PACKAGE_INPUT, "no file below %s matches the input '%s'",
                  place->package->base_dir, rule->inputs[unmatched]);
        return -1;
    }
    look->inputs = arena_array_of(arena, struct rule_input, files.items.count);
    vec_each(file, &files.items)
        if (!glob_files_find(outputs, file->path) &&
            digest_input(place, file, arena, &look->inputs[look->input_count++], fault))
            return -1;
    return 0;
}

static void digest_rule(const struct spec_build_rule *rule, struct rule_look *look)
{
    struct digest *digest = digest_new();

    digest_add_string(digest, "arcusplan-rule 1");
    digest_add_string(digest, rule->run);
    for (size_t i = 0; i < rule->output_count; i++)
        digest_add_string(digest, rule->outputs[i]);
    for (size_t i = 0; i < look->input_count; i++) {
        digest_add_string(digest, look->inputs[i].path);
        digest_add_string(digest, look->inputs[i].digest);
    }
    digest_finish(digest, look->digest);
}

/* The list that was kept when the rule last succeeded; each line is a digest and a path. */
static void read_list(const struct rule_place *place, struct arena *arena, struct map *old)
{
    FILE *in = fopen(cache_path(place, arena, "inputs"), "re");
    char *line = NULL;
    size_t room = 0;
    ssize_t length;

    while (in && (length = getline(&line, &room, in)) > 0) {
        if (line[length - 1] == '\n')
            line[--length] = '\0';
        if (length > DIGEST_HEX_SIZE + 1 && line[DIGEST_HEX_SIZE] == ' ') {
            line[DIGEST_HEX_SIZE] = '\0';
            map_put(old, arena_strdup(arena, line + DIGEST_HEX_SIZE + 1),
                    arena_strdup(arena, line));
        }
    }
    free(line);
    if (in)
        fclose(in);
}

static void write_list(const struct rule_place *place, const struct rule_look *look,
                       struct arena *arena)
{
    const char *path = cache_path(place, arena, "inputs");
    FILE *out = fopen(path, "we");

    if (!out)
        return;
    for (size_t i = 0; i < look->input_count; i++)
        if (!strchr(look->inputs[i].path, '\n'))
            fprintf(out, "%s %s\n", look->inputs[i].digest, look->inputs[i].path);
    if (fclose(out))
        unlink(path);
}

static const char *what_changed(const struct rule_place *place, const struct rule_look *look,
                                struct arena *arena)
{
    const char *first = NULL;
    struct map old;
    size_t changed = 0;

    map_init(&old, arena);
    read_list(place, arena, &old);
    for (size_t i = 0; i < look->input_count; i++) {
        const char *before = map_get(&old, look->inputs[i].path);

        if (before && !strcmp(before, look->inputs[i].digest))
            continue;
        first = first ? first : look->inputs[i].path;
        changed++;
    }
    map_deinit(&old);
    if (!changed)
        return "inputs or the rule changed";
    if (changed == 1)
        return arena_printf(arena, "inputs changed: %s", first);
    return arena_printf(arena, "inputs changed: %s and %zu more", first, changed - 1);
}

int rule_look(const struct rule_place *place, struct arena *arena, struct rule_look *look,
              struct fault *fault)
{
    const struct spec_build_rule *rule = rule_of(place);
    struct glob_files outputs = {.arena = arena};
    char recorded[DIGEST_HEX_SIZE] = "";
    size_t missing;

    *look = (struct rule_look){0};
    if (glob_find(place->package->base_dir, rule->outputs, rule->output_count, &outputs, &missing,
                  fault) ||
        find_inputs(place, &outputs, arena, look, fault))
        return -1;
    digest_rule(rule, look);
    if (place->record->get(place->record->data, place->package->name, place->rule, recorded))
        return fault_set(fault, DIAG_STATE_OPEN, "the state does not tell what was built");
    look->is_first = !*recorded;
    if (look->is_first)
        look->why = "never built";
    else if (missing < rule->output_count)
        look->why = arena_printf(arena, "output missing: %s", rule->outputs[missing]);
    else if (strcmp(recorded, look->digest) != 0)
        look->why = what_changed(place, look, arena);
    look->is_due = look->why != NULL;
    return 0;
}

static int check_outputs(const struct rule_place *place, const char *log, struct arena *arena,
                         struct fault *fault)
{
    const struct spec_build_rule *rule = rule_of(place);
    struct glob_files outputs = {.arena = arena};
    size_t missing;

    if (glob_find(place->package->base_dir, rule->outputs, rule->output_count, &outputs, &missing,
                  fault))
        return -1;
    if (missing == rule->output_count)
        return 0;
    fault_set(fault, DIAG_PACKAGE_BUILD, "'%.200s' ended well but did not make its output %s",
              rule->run, rule->outputs[missing]);
    return fault_hint(fault, "its output is in %s", log);
}

int rule_run(const struct rule_place *place, const struct rule_look *look, int64_t deadline_ms,
             const atomic_bool *cancel, struct arena *arena, struct fault *fault)
{
    const struct spec_build_rule *rule = rule_of(place);
    const struct local_command command = {.script = rule->run,
                                          .directory = place->package->base_dir,
                                          .log = cache_path(place, arena, "log"),
                                          .deadline_ms = deadline_ms,
                                          .cancel = cancel};

    if (local_command_run(&command, arena, fault) ||
        check_outputs(place, command.log, arena, fault))
        return -1;
    write_list(place, look, arena);
    if (place->record->put(place->record->data, place->package->name, place->rule, look->digest))
        return fault_set(fault, DIAG_STATE_WRITE, "that %s was built cannot be recorded",
                         place->package->name);
    return 0;
}
