/* Prints the schema tables as a JSON Schema (draft 7) for editors, with sorted keys so that equal
 * tables give equal bytes. What the tables cannot say stays out: references, ranges side by side,
 * ports in use. Any value may hold a variable, so that a number may also be a text with ${ in it.
 */
#include "planner/spec/scalar.h"
#include "planner/spec/schema.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VARIABLE_PATTERN "\\$\\{"

static json_t *schema_of(const struct schema_type *type);

static json_t *describe_words(const struct schema_type *type)
{
    json_t *words = json_array();

    for (size_t i = 0; type->words[i]; i++)
        json_array_append_new(words, json_string(type->words[i]));
    return json_pack("{s:[{s:o},{s:s,s:s}]}", "anyOf", "enum", words, "type", "string", "pattern",
                     VARIABLE_PATTERN);
}

static json_t *describe_text(const struct schema_form *form)
{
    json_t *schema = json_pack("{s:[s,s,s]}", "type", "string", "number", "boolean");
    char pattern[1024];

    if (form->pattern) {
        snprintf(pattern, sizeof(pattern), "%s|" VARIABLE_PATTERN, form->pattern);
        json_object_set_new(schema, "pattern", json_string(pattern));
    } else if (!form->may_be_empty) {
        json_object_set_new(schema, "minLength", json_integer(1));
    }
    return schema;
}

static json_t *describe_list(const struct schema_type *type)
{
    json_t *list = json_pack("{s:s,s:o}", "type", "array", "items", schema_of(type->item));

    if (type->is_never_empty)
        json_object_set_new(list, "minItems", json_integer(1));
    else
        json_object_set_new(list, "type", json_pack("[s,s]", "array", "null"));
    if (!type->is_lone_item_ok)
        return list;
    return json_pack("{s:[o,o]}", "anyOf", schema_of(type->item), list);
}

static json_t *describe_default(const struct schema_key *key)
{
    struct fault fault;
    long long number;

    if (key->type.kind == SCHEMA_BOOL)
        return json_boolean(strcmp(key->fallback, "true") == 0);
    if (key->type.kind == SCHEMA_INT &&
        scalar_parse(&key->type, key->fallback, &number, &fault) == 0)
        return json_integer(number);
    return json_string(key->fallback);
}

static json_t *describe_key(const struct schema_key *key)
{
    json_t *schema = schema_of(&key->type);

    json_object_set_new(schema, "description", json_string(key->help));
    if (key->fallback)
        json_object_set_new(schema, "default", describe_default(key));
    return schema;
}

static json_t *describe_map(const struct schema_type *type)
{
    json_t *schema =
        json_pack("{s:[s,s],s:b}", "type", "object", "null", "additionalProperties", 0);
    json_t *properties = json_object(), *required = json_array();

    for (const struct schema_key *key = type->keys; key && key->name; key++) {
        json_object_set_new(properties, key->name, describe_key(key));
        if (key->is_required)
            json_array_append_new(required, json_string(key->name));
    }
    if (type->keys)
        json_object_set(schema, "properties", properties);
    if (json_array_size(required)) {
        json_object_set(schema, "required", required);
        json_object_set_new(schema, "type", json_string("object"));
    }
    if (type->item)
        json_object_set_new(schema, "patternProperties",
                            json_pack("{s:o}", type->form->pattern, schema_of(type->item)));
    json_decref(properties);
    json_decref(required);
    return schema;
}

static json_t *schema_of(const struct schema_type *type)
{
    switch (type->kind) {
    case SCHEMA_MAP:
        return describe_map(type);
    case SCHEMA_LIST:
        return describe_list(type);
    case SCHEMA_TEXT:
        return describe_text(type->form);
    case SCHEMA_ENUM:
        return describe_words(type);
    case SCHEMA_INT:
        return json_pack("{s:[s,s],s:I,s:I,s:s}", "type", "integer", "string", "minimum",
                         (json_int_t)type->low, "maximum", (json_int_t)type->high, "pattern",
                         "^(0|[1-9][0-9]*)$|" VARIABLE_PATTERN);
    case SCHEMA_SIZE:
        return json_pack("{s:[s,s],s:I,s:I,s:s}", "type", "integer", "string", "minimum",
                         (json_int_t)type->low, "maximum", (json_int_t)type->high, "pattern",
                         "^(0|[1-9][0-9]*)([MG]B?)?$|" VARIABLE_PATTERN);
    case SCHEMA_DURATION:
        return json_pack("{s:s,s:s}", "type", "string", "pattern",
                         "^(0|[1-9][0-9]*)(ms|s|m|h)$|" VARIABLE_PATTERN);
    case SCHEMA_MODE:
        return json_pack("{s:[s,s],s:s}", "type", "string", "integer", "pattern",
                         "^0?[0-7]{3}$|" VARIABLE_PATTERN);
    case SCHEMA_BOOL:
        return json_pack("{s:[s,s],s:s}", "type", "boolean", "string", "pattern",
                         "^(true|false)$|" VARIABLE_PATTERN);
    }
    abort();
}

int main(void)
{
    json_t *schema = schema_of(&schema_spec);

    json_object_set_new(schema, "$schema", json_string("http://json-schema.org/draft-07/schema#"));
    json_object_set_new(schema, "title", json_string("arcusplan spec"));
    json_dumpf(schema, stdout, JSON_INDENT(2) | JSON_SORT_KEYS);
    putchar('\n');
    json_decref(schema);
    return fflush(stdout) == 0 ? 0 : 1;
}
