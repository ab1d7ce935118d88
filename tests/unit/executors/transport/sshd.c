#include "tests/unit/executors/transport/sshd.h"

#include "planner/base/clock.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

void shell(const char *format, ...)
{
    char command[2048];
    va_list args;

    va_start(args, format);
    vsnprintf(command, sizeof(command), format, args);
    va_end(args);
    if (system(command) != 0)
        fail_msg("failed: %s", command);
}

int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static bool answers(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int result;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    result = connect(fd, (struct sockaddr *)&address, sizeof(address));
    close(fd);
    return result == 0;
}

static void write_config(const struct sshd *sshd, const char *extra)
{
    const char *dir = sshd->directory;

    shell("cat >%s/config <<'END'\n"
          "Port %d\nListenAddress 0.0.0.0\nHostKey %s/host_key\nPidFile none\nUsePAM no\n"
          "AuthorizedKeysFile %s/authorized_keys\nStrictModes no\nPermitRootLogin yes\n"
          "PasswordAuthentication no\nKbdInteractiveAuthentication no\n%s\nEND",
          dir, sshd->port, dir, dir, extra);
    shell("echo \"[127.0.0.*]:%d $(cat %s/host_key.pub)\" >%s", sshd->port, dir, sshd->known_hosts);
}

static void run_sshd(const struct sshd *sshd)
{
    char config[96], log[96];

    snprintf(config, sizeof(config), "%s/config", sshd->directory);
    snprintf(log, sizeof(log), "%s/log", sshd->directory);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setsid();
    execl("/usr/sbin/sshd", "/usr/sbin/sshd", "-D", "-f", config, "-E", log, (char *)NULL);
    _exit(127);
}

void sshd_start(struct sshd *sshd, const char *extra)
{
    int64_t deadline_ms = clock_deadline_ms(60000);

    snprintf(sshd->directory, sizeof(sshd->directory), "/tmp/arcusplan-sshd-XXXXXX");
    assert_non_null(mkdtemp(sshd->directory));
    snprintf(sshd->identity, sizeof(sshd->identity), "%s/user_key", sshd->directory);
    snprintf(sshd->known_hosts, sizeof(sshd->known_hosts), "%s/known_hosts", sshd->directory);
    if (geteuid() == 0)
        shell("mkdir -p /run/sshd");
    shell("ssh-keygen -q -t ed25519 -N '' -f %s/host_key", sshd->directory);
    shell("ssh-keygen -q -t ed25519 -N '' -f %s", sshd->identity);
    shell("cp %s.pub %s/authorized_keys; chmod 755 %s", sshd->identity, sshd->directory,
          sshd->directory);
    sshd->port = free_port();
    write_config(sshd, extra);
    sshd->pid = fork();
    if (sshd->pid == 0)
        run_sshd(sshd);
    while (!answers(sshd->port)) {
        if (clock_now_ms() > deadline_ms)
            fail_msg("sshd does not come up: see %s/log", sshd->directory);
        poll(NULL, 0, 10);
    }
}

void sshd_signal_connections(const struct sshd *sshd, int number)
{
    char path[64];
    FILE *children;
    int child;

    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", sshd->pid, sshd->pid);
    children = fopen(path, "re");
    assert_non_null(children);
    while (fscanf(children, "%d", &child) == 1)
        kill(child, number);
    fclose(children);
}

/* A SIGKILL of sshd alone would leave the processes of its connections. */
void sshd_kill(struct sshd *sshd)
{
    if (sshd->pid <= 0)
        return;
    kill(sshd->pid, SIGSTOP);
    sshd_signal_connections(sshd, SIGKILL);
    kill(sshd->pid, SIGKILL);
    waitpid(sshd->pid, NULL, 0);
    sshd->pid = 0;
}

void sshd_stop(struct sshd *sshd)
{
    sshd_kill(sshd);
    shell("rm -rf %s", sshd->directory);
}

struct spec_host sshd_host(const struct sshd *sshd, const char *name, const char *address)
{
    static char user[64];
    const struct passwd *self = getpwuid(geteuid());

    snprintf(user, sizeof(user), "%s", self ? self->pw_name : "root");
    return (struct spec_host){.name = name,
                              .address = address,
                              .executor = EXECUTOR_SSH,
                              .ssh = {.user = user,
                                      .port = sshd->port,
                                      .identity_file = sshd->identity,
                                      .known_hosts = sshd->known_hosts,
                                      .connect_timeout_ms = 300000}};
}
