#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cacheserver/protocol/reply.h"

/*
 * The frames of the binary protocol. A request is a header of 24 bytes, then its extras, its key
 * and its value; numbers are big-endian.
 */
#define BINARY_HEADER_BYTES 24
#define BINARY_REQUEST      0x80
#define BINARY_RESPONSE     0x81

enum binary_status {
    BINARY_OK = 0x00,
    BINARY_NOT_FOUND = 0x01,
    BINARY_EXISTS = 0x02,
    BINARY_TOO_LARGE = 0x03,
    BINARY_INVALID = 0x04,
    BINARY_NOT_STORED = 0x05,
    BINARY_NOT_A_NUMBER = 0x06,
    BINARY_AUTH_ERROR = 0x20,
    BINARY_AUTH_CONTINUE = 0x21,
    BINARY_BAD_TYPE = 0x32,
    BINARY_OVERFLOW = 0x33,
    BINARY_BAD_VALUE = 0x34,
    BINARY_INDEX_OUT_OF_RANGE = 0x35,
    BINARY_BKEY_OUT_OF_RANGE = 0x36,
    BINARY_ELEMENT_NOT_FOUND = 0x37,
    BINARY_ELEMENT_EXISTS = 0x38,
    BINARY_BAD_ATTRIBUTE = 0x39,
    BINARY_BAD_BKEY = 0x3a,
    BINARY_BAD_EFLAG = 0x3b,
    BINARY_UNREADABLE = 0x3c,
    BINARY_BAD_PREFIX = 0x51,
    BINARY_PREFIX_NOT_FOUND = 0x52,
    BINARY_UNKNOWN = 0x81,
    BINARY_NO_MEMORY = 0x82,
    BINARY_NOT_SUPPORTED = 0x83,
    BINARY_INTERNAL = 0x84,
    BINARY_BUSY = 0x85,
};

/* What a response repeats of its request. */
struct binary_echo {
    uint8_t opcode;
    uint32_t opaque; /* as it came */
};

struct binary_header {
    struct binary_echo echo;
    size_t extras_len, key_len, value_len;
    uint64_t cas;
};

/* From BINARY_HEADER_BYTES bytes. false: it is not a request, or its lengths contradict. */
bool binary_header_read(const char *bytes, struct binary_header *header);

/* What a response consists of beside its header; the value follows separately. */
struct binary_response {
    enum binary_status status;
    const char *extras, *key;
    size_t extras_len, key_len, value_len;
    uint64_t cas;
};
#define BINARY_EXTRAS_MAX 255

/* Writes header, extras and key; returns the end. */
char *binary_response_put(char *at, struct binary_echo echo,
                          const struct binary_response *response);
/* A whole response with this value. */
void binary_respond(struct reply *reply, struct binary_echo echo, struct binary_response response,
                    const char *value);
/* A status with its text and nothing else. */
void binary_respond_status(struct reply *reply, struct binary_echo echo, enum binary_status status);

uint32_t binary_u32(const char *bytes);
uint64_t binary_u64(const char *bytes);
char *binary_put_u32(char *at, uint32_t value);
char *binary_put_u64(char *at, uint64_t value);
