/* Every run is a process of its own, forked before it has threads, so that it can be killed like a
 * program, and so that a crash is seen as such. */
#include "tests/faults/play.h"

#include "planner/apply/apply.h"
#include "tests/faults/kill_point.h"
#include "tests/faults/toy_world.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

const char play_hosts[] = "arcusplan: 1\n"
                          "hosts:\n"
                          "  h1: { executor: local, address: 10.0.0.1 }\n"
                          "  h2: { executor: local, address: 10.0.0.2 }\n"
                          "  h3: { executor: local, address: 10.0.0.3 }\n"
                          "  h4: { executor: local, address: 10.0.0.4 }\n";

static const char *path_of(struct play *play, const char *name)
{
    return arena_printf(play->arena, "%s/%s", play->directory, name);
}

/* Calls each(path) for every file below "now/" or "saved/". */
static void each_file(struct play *play, const char *below,
                      void (*each)(struct play *play, const char *name))
{
    DIR *stream = opendir(path_of(play, below));
    struct dirent *entry;

    if (!stream)
        abort();
    while ((entry = readdir(stream))) {
        const char *name = arena_printf(play->arena, "%s/%s", below, entry->d_name);

        if (entry->d_type == DT_REG)
            each(play, name);
        else if (entry->d_name[0] != '.')
            each_file(play, name, each);
    }
    closedir(stream);
}

static void remove_file(struct play *play, const char *name)
{
    if (unlink(path_of(play, name)))
        abort();
}

