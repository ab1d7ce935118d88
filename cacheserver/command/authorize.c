/* A request is logged when it is complete, not each time that more of it arrives. */
#include "cacheserver/command/authorize.h"

#include <string.h>

#include "cacheserver/command/retrieval.h"
#include "cacheserver/runtime/log.h"

/* Of a line, in the log. */
#define LOGGED_MAX 400

#define OPEN_PREFIX "arcus:"

static bool is_open_key(const char *key, size_t len)
{
    return len >= strlen(OPEN_PREFIX) && !memcmp(key, OPEN_PREFIX, strlen(OPEN_PREFIX));
}

static bool is_audited(const struct session *session)
{
    return session->auth && auth_session_user(session->auth)[0] == '*';
}

static void note(const struct session *session, const char *line, size_t len, bool allowed)
{
    if (allowed && !is_audited(session))
        return;
    log_write(LOG_LEVEL_INFO, "SECURITY_EVENT client=%s user=%s cmd=\"%.*s\" %s", session->peer,
              auth_session_user(session->auth), (int)(len < LOGGED_MAX ? len : LOGGED_MAX), line,
              allowed ? "authorized" : "unauthorized");
}

static bool is_allowed(const struct session *session, unsigned categories)
{
    return categories == CATEGORY_OPEN || auth_session_categories(session->auth) & categories;
}

/* The key of a command of two words is its third; NULL: there is none, or several. */
static const struct word *key_word(const struct command *command, const struct words *words)
{
    unsigned at = strchr(command->name, ' ') ? 2 : 1;

    if (command->run == command_gat || (command->run == command_get && words->count > 2))
        return NULL;
    return words->count > at ? &words->word[at] : NULL;
}

bool authorize_command(struct session *session, const struct command *command,
                       const struct words *words)
{
    const struct word *key = key_word(command, words);
    bool about_data = command->categories & (CATEGORY_ANY_DATA | CATEGORY_ATTR);
    bool allowed = is_allowed(session, command->categories) ||
                   (about_data && key && is_open_key(key->at, key->len));

    if (command->categories != CATEGORY_OPEN)
        note(session, words->word[0].at, words_span(words), allowed);
    return allowed;
}

/* What follows the command word, or the expiry; NULL: it is none of the commands. */
static const char *keys_of(const char *line, size_t len)
{
    const char *const end = line + len, *at = memchr(line, ' ', len);
    size_t word = at ? (size_t)(at - line) : len;
    bool touches =
        (word == 3 && !memcmp(line, "gat", 3)) || (word == 4 && !memcmp(line, "gats", 4));

    if (!touches && (word != 3 || memcmp(line, "get", 3)) && (word != 4 || memcmp(line, "gets", 4)))
        return NULL;
    for (at = line + word; at < end && *at == ' ';)
        at++;
    while (touches && at < end && *at != ' ')
        at++;
    while (at < end && *at == ' ')
        at++;
    return at;
}

bool authorize_get(struct session *session, const char *line, size_t len)
{
    const char *key = keys_of(line, len);
    if (!key)
        return false;
    size_t rest = (size_t)(line + len - key);
    bool one_key = !memchr(key, ' ', rest);
    if (!is_allowed(session, CATEGORY_KV) && !(one_key && is_open_key(key, rest)))
        return false;
    note(session, line, len, true);
    return true;
}

bool authorize_request(struct session *session, unsigned categories, const char *key,
                       size_t key_len, const char *description)
{
    bool allowed = is_allowed(session, categories) || (key && is_open_key(key, key_len));

    if (categories != CATEGORY_OPEN)
        note(session, description, strlen(description), allowed);
    return allowed;
}
