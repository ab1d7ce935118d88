#pragma once
#include <stddef.h>
#include <sys/socket.h>

/* A client's address as text, without its port; "unix" for one that has none. */
void address_describe(const struct sockaddr_storage *address, char *text, size_t size);
