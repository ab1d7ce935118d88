#include "planner/types/node_settings.h"

#include "planner/base/str.h"

#include <string.h>

static char *str_move_to(struct str *str, struct arena *arena)
{
    char *text = arena_strdup(arena, str_text(str));

    str_deinit(str);
    return text;
}

static void text_add(struct str *text, const char *key, const char *value)
{
    str_printf(text, "%s%s=%s", text->length ? " " : "", key, value);
}

static void text_add_settings(struct str *text, const struct settings *settings)
{
    for (size_t i = 0; i < settings->count; i++)
        text_add(text, settings->items[i].key, settings->items[i].value);
}

char *settings_text(struct arena *arena, const struct settings *settings)
{
    struct str text = {0};

    text_add_settings(&text, settings);
    return str_move_to(&text, arena);
}

char *node_mapping_text(struct arena *arena, const struct spec_node *node)
{
    const char *port = arena_printf(arena, "%d", node->port);
    bool is_port_added = false;
    struct str text = {0};

    for (size_t i = 0; i < node->config.count; i++) {
        const struct setting *setting = &node->config.items[i];
        int order = strcmp(setting->key, "port");

        if (order > 0 && !is_port_added) {
            text_add(&text, "port", port);
            is_port_added = true;
        }
        if (order)
            text_add(&text, setting->key, setting->value);
    }
    if (!is_port_added)
        text_add(&text, "port", port);
    return str_move_to(&text, arena);
}

char *node_listed_text(struct arena *arena, const struct spec_node *node)
{
    struct str text = {0};

    str_puts(&text, node->host->name);
    text_add_settings(&text, &node->own);
    return str_move_to(&text, arena);
}

char *node_address_text(struct arena *arena, const struct spec_node *node)
{
    return arena_printf(arena, "%s:%d", node->host->address, node->port);
}
