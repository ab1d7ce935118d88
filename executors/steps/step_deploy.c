/* Three commands at most: what is there; the archive, when the release is not; and the switch,
 * which also writes the manifest. Each leaves the host in a state from which the next run goes on.
 */
#include "executors/steps/host_script.h"
#include "executors/steps/package_archive.h"
#include "executors/steps/release_delta.h"
#include "executors/steps/step_attrs.h"
#include "executors/steps/step_kinds.h"
#include "planner/base/clock.h"
#include "planner/base/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COMMAND_MS = 60000, UPLOAD_MS = 120000, SLOWEST_BYTES_PER_MS = 20 };

struct deploy {
    const struct step_context *context;
    const struct spec_package *package;
    struct artifact artifact;
    const char *release; /* directory name */
    const char *have;    /* the manifest of what the host has instead; "" for nothing */
};

static void set_release(const struct deploy *deploy, struct host_script *script)
{
    host_script_set(script, "install_dir", deploy->package->install_dir);
    host_script_set(script, "name", deploy->package->name);
    host_script_set(script, "version", deploy->package->version);
    host_script_set(script, "digest", deploy->artifact.digest);
    host_script_set(script, "release", deploy->release);
}

/* 'u'nchanged, 'h'ave or 'n'eed; -1 with fault. */
static int check(struct deploy *deploy, struct fault *fault)
{
    struct host_script script;
    int result;

    if (deploy->context->step->change->is_forced)
        return 'n';
    host_script_init(&script, deploy->context);
    set_release(deploy, &script);
    result = host_script_run(&script, script_deploy_check, clock_deadline_ms(COMMAND_MS), fault);
    if (result == 0) {
        result = (unsigned char)host_script_answer(&script)[0];
        deploy->have = arena_strdup(deploy->context->arena, str_text(&script.reply.output));
    }
    host_script_deinit(&script);
    return result;
}

/* The size of what a gzip file holds is in its last four bytes, modulo 2^32. */
static int64_t unpacked_size(int fd, int64_t size)
{
    unsigned char end[4];

    if (size < 18 || pread(fd, end, sizeof(end), size - 4) != (ssize_t)sizeof(end))
        return size;
    return (int64_t)end[0] | (int64_t)end[1] << 8 | (int64_t)end[2] << 16 | (int64_t)end[3] << 24;
}

static int send_archive(const struct deploy *deploy, int fd, int64_t size, const char *kept,
                        struct fault *fault)
{
    char digest[DIGEST_HEX_SIZE];
    struct host_script script;
    int result;

    if (digest_of_fd(fd, digest) < 0)
        return fault_set(fault, DIAG_FILE_READ, "%s: %s", deploy->artifact.archive,
                         strerror(errno));
    host_script_init(&script, deploy->context);
    set_release(deploy, &script);
    host_script_set(&script, "archive_sha256", digest);
    host_script_set(&script, "kept", kept);
    host_script_set_number(&script, "unpacked_kb", unpacked_size(fd, size) / 1024);
    script.input_fd = fd;
    script.input_fd_size = size;
    script.counts_input = true;
    result = host_script_run(&script, script_deploy_upload,
                             clock_deadline_ms(UPLOAD_MS + size / SLOWEST_BYTES_PER_MS), fault);
    host_script_deinit(&script);
    return result;
}

static int upload_all(const struct deploy *deploy, int64_t *sent, struct fault *fault)
{
    int fd = open(deploy->artifact.archive, O_RDONLY | O_CLOEXEC);
    struct stat status;
    int result;

    if (fd < 0 || fstat(fd, &status) < 0 || status.st_size == 0) {
        fault_set(fault, DIAG_FILE_READ, "the archive %s cannot be read: %s",
                  deploy->artifact.archive, fd < 0 ? strerror(errno) : "it is empty");
        if (fd >= 0)
            close(fd);
        return -1;
    }
    result = send_archive(deploy, fd, status.st_size, "", fault);
    close(fd);
    if (result == 0)
        *sent += status.st_size;
    return result;
}

