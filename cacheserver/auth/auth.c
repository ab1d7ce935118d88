/*
 * The library asks for a user's properties through a plug-in of ours, which looks into the table of
 * the moment; mechanisms and their arithmetic are the library's. The library's state is global, and
 * so is the pointer through which the plug-in finds the table.
 *
 * A thread rereads the table: a file when it has changed, looked at every ISASL_DB_CHECK_TIME
 * seconds, a group in ZooKeeper once a day, the first time after a random part of one. A table that
 * cannot be read leaves the old one in place.
 */
#include "cacheserver/auth/auth.h"

#include <pthread.h>
#include <sasl/sasl.h>
#include <sasl/saslplug.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include "cacheserver/auth/users.h"
#include "cacheserver/auth/users_zookeeper.h"
#include "cacheserver/runtime/log.h"

#define PLUGIN_NAME           "cacheserver"
#define ZOOKEEPER_TIMEOUT_MS  10000
#define ZOOKEEPER_REREAD_S    (24 * 60 * 60)
#define FILE_REREAD_DEFAULT_S 60
#define FILE_REREAD_MAX_S     86400

struct auth {
    const char *file; /* or: */
    const char *zookeeper, *group;
    const char *mechanisms;
    unsigned reread_s;
    struct timespec file_time;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    bool stopping;
    struct users *users;

    pthread_t thread;
};

static struct auth *the_auth;

struct auth_session {
    struct auth *auth;
    sasl_conn_t *connection;
    bool started;
    unsigned categories;
    char *user;
    int code;
};

static struct users *current_users(struct auth *auth)
{
    pthread_mutex_lock(&auth->lock);
    struct users *users = users_ref(auth->users);
    pthread_mutex_unlock(&auth->lock);
    return users;
}

/* --- what the library calls --- */

/* Properties of the user who logs in are asked for with a star before their name. */
static const char *wanted_name(const struct propval *wanted, unsigned flags)
{
    bool of_login = wanted->name[0] == '*';

    if (of_login == ((flags & SASL_AUXPROP_AUTHZID) != 0))
        return NULL;
    return of_login ? wanted->name + 1 : wanted->name;
}

static void answer(const sasl_utils_t *utils, struct propctx *context, const struct propval *wanted,
                   const struct user *user, unsigned flags)
{
    const char *name = wanted_name(wanted, flags);
    const struct user_property *property = name ? user_property(user, name) : NULL;

    if (!property)
        return;
    if (wanted->values)
        utils->prop_erase(context, wanted->name);
    utils->prop_set(context, wanted->name, property->value, (int)property->value_len);
}

static int look_up(void *argument, sasl_server_params_t *parameters, unsigned flags,
                   const char *name, unsigned len)
{
    const struct propval *wanted = parameters->utils->prop_get(parameters->propctx);

    (void)argument;
    if (!wanted)
        return SASL_NOMEM;
    struct users *users = current_users(the_auth);
    const struct user *user = users_find(users, name, len);
    for (; user && wanted->name; wanted++)
        answer(parameters->utils, parameters->propctx, wanted, user, flags);
    users_unref(users);
    return user || flags & SASL_AUXPROP_AUTHZID ? SASL_OK : SASL_NOUSER;
}

static int init_plugin(const sasl_utils_t *utils, int version_max, int *version,
                       sasl_auxprop_plug_t **plugin, const char *name)
{
    static char plugin_name[] = PLUGIN_NAME;
    static sasl_auxprop_plug_t ours = {.name = plugin_name, .auxprop_lookup = look_up};

    (void)utils;
    (void)name;
    if (version_max < SASL_AUXPROP_PLUG_VERSION)
        return SASL_BADVERS;
    *version = SASL_AUXPROP_PLUG_VERSION;
    *plugin = &ours;
    return SASL_OK;
}

static int get_option(void *argument, const char *plugin, const char *option, const char **result,
                      unsigned *len)
{
    (void)argument;
    (void)plugin;
    if (!strcmp(option, "auxprop_plugin"))
        *result = PLUGIN_NAME;
    else if (!strcmp(option, "pwcheck_method"))
        *result = "auxprop";
    else if (!strcmp(option, "mech_list"))
        *result = the_auth->mechanisms;
    else
        return SASL_FAIL;
    if (len)
        *len = (unsigned)strlen(*result);
    return SASL_OK;
}

static int take_log(void *argument, int level, const char *message)
{
    (void)argument;
    if (level == SASL_LOG_ERR || level == SASL_LOG_FAIL || level == SASL_LOG_WARN)
        log_write(LOG_LEVEL_DEBUG, "SASL: %s", message);
    return SASL_OK;
}

