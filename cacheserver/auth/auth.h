#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "cacheserver/auth/category.h"

/*
 * Who a client is and what it may do, by SASL: mechanisms PLAIN and SCRAM-SHA-256 of the library,
 * users from a password file (MEMCACHED_SASL_PWDB, ISASL_PWFILE) or from a group in ZooKeeper
 * (ARCUS_ACL_ZOOKEEPER, ARCUS_ACL_GROUP; SCRAM-SHA-256 only). A process has one struct auth.
 */
struct auth;

/* Reads the environment and the users. NULL: said on `errors`. */
struct auth *auth_start(FILE *errors);
/* When no session is left; takes NULL. */
void auth_stop(struct auth *auth);

/* One client. It belongs to one thread at a time. */
struct auth_session;

enum auth_result {
    AUTH_OK = 0,
    AUTH_CONTINUE, /* send the challenge, then call auth_session_step with the answer */
    AUTH_FAILED,
    AUTH_NO_MEMORY,
};

#define AUTH_MECHANISM_MAX 32

/* NULL: no memory. */
struct auth_session *auth_session_new(struct auth *auth);
void auth_session_free(struct auth_session *session); /* takes NULL */

/* Separated by blanks. */
const char *auth_mechanisms(const struct auth *auth);

/* The challenge lasts until the next call. `mechanism` NULL: goes on with the exchange under way.
 */
enum auth_result auth_session_step(struct auth_session *session, const char *mechanism,
                                   const char *data, size_t len, const char **challenge,
                                   size_t *challenge_len);
/* Why it failed. */
const char *auth_session_error(const struct auth_session *session);

/* What the client may do, a set of enum category; NULL: not logged in. */
unsigned auth_session_categories(const struct auth_session *session);
/* "(null)" when nobody is logged in. */
const char *auth_session_user(const struct auth_session *session);
