/* Paths are judged by their text alone: no file system is asked, so that a spec means the same on
 * every machine. */
#include "planner/spec/resolve.h"

#include <string.h>

const char *resolve_directory_of(struct arena *arena, const char *file)
{
    const char *slash = strrchr(file, '/');

    if (!slash)
        return ".";
    if (slash == file)
        return "/";
    return arena_strndup(arena, file, (size_t)(slash - file));
}

bool resolve_is_below(const char *inner, const char *outer)
{
    size_t length = strlen(outer);

    return strncmp(inner, outer, length) == 0 && (inner[length] == '/' || inner[length] == '\0');
}

/* Whether a part between slashes is empty, "." or "..". A slash at the start counts as none. */
static bool has_odd_part(const char *path)
{
    const char *at = path + (*path == '/');

    for (;;) {
        size_t length = strcspn(at, "/");

        if (length == 0 || strncmp(at, ".", length) == 0 ||
            (length == 2 && strncmp(at, "..", 2) == 0))
            return true;
        at += length;
        if (!*at++)
            return false;
    }
}

const char *resolve_local_path(struct resolver *resolver, const struct tree *value)
{
    const char *path = resolve_text(value);

    if (!path || path[0] == '/')
        return path;
    if (path[0] != '~')
        return arena_printf(resolver->arena, "%s/%s",
                            resolve_directory_of(resolver->arena, value->at.file), path);
    if (path[1] == '/' || !path[1])
        return arena_printf(resolver->arena, "%s%s", resolver->input->home, path + 1);
    diag_hint(resolver->diags,
              diag_error(resolver->diags, DIAG_SPEC_VALUE, value->at,
                         "expected ~/PATH, found the home directory of somebody else"),
              "write the path in full");
    return NULL;
}

static bool is_system_directory(const char *path)
{
    static const char *const exactly[] = {
        "/bin",       "/etc",     "/home",    "/lib",     "/lib32",       "/lib64",     "/media",
        "/mnt",       "/opt",     "/root",    "/run",     "/sbin",        "/srv",       "/tmp",
        "/usr",       "/var",     "/usr/bin", "/usr/lib", "/usr/libexec", "/usr/local", "/usr/sbin",
        "/var/cache", "/var/lib", "/var/log", "/var/run", "/var/tmp",     "/usr/share"};
    static const char *const below[] = {"/boot", "/dev", "/proc", "/sys"};

    for (size_t i = 0; i < sizeof(exactly) / sizeof(exactly[0]); i++)
        if (strcmp(path, exactly[i]) == 0)
            return true;
    for (size_t i = 0; i < sizeof(below) / sizeof(below[0]); i++)
        if (resolve_is_below(path, below[i]))
            return true;
    return false;
}

const char *resolve_absolute_path(struct resolver *resolver, const struct tree *value)
{
    const char *text = resolve_text(value);
    char *path;
    size_t length;

    if (!text)
        return NULL;
    path = arena_strdup(resolver->arena, text);
    length = strlen(path);
    if (length > 1 && path[length - 1] == '/')
        path[length - 1] = '\0';
    if (path[0] != '/' || has_odd_part(path)) {
        diag_error(resolver->diags, DIAG_SPEC_VALUE, value->at,
                   "expected an absolute path without empty parts, . and .., found %s",
                   value->shown);
        return NULL;
    }
    return path;
}

const char *resolve_remote_path(struct resolver *resolver, const struct tree *value)
{
    const char *path = resolve_absolute_path(resolver, value);

    if (path && is_system_directory(path)) {
        diag_hint(resolver->diags,
                  diag_error(resolver->diags, DIAG_SPEC_VALUE, value->at,
                             "expected a directory of its own, found the system's %s",
                             resolve_quote(value, path)),
                  "name a directory that holds nothing else, like /opt/arcus");
        return NULL;
    }
    return path;
}

const char *resolve_inner_path(struct resolver *resolver, const struct tree *value)
{
    const char *path = resolve_text(value);

    if (!path || (path[0] != '/' && !has_odd_part(path)))
        return path;
    diag_error(resolver->diags, DIAG_SPEC_VALUE, value->at,
               "expected a relative path without empty parts, . and .., found %s", value->shown);
    return NULL;
}
