/* Limits are raised while the process may still do so, then the user changes. */
#include "cacheserver/server/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

/* Beside connections: listeners, epoll, eventfds, ZooKeeper, the reserve for local clients. */
#define EXTRA_FILES (64 + 2 * SETTINGS_THREADS_MAX)

static int raise_file_limit(const struct settings *settings)
{
    struct rlimit files;
    rlim_t wanted = (rlim_t)settings->max_connections + EXTRA_FILES;

    if (getrlimit(RLIMIT_NOFILE, &files))
        goto failed;
    if (files.rlim_cur != RLIM_INFINITY && files.rlim_cur < wanted) {
        files.rlim_cur = wanted;
        if (files.rlim_max != RLIM_INFINITY && files.rlim_max < wanted)
            files.rlim_max = wanted;
        if (setrlimit(RLIMIT_NOFILE, &files))
            goto failed;
    }
    return 0;
failed:
    fprintf(stderr,
            "cacheserver: cannot have %u connections: %s; lower -c or raise the limit of open "
            "files\n",
            settings->max_connections, strerror(errno));
    return EX_OSERR;
}

static int raise_core_limit(void)
{
    struct rlimit cores = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};

    if (!setrlimit(RLIMIT_CORE, &cores))
        return 0;
    if (!getrlimit(RLIMIT_CORE, &cores)) {
        cores.rlim_cur = cores.rlim_max;
        if (!setrlimit(RLIMIT_CORE, &cores))
            return 0;
    }
    fprintf(stderr, "cacheserver: cannot raise the core file limit: %s\n", strerror(errno));
    return EX_OSERR;
}

static int become(const char *name)
{
    if (geteuid() != 0)
        return 0;
    if (!name) {
        fprintf(stderr, "can't run as root without the -u switch\n");
        return EX_USAGE;
    }
    const struct passwd *user = getpwnam(name);
    if (!user) {
        fprintf(stderr, "cacheserver: there is no user %s to run as\n", name);
        return EX_NOUSER;
    }
    if (initgroups(name, user->pw_gid) || setgid(user->pw_gid) || setuid(user->pw_uid)) {
        fprintf(stderr, "cacheserver: cannot become user %s: %s\n", name, strerror(errno));
        return EX_OSERR;
    }
    return 0;
}

int privileges_apply(const struct settings *settings)
{
    int status = raise_file_limit(settings);

    if (!status && settings->core_dumps)
        status = raise_core_limit();
    if (!status)
        status = become(settings->user);
    if (!status && settings->lock_memory && mlockall(MCL_CURRENT | MCL_FUTURE))
        fprintf(stderr, "cacheserver: cannot lock memory: %s\n", strerror(errno));
    return status;
}
