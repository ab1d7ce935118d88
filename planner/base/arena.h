#pragma once

#include <stdarg.h>
#include <stddef.h>

/* Memory that is freed as a whole. Running out of memory ends the program: a planner that cannot
 * hold its plan has nothing better to do. One arena belongs to one thread. */
struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *arena); /* takes NULL */

/* Zeroed memory, aligned for any type. size 0 gives a valid pointer. */
void *arena_alloc(struct arena *arena, size_t size);

/* Copies, NUL-terminated. arena_strndup copies exactly length bytes, NULs among them too. */
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t length);
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *arena, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

#define arena_new_of(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define arena_array_of(arena, type, count)                                                         \
    ((type *)arena_alloc_array((arena), (count), sizeof(type)))

/* arena_alloc(count * size), ending the program when the product overflows. */
void *arena_alloc_array(struct arena *arena, size_t count, size_t size);