static void *new_mutex(void)
{
    pthread_mutex_t *mutex = malloc(sizeof(*mutex));

    if (mutex)
        pthread_mutex_init(mutex, NULL);
    return mutex;
}

static int take_mutex(void *mutex)
{
    return pthread_mutex_lock(mutex) ? SASL_FAIL : SASL_OK;
}

static int drop_mutex(void *mutex)
{
    return pthread_mutex_unlock(mutex) ? SASL_FAIL : SASL_OK;
}

static void free_mutex(void *mutex)
{
    pthread_mutex_destroy(mutex);
    free(mutex);
}

static bool start_library(FILE *errors)
{
    static const sasl_callback_t callbacks[] = {
        {SASL_CB_GETOPT, (int (*)(void))(void *)get_option, NULL},
        {SASL_CB_LOG, (int (*)(void))(void *)take_log, NULL},
        {SASL_CB_LIST_END, NULL, NULL},
    };

    sasl_set_mutex(new_mutex, take_mutex, drop_mutex, free_mutex);
    int code = sasl_server_init(callbacks, PLUGIN_NAME);
    if (code == SASL_OK)
        code = sasl_auxprop_add_plugin(PLUGIN_NAME, init_plugin);
    if (code == SASL_OK)
        return true;
    fprintf(errors, "cacheserver: cannot start SASL: %s\n", sasl_errstring(code, NULL, NULL));
    return false;
}

/* --- the table --- */

static struct timespec time_of(const char *path)
{
    struct stat status = {0};

    if (stat(path, &status))
        return (struct timespec){0};
    return status.st_mtim;
}

static struct users *read_users(struct auth *auth, FILE *errors)
{
    if (auth->file) {
        auth->file_time = time_of(auth->file);
        return users_read_file(auth->file, errors);
    }
    return users_read_zookeeper(auth->zookeeper, auth->group, ZOOKEEPER_TIMEOUT_MS, errors);
}

static bool is_stale(const struct auth *auth)
{
    if (!auth->file)
        return true;
    struct timespec now = time_of(auth->file);
    return now.tv_sec != auth->file_time.tv_sec || now.tv_nsec != auth->file_time.tv_nsec;
}

static void reread(struct auth *auth)
{
    char *message = NULL;
    size_t len = 0;
    FILE *errors = open_memstream(&message, &len);
    struct users *users = errors && is_stale(auth) ? read_users(auth, errors) : NULL;

    if (errors)
        fclose(errors);
    if (users) {
        pthread_mutex_lock(&auth->lock);
        struct users *old = auth->users;
        auth->users = users;
        pthread_mutex_unlock(&auth->lock);
        users_unref(old);
    } else if (len > 0) {
        message[strcspn(message, "\n")] = '\0';
        log_write(LOG_LEVEL_WARNING, "%s; the users known before stay", message);
    }
    free(message);
}

/* false: the time is over. */
static bool wait_to_stop(struct auth *auth, unsigned seconds)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += seconds;
    pthread_mutex_lock(&auth->lock);
    while (!auth->stopping && pthread_cond_timedwait(&auth->changed, &auth->lock, &until) == 0)
        continue;
    bool stopping = auth->stopping;
    pthread_mutex_unlock(&auth->lock);
    return stopping;
}

static void *reread_now_and_then(void *argument)
{
    struct auth *auth = argument;
    unsigned first_s = auth->reread_s;

    /* Servers that were started together do not ask ZooKeeper together. */
    if (auth->zookeeper && getrandom(&first_s, sizeof(first_s), 0) == sizeof(first_s))
        first_s %= auth->reread_s;
    for (unsigned wait_s = first_s; !wait_to_stop(auth, wait_s); wait_s = auth->reread_s)
        reread(auth);
    return NULL;
}

/* --- starting --- */

static unsigned file_reread_s(void)
{
    const char *text = getenv("ISASL_DB_CHECK_TIME");
    long seconds = text ? strtol(text, NULL, 10) : FILE_REREAD_DEFAULT_S;

    return seconds > 0 && seconds <= FILE_REREAD_MAX_S ? (unsigned)seconds : FILE_REREAD_DEFAULT_S;
}