/* From below "now/" to below "saved/", or the other way round. */
static void copy_file(struct play *play, const char *name)
{
    const char *slash = strchr(name, '/');
    const char *other = name[0] == 'n' ? "saved" : "now";
    int in = open(path_of(play, name), O_RDONLY | O_CLOEXEC);
    int out = open(path_of(play, arena_printf(play->arena, "%s%s", other, slash)),
                   O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    struct stat stat;

    if (in < 0 || out < 0 || fstat(in, &stat) ||
        sendfile(out, in, NULL, (size_t)stat.st_size) != stat.st_size)
        abort();
    close(in);
    close(out);
}

static void make_directory(struct play *play, const char *name)
{
    if (mkdir(path_of(play, name), 0700))
        abort();
}

int play_setup(void **state)
{
    struct arena *arena = arena_new();
    struct play *play = arena_new_of(arena, struct play);

    play->arena = arena;
    snprintf(play->directory, sizeof(play->directory), "%s/test-faults-XXXXXX",
             access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
    if (!mkdtemp(play->directory))
        return -1;
    play->state = arena_printf(arena, "%s/now/state.db", play->directory);
    play->world = arena_printf(arena, "%s/now/world", play->directory);
    make_directory(play, "now");
    make_directory(play, "now/world");
    make_directory(play, "saved");
    make_directory(play, "saved/world");
    toy_world.directory = play->world;
    *state = play;
    return 0;
}

int play_teardown(void **state)
{
    static const char *const directories[] = {"now/world", "now", "saved/world", "saved", ""};
    struct play *play = *state;

    each_file(play, "now", remove_file);
    each_file(play, "saved", remove_file);
    for (size_t i = 0; i < sizeof(directories) / sizeof(*directories); i++)
        rmdir(path_of(play, directories[i]));
    arena_free(play->arena);
    return 0;
}

void play_save(struct play *play)
{
    each_file(play, "saved", remove_file);
    each_file(play, "now", copy_file);
}

void play_restore(struct play *play)
{
    each_file(play, "now", remove_file);
    each_file(play, "saved", copy_file);
}

static void remove_state_file(struct play *play, const char *name)
{
    if (!strncmp(name, "now/state.db", strlen("now/state.db")))
        remove_file(play, name);
}

void play_lose_state(struct play *play)
{
    each_file(play, "now", remove_state_file);
}

/* One run's things. */
struct scene {
    struct arena *arena;
    struct diags *diags;
    const struct spec *spec;
    struct statedb *db;
    struct recorded recorded;
    struct world world;
    const struct plan *plan;
};

static int load_spec(struct scene *scene, const char *text)
{
    const struct spec_source source = {"spec.yaml", text, strlen(text)};
    struct spec_source *kept = arena_new_of(scene->arena, struct spec_source);
    struct spec_input input = {.sources = kept, .source_count = 1, .home = "/"};

    *kept = source;
    diags_add_source(scene->diags, source.file, text, source.length);
    return spec_load(&input, scene->arena, scene->diags, &scene->spec);
}

static int make_plan(struct scene *scene, struct play *play, const char *spec,
                     enum plan_intent intent, bool is_offline)
{
    const struct plan_options options = {.intent = intent};

    if (load_spec(scene, spec) || statedb_open(play->state, false, scene->diags, &scene->db) ||
        statedb_snapshot(scene->db, scene->arena, scene->diags, &scene->recorded))
        return -1;
    toy_observe(scene->spec, &scene->recorded, is_offline, scene->arena, scene->diags,
                &scene->world);
    return plan_make(scene->spec, &scene->recorded, &scene->world, &options, scene->arena,
                     scene->diags, &scene->plan);
}

static int run_plan(struct scene *scene, struct play *play, struct apply_result *result)
{
    const struct apply_options options = {.command = "apply",
                                          .user = "test",
                                          .cache_dir = play->directory,
                                          .out = stdout,
                                          .quiet = true,
                                          .execute = toy_execute};
    struct zk_session *session = NULL;
    struct fault fault;
    struct fleet *fleet;
    int status;

    if (transport_init(&fault) || !(fleet = fleet_new(3, &fault)))
        return -1;
    status = apply_run(scene->plan, scene->db, fleet, &session, &options, scene->arena,
                       scene->diags, result);
    fleet_free(fleet);
    return status;
}

/* Prints what was reported unless that was to be expected. */
static bool is_misordered(struct scene *scene)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    bool is_found;

    diags_print(scene->diags, out, false);
    fclose(out);
    is_found = strstr(text, "order:") != NULL;
    if (is_found || !(strstr(text, "bad luck") || strstr(text, "error[E060")))
        fputs(text, stderr);
    free(text);
    return is_found;
}

static int run_scene(struct scene *scene, struct play *play, const struct play_options *options)
{
    struct apply_result result = {0};

    if (make_plan(scene, play, options->spec, options->intent, false) ||
        statedb_adopt(scene->db, scene->plan, scene->diags))
        return PLAY_ERROR;
    if (!scene->plan->steps.count)
        return PLAY_NOTHING;
    if (run_plan(scene, play, &result))
        return PLAY_ERROR;
    return result.failed || result.skipped || result.interrupted ? PLAY_PART_WAY : PLAY_DONE;
}

static void play_in_child(struct play *play, const struct play_options *options)
{
    struct scene scene = {.arena = arena_new()};
    int result;

    scene.diags = diags_new(scene.arena);
    toy_world.seed = options->seed;
    toy_world.fail_permille = options->fail_permille;
    kill_point_watch_sqlite();
    kill_point_set(options->kill_at);
    kill_point_fill_disk(options->full_at);
    result = run_scene(&scene, play, options);
    if (result == PLAY_PART_WAY || result == PLAY_ERROR)
        result = is_misordered(&scene) ? PLAY_MISORDERED : result;
    statedb_close(scene.db);
    _exit(result);
}

int play_run(struct play *play, const struct play_options *options)
{
    pid_t pid = fork();
    int status;

    if (pid == 0)
        play_in_child(play, options);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            abort();
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    fprintf(stderr, "a run ended with signal %d\n", WTERMSIG(status));
    return PLAY_ERROR;
}

static void scene_deinit(struct scene *scene)
{
    diags_print(scene->diags, stderr, false);
    statedb_close(scene->db);
    recorded_deinit(&scene->recorded);
    world_deinit(&scene->world);
    arena_free(scene->arena);
}

int play_plan(struct play *play, const char *spec, bool is_offline)
{
    struct scene scene = {.arena = arena_new()};
    int count = -1;

    scene.diags = diags_new(scene.arena);
    recorded_init(&scene.recorded, scene.arena);
    world_init(&scene.world, scene.arena);
    if (!make_plan(&scene, play, spec, PLAN_CONVERGE, is_offline)) {
        count = (int)scene.plan->steps.count;
        if (count)
            plan_print_text(scene.plan, stderr, false);
    }
    scene_deinit(&scene);
    return count;
}

bool play_state_is_good(struct play *play)
{
    struct arena *arena = arena_new();
    struct diags *diags = diags_new(arena);
    struct statedb *db = NULL;
    bool is_good = !statedb_open(play->state, false, diags, &db) && !statedb_verify(db, diags);

    diags_print(diags, stderr, false);
    statedb_close(db);
    arena_free(arena);
    return is_good;
}
