#pragma once

#include <stddef.h>

/* SHA-256 (FIPS 180-4) as 64 lower-case hex digits. */
enum { DIGEST_HEX_SIZE = 65, DIGEST_SHORT = 12 };

struct digest; /* a digest that is being computed */

struct digest *digest_new(void);
void digest_add(struct digest *digest, const void *bytes, size_t length);
/* Adds the string with its NUL, so that neighbouring strings do not run together. */
void digest_add_string(struct digest *digest, const char *text);
/* Writes the result and frees the digest. */
void digest_finish(struct digest *digest, char hex[DIGEST_HEX_SIZE]);

void digest_of(const void *bytes, size_t length, char hex[DIGEST_HEX_SIZE]);

/* Digest of what can still be read from fd. -1 with errno set when reading fails. */
int digest_of_fd(int fd, char hex[DIGEST_HEX_SIZE]);
