/* A server counts refused keys and hangs up after six. So a key file that the spec names is offered
 * first and alone, then the agent; without one the agent comes first and then the default files,
 * each on its own. A key that wants a passphrase is left to the agent: nothing here ever prompts.
 */
#include "executors/transport/ssh_session.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct login {
    struct ssh_link *link;
    const struct ssh_settings *settings;
    const struct ssh_wait *wait;
    struct fault *fault;
    struct str tried; /* what was offered, for the message */
};

/* A refused key is LOGIN_REFUSED; another one may do. */
enum { LOGIN_DONE = 0, LOGIN_REFUSED = 1 };

/* The library's callback type. NOLINTNEXTLINE(readability-non-const-parameter) */
static int refuse_passphrase(const char *prompt, char *buffer, size_t length, int echo, int verify,
                             void *data)
{
    (void)prompt, (void)buffer, (void)length, (void)echo, (void)verify, (void)data;
    return -1;
}

static int judge(const struct login *login, int answer)
{
    switch (answer) {
    case SSH_AUTH_SUCCESS:
        return LOGIN_DONE;
    case SSH_AUTH_DENIED:
        return LOGIN_REFUSED;
    case SSH_AUTH_PARTIAL:
        return fault_set(login->fault, DIAG_HOST_AUTH,
                         "%s wants more than a key for user %s, which is not supported",
                         login->settings->address, login->settings->user);
    default:
        return ssh_is_connected(login->link->session)
                   ? LOGIN_REFUSED
                   : ssh_link_fault(login->link, "the login was cut off", login->fault);
    }
}

/* Repeats an attempt until it has an answer. */
#define attempt(login, call)                                                                       \
    ({                                                                                             \
        int answer_, result_ = 0;                                                                  \
        while ((answer_ = (call)) == SSH_AUTH_AGAIN && result_ == 0)                               \
            result_ = ssh_link_poll((login)->link, (login)->wait, (login)->fault);                 \
        result_ < 0 ? -1 : judge((login), answer_);                                                \
    })

static void note_tried(struct login *login, const char *what)
{
    str_printf(&login->tried, "%s%s", login->tried.length ? ", " : "", what);
}

static int offer_agent(struct login *login)
{
    if (!getenv("SSH_AUTH_SOCK"))
        return LOGIN_REFUSED;
    note_tried(login, "the keys of the agent");
    return attempt(login, ssh_userauth_agent(login->link->session, NULL));
}

static int offer_file(struct login *login, const char *path)
{
    ssh_key key = NULL;
    int result;

    if (access(path, R_OK) != 0) {
        if (login->settings->has_identity)
            str_printf(&login->tried, "%s%s (it cannot be read)", login->tried.length ? ", " : "",
                       path);
        return LOGIN_REFUSED;
    }
    note_tried(login, path);
    if (ssh_pki_import_privkey_file(path, NULL, refuse_passphrase, NULL, &key) != SSH_OK) {
        str_puts(&login->tried, " (it wants a passphrase: use ssh-agent)");
        return LOGIN_REFUSED;
    }
    result = attempt(login, ssh_userauth_publickey(login->link->session, NULL, key));
    ssh_key_free(key);
    return result;
}

static int offer_files(struct login *login)
{
    int result = LOGIN_REFUSED;

    vec_each(path, &login->settings->identities) {
        result = offer_file(login, *path);
        if (result != LOGIN_REFUSED)
            break;
    }
    return result;
}

static int offer_all(struct login *login)
{
    int result = attempt(login, ssh_userauth_none(login->link->session, NULL));

    if (result != LOGIN_REFUSED)
        return result;
    if (login->settings->has_identity) {
        result = offer_files(login);
        return result == LOGIN_REFUSED ? offer_agent(login) : result;
    }
    result = offer_agent(login);
    return result == LOGIN_REFUSED ? offer_files(login) : result;
}

static void blame_login(const struct login *login)
{
    const struct ssh_settings *settings = login->settings;

    fault_set(login->fault, DIAG_HOST_AUTH, "%s port %d does not let user %s in; tried: %s",
              settings->address, settings->port, settings->user,
              login->tried.length ? login->tried.data : "nothing, as there is no key and no agent");
    fault_hint(login->fault,
               "put your public key into ~/.ssh/authorized_keys of %s there, or set "
               "ssh.user and ssh.identity_file",
               settings->user);
}

int ssh_login(struct ssh_link *link, const struct ssh_settings *settings,
              const struct ssh_wait *wait, struct fault *fault)
{
    char what[320];
    struct ssh_wait logging_in = {wait->deadline_ms, wait->cancel, what};
    struct login login = {link, settings, &logging_in, fault, {0}};
    int result;

    snprintf(what, sizeof(what), "logging in to %s port %d", settings->address, settings->port);
    result = offer_all(&login);
    if (result == LOGIN_REFUSED)
        blame_login(&login);
    str_deinit(&login.tried);
    return result == LOGIN_DONE ? 0 : -1;
}
