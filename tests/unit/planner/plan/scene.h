#pragma once

#include "planner/plan/plan.h"

/* A spec, what the state recorded and the world, put together for a test. Everything lives until
 * scene_deinit. Problems of the test's own (a spec that does not load) end the program. */
struct scene {
    struct arena *arena;
    struct diags *diags;
    const struct spec *spec;
    struct recorded recorded;
    struct world world;
    struct plan_options options;
    const struct plan *plan;
};

void scene_init(struct scene *scene);
void scene_deinit(struct scene *scene);

/* The spec that a plan is made for. */
void scene_spec(struct scene *scene, const char *file, const char *text);
/* World and state as an apply of that spec leaves them. */
void scene_stand(struct scene *scene, const char *file, const char *text);

/* The fact and the record of an address, made when new. */
struct fact *scene_fact(struct scene *scene, const char *address);
struct recorded_resource *scene_recorded(struct scene *scene, const char *address);
/* Sets an attribute, or with a NULL value removes it. */
void scene_set(struct scene *scene, struct attrs *attrs, const char *name, const char *value);
void scene_set_fact(struct scene *scene, const char *address, const char *name, const char *value);
void scene_gone(struct scene *scene, const char *address);    /* the world: it is not there */
void scene_unknown(struct scene *scene, const char *address); /* the world: no idea */
/* The host does not answer: it and all that is on it. */
void scene_unreachable(struct scene *scene, const char *host);
/* The ensemble does not answer. */
void scene_zookeeper_down(struct scene *scene);
void scene_forget_all(struct scene *scene); /* an empty state */

/* One pattern for the target, exclude, replace or allow_destroy option. */
void scene_pattern(struct plan_patterns *patterns, const char *const *pattern);

/* Makes the plan: what plan_make answers. */
int scene_plan(struct scene *scene);
/* The step on that address, NULL for none. */
const struct step *scene_step(const struct scene *scene, const char *address);
bool scene_needs(const struct scene *scene, const char *address, const char *needed);
bool scene_comes_after(const struct scene *scene, const char *address, const char *earlier);
/* The printed plan, or the printed errors; owned by the arena. */
const char *scene_text(struct scene *scene);
const char *scene_errors(struct scene *scene);

/* Three hosts, an ensemble on all of them, package arcus, cloud alpha with port 11211 on each. */
extern const char scene_site[];
/* Two hosts, an external ensemble, clouds alpha (11211 on both) and beta (11212 on the second). */
extern const char scene_external[];
/* The text with one part replaced by another; the part must be there. */
const char *scene_edit(struct scene *scene, const char *text, const char *part,
                       const char *instead);
