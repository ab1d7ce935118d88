/* known_hosts may have a host under the address that we connect to or under its name in the spec,
 * which stand for the same machine. */
#include "executors/transport/ssh_session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ssh_host_key_choose_name(struct ssh_link *link, const struct ssh_settings *settings)
{
    if (!settings->name || strcmp(settings->name, settings->address) == 0 ||
        ssh_session_has_known_hosts_entry(link->session) == SSH_KNOWN_HOSTS_OK)
        return;
    ssh_options_set(link->session, SSH_OPTIONS_HOST, settings->name);
    if (ssh_session_has_known_hosts_entry(link->session) != SSH_KNOWN_HOSTS_OK)
        ssh_options_set(link->session, SSH_OPTIONS_HOST, settings->address);
}

/* As known_hosts writes a host: [ADDRESS]:PORT unless the port is 22. */
static void print_name(char *name, size_t size, const char *address, int port)
{
    if (port == 22)
        snprintf(name, size, "%s", address);
    else
        snprintf(name, size, "[%s]:%d", address, port);
}

/* The first line of a known_hosts file that names the host; 0 when there is none. */
static int find_line(const struct ssh_settings *settings)
{
    char address[300], name[300];
    FILE *file = settings->known_hosts ? fopen(settings->known_hosts, "re") : NULL;
    char *line = NULL;
    size_t room = 0;
    int found = 0;

    if (!file)
        return 0;
    print_name(address, sizeof(address), settings->address, settings->port);
    print_name(name, sizeof(name), settings->name ? settings->name : settings->address,
               settings->port);
    for (int number = 1; !found && getline(&line, &room, file) > 0; number++) {
        struct ssh_knownhosts_entry *entry = NULL;

        if (ssh_known_hosts_parse_line(address, line, &entry) == SSH_OK ||
            ssh_known_hosts_parse_line(name, line, &entry) == SSH_OK)
            found = number;
        ssh_knownhosts_entry_free(entry);
    }
    free(line);
    fclose(file);
    return found;
}

static void print_fingerprint(struct ssh_link *link, char *text, size_t size)
{
    ssh_key key = NULL;
    unsigned char *hash = NULL;
    size_t length = 0;
    char *print = NULL;

    snprintf(text, size, "unknown key");
    if (ssh_get_server_publickey(link->session, &key) != SSH_OK)
        return;
    if (ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &length) == SSH_OK)
        print = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, length);
    if (print)
        snprintf(text, size, "%s %s", ssh_key_type_to_char(ssh_key_type(key)), print);
    ssh_string_free_char(print);
    ssh_clean_pubkey_hash(&hash);
    ssh_key_free(key);
}

static int blame_unknown(const struct ssh_settings *settings, const char *print,
                         struct fault *fault)
{
    const char *file = settings->known_hosts ? settings->known_hosts : "~/.ssh/known_hosts";

    fault_set(fault, DIAG_HOST_KEY, "the key of %s port %d is not in %s: %s", settings->address,
              settings->port, file, print);
    return fault_hint(fault,
                      "compare it with what \"ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\" "
                      "says on the host, then: ssh-keyscan -p %d %s >>%s",
                      settings->port, settings->address, file);
}

static int blame_changed(const struct ssh_settings *settings, const char *print,
                         struct fault *fault)
{
    const char *file = settings->known_hosts ? settings->known_hosts : "~/.ssh/known_hosts";
    int line = find_line(settings);
    char place[300], name[300];

    print_name(name, sizeof(name), settings->address, settings->port);
    if (line)
        snprintf(place, sizeof(place), "%s:%d", file, line);
    else
        snprintf(place, sizeof(place), "%s", file);
    fault_set(fault, DIAG_HOST_KEY,
              "the key of %s port %d has changed: it is %s, another one is in %s",
              settings->address, settings->port, print, place);
    return fault_hint(fault,
                      "somebody may sit between you and the host; only if it was reinstalled: "
                      "ssh-keygen -R '%s' -f %s",
                      name, file);
}

int ssh_host_key_check(struct ssh_link *link, const struct ssh_settings *settings,
                       struct fault *fault)
{
    char print[200];
    enum ssh_known_hosts_e known = ssh_session_is_known_server(link->session);

    if (known == SSH_KNOWN_HOSTS_OK)
        return 0;
    print_fingerprint(link, print, sizeof(print));
    switch (known) {
    case SSH_KNOWN_HOSTS_CHANGED:
    case SSH_KNOWN_HOSTS_OTHER:
        return blame_changed(settings, print, fault);
    case SSH_KNOWN_HOSTS_ERROR:
        return fault_set(fault, DIAG_HOST_KEY, "the key of %s port %d cannot be checked: %s",
                         settings->address, settings->port, ssh_get_error(link->session));
    default:
        return blame_unknown(settings, print, fault);
    }
}
