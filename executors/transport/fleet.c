/* A lane per host holds its waiting jobs; a lane with jobs whose host nobody is busy with stands in
 * the queue of ready lanes. A worker takes the first job of the first ready lane, or a job without
 * a host, and puts the lane back at the end of the queue, so that no host starves another. One
 * mutex guards all of it; a transport is used outside of it, by the worker that holds the lane.
 *
 * A connection that could not be opened fails the host's jobs for a short while without trying
 * again, so that a dead host costs its timeout once and not once a job. */
#include "executors/transport/fleet.h"

#include "planner/base/clock.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { OPEN_MS = 600000, REMEMBER_FAULT_MS = 5000, STOP_MS = 8000, MOST_WORKERS = 256 };

struct queue {
    struct job *first, *last;
};

struct lane {
    struct lane *next;       /* of all lanes */
    struct lane *next_ready; /* of the ready ones */
    char *host;              /* name; NULL: jobs without a host, each on its own */
    struct queue jobs;
    bool is_busy;  /* a worker holds it */
    bool is_ready; /* stands in the ready queue */
    struct transport *transport;
    struct fault fault; /* of the last attempt to connect */
    int64_t fault_until_ms;
};

struct fleet {
    pthread_mutex_t lock; /* guards all but cancel and wake_fd */
    pthread_cond_t work;  /* there is a ready lane, or is_stopping */
    struct lane *lanes;
    struct lane free_lane; /* of the jobs without a host */
    struct lane *first_ready, *last_ready;
    struct queue done;
    size_t pending;
    pthread_t workers[MOST_WORKERS];
    int worker_count, worker_limit;
    bool is_stopping;
    atomic_bool cancel;
    int wake_fd;
};

static void queue_push(struct queue *queue, struct job *job)
{
    job->next = NULL;
    if (queue->last)
        queue->last->next = job;
    else
        queue->first = job;
    queue->last = job;
}

static struct job *queue_pop(struct queue *queue)
{
    struct job *job = queue->first;

    if (!job)
        return NULL;
    queue->first = job->next;
    if (!queue->first)
        queue->last = NULL;
    job->next = NULL;
    return job;
}

static void make_ready(struct fleet *fleet, struct lane *lane)
{
    if (lane->is_ready || lane->is_busy || !lane->jobs.first)
        return;
    lane->is_ready = true;
    lane->next_ready = NULL;
    if (fleet->last_ready)
        fleet->last_ready->next_ready = lane;
    else
        fleet->first_ready = lane;
    fleet->last_ready = lane;
    pthread_cond_signal(&fleet->work);
}

/* The next job and its lane, which is then busy unless it is the one without a host. */
static struct job *take_job(struct fleet *fleet, struct lane **from)
{
    struct lane *lane = fleet->first_ready;
    struct job *job;

    fleet->first_ready = lane->next_ready;
    if (!fleet->first_ready)
        fleet->last_ready = NULL;
    lane->is_ready = false;
    job = queue_pop(&lane->jobs);
    lane->is_busy = lane->host != NULL;
    make_ready(fleet, lane);
    *from = lane;
    return job;
}

/* Outside the lock: the lane is this worker's. */
static int open_transport(struct fleet *fleet, struct lane *lane, struct job *job)
{
    if (lane->transport && transport_is_broken(lane->transport)) {
        transport_close(lane->transport);
        lane->transport = NULL;
    }
    if (lane->transport)
        return 0;
    if (clock_now_ms() >= lane->fault_until_ms) {
        if (transport_open(job->host, clock_deadline_ms(OPEN_MS), &fleet->cancel, &lane->transport,
                           &lane->fault) == 0)
            return 0;
        lane->fault_until_ms = clock_deadline_ms(REMEMBER_FAULT_MS);
    }
    job->fault = lane->fault;
    job->is_connect_fault = true;
    return -1;
}

static void run_job(struct fleet *fleet, struct lane *lane, struct job *job)
{
    job->result = -1;
    job->is_connect_fault = false;
    if (atomic_load(&fleet->cancel))
        fault_set(&job->fault, DIAG_INTERRUPTED, "interrupted before it began");
    else if (!job->host)
        job->result = job->run(job, NULL);
    else if (open_transport(fleet, lane, job) == 0)
        job->result = job->run(job, lane->transport);
}