/* Only what the host lacks; all of it when that does not work out, because what it has may be
 * damaged. */
static int upload(const struct deploy *deploy, int64_t *sent, struct fault *fault)
{
    const struct step_context *context = deploy->context;
    struct release_delta delta;
    int result;

    step_phase(context, "uploading");
    result = release_delta_make(deploy->artifact.archive, deploy->have, context->cancel,
                                context->arena, &delta, fault);
    if (result < 0)
        return -1;
    if (result == RELEASE_DELTA_NONE)
        return upload_all(deploy, sent, fault);
    result = send_archive(deploy, delta.fd, delta.size, delta.kept, fault);
    close(delta.fd);
    *sent = delta.size;
    return result < 0 && fault->code == DIAG_HOST_COMMAND ? upload_all(deploy, sent, fault)
                                                          : result;
}

/* "file SHA256 MODE PATH" for each file of the release. */
static int list_files(const struct deploy *deploy, struct str *lines, struct fault *fault)
{
    struct package_tree tree;
    int result;

    package_tree_init(&tree, deploy->context->arena);
    result = archive_read_tree(deploy->artifact.archive, false, NULL, deploy->context->cancel,
                               &tree, fault);
    vec_each(entry, &tree.entries)
        if (result == 0 && entry->kind == PACKAGE_ENTRY_FILE)
            str_printf(lines, "file %s %04o %s\n", entry->digest, (unsigned)entry->mode,
                       entry->path);
    package_tree_deinit(&tree);
    return result;
}

/* The record of a ZooKeeper server that may run from this package; "" for none. */
static const char *zookeeper_record(const struct step_context *context, const char *package)
{
    const struct spec_zookeeper *zookeeper = context->spec ? context->spec->zookeeper : NULL;

    if (!zookeeper || !zookeeper->package || strcmp(zookeeper->package->name, package) != 0)
        return "";
    return arena_printf(context->arena, "%s/run/started", zookeeper->data_dir);
}

static int switch_release(const struct deploy *deploy, struct fault *fault)
{
    struct host_script script;
    struct str files = {0};
    int result = list_files(deploy, &files, fault);

    if (result < 0) {
        str_deinit(&files);
        return -1;
    }
    host_script_init(&script, deploy->context);
    set_release(deploy, &script);
    host_script_set_number(&script, "keep", deploy->package->keep_releases);
    host_script_set(&script, "zk_started",
                    zookeeper_record(deploy->context, deploy->package->name));
    script.input = str_text(&files);
    script.input_size = files.length;
    step_phase(deploy->context, "installing");
    result = host_script_run(&script, script_deploy_switch, clock_deadline_ms(COMMAND_MS), fault);
    host_script_deinit(&script);
    str_deinit(&files);
    return result;
}

void step_deploy(const struct step_context *context, struct outcome *outcome)
{
    struct deploy deploy = {context, context->step->change->resource->package, {0}, NULL, ""};
    int found;

    outcome->kind = OUTCOME_FAILED;
    if (!artifacts_get(context->artifacts, deploy.package->name, &deploy.artifact)) {
        fault_set(&outcome->fault, DIAG_STEP_FAILED, "package %s was not built",
                  deploy.package->name);
        return;
    }
    deploy.release = step_release_directory(context->arena, deploy.package->name,
                                            deploy.package->version, deploy.artifact.digest);
    found = check(&deploy, &outcome->fault);
    if (found < 0)
        return;
    if (found == 'n' && upload(&deploy, &outcome->bytes_sent, &outcome->fault) < 0)
        return;
    if (found != 'u' && switch_release(&deploy, &outcome->fault) < 0)
        return;
    step_succeed(context, outcome, found == 'u' ? OUTCOME_UNCHANGED : OUTCOME_DONE);
}
