#include "planner/apply/journal.h"

#include <stdio.h>

void journal_init(struct journal *journal, struct statedb *db, struct diags *diags)
{
    *journal = (struct journal){.db = db, .arena = arena_new(), .diags = diags};
    pthread_mutex_init(&journal->mutex, NULL);
}

void journal_deinit(struct journal *journal)
{
    pthread_mutex_destroy(&journal->mutex);
    arena_free(journal->arena);
}

/* For errors that nobody has to see. Locked. */
static struct diags *unseen(struct journal *journal)
{
    return diags_new(journal->arena);
}

/* Where the main thread's errors go: after the first one they would only say the same again.
 * Locked. */
static struct diags *diags_of(struct journal *journal)
{
    return journal->has_failed ? unseen(journal) : journal->diags;
}

/* Unlocks. */
static int leave(struct journal *journal, int status)
{
    if (status < 0)
        journal->has_failed = true;
    pthread_mutex_unlock(&journal->mutex);
    return status;
}

int journal_begin(struct journal *journal, const char *command, const char *user,
                  const struct spec *spec)
{
    pthread_mutex_lock(&journal->mutex);
    return leave(journal, statedb_run_begin(journal->db, command, user, spec, diags_of(journal),
                                            &journal->run_id));
}

int journal_intent(struct journal *journal, const struct step *step)
{
    pthread_mutex_lock(&journal->mutex);
    return leave(journal, statedb_intent(journal->db, journal->run_id, step, diags_of(journal)));
}

int journal_outcome(struct journal *journal, const struct step *step, const struct outcome *outcome)
{
    pthread_mutex_lock(&journal->mutex);
    return leave(journal,
                 statedb_outcome(journal->db, journal->run_id, step, outcome, diags_of(journal)));
}

int journal_end(struct journal *journal, const char *result)
{
    pthread_mutex_lock(&journal->mutex);
    return leave(journal, statedb_run_end(journal->db, journal->run_id, result, diags_of(journal)));
}

bool journal_has_failed(struct journal *journal)
{
    bool has_failed;

    pthread_mutex_lock(&journal->mutex);
    has_failed = journal->has_failed;
    pthread_mutex_unlock(&journal->mutex);
    return has_failed;
}

static int build_get(void *data, const char *package, int rule, char digest[DIGEST_HEX_SIZE])
{
    struct journal *journal = data;
    const char *found = NULL;
    int status;

    pthread_mutex_lock(&journal->mutex);
    status = statedb_build_get(journal->db, package, rule, journal->arena, unseen(journal), &found);
    snprintf(digest, DIGEST_HEX_SIZE, "%s", found ? found : "");
    return leave(journal, status);
}

static int build_put(void *data, const char *package, int rule, const char *digest)
{
    struct journal *journal = data;

    pthread_mutex_lock(&journal->mutex);
    return leave(journal, statedb_build_put(journal->db, package, rule, digest, unseen(journal)));
}

struct build_record journal_builds(struct journal *journal)
{
    return (struct build_record){build_get, build_put, journal};
}
