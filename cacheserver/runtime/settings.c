/*
 * Options as rows. A row names the letter, the key that -e uses for the same thing, what follows
 * the letter, the default, how to read it, where it goes and what -h says. Reading functions get
 * the field's address and give back what is wrong, NULL when nothing is.
 */
#include "cacheserver/runtime/settings.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cacheserver/runtime/number.h"

struct option_row {
    char letter;            /* 0: settable by -e only */
    const char *engine_key; /* NULL: not settable by -e */
    const char *argument;   /* NULL: a switch */
    const char *preset;     /* default as text, NULL none */
    const char *(*read)(const struct option_row *row, void *field, const char *text);
    size_t offset;
    int64_t least, most;
    const char *help;
};

static const char *read_switch(const struct option_row *row, void *field, const char *text)
{
    (void)row;
    *(bool *)field = !text || !strcasecmp(text, "true") || !strcmp(text, "1");
    return NULL;
}

static const char *read_negated(const struct option_row *row, void *field, const char *text)
{
    read_switch(row, field, text);
    if (text)
        *(bool *)field = !*(bool *)field;
    return NULL;
}

static const char *read_more(const struct option_row *row, void *field, const char *text)
{
    (void)row;
    if (!text || !strcasecmp(text, "true"))
        ++*(unsigned *)field;
    return NULL;
}

static const char *read_number(const struct option_row *row, int64_t *value, const char *text)
{
    if (!number_parse_i64(text, strlen(text), value))
        return "is not a number";
    if (*value < row->least)
        return "is too small";
    if (*value > row->most)
        return "is too large";
    return NULL;
}

static const char *read_unsigned(const struct option_row *row, void *field, const char *text)
{
    int64_t value;
    const char *wrong = read_number(row, &value, text);

    if (!wrong)
        *(unsigned *)field = (unsigned)value;
    return wrong;
}

static const char *read_port(const struct option_row *row, void *field, const char *text)
{
    int64_t value;
    const char *wrong = read_number(row, &value, text);

    if (!wrong)
        *(int *)field = (int)value;
    return wrong;
}

static const char *read_octal(const struct option_row *row, void *field, const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 8);

    (void)row;
    if (end == text || *end || value > 0777)
        return "is not a mask of permissions";
    *(unsigned *)field = (unsigned)value;
    return NULL;
}

static const char *read_string(const struct option_row *row, void *field, const char *text)
{
    (void)row;
    char *copy = strdup(text);
    if (!copy)
        return "does not fit into memory";
    free(*(char **)field);
    *(char **)field = copy;
    return NULL;
}

static const char *read_binding(const struct option_row *row, void *field, const char *text)
{
    if (strcmp(text, "auto") && strcmp(text, "ascii") && strcmp(text, "binary"))
        return "is neither auto, ascii nor binary";
    return read_string(row, field, text);
}

static const char *read_factor(const struct option_row *row, void *field, const char *text)
{
    char *end;
    double value = strtod(text, &end);

    (void)row;
    if (end == text || *end || !(value > 1.0))
        return "is not a number above 1";
    *(double *)field = value;
    return NULL;
}

static const char *read_character(const struct option_row *row, void *field, const char *text)
{
    (void)row;
    if (!text[0])
        return "is empty";
    *(char *)field = text[0];
    return NULL;
}

/* Number with an optional k, m or g (and B after it); `unit` is what one means without. */
static const char *read_size(const struct option_row *row, size_t *field, const char *text,
                             uint64_t unit)
{
    size_t digits = strspn(text, "0123456789");
    const char *suffix = text + digits;
    uint64_t value;

    if (!number_parse_u64(text, digits, &value))
        return "is not a size";
    switch (tolower((unsigned char)*suffix)) {
    case 'k':
        unit = 1024;
        break;
    case 'm':
        unit = 1024 * 1024;
        break;
    case 'g':
        unit = 1024 * 1024 * 1024;
        break;
    case '\0':
        suffix--;
        break;
    default:
        return "is not a size";
    }
    if (strcasecmp(suffix + 1, "b") && suffix[1])
        return "is not a size";
    if (__builtin_mul_overflow(value, unit, &value) || value > (uint64_t)row->most)
        return "is too large";
    if (value < (uint64_t)row->least)
        return "is too small";
    *field = (size_t)value;
    return NULL;
}

