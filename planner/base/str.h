#pragma once

#include <stddef.h>

/* A growing string on the heap, always NUL-terminated once something was added. {0} is an empty
 * one. Running out of memory ends the program. */
struct str {
    char *data;
    size_t length;
    size_t room;
};

void str_deinit(struct str *str);
void str_add(struct str *str, const void *bytes, size_t length);
void str_puts(struct str *str, const char *text);
void str_printf(struct str *str, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The text; "" for an empty string. Valid until the next change. */
const char *str_text(const struct str *str);

/* Adds text as one word for a POSIX shell, quoted so that it means exactly these bytes. */
void str_add_shell_word(struct str *str, const char *text);