static void finish_job(struct fleet *fleet, struct lane *lane, struct job *job)
{
    uint64_t one = 1;

    if (lane->host) {
        lane->is_busy = false;
        make_ready(fleet, lane);
    }
    queue_push(&fleet->done, job);
    while (write(fleet->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
        continue;
}

static void *work(void *data)
{
    struct fleet *fleet = data;
    struct lane *lane;
    struct job *job;

    pthread_mutex_lock(&fleet->lock);
    for (;;) {
        while (!fleet->first_ready && !fleet->is_stopping)
            pthread_cond_wait(&fleet->work, &fleet->lock);
        if (!fleet->first_ready)
            break;
        job = take_job(fleet, &lane);
        pthread_mutex_unlock(&fleet->lock);
        run_job(fleet, lane, job);
        pthread_mutex_lock(&fleet->lock);
        finish_job(fleet, lane, job);
    }
    pthread_mutex_unlock(&fleet->lock);
    return NULL;
}

struct fleet *fleet_new(int parallel, struct fault *fault)
{
    struct fleet *fleet = calloc(1, sizeof(*fleet));

    if (!fleet) {
        fault_set(fault, DIAG_HOST_CONNECT, "out of memory");
        return NULL;
    }
    fleet->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fleet->wake_fd < 0) {
        fault_set(fault, DIAG_HOST_CONNECT, "no event descriptor: %s", strerror(errno));
        free(fleet);
        return NULL;
    }
    pthread_mutex_init(&fleet->lock, NULL);
    pthread_cond_init(&fleet->work, NULL);
    atomic_init(&fleet->cancel, false);
    fleet->worker_limit = parallel < 1 ? 1 : parallel > MOST_WORKERS ? MOST_WORKERS : parallel;
    return fleet;
}

/* Locked. There are never more threads than jobs. Signals are the main thread's. */
static void start_worker(struct fleet *fleet)
{
    sigset_t all, before;

    if (fleet->worker_count == fleet->worker_limit || (size_t)fleet->worker_count >= fleet->pending)
        return;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&fleet->workers[fleet->worker_count], NULL, work, fleet) == 0)
        fleet->worker_count++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static struct lane *find_lane(struct fleet *fleet, const struct spec_host *host)
{
    struct lane *lane = fleet->lanes;

    if (!host)
        return &fleet->free_lane;
    while (lane && strcmp(lane->host, host->name) != 0)
        lane = lane->next;
    if (lane)
        return lane;
    lane = calloc(1, sizeof(*lane));
    if (!lane || !(lane->host = strdup(host->name)))
        abort();
    lane->next = fleet->lanes;
    fleet->lanes = lane;
    return lane;
}

void fleet_submit(struct fleet *fleet, struct job *job)
{
    struct lane *lane;

    pthread_mutex_lock(&fleet->lock);
    fleet->pending++;
    start_worker(fleet);
    if (fleet->worker_count == 0) {
        job->result = fault_set(&job->fault, DIAG_HOST_CONNECT, "no thread can be started");
        finish_job(fleet, &fleet->free_lane, job);
    } else {
        lane = find_lane(fleet, job->host);
        queue_push(&lane->jobs, job);
        make_ready(fleet, lane);
    }
    pthread_mutex_unlock(&fleet->lock);
}

static struct job *pop_done(struct fleet *fleet)
{
    struct job *job;
    uint64_t count;

    pthread_mutex_lock(&fleet->lock);
    job = queue_pop(&fleet->done);
    if (job)
        fleet->pending--;
    if (!fleet->done.first)
        while (read(fleet->wake_fd, &count, sizeof(count)) < 0 && errno == EINTR)
            continue;
    pthread_mutex_unlock(&fleet->lock);
    return job;
}

struct job *fleet_next(struct fleet *fleet, int64_t deadline_ms)
{
    struct job *job = pop_done(fleet);
    struct pollfd wake = {fleet->wake_fd, POLLIN, 0};

    while (!job && clock_left_ms(deadline_ms) > 0) {
        poll(&wake, 1, clock_left_ms(deadline_ms));
        job = pop_done(fleet);
    }
    return job;
}

int fleet_wake_fd(const struct fleet *fleet)
{
    return fleet->wake_fd;
}

size_t fleet_pending(const struct fleet *fleet)
{
    return fleet->pending;
}

void fleet_cancel(struct fleet *fleet)
{
    atomic_store(&fleet->cancel, true);
}

const atomic_bool *fleet_cancel_flag(const struct fleet *fleet)
{
    return &fleet->cancel;
}

/* false: one of them is stuck in something that knows no deadline. */
static bool join_workers(struct fleet *fleet)
{
    struct timespec until;
    bool is_joined = true;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += STOP_MS / 1000;
    for (int i = 0; i < fleet->worker_count; i++)
        if (pthread_timedjoin_np(fleet->workers[i], NULL, &until) != 0) {
            pthread_detach(fleet->workers[i]);
            is_joined = false;
        }
    return is_joined;
}

void fleet_free(struct fleet *fleet)
{
    if (!fleet)
        return;
    fleet_cancel(fleet);
    pthread_mutex_lock(&fleet->lock);
    fleet->is_stopping = true;
    pthread_cond_broadcast(&fleet->work);
    pthread_mutex_unlock(&fleet->lock);
    if (!join_workers(fleet))
        return;
    while (fleet->lanes) {
        struct lane *lane = fleet->lanes;

        fleet->lanes = lane->next;
        transport_close(lane->transport);
        free(lane->host);
        free(lane);
    }
    close(fleet->wake_fd);
    pthread_cond_destroy(&fleet->work);
    pthread_mutex_destroy(&fleet->lock);
    free(fleet);
}