static const char *read_megabytes(const struct option_row *row, void *field, const char *text)
{
    return read_size(row, field, text, 1024 * 1024);
}

static const char *read_bytes(const struct option_row *row, void *field, const char *text)
{
    return read_size(row, field, text, 1);
}

static const char *read_extension(const struct option_row *row, void *field, const char *text)
{
    struct settings *settings = field;

    if (settings->extension_count == SETTINGS_EXTENSIONS_MAX)
        return "is one too many";
    settings->extensions[settings->extension_count] = NULL;
    return read_string(row, &settings->extensions[settings->extension_count++], text);
}

static const char *read_engine_config(const struct option_row *row, void *field, const char *text);

/* Accepts the key and its value, and does nothing with them. */
static const char *read_nothing(const struct option_row *row, void *field, const char *text)
{
    (void)row;
    (void)field;
    (void)text;
    return NULL;
}

#define FIELD(name) offsetof(struct settings, name)
#define MB          (1024 * 1024)
#define BYTES_MOST  ((int64_t)1 << 46)

static const struct option_row rows[] = {
    {'p', NULL, "PORT", "11211", read_port, FIELD(tcp_port), -1, 65535,
     "TCP port to listen on; 0 for none, -1 for any free one"},
    {'U', NULL, "PORT", "0", read_port, FIELD(udp_port), -1, 65535,
     "UDP port; 0 for none, -1 for any free one. Without -p it sets the TCP port, too"},
    {'s', NULL, "PATH", NULL, read_string, FIELD(unix_path), 0, 0,
     "listen on this unix-socket instead of TCP"},
    {'a', NULL, "MASK", "0700", read_octal, FIELD(unix_mask), 0, 0,
     "permissions of the Unix socket, octal"},
    {'l', NULL, "ADDR", NULL, read_string, FIELD(listen_addresses), 0, 0,
     "addresses to listen on, separated by commas; default all"},
    {'d', NULL, NULL, NULL, read_switch, FIELD(daemonize), 0, 0, "run in the background"},
    {'r', NULL, NULL, NULL, read_switch, FIELD(core_dumps), 0, 0, "raise the core file limit"},
    {'u', NULL, "USER", NULL, read_string, FIELD(user), 0, 0,
     "become this user; needed when started as root"},
    {'m', "cache_size", "MB", "64", read_megabytes, FIELD(memory_limit_bytes), MB, BYTES_MOST,
     "memory for items, in megabytes"},
    {'M', "eviction", NULL, NULL, read_negated, FIELD(no_eviction), 0, 0,
     "answer with an error when memory is used up, instead of evicting"},
    {'g', "sticky_limit", "MB", "0", read_megabytes, FIELD(sticky_limit_bytes), 0, BYTES_MOST,
     "how much of it sticky items may use; 0 allows none"},
    {'c', NULL, "N", "1024", read_unsigned, FIELD(max_connections), 1, 1 << 24,
     "connections at a time; 10 more from this machine itself"},
    {'k', NULL, NULL, NULL, read_switch, FIELD(lock_memory), 0, 0, "lock all memory"},
    {'v', "verbose", NULL, NULL, read_more, FIELD(verbosity), 0, 0, "log more; may be repeated"},
    {'P', NULL, "FILE", NULL, read_string, FIELD(pid_file), 0, 0,
     "write the process id there, with -d only"},
    {'f', "factor", "N", "1.25", read_factor, FIELD(growth_factor), 0, 0,
     "growth of the size classes that statistics of items have"},
    {'n', "chunk_size", "BYTES", "48", read_unsigned, FIELD(chunk_size), 1, MB,
     "room that the smallest of those classes has beside a header"},
    {'L', NULL, NULL, NULL, read_switch, FIELD(large_pages), 0, 0, "accepted without effect"},
    {'D', "prefix_delimiter", "CHAR", ":", read_character, FIELD(prefix_delimiter), 0, 0,
     "ends the prefix of a key; turns on detailed statistics"},
    {'t', "num_threads", "N", "4", read_unsigned, FIELD(threads), 1, SETTINGS_THREADS_MAX,
     "worker threads"},
    {'R', NULL, "N", NULL, read_unsigned, FIELD(requests_per_event), 1, 1 << 20,
     "requests of a connection before others get their turn; default what a read of 16 KiB has"},
    {'C', "use_cas", NULL, NULL, read_negated, FIELD(no_cas), 0, 0,
     "answer 0 as cas unique, and take any"},
    {'b', NULL, "N", "1024", read_unsigned, FIELD(backlog), 1, 1 << 20,
     "connections waiting to be accepted"},
    {'B', NULL, "PROTO", "auto", read_binding, FIELD(binding), 0, 0,
     "protocol: auto, ascii or binary"},
    {'I', "item_size_max", "SIZE", "1m", read_bytes, FIELD(item_size_max_bytes), 20480, 128 * MB,
     "largest item, with k or m for units"},
    {'E', NULL, "FILE", NULL, read_string, FIELD(engine), 0, 0, "accepted; the engine is built in"},
    {'e', NULL, "CONFIG", NULL, read_engine_config, 0, 0, 0,
     "settings as key=value;key=value or config_file=PATH"},
    {'q', NULL, NULL, NULL, read_switch, FIELD(detail_forbidden), 0, 0,
     "forbid detailed statistics"},
    {'S', NULL, NULL, NULL, read_switch, FIELD(require_sasl), 0, 0,
     "clients have to log in by SASL"},
    {'X', NULL, "FILE", NULL, read_extension, 0, 0, 0,
     "extension by name: ascii_scrub, example_protocol, syslog_logger; others are accepted"},
    {'z', NULL, "LIST", NULL, read_string, FIELD(zk_ensemble), 0, 0,
     "ZooKeeper servers as host:port,...; join the cloud they know"},
    {'o', NULL, "SECS", "30", read_nothing, FIELD(zk_timeout_s), 10, 2000,
     "ZooKeeper session timeout, 10 to 2000 seconds; other words are ignored"},
    {'x', NULL, "ADDR", NULL, read_string, FIELD(proxy), 0, 0,
     "a proxy's ip:port, which is in the cloud in this server's place"},
    {0, "max_list_size", "N", "50000", read_unsigned, FIELD(max_list_size), 10000, 1000000,
     "most elements of a list"},
    {0, "max_set_size", "N", "50000", read_unsigned, FIELD(max_set_size), 10000, 1000000,
     "most elements of a set"},
    {0, "max_map_size", "N", "50000", read_unsigned, FIELD(max_map_size), 10000, 1000000,
     "most elements of a map"},
    {0, "max_btree_size", "N", "50000", read_unsigned, FIELD(max_btree_size), 10000, 1000000,
     "most elements of a b+tree"},
    {0, "max_element_bytes", "BYTES", "16384", read_unsigned, FIELD(max_element_bytes), 1024, 32768,
     "longest value of an element, its line end included"},
    {0, "scrub_count", "N", "96", read_unsigned, FIELD(scrub_count), 16, 320,
     "items that a scrub looks at before it lets others run"},
    {0, "use_persistence", "BOOL", "false", read_switch, FIELD(use_persistence), 0, 0,
     "keep what is stored on disk, and have it again after a restart"},
    {0, "data_path", "DIR", "ARCUS-DB", read_string, FIELD(data_path), 0, 0,
     "where the snapshots are"},
    {0, "logs_path", "DIR", "ARCUS-DB", read_string, FIELD(logs_path), 0, 0,
     "where the logs of changes are"},
    {0, "async_logging", "BOOL", "false", read_switch, FIELD(async_logging), 0, 0,
     "answer before a change is on disk"},
    {0, "chkpt_interval_pct_snapshot", "PCT", "100", read_unsigned,
     FIELD(chkpt_interval_pct_snapshot), 1, 1000,
     "write a new snapshot when the log is so much larger than the last"},
    {0, "chkpt_interval_min_logsize", "MB", "256", read_megabytes,
     FIELD(chkpt_interval_min_log_bytes), MB, BYTES_MOST, "but not before it has this size"},
    {0, "keep_at_join", "BOOL", "false", read_switch, FIELD(keep_at_join), 0, 0,
     "join a cloud that has members with what was kept"},
    {'h', NULL, NULL, NULL, NULL, 0, 0, 0, "print this and exit"},
    {'V', NULL, NULL, NULL, NULL, 0, 0, 0, "print name and version and exit"},
    {'i', NULL, NULL, NULL, NULL, 0, 0, 0, "print the licence and exit"},
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

/* Keys of -e that other engines of this protocol have and that mean nothing here. */
static const char *const ignored_engine_keys[] = {
    "preallocate",
    "ignore_vbucket",
    "vb0",
};

/* Variables of the environment that set what -e sets, too. */
static const struct {
    const char *variable, *engine_key;
} environment[] = {
    {"ARCUS_MAX_LIST_SIZE", "max_list_size"},
    {"ARCUS_MAX_SET_SIZE", "max_set_size"},
    {"ARCUS_MAX_MAP_SIZE", "max_map_size"},
    {"ARCUS_MAX_BTREE_SIZE", "max_btree_size"},
};

static const struct option_row *row_of_key(const char *key)
{
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (rows[i].engine_key && !strcmp(rows[i].engine_key, key))
            return &rows[i];
    return NULL;
}

static const struct option_row *row_of_letter(int letter)
{
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (rows[i].letter == letter)
            return &rows[i];
    return NULL;
}

static bool is_ignored_key(const char *key)
{
    for (size_t i = 0; i < sizeof(ignored_engine_keys) / sizeof(ignored_engine_keys[0]); i++)
        if (!strcmp(ignored_engine_keys[i], key))
            return true;
    return false;
}

static const char *read_engine_file(struct settings *settings, const char *path);

static const char *read_engine_pair(struct settings *settings, char *pair)
{
    char *equals = strchr(pair, '=');

    if (!equals)
        return "lacks a '='";
    *equals = '\0';
    if (!strcmp(pair, "config_file"))
        return read_engine_file(settings, equals + 1);
    const struct option_row *row = row_of_key(pair);
    if (row)
        return row->read(row, (char *)settings + row->offset, equals + 1);
    return is_ignored_key(pair) ? NULL : "has an unknown key";
}

static const char *read_engine_pairs(struct settings *settings, char *text, const char *separators)
{
    char *rest;

    for (char *pair = strtok_r(text, separators, &rest); pair;
         pair = strtok_r(NULL, separators, &rest)) {
        pair += strspn(pair, " \t");
        pair[strcspn(pair, " \t\r#")] = '\0';
        const char *wrong = *pair ? read_engine_pair(settings, pair) : NULL;
        if (wrong)
            return wrong;
    }
    return NULL;
}

static const char *read_engine_file(struct settings *settings, const char *path)
{
    static _Thread_local unsigned depth;
    char text[16384];
    FILE *file = fopen(path, "re");

    if (!file)
        return "names a file that cannot be read";
    size_t n = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[n] = '\0';
    if (depth)
        return "names files within files";
    depth++;
    const char *wrong = read_engine_pairs(settings, text, "\n");
    depth--;
    return wrong;
}

static const char *read_engine_config(const struct option_row *row, void *field, const char *text)
{
    char *copy = strdup(text);

    (void)row;
    if (!copy)
        return "does not fit into memory";
    const char *wrong = read_engine_pairs(field, copy, ";");
    free(copy);
    return wrong;
}

static void build_getopt_string(char *out)
{
    *out++ = ':';
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (!rows[i].letter)
            continue;
        *out++ = rows[i].letter;
        if (rows[i].argument)
            *out++ = ':';
    }
    *out = '\0';
}

