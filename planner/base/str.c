/* Grows by doubling; printf output is measured first and then written in place. */
#include "planner/base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void str_deinit(struct str *str)
{
    free(str->data);
    *str = (struct str){0};
}

static void str_reserve(struct str *str, size_t more)
{
    size_t wanted = str->length + more + 1;
    size_t room = str->room ? str->room : 64;

    if (wanted <= str->room)
        return;
    while (room < wanted)
        room *= 2;
    str->data = realloc(str->data, room);
    if (!str->data) {
        fputs("arcusplan: out of memory\n", stderr);
        abort();
    }
    str->room = room;
}

void str_add(struct str *str, const void *bytes, size_t length)
{
    str_reserve(str, length);
    if (length)
        memcpy(str->data + str->length, bytes, length);
    str->length += length;
    str->data[str->length] = '\0';
}

void str_puts(struct str *str, const char *text)
{
    str_add(str, text, strlen(text));
}

void str_printf(struct str *str, const char *format, ...)
{
    va_list args, again;
    int length;

    va_start(args, format);
    va_copy(again, args);
    length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length > 0) {
        str_reserve(str, (size_t)length);
        vsnprintf(str->data + str->length, (size_t)length + 1, format, again);
        str->length += (size_t)length;
    }
    va_end(again);
}

const char *str_text(const struct str *str)
{
    return str->data ? str->data : "";
}

void str_add_shell_word(struct str *str, const char *text)
{
    str_puts(str, "'");
    for (const char *quote; (quote = strchr(text, '\'')); text = quote + 1) {
        str_add(str, text, (size_t)(quote - text));
        str_puts(str, "'\\''");
    }
    str_puts(str, text);
    str_puts(str, "'");
}
