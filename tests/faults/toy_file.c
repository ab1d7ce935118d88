/* The name is the address with | for each slash. The first line counts the acts, the second says
 * whether it is there and on which host, each further one is an attribute. */
#include "tests/faults/toy_file.h"

#include "tests/faults/kill_point.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *path_of(const char *directory, const char *address, struct arena *arena)
{
    char *name = arena_strdup(arena, address);

    for (char *c = name; *c; c++)
        if (*c == '/')
            *c = '|';
    return arena_printf(arena, "%s/%s", directory, name);
}

static void take_line(struct toy_file *file, char *line, struct arena *arena)
{
    char *value;

    line[strcspn(line, "\n")] = '\0';
    value = strchr(line, '=');
    if (!value)
        abort();
    *value++ = '\0';
    attrs_add(arena, &file->attrs, arena_strdup(arena, line), arena_strdup(arena, value),
              SRCLOC_NONE);
}

struct toy_file toy_file_read(const char *directory, const char *address, struct arena *arena)
{
    struct toy_file file = {.address = address};
    FILE *in = fopen(path_of(directory, address, arena), "r");
    char line[4096], host[256], state[16];

    if (!in)
        return file;
    if (!fgets(line, sizeof(line), in) || sscanf(line, "acts %d", &file.acts) != 1 ||
        !fgets(line, sizeof(line), in) || sscanf(line, "%15s %255s", state, host) != 2)
        abort();
    file.is_there = !strcmp(state, "there");
    file.host = strcmp(host, "-") ? arena_strdup(arena, host) : NULL;
    while (fgets(line, sizeof(line), in))
        take_line(&file, line, arena);
    fclose(in);
    attrs_sort(&file.attrs);
    return file;
}

void toy_file_write(const char *directory, const struct toy_file *file, struct arena *arena)
{
    const char *path = path_of(directory, file->address, arena);
    const char *temporary = arena_printf(arena, "%s.new", path);
    FILE *out = fopen(temporary, "w");

    if (!out)
        abort();
    fprintf(out, "acts %d\n%s %s\n", file->acts, file->is_there ? "there" : "gone",
            file->host ? file->host : "-");
    if (file->is_there)
        vec_each(attr, &file->attrs)
            fprintf(out, "%s=%s\n", attr->name, attr->value);
    if (fclose(out))
        abort();
    kill_point();
    if (rename(temporary, path))
        abort();
    kill_point();
}

static int address_compare(const void *a, const void *b)
{
    return name_compare(((const struct toy_file *)a)->address,
                        ((const struct toy_file *)b)->address);
}

struct toy_files toy_files_read(const char *directory, struct arena *arena)
{
    struct toy_files files = {0};
    DIR *stream = opendir(directory);
    struct dirent *entry;

    if (!stream)
        abort();
    while ((entry = readdir(stream))) {
        char *address = arena_strdup(arena, entry->d_name);
        size_t length = strlen(address);

        if (*address == '.' || (length > 4 && !strcmp(address + length - 4, ".new")))
            continue;
        for (char *c = address; *c; c++)
            if (*c == '|')
                *c = '/';
        *vec_push(arena, &files) = toy_file_read(directory, address, arena);
    }
    closedir(stream);
    if (files.count > 1)
        qsort(files.items, files.count, sizeof(*files.items), address_compare);
    return files;
}