static void set_defaults(struct settings *settings)
{
    memset(settings, 0, sizeof(*settings));
    settings->zk_timeout_s = 30;
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (rows[i].preset && rows[i].read != read_nothing)
            rows[i].read(&rows[i], (char *)settings + rows[i].offset, rows[i].preset);
}

/* Outside its range, or a word, the session timeout keeps its default: so does the reference. */
static void read_zk_timeout(struct settings *settings, const char *text)
{
    const struct option_row *row = row_of_letter('o');
    int64_t value;

    if (!read_number(row, &value, text))
        settings->zk_timeout_s = (unsigned)value;
}

static void note_given(struct settings *settings, int letter)
{
    if (letter == 'p')
        settings->tcp_port_given = true;
    if (letter == 'D')
        settings->detail_enabled = true;
    if (letter == 'o')
        read_zk_timeout(settings, optarg);
    if (letter == 'U' && !settings->tcp_port_given && settings->udp_port)
        settings->tcp_port = settings->udp_port;
}

static int check_together(const struct settings *settings, FILE *errors)
{
    if (settings->item_size_max_bytes > settings->memory_limit_bytes) {
        fprintf(errors, "cacheserver: -I is larger than the memory that -m gives\n");
        return -1;
    }
    if (settings->sticky_limit_bytes > settings->memory_limit_bytes) {
        fprintf(errors, "cacheserver: -g is larger than the memory that -m gives\n");
        return -1;
    }
    return 0;
}

