/* One loop: start what may start, wait for a step that ended, a signal or the next picture. A step
 * runs on a worker and touches nothing but its own task; the journal, the schedule and the printing
 * are the main thread's. The intent is committed before the step is handed to a worker and the
 * outcome after it came back, so that a kill at any moment leaves exactly the steps uncertain that
 * were under way. */
#include "planner/apply/apply.h"

#include "executors/steps/packages.h"
#include "planner/apply/journal.h"
#include "planner/apply/lazy_session.h"
#include "planner/apply/progress.h"
#include "planner/apply/schedule.h"
#include "planner/apply/stop_signal.h"
#include "planner/base/clock.h"

#include <poll.h>
#include <string.h>

struct run {
    const struct plan *plan;
    const struct apply_options *options;
    struct fleet *fleet;
    struct arena *arena;
    struct diags *diags;
    struct apply_result *result;
    struct schedule *schedule;
    struct journal journal;
    struct build_record builds;
    struct lazy_session session;
    struct artifacts *artifacts;
    struct progress progress;
    struct run_totals totals;
    int signals;   /* seen so far */
    int started;   /* steps */
    int not_begun; /* skipped because the run was stopped */
    bool is_stopped;
};

/* A step on its way through a worker. */
struct task {
    struct job job;
    struct run *run;
    struct arena *arena;
    struct activity activity;
    struct outcome outcome;
};

static int task_zookeeper(void *data, int64_t deadline_ms, struct zk_session **session,
                          struct fault *fault)
{
    struct task *task = data;

    return lazy_session_get(&task->run->session, deadline_ms, session, fault);
}

static void task_phase(void *data, const char *text)
{
    struct task *task = data;

    activity_set_phase(&task->activity, text);
}

/* On a worker. */
static int task_run(struct job *job, struct transport *transport)
{
    struct task *task = job->data;
    struct run *run = task->run;
    const struct step_context context = {.spec = run->plan->spec,
                                         .step = task->activity.step,
                                         .arena = task->arena,
                                         .transport = transport,
                                         .zookeeper = task_zookeeper,
                                         .data = task,
                                         .artifacts = run->artifacts,
                                         .builds = &run->builds,
                                         .cache_dir = run->options->cache_dir,
                                         .workdir = ".",
                                         .cancel = fleet_cancel_flag(run->fleet),
                                         .sent = &task->activity.sent,
                                         .phase = task_phase};

    activity_set_phase(&task->activity, "");
    if (run->options->execute)
        run->options->execute(&context, &task->outcome);
    else
        step_execute(&context, &task->outcome);
    return 0;
}

static void task_start(struct run *run, const struct step *step)
{
    struct arena *arena = arena_new();
    struct task *task = arena_new_of(arena, struct task);

    task->run = run;
    task->arena = arena;
    task->job = (struct job){.host = step->host, .run = task_run, .data = task};
    activity_init(&task->activity, step);
    activity_set_phase(&task->activity, step->host ? "connecting" : "");
    progress_step_start(&run->progress, &task->activity);
    fleet_submit(run->fleet, &task->job);
    run->started++;
}

static void report_failure(struct run *run, const struct step *step, const struct outcome *outcome)
{
    struct diag *diag = diag_error(
        run->diags, outcome->fault.code, outcome->at.line ? outcome->at : step->change->at,
        "step %d, %s %s%s%s: %s", step->id, op_word(step->op), step->change->address,
        step->host ? " on " : "", step->host ? step->host->name : "", outcome->fault.text);

    if (outcome->fault.hint[0])
        diag_hint(run->diags, diag, "%s", outcome->fault.hint);
}

static void count_outcome(struct run *run, enum outcome_kind kind)
{
    struct apply_result *result = run->result;

    result->done += kind == OUTCOME_DONE;
    result->unchanged += kind == OUTCOME_UNCHANGED;
    result->failed += kind == OUTCOME_FAILED;
    result->skipped += kind == OUTCOME_SKIPPED;
    run->totals.done = result->done;
    run->totals.unchanged = result->unchanged;
    run->totals.failed = result->failed;
    run->totals.skipped = result->skipped;
}

static void stop(struct run *run, const char *why)
{
    if (run->is_stopped)
        return;
    run->is_stopped = true;
    schedule_stop(run->schedule, why);
}

static void stop_after_journal_failure(struct run *run)
{
    if (journal_has_failed(&run->journal))
        stop(run, "the state database cannot be written");
}

/* Records how a step ended and tells everybody. activity NULL: it never started. */
static void conclude(struct run *run, struct activity *activity, const struct step *step,
                     const struct outcome *outcome)
{
    if (activity || !journal_has_failed(&run->journal))
        journal_outcome(&run->journal, step, outcome);
    count_outcome(run, outcome->kind);
    if (outcome->kind == OUTCOME_FAILED)
        report_failure(run, step, outcome);
    progress_step_end(&run->progress, activity, step, outcome);
    stop_after_journal_failure(run);
}

static void conclude_skipped(struct run *run, const struct step *step, const char *why)
{
    struct outcome outcome = {.kind = OUTCOME_SKIPPED};

    fault_set(&outcome.fault, run->is_stopped ? DIAG_INTERRUPTED : DIAG_STEP_FAILED, "%s", why);
    run->not_begun += run->is_stopped;
    conclude(run, NULL, step, &outcome);
}

