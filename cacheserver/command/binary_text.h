#pragma once
#include "cacheserver/command/binary.h"

/*
 * A binary request that the command of the text protocol answers: it is put together from words,
 * run, and what it said is read back. Nothing goes over the line in between, so keys and data may
 * hold any bytes.
 */
struct binary_text {
    struct words words;
    char name[32];  /* of the command, one word or two */
    char room[256]; /* for words that are numbers */
    size_t used;
    struct reply *reply;
};

/* `name` is that of the command's row. */
void binary_text_init(struct binary_text *text, const char *name);
void binary_text_deinit(struct binary_text *text, struct command_context *context);

void binary_text_add(struct binary_text *text, const char *word, size_t len);
void binary_text_format(struct binary_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Flags, expiry and largest count, as extras have them in this order. */
void binary_text_add_attributes(struct binary_text *text, const char *extras);

/* Runs it with the data, if there is any, as its block of up to LIMIT_BLOCK bytes; afterwards
 * text->reply holds the answer. BINARY_OK only means that there is one. */
enum binary_status binary_text_run(struct binary_text *text, struct session *session,
                                   struct command_context *context, const char *block,
                                   size_t block_len);

/* The next line of the answer, without its end; NULL: no more. *at is 0 at first. */
const char *binary_text_line(const struct binary_text *text, size_t *at, size_t *len);

/* What a line of one status means. */
enum binary_status binary_text_status(const char *line, size_t len);