static int read_option(struct settings *settings, int letter, FILE *errors)
{
    const struct option_row *row = row_of_letter(letter);

    if (!row) {
        const char *problem = letter == ':' ? "needs an argument" : "is not an option";
        fprintf(errors, "cacheserver: -%c %s; see cacheserver -h\n", optopt, problem);
        return -1;
    }
    const char *wrong = row->read(row, (char *)settings + row->offset, optarg);
    if (wrong) {
        fprintf(errors, "cacheserver: -%c %s: %s\n", letter, optarg ? optarg : "", wrong);
        return -1;
    }
    note_given(settings, letter);
    return 0;
}

/* What is wrong there is ignored: it may have been meant for another program. */
static void read_environment(struct settings *settings, FILE *errors)
{
    for (size_t i = 0; i < sizeof(environment) / sizeof(environment[0]); i++) {
        const struct option_row *row = row_of_key(environment[i].engine_key);
        const char *text = getenv(environment[i].variable);
        const char *wrong = text ? row->read(row, (char *)settings + row->offset, text) : NULL;
        if (wrong)
            fprintf(errors, "cacheserver: %s=%s %s; ignored\n", environment[i].variable, text,
                    wrong);
    }
}

int settings_parse(struct settings *settings, int argc, char **argv, FILE *errors)
{
    char letters[2 * ROW_COUNT + 2];
    int letter;

    build_getopt_string(letters);
    set_defaults(settings);
    read_environment(settings, errors);
    optind = 0;
    while ((letter = getopt(argc, argv, letters)) != -1) {
        if (letter == 'h')
            return SETTINGS_HELP;
        if (letter == 'V')
            return SETTINGS_VERSION;
        if (letter == 'i')
            return SETTINGS_LICENCE;
        if (read_option(settings, letter, errors))
            return -1;
    }
    if (optind < argc) {
        fprintf(errors, "cacheserver: unexpected argument %s; see cacheserver -h\n", argv[optind]);
        return -1;
    }
    return check_together(settings, errors) ? -1 : SETTINGS_RUN;
}

void settings_deinit(struct settings *settings)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (rows[i].read == read_string || rows[i].read == read_binding) {
            char **field = (char **)((char *)settings + rows[i].offset);
            free(*field);
            *field = NULL;
        }
    }
    for (unsigned i = 0; i < settings->extension_count; i++)
        free(settings->extensions[i]);
    settings->extension_count = 0;
}

void settings_print_help(FILE *out)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const struct option_row *row = &rows[i];
        if (row->letter)
            fprintf(out, "-%c %-8s %s", row->letter, row->argument ? row->argument : "", row->help);
        else
            fprintf(out, "   %s=%s with -e: %s", row->engine_key, row->argument, row->help);
        if (row->preset)
            fprintf(out, " (default %s)", row->preset);
        fputc('\n', out);
    }
}

bool settings_has_extension(const struct settings *settings, const char *name)
{
    size_t len = strlen(name);

    for (unsigned i = 0; i < settings->extension_count; i++) {
        const char *slash = strrchr(settings->extensions[i], '/');
        const char *base = slash ? slash + 1 : settings->extensions[i];
        if (!strncmp(base, name, len) && (base[len] == '\0' || base[len] == '.'))
            return true;
    }
    return false;
}
