#pragma once

/* The members of a plan file that the writer and the reader share; arcusplan-plan(5) says what
 * they mean. */
#define KEY_FORMAT_VERSION "format_version"
#define KEY_STATE_SERIAL   "state_serial"
#define KEY_SPEC_DIGEST    "spec_digest"
#define KEY_SOURCES        "sources"
#define KEY_FILE           "file"
#define KEY_TEXT           "text"
#define KEY_VARIABLES      "variables"
#define KEY_OPTIONS        "options"
#define KEY_INTENT         "intent"
#define KEY_TARGETS        "targets"
#define KEY_EXCLUDES       "excludes"
#define KEY_REPLACES       "replaces"
#define KEY_ALLOW_DESTROY  "allow_destroy"
#define KEY_REFRESH        "refresh"
#define KEY_WORLD          "world"
#define KEY_FACTS          "facts"
#define KEY_HOSTS          "hosts"

/* By enum plan_intent, NULL at the end. */
extern const char *const plan_intent_words[];
