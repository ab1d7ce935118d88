/* The answer comes from a machine that may be anything, so nothing in it is believed beyond its
 * form: lines with an unknown word, an index that was not asked for or fields of the wrong form are
 * passed over, numbers are checked, and only the last line, "end", tells that it is complete. */
#include "planner/observe/host_probe.h"

#include <stdlib.h>
#include <string.h>

enum { FIELDS_MAX = 6, ATTRS_MAX = 256 };

/* One line taken apart. */
struct line {
    const char *fields[FIELDS_MAX];
    size_t count;
};

struct reader {
    struct arena *arena;
    struct probe *probe;
    bool is_complete;
};

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

/* The text in a base64 field, up to its first NUL; NULL for "-" and for what is no base64. */
static char *decode(struct arena *arena, const char *field)
{
    size_t length = strlen(field), written = 0;
    char *text;
    unsigned bits = 0;
    int bit_count = 0;

    if (length % 4 != 0)
        return NULL;
    text = arena_alloc(arena, length / 4 * 3 + 1);
    while (length > 0 && field[length - 1] == '=')
        length--;
    for (size_t i = 0; i < length; i++) {
        int value = base64_value(field[i]);

        if (value < 0)
            return NULL;
        bits = (bits << 6 | (unsigned)value) & 0xffff;
        bit_count += 6;
        if (bit_count < 8)
            continue;
        bit_count -= 8;
        text[written++] = (char)(bits >> bit_count);
    }
    return text;
}

/* A number of decimal digits that fits; -1 otherwise. */
static int64_t read_number(const char *field)
{
    size_t length = strlen(field);

    if (length == 0 || length > 18 || strspn(field, "0123456789") != length)
        return -1;
    return strtoll(field, NULL, 10);
}

static struct probe_install *install_at(struct reader *reader, const char *field)
{
    int64_t index = read_number(field);

    if (index < 0 || (size_t)index >= reader->probe->install_dirs.count)
        return NULL;
    return &reader->probe->install_dirs.items[index];
}

static struct probe_data *data_at(struct reader *reader, const char *field)
{
    int64_t index = read_number(field);

    if (index < 0 || (size_t)index >= reader->probe->data_dirs.count)
        return NULL;
    return &reader->probe->data_dirs.items[index];
}

/* The next line of text, cut off in place; NULL at its end. */
static char *next_line(char **text)
{
    char *line = *text, *end;

    if (!line || !*line)
        return NULL;
    end = strchr(line, '\n');
    if (end)
        *end = '\0';
    *text = end ? end + 1 : NULL;
    return line;
}

static void split(char *text, struct line *line)
{
    line->count = 0;
    while (line->count < FIELDS_MAX) {
        char *blank = strchr(text, ' ');

        line->fields[line->count++] = text;
        if (!blank)
            return;
        *blank = '\0';
        text = blank + 1;
    }
}

static void read_attrs(struct arena *arena, char *started, struct attrs *attrs)
{
    static const char prefix[] = "attr.";
    char *line;

    while (attrs->count < ATTRS_MAX && (line = next_line(&started))) {
        char *equals = strchr(line, '=');

        if (!equals || strncmp(line, prefix, strlen(prefix)) != 0)
            continue;
        *equals = '\0';
        line += strlen(prefix);
        if (*line && !attrs_find(attrs, line))
            attrs_add(arena, attrs, line, equals + 1, SRCLOC_NONE);
    }
    attrs_sort(attrs);
}

static void read_process(struct reader *reader, const struct line *line,
                         struct probe_process *process)
{
    char *name = decode(reader->arena, line->fields[2]);
    char *started = decode(reader->arena, line->fields[5]);

    process->name = name ? name : "";
    process->is_alive = strcmp(line->fields[3], "alive") == 0;
    process->pid = read_number(line->fields[4]);
    if (process->pid < 0 || !process->is_alive)
        process->pid = 0;
    if (started)
        read_attrs(reader->arena, started, &process->attrs);
}

static bool read_release(char *words, struct probe_release *release)
{
    struct line line;

    split(words, &line);
    if (line.count != 3 || strlen(line.fields[2]) != 64)
        return false;
    *release = (struct probe_release){line.fields[0], line.fields[1], line.fields[2]};
    return true;
}

static void read_manifest(struct reader *reader, const struct line *line)
{
    struct probe_install *install = install_at(reader, line->fields[1]);
    char *text = decode(reader->arena, line->fields[2]);
    char *first = next_line(&text), *next;

    if (!install || !first || strcmp(first, "arcusplan-manifest 1") != 0)
        return;
    while ((next = next_line(&text))) {
        struct probe_release release;

        if (strncmp(next, "release ", 8) == 0 && read_release(next + 8, &release))
            *vec_push(reader->arena, &install->releases) = release;
        else if (strncmp(next, "current ", 8) == 0 && read_release(next + 8, &release))
            install->current = release;
    }
}

static void read_current(struct reader *reader, const struct line *line)
{
    struct probe_install *install = install_at(reader, line->fields[1]);

    if (install)
        install->link = decode(reader->arena, line->fields[2]);
}

