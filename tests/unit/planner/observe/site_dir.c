/* Symbolic links and /proc are left to commands of the shell. */
#include "tests/unit/planner/observe/site_dir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void run(const char *command)
{
    if (system(command) != 0) {
        fprintf(stderr, "failed: %s\n", command);
        abort();
    }
}

void site_dir_make(struct site_dir *site)
{
    strcpy(site->path, "/tmp/observe-site-XXXXXX");
    if (!mkdtemp(site->path))
        abort();
}

void site_dir_remove(struct site_dir *site)
{
    char command[256];

    snprintf(command, sizeof(command), "rm -rf '%s'", site->path);
    run(command);
}

static void make_parents(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0755);
        *slash = '/';
    }
}

void site_dir_write(const struct site_dir *site, const char *relative, const void *bytes,
                    size_t length)
{
    char path[512];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", site->path, relative);
    make_parents(path);
    file = fopen(path, "w");
    if (!file || fwrite(bytes, 1, length, file) != length || fclose(file) != 0)
        abort();
}

void site_dir_puts(const struct site_dir *site, const char *relative, const char *text)
{
    site_dir_write(site, relative, text, strlen(text));
}

static void read_start(pid_t pid, char *start, size_t size)
{
    char command[256];
    FILE *pipe;

    snprintf(command, sizeof(command), "sed 's/.*) //' /proc/%d/stat | cut -d ' ' -f 20", (int)pid);
    pipe = popen(command, "r");
    if (!pipe || !fgets(start, (int)size, pipe) || pclose(pipe) != 0)
        abort();
}

void site_dir_start(const struct site_dir *site, const char *relative, pid_t pid, const char *more)
{
    char text[1024], start[64] = "", boot[64] = "";
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "r");

    read_start(pid, start, sizeof(start));
    if (!file || !fgets(boot, sizeof(boot), file))
        abort();
    fclose(file);
    snprintf(text, sizeof(text), "pid=%d\nstart=%sboot=%s%s", (int)pid, start, boot, more);
    site_dir_puts(site, relative, text);
}

void site_dir_release(const struct site_dir *site, const char *name, char digit)
{
    char digest[65], text[512], command[640];

    memset(digest, digit, 64);
    digest[64] = '\0';
    snprintf(text, sizeof(text),
             "arcusplan-manifest 1\nrelease %s 0.9 %064d\nrelease %s 1.0 %s\ncurrent %s 1.0 %s\n"
             "file %s 0755 bin/cacheserver\n",
             name, 7, name, digest, name, digest, digest);
    site_dir_puts(site, "opt/manifest", text);
    snprintf(command, sizeof(command),
             "cd '%s/opt' && mkdir -p releases/%s-1.0-%.12s && "
             "ln -sfn releases/%s-1.0-%.12s current",
             site->path, name, digest, name, digest);
    run(command);
}
