/* libcrypto computes; its only failures here are running out of memory, which ends the program. */
#include "planner/base/digest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct digest {
    EVP_MD_CTX *context;
};

static void require(int ok)
{
    if (ok)
        return;
    fputs("arcusplan: out of memory in SHA-256\n", stderr);
    abort();
}

struct digest *digest_new(void)
{
    struct digest *digest = malloc(sizeof(*digest));

    require(digest != NULL);
    digest->context = EVP_MD_CTX_new();
    require(digest->context && EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL));
    return digest;
}

void digest_add(struct digest *digest, const void *bytes, size_t length)
{
    require(EVP_DigestUpdate(digest->context, bytes, length));
}

void digest_add_string(struct digest *digest, const char *text)
{
    digest_add(digest, text, strlen(text) + 1);
}

void digest_finish(struct digest *digest, char hex[DIGEST_HEX_SIZE])
{
    unsigned char raw[EVP_MAX_MD_SIZE];
    unsigned int length = 0;

    require(EVP_DigestFinal_ex(digest->context, raw, &length));
    for (unsigned int i = 0; i < length; i++)
        snprintf(hex + 2 * i, 3, "%02x", raw[i]);
    EVP_MD_CTX_free(digest->context);
    free(digest);
}

void digest_of(const void *bytes, size_t length, char hex[DIGEST_HEX_SIZE])
{
    struct digest *digest = digest_new();

    digest_add(digest, bytes, length);
    digest_finish(digest, hex);
}

int digest_of_fd(int fd, char hex[DIGEST_HEX_SIZE])
{
    struct digest *digest = digest_new();
    char buffer[64 * 1024];
    ssize_t length;
    int error;

    while ((length = read(fd, buffer, sizeof(buffer))) > 0 || (length < 0 && errno == EINTR))
        if (length > 0)
            digest_add(digest, buffer, (size_t)length);
    error = errno;
    digest_finish(digest, hex);
    errno = error;
    return length < 0 ? -1 : 0;
}
