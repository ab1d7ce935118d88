#pragma once
#include "cacheserver/command/session.h"

/*
 * UDP: a datagram is a frame header of eight bytes (request id, sequence number, number of
 * datagrams, reserved; two bytes each) and whole requests. Each is a session of its own: what it
 * leaves incomplete is forgotten, and nobody stays logged in. Replies are cut into datagrams of
 * 1400 bytes. One thread uses it.
 */
#define DATAGRAM_HEADER_BYTES 8
#define DATAGRAM_REPLY_BYTES  1400

struct datagrams;

/* NULL: no memory. */
struct datagrams *datagrams_new(struct command_shared *shared, struct counters *counters);
void datagrams_free(struct datagrams *datagrams); /* takes NULL */

/* Answers what has come on the socket, up to some dozens of datagrams. Call it again when there
 * is more. */
void datagrams_serve(struct datagrams *datagrams, int fd);
