/* The server dies with the thread that forked it (PR_SET_PDEATHSIG), so that a crashing test leaves
 * nothing behind but its directory. */
#include "tests/unit/planner/observe/zk_server.h"

#include "planner/base/clock.h"
#include "planner/observe/ask.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_LIMIT_MS = 60000 };

int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) < 0)
        abort();
    close(fd);
    return ntohs(address.sin_port);
}

static void write_configuration(const struct zk_server *server)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof(path), "%s/zoo.cfg", server->directory);
    file = fopen(path, "w");
    if (!file)
        abort();
    fprintf(file,
            "tickTime=500\ndataDir=%s/data\nclientPort=%d\nclientPortAddress=127.0.0.1\n"
            "admin.enableServer=false\n4lw.commands.whitelist=*\nmaxClientCnxns=200\n"
            "minSessionTimeout=1000\nmaxSessionTimeout=200000\n",
            server->directory, server->port);
    fclose(file);
}

static void exec_server(const struct zk_server *server, pid_t parent)
{
    int log;

    if (chdir(server->directory) < 0)
        _exit(126);
    log = open("log", O_WRONLY | O_CREAT | O_APPEND, 0644);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(126);
    execlp("java", "java", "-Xmx96m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
           "-Dzookeeper.jmx.log4j.disable=true", "-cp",
           "/etc/zookeeper/conf:/usr/share/java/zookeeper.jar",
           "org.apache.zookeeper.server.quorum.QuorumPeerMain", "zoo.cfg", (char *)NULL);
    _exit(127);
}

static bool is_serving(const struct zk_server *server)
{
    struct ask ask = {.host = "127.0.0.1", .port = server->port, .question = "srvr"};
    bool is_up;

    ask_all(&ask, 1, clock_deadline_ms(1000));
    is_up = !ask.error && strstr(str_text(&ask.answer), "Mode: ");
    asks_deinit(&ask, 1);
    return is_up;
}

int zk_server_restart(struct zk_server *server)
{
    int64_t deadline_ms = clock_deadline_ms(START_LIMIT_MS);
    pid_t parent = getpid();
    char command[128];

    server->pid = fork();
    if (server->pid == 0)
        exec_server(server, parent);
    while (server->pid > 0 && waitpid(server->pid, NULL, WNOHANG) == 0) {
        if (is_serving(server))
            return 0;
        if (clock_left_ms(deadline_ms) == 0)
            break;
        usleep(20000);
    }
    snprintf(command, sizeof(command), "tail -n 20 %s/log >&2", server->directory);
    if (system(command) != 0)
        fputs("the ZooKeeper server left no log: is java installed?\n", stderr);
    return -1;
}

int zk_server_start(struct zk_server *server)
{
    *server = (struct zk_server){.port = free_port()};
    strcpy(server->directory, "/tmp/observe-zookeeper-XXXXXX");
    if (!mkdtemp(server->directory))
        return -1;
    snprintf(server->connect, sizeof(server->connect), "127.0.0.1:%d", server->port);
    write_configuration(server);
    return zk_server_restart(server);
}

void zk_server_kill(struct zk_server *server)
{
    if (server->pid <= 0)
        return;
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    server->pid = 0;
}

void zk_server_freeze(const struct zk_server *server)
{
    int status = 0;

    kill(server->pid, SIGSTOP);
    if (waitpid(server->pid, &status, WUNTRACED) != server->pid || !WIFSTOPPED(status))
        abort();
}

void zk_server_remove(struct zk_server *server)
{
    char command[128];

    zk_server_kill(server);
    snprintf(command, sizeof(command), "rm -rf %s", server->directory);
    if (system(command) != 0)
        fprintf(stderr, "%s could not be removed\n", server->directory);
}