static void read_run(struct reader *reader, const struct line *line)
{
    struct probe_install *install = install_at(reader, line->fields[1]);

    if (install)
        read_process(reader, line, vec_push(reader->arena, &install->processes));
}

static void read_server(struct reader *reader, const struct line *line)
{
    struct probe_data *data = data_at(reader, line->fields[1]);

    if (!data)
        return;
    data->server = arena_new_of(reader->arena, struct probe_process);
    read_process(reader, line, data->server);
}

static void read_install_free(struct reader *reader, const struct line *line)
{
    struct probe_install *install = install_at(reader, line->fields[1]);

    if (install)
        install->free_kb = read_number(line->fields[2]);
}

static void read_data_free(struct reader *reader, const struct line *line)
{
    struct probe_data *data = data_at(reader, line->fields[1]);

    if (data)
        data->free_kb = read_number(line->fields[2]);
}

static void read_myid(struct reader *reader, const struct line *line)
{
    struct probe_data *data = data_at(reader, line->fields[1]);
    char *text = decode(reader->arena, line->fields[2]);

    if (!data || !text)
        return;
    text += strspn(text, " \t\r\n");
    text[strcspn(text, " \t\r\n")] = '\0';
    data->myid = text;
}

static void read_zoo_cfg(struct reader *reader, const struct line *line)
{
    struct probe_data *data = data_at(reader, line->fields[1]);

    if (data)
        data->zoo_cfg = decode(reader->arena, line->fields[2]);
}

static void read_data(struct reader *reader, const struct line *line)
{
    struct probe_data *data = data_at(reader, line->fields[1]);

    if (data)
        data->has_data = true;
}

static void read_uid(struct reader *reader, const struct line *line)
{
    reader->probe->uid = read_number(line->fields[1]);
}

static void read_boot(struct reader *reader, const struct line *line)
{
    char *text = decode(reader->arena, line->fields[1]);

    reader->probe->boot_id = text ? text : "";
}

static void read_clock(struct reader *reader, const struct line *line)
{
    reader->probe->clock_ms = read_number(line->fields[1]);
}

static void read_java(struct reader *reader, const struct line *line)
{
    char *version = decode(reader->arena, line->fields[2]);

    reader->probe->java = decode(reader->arena, line->fields[1]);
    if (!version)
        return;
    if (*version == '"')
        version++;
    version[strcspn(version, "\"\n")] = '\0';
    reader->probe->java_version = version;
}

static void read_tool(struct reader *reader, const struct line *line)
{
    struct probe *probe = reader->probe;
    const struct {
        const char *name;
        bool *has;
    } tools[] = {
        {"tar", &probe->has_tar},
        {"gzip", &probe->has_gzip},
        {"sha256sum", &probe->has_sha256sum},
        {"setsid", &probe->has_setsid},
    };

    for (size_t i = 0; i < sizeof(tools) / sizeof(*tools); i++)
        if (strcmp(tools[i].name, line->fields[1]) == 0)
            *tools[i].has = true;
}

static void read_end(struct reader *reader, const struct line *line)
{
    (void)line;
    reader->is_complete = true;
}

static const struct {
    const char *word;
    size_t field_count;
    void (*read)(struct reader *reader, const struct line *line);
} words[] = {
    {"uid", 2, read_uid},           {"boot", 2, read_boot},
    {"clock", 2, read_clock},       {"tool", 2, read_tool},
    {"java", 3, read_java},         {"install_free", 3, read_install_free},
    {"manifest", 3, read_manifest}, {"current", 3, read_current},
    {"run", 6, read_run},           {"data_free", 3, read_data_free},
    {"myid", 3, read_myid},         {"zoo_cfg", 3, read_zoo_cfg},
    {"data", 2, read_data},         {"server", 6, read_server},
    {"end", 1, read_end},
};

static void read_line(struct reader *reader, char *text)
{
    struct line line;

    split(text, &line);
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (line.count == words[i].field_count && strcmp(words[i].word, line.fields[0]) == 0)
            words[i].read(reader, &line);
}

static void probe_prepare(struct probe *probe, const struct probe_request *request,
                          struct arena *arena)
{
    *probe = (struct probe){.uid = -1, .clock_ms = -1, .boot_id = ""};
    for (size_t i = 0; i < request->install_dirs.count; i++)
        *vec_push(arena, &probe->install_dirs) =
            (struct probe_install){.dir = request->install_dirs.items[i], .free_kb = -1};
    for (size_t i = 0; i < request->data_dirs.count; i++)
        *vec_push(arena, &probe->data_dirs) =
            (struct probe_data){.dir = request->data_dirs.items[i], .free_kb = -1};
}

int host_probe_parse(const char *text, size_t length, const struct probe_request *request,
                     struct arena *arena, struct probe *probe, struct fault *fault)
{
    struct reader reader = {.arena = arena, .probe = probe};
    char *copy = arena_strndup(arena, text, length), *line;

    probe_prepare(probe, request, arena);
    while (!reader.is_complete && (line = next_line(&copy)))
        read_line(&reader, line);
    if (!reader.is_complete)
        return fault_set(fault, DIAG_HOST_REPLY, "the answer to the probe is cut short");
    return 0;
}