static bool find_source(struct auth *auth, FILE *errors)
{
    auth->zookeeper = getenv("ARCUS_ACL_ZOOKEEPER");
    auth->group = getenv("ARCUS_ACL_GROUP");
    auth->reread_s = ZOOKEEPER_REREAD_S;
    auth->mechanisms = "SCRAM-SHA-256";
    if (auth->zookeeper && auth->group)
        return true;
    auth->zookeeper = NULL;
    auth->file = getenv("MEMCACHED_SASL_PWDB");
    if (!auth->file)
        auth->file = getenv("ISASL_PWFILE");
    auth->reread_s = file_reread_s();
    auth->mechanisms = "SCRAM-SHA-256 PLAIN";
    if (auth->file)
        return true;
    fprintf(errors, "cacheserver: -S needs to know the users: set MEMCACHED_SASL_PWDB to a file of "
                    "user:password lines, or ARCUS_ACL_ZOOKEEPER and ARCUS_ACL_GROUP\n");
    return false;
}

struct auth *auth_start(FILE *errors)
{
    struct auth *auth = calloc(1, sizeof(*auth));

    if (!auth)
        return NULL;
    pthread_mutex_init(&auth->lock, NULL);
    pthread_cond_init(&auth->changed, NULL);
    the_auth = auth;
    if (find_source(auth, errors))
        auth->users = read_users(auth, errors);
    if (!auth->users || !start_library(errors) ||
        pthread_create(&auth->thread, NULL, reread_now_and_then, auth)) {
        users_unref(auth->users);
        free(auth);
        return NULL;
    }
    return auth;
}

void auth_stop(struct auth *auth)
{
    if (!auth)
        return;
    pthread_mutex_lock(&auth->lock);
    auth->stopping = true;
    pthread_cond_signal(&auth->changed);
    pthread_mutex_unlock(&auth->lock);
    pthread_join(auth->thread, NULL);
    sasl_done();
    users_unref(auth->users);
    pthread_cond_destroy(&auth->changed);
    pthread_mutex_destroy(&auth->lock);
    free(auth);
}

const char *auth_mechanisms(const struct auth *auth)
{
    return auth->mechanisms;
}

/* --- one client --- */

struct auth_session *auth_session_new(struct auth *auth)
{
    struct auth_session *session = calloc(1, sizeof(*session));

    if (session)
        session->auth = auth;
    return session;
}

void auth_session_free(struct auth_session *session)
{
    if (!session)
        return;
    if (session->connection)
        sasl_dispose(&session->connection);
    free(session->user);
    free(session);
}

static void log_out(struct auth_session *session)
{
    free(session->user);
    session->user = NULL;
    session->categories = 0;
}

static bool log_in(struct auth_session *session)
{
    const void *name = NULL;

    if (sasl_getprop(session->connection, SASL_USERNAME, &name) != SASL_OK || !name)
        return false;
    struct users *users = current_users(session->auth);
    const struct user *user = users_find(users, name, strlen(name));
    if (user && user->categories) {
        session->categories = user->categories;
        session->user = strdup(name);
    }
    users_unref(users);
    return session->user != NULL;
}

static int start_exchange(struct auth_session *session, const char *mechanism, const char *data,
                          size_t len, const char **challenge, unsigned *challenge_len)
{
    if (session->connection)
        sasl_dispose(&session->connection);
    session->started = false;
    int code = sasl_server_new("memcached", NULL, NULL, NULL, NULL, NULL, 0, &session->connection);
    if (code != SASL_OK)
        return code;
    code = sasl_server_start(session->connection, mechanism, data, (unsigned)len, challenge,
                             challenge_len);
    session->started = code == SASL_OK || code == SASL_CONTINUE;
    return code;
}

enum auth_result auth_session_step(struct auth_session *session, const char *mechanism,
                                   const char *data, size_t len, const char **challenge,
                                   size_t *challenge_len)
{
    unsigned n = 0;

    *challenge = NULL;
    log_out(session);
    if (mechanism)
        session->code = start_exchange(session, mechanism, len ? data : NULL, len, challenge, &n);
    else if (session->started)
        session->code =
            sasl_server_step(session->connection, len ? data : NULL, (unsigned)len, challenge, &n);
    else
        session->code = SASL_FAIL;
    *challenge_len = *challenge ? n : 0;
    if (session->code == SASL_CONTINUE)
        return AUTH_CONTINUE;
    session->started = false;
    if (session->code == SASL_OK && !log_in(session))
        session->code = SASL_FAIL;
    if (session->code == SASL_NOMEM)
        return AUTH_NO_MEMORY;
    return session->code == SASL_OK ? AUTH_OK : AUTH_FAILED;
}

const char *auth_session_error(const struct auth_session *session)
{
    return sasl_errstring(session->code, NULL, NULL);
}

unsigned auth_session_categories(const struct auth_session *session)
{
    return session ? session->categories : 0;
}

const char *auth_session_user(const struct auth_session *session)
{
    return session && session->user ? session->user : "(null)";
}