static void task_finish(struct run *run, struct task *task)
{
    const struct step *step = task->activity.step;
    struct outcome *outcome = &task->outcome;

    if (task->job.result) {
        outcome->kind = OUTCOME_FAILED;
        outcome->fault = task->job.fault;
    }
    outcome->elapsed_ms = clock_now_ms() - task->activity.started_ms;
    if (!outcome->bytes_sent)
        outcome->bytes_sent = atomic_load(&task->activity.sent);
    schedule_end(run->schedule, step, outcome->kind);
    conclude(run, &task->activity, step, outcome);
    activity_deinit(&task->activity);
    arena_free(task->arena);
}

/* Starts and skips until nothing more can be. */
static void advance(struct run *run)
{
    size_t limit = run->options->parallel > 0 ? (size_t)run->options->parallel : SIZE_MAX;
    const struct step *step;
    const char *why;
    bool has_moved;

    do {
        has_moved = false;
        while ((step = schedule_next_skipped(run->schedule, &why))) {
            conclude_skipped(run, step, why);
            has_moved = true;
        }
        if (schedule_running(run->schedule) >= limit || !(step = schedule_next(run->schedule)))
            continue;
        has_moved = true;
        if (journal_intent(&run->journal, step) == 0) {
            task_start(run, step);
        } else {
            schedule_end(run->schedule, step, OUTCOME_SKIPPED);
            conclude_skipped(run, step, "the state database cannot be written");
        }
    } while (has_moved);
}

static void take_signals(struct run *run)
{
    int signals = stop_signal_count();

    if (signals == run->signals)
        return;
    if (run->signals == 0)
        stop(run, "the run was interrupted");
    if (signals >= 2)
        fleet_cancel(run->fleet);
    run->signals = signals;
}

static void wait_for_news(struct run *run)
{
    struct pollfd fds[] = {{stop_signal_fd(), POLLIN, 0}, {fleet_wake_fd(run->fleet), POLLIN, 0}};
    struct job *job;

    poll(fds, 2, progress_wait_ms(&run->progress));
    take_signals(run);
    while ((job = fleet_next(run->fleet, 0)))
        task_finish(run, job->data);
}

/* A signal that came when nothing was left to begin or to cut changed nothing. */
static const char *run_word(struct run *run)
{
    run->result->interrupted = (run->signals && (run->not_begun || run->result->failed)) ||
                               journal_has_failed(&run->journal);
    if (run->result->interrupted)
        return "interrupted";
    return run->result->failed || run->result->skipped ? "failed" : "done";
}

static void report_not_begun(struct run *run)
{
    struct diag *diag;

    if (!run->result->interrupted || !run->signals)
        return;
    diag = diag_error(run->diags, DIAG_INTERRUPTED, SRCLOC_NONE,
                      "interrupted by a signal, %d step%s not begun", run->not_begun,
                      run->not_begun == 1 ? " was" : "s were");
    diag_hint(run->diags, diag, "run it again to go on");
}

static int run_steps(struct run *run)
{
    struct fault fault;

    if (stop_signal_start(&fault)) {
        diag_fault(run->diags, SRCLOC_NONE, &fault);
        return -1;
    }
    progress_run_start(&run->progress);
    for (;;) {
        advance(run);
        progress_tick(&run->progress);
        if (schedule_is_done(run->schedule))
            break;
        wait_for_news(run);
    }
    run->totals.result = run_word(run);
    report_not_begun(run);
    if (journal_end(&run->journal, run->totals.result))
        run->result->interrupted = true;
    progress_run_end(&run->progress);
    stop_signal_stop();
    return run->started || !journal_has_failed(&run->journal) ? 0 : -1;
}

static const struct progress_style *style_of(const struct apply_options *options)
{
    if (options->json)
        return &progress_json;
    if (options->quiet)
        return &progress_quiet;
    return options->is_terminal ? &progress_terminal : &progress_plain;
}

static void run_init(struct run *run, struct statedb *db, struct zk_session *session)
{
    const struct spec_zookeeper *zookeeper = run->plan->spec->zookeeper;
    const struct apply_options *options = run->options;

    *run->result = (struct apply_result){0};
    run->schedule = schedule_new(run->plan, run->arena);
    journal_init(&run->journal, db, run->diags);
    run->builds = journal_builds(&run->journal);
    lazy_session_init(&run->session, zookeeper ? zookeeper->connect : NULL,
                      fleet_cancel_flag(run->fleet), session);
    run->session.on_session = options->on_session;
    run->session.data = options->on_session_data;
    run->artifacts = artifacts_new();
    packages_collect(run->plan->spec, run->plan->world, options->cache_dir, run->arena,
                     run->artifacts);
    run->totals.started_ms = clock_now_ms();
    run->totals.command = options->command;
    run->totals.steps = (int)run->plan->steps.count;
    progress_init(&run->progress, style_of(options), options->out, options->color, &run->totals,
                  run->arena);
}

int apply_run(const struct plan *plan, struct statedb *db, struct fleet *fleet,
              struct zk_session **session, const struct apply_options *options, struct arena *arena,
              struct diags *diags, struct apply_result *result)
{
    struct run run = {.plan = plan,
                      .options = options,
                      .fleet = fleet,
                      .arena = arena,
                      .diags = diags,
                      .result = result};
    int status = -1;

    run_init(&run, db, *session);
    if (journal_begin(&run.journal, options->command, options->user, plan->spec) == 0) {
        run.totals.run_id = run.journal.run_id;
        status = run_steps(&run);
    }
    *session = lazy_session_deinit(&run.session);
    artifacts_free(run.artifacts);
    journal_deinit(&run.journal);
    schedule_free(run.schedule);
    return status;
}
