/* zoo.cfg's own keys come first into the list and a key of the spec replaces the default of the
 * same name, so that the operator has the last word on everything but what the ensemble is made
 * of: dataDir, clientPort and the server lines. */
#include "planner/types/zoo_cfg.h"

#include "planner/base/str.h"

#include <string.h>

static const struct zoo_default {
    const char *key;
    const char *value;
} zoo_defaults[] = {
    {"tickTime", "2000"},
    {"initLimit", "10"},
    {"syncLimit", "5"},
    {"maxClientCnxns", "100"},
    {"admin.enableServer", "false"},
    {"4lw.commands.whitelist", "*"},
    {"minSessionTimeout", "4000"},
    {"maxSessionTimeout", "200000"},
};

static void cfg_add(struct arena *arena, struct attrs *attrs, struct srcloc at, const char *key,
                    const char *value)
{
    attrs_add(arena, attrs, arena_printf(arena, "cfg.%s", key), value, at);
}

static bool is_made_here(const char *key)
{
    return !strcmp(key, "dataDir") || !strcmp(key, "clientPort") || !strncmp(key, "server.", 7);
}

static void cfg_add_settings(struct arena *arena, const struct spec_zookeeper *zookeeper,
                             struct attrs *attrs)
{
    const struct settings *config = &zookeeper->config;

    for (size_t i = 0; i < sizeof(zoo_defaults) / sizeof(*zoo_defaults); i++)
        if (!settings_get(config, zoo_defaults[i].key))
            cfg_add(arena, attrs, zookeeper->at, zoo_defaults[i].key, zoo_defaults[i].value);
    for (size_t i = 0; i < config->count; i++)
        if (!is_made_here(config->items[i].key))
            cfg_add(arena, attrs, config->items[i].at, config->items[i].key,
                    config->items[i].value);
}

void zoo_cfg_attrs(struct arena *arena, const struct declare_input *input, struct attrs *attrs)
{
    const struct spec_zookeeper *zookeeper = input->spec->zookeeper;

    cfg_add_settings(arena, zookeeper, attrs);
    cfg_add(arena, attrs, zookeeper->at, "dataDir", zookeeper->data_dir);
    cfg_add(arena, attrs, zookeeper->at, "clientPort",
            arena_printf(arena, "%d", zookeeper->client_port));
    if (zookeeper->host_count < 2)
        return;
    for (size_t i = 0; i < zookeeper->host_count; i++) {
        const char *key = arena_printf(arena, "server.%d", input->myids[i]);
        const char *value = arena_printf(arena, "%s:%d:%d", zookeeper->hosts[i]->address,
                                         zookeeper->peer_port, zookeeper->election_port);

        cfg_add(arena, attrs, zookeeper->host_places[i], key, value);
    }
}

char *zoo_cfg_text(struct arena *arena, const struct attrs *attrs)
{
    struct str text = {0};
    char *copy;

    vec_each(attr, attrs)
        if (!strncmp(attr->name, "cfg.", 4) && attr->value)
            str_printf(&text, "%s=%s\n", attr->name + 4, attr->value);
    copy = arena_strdup(arena, str_text(&text));
    str_deinit(&text);
    return copy;
}

void zoo_cfg_digest(const char *text, char digest[DIGEST_SHORT + 1])
{
    char hex[DIGEST_HEX_SIZE];

    digest_of(text, strlen(text), hex);
    memcpy(digest, hex, DIGEST_SHORT);
    digest[DIGEST_SHORT] = '\0';
}
