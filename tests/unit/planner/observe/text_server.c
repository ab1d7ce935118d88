/* Waits are polls of 50 ms so that text_server_stop is seen. */
#include "tests/unit/planner/observe/text_server.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool wait_readable(struct text_server *server, int fd)
{
    while (!atomic_load(&server->stops)) {
        struct pollfd polled = {.fd = fd, .events = POLLIN};

        if (poll(&polled, 1, 50) > 0)
            return true;
    }
    return false;
}

static void serve_one(struct text_server *server, int fd)
{
    size_t length = strlen(server->answer);
    ssize_t got;

    if (!wait_readable(server, fd))
        return;
    got = recv(fd, server->question, sizeof(server->question) - 1, 0);
    if (got < 0)
        return;
    server->question[got] = '\0';
    do {
        if (send(fd, server->answer, length, MSG_NOSIGNAL) < 0)
            return;
    } while (server->repeats && !atomic_load(&server->stops));
    if (server->keeps_open)
        wait_readable(server, fd);
}

static void *serve(void *data)
{
    struct text_server *server = data;

    while (wait_readable(server, server->fd)) {
        int fd = accept(server->fd, NULL, NULL);

        if (fd < 0)
            continue;
        serve_one(server, fd);
        close(fd);
    }
    return NULL;
}

void text_server_start(struct text_server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);

    server->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (server->fd < 0 || bind(server->fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(server->fd, 512) < 0 ||
        getsockname(server->fd, (struct sockaddr *)&address, &length) < 0)
        abort();
    server->port = ntohs(address.sin_port);
    if (pthread_create(&server->thread, NULL, serve, server) != 0)
        abort();
}

void text_server_stop(struct text_server *server)
{
    atomic_store(&server->stops, true);
    pthread_join(server->thread, NULL);
    close(server->fd);
}
