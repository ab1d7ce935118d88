/* Tables of keys, from the leaves to the whole file. A row gives the type, the default as a user
 * would write it and the phrase for the manual; the field says where schema_read puts the value.
 * Rows without a field are looked at by the resolve_*.c file of their section. */
#include "planner/spec/schema.h"

#include <string.h>

#define NAME_LETTERS "[A-Za-z0-9_][A-Za-z0-9._-]*"
#define A_RANGE      "\\[[0-9]+-[0-9]+\\]"
#define JUMP_HOST    "[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]+)?"

static const struct schema_form form_text = {"text", NULL, .may_be_empty = true};
static const struct schema_form form_word = {"one line of text", NULL};
static const struct schema_form form_command = {"a shell command", NULL, .most = 65536,
                                                .has_lines = true};
static const struct schema_form form_path = {"a path", NULL};
static const struct schema_form form_name = {
    "a name of letters, digits, '.', '_' and '-' that starts with a letter, a digit or '_'",
    "^" NAME_LETTERS "$", 128};
static const struct schema_form form_variable = {
    "a variable name of letters, digits, '_' and '-' that starts with a letter or '_'",
    "^[A-Za-z_][A-Za-z0-9_-]*$", 128};
static const struct schema_form form_host = {
    "a host name of letters, digits, '.', '_' and '-', ranges like [001-003] in it",
    "^([A-Za-z0-9_]|" A_RANGE ")([A-Za-z0-9._-]|" A_RANGE ")*$", 253, .has_ranges = true};
static const struct schema_form form_address = {
    "an IPv4 address or a DNS name, ranges like [1-3] in it",
    "^([A-Za-z0-9]|" A_RANGE ")([A-Za-z0-9.-]|" A_RANGE ")*$", 253, .has_ranges = true};
static const struct schema_form form_user = {"a user name", "^[A-Za-z0-9_][A-Za-z0-9._@-]*$", 64};
static const struct schema_form form_jump = {"[USER@]HOST[:PORT] or none",
                                             "^([A-Za-z0-9_][A-Za-z0-9._-]*@)?" JUMP_HOST "$", 320};
static const struct schema_form form_version = {"a version of letters, digits and . _ + ~ -",
                                                "^[A-Za-z0-9_][A-Za-z0-9._+~-]*$", 64};
static const struct schema_form form_directory = {
    "an absolute path of letters, digits and . _ + @ = , - /", "^/[A-Za-z0-9._+@=,/-]+$", 1024};
static const struct schema_form form_home = {"a path of letters, digits and . _ + @ = , - /",
                                             "^[A-Za-z0-9._+@=,/-]+$", 1024};
static const struct schema_form form_ports = {"a port, or two like 11211-11212",
                                              "^[0-9]+(-[0-9]+)?$", 11};
static const struct schema_form form_ensemble = {"HOST:PORT, several of them joined by commas",
                                                 "^" JUMP_HOST "(," JUMP_HOST ")*$", 4096};
static const struct schema_form form_zoo_cfg_key = {"a zoo.cfg key of letters, digits and . _ -",
                                                    "^[A-Za-z][A-Za-z0-9._-]*$", 128};

static const char *const executor_words[] = {"ssh", "local", NULL};
static const char *const become_words[] = {"none", "sudo", NULL};
static const char *const server_words[] = {"cacheserver", "arcus-memcached", NULL};
static const char *const supervise_words[] = {"daemon", "systemd", NULL};

#define TEXT(a_form)              .type = {SCHEMA_TEXT, .form = &(a_form)}
#define INT(lowest, highest)      .type = {SCHEMA_INT, (lowest), (highest)}
#define PORT                      INT(1, 65535)
#define BOOL                      .type = {SCHEMA_BOOL}
#define DURATION(lowest, highest) .type = {SCHEMA_DURATION, (lowest), (highest)}
#define SIZE(lowest, highest)     .type = {SCHEMA_SIZE, (lowest), (highest)}
#define MODE                      .type = {SCHEMA_MODE}
#define ENUM(list)                .type = {SCHEMA_ENUM, .words = (list)}
#define MAP(table)                .type = {SCHEMA_MAP, .keys = (table)}
#define MAP_OF(a_form, ...)                                                                        \
    .type = {SCHEMA_MAP, .form = &(a_form), .item = &(const struct schema_type){__VA_ARGS__}}
#define LIST_OF(...) .type = {SCHEMA_LIST, .item = &(const struct schema_type){__VA_ARGS__}}
#define FULL_LIST_OF(...)                                                                          \
    .type = {SCHEMA_LIST, .is_never_empty = true, .item = &(const struct schema_type){__VA_ARGS__}}
#define FIELD(structure, member) .has_field = true, .field = offsetof(structure, member)

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, TERABYTE = 1024 * 1024 };

const struct schema_key schema_ssh_keys[] = {
    {"user", TEXT(form_user), FIELD(struct spec_ssh, user),
     .help = "whom to log in as; the default is what ssh itself would take"},
    {"port", PORT, "22", FIELD(struct spec_ssh, port), .help = "the port of the SSH server"},
    {"identity_file", TEXT(form_path), FIELD(struct spec_ssh, identity_file),
     .help = "the private key to offer, besides the agent's keys; ~ is the home directory"},
    {"known_hosts", TEXT(form_path), "~/.ssh/known_hosts", FIELD(struct spec_ssh, known_hosts),
     .help = "the file of known host keys, which are always checked"},
    {"proxy_jump", TEXT(form_jump), FIELD(struct spec_ssh, proxy_jump),
     .help = "a host to connect through, as [USER@]HOST[:PORT]; none switches it off for a host"},
    {"become", ENUM(become_words), "none", FIELD(struct spec_ssh, become),
     .help = "how to become root on the host"},
    {"connect_timeout", DURATION(100, 10 * MINUTE), "10s",
     FIELD(struct spec_ssh, connect_timeout_ms), .help = "how long a connection may take to open"},
    {NULL},
};

const struct schema_key schema_host_keys[] = {
    {"address", TEXT(form_address), .is_required = true,
     .help = "the IPv4 address or DNS name; ranges run side by side with those of the host's name"},
    {"executor", ENUM(executor_words), "ssh", FIELD(struct spec_host, executor),
     .help = "how to reach the host; local runs everything on this machine, without SSH"},
    {"ssh", MAP(schema_ssh_keys), .help = "what differs from the defaults under ssh"},
    {NULL},
};

const struct schema_key schema_rule_keys[] = {
    {"run", TEXT(form_command), .is_required = true, FIELD(struct spec_build_rule, run),
     .help = "a command for the shell, run in the directory of the spec file"},
    {"inputs", LIST_OF(SCHEMA_TEXT, .form = &form_path),
     .help = "globs of the files it reads, below the directory of the spec file; ** crosses "
             "directories"},
    {"outputs", LIST_OF(SCHEMA_TEXT, .form = &form_path), .help = "the files it writes"},
    {NULL},
};

const struct schema_key schema_file_keys[] = {
    {"from", TEXT(form_path), .is_required = true, FIELD(struct spec_file, from),
     .help = "the file here; relative to the directory of the spec file"},
    {"to", TEXT(form_path), .is_required = true,
     .help = "its path inside the release, relative and without .. in it"},
    {"mode", MODE, FIELD(struct spec_file, mode),
     .help = "its permissions; the default is what the file has here"},
    {NULL},
};

const struct schema_key schema_package_keys[] = {
    {"version", TEXT(form_version), .is_required = true, FIELD(struct spec_package, version),
     .help = "names the releases; what is deployed is decided by the content"},
    {"build", LIST_OF(SCHEMA_MAP, .keys = schema_rule_keys),
     .help = "commands that make the package; each runs only when the content of an input changed"},
    {"files", FULL_LIST_OF(SCHEMA_MAP, .keys = schema_file_keys),
     .help = "the files of the package, one by one"},
    {"directory", TEXT(form_path), FIELD(struct spec_package, path),
     .help = "instead of files: a directory whose content is the package"},
    {"archive", TEXT(form_path), FIELD(struct spec_package, path),
     .help = "instead of files: a tar archive whose content is the package"},
    {"install_dir", TEXT(form_directory), .is_required = true,
     .help = "where releases, the current link and the run directories lie on the hosts"},
    {"keep_releases", INT(1, 100), "3", FIELD(struct spec_package, keep_releases),
     .help = "how many releases stay on a host"},
    {NULL},
};

const struct schema_key schema_zoo_cfg_keys[] = {
    {"tickTime", INT(100, 60000), "2000", .help = "ZooKeeper's unit of time in ms"},
    {"initLimit", INT(1, 10000), "10", .help = "ticks that a follower may take to join"},
    {"syncLimit", INT(1, 10000), "5", .help = "ticks that a follower may lag behind"},
    {"maxClientCnxns", INT(0, 1000000), .help = "connections from one address; 0 sets no limit"},
    {"minSessionTimeout", INT(1, 3600000), .help = "shortest session that is granted, in ms"},
    {"maxSessionTimeout", INT(1, 3600000), .help = "longest session that is granted, in ms"},
    {"snapCount", INT(2, 100000000), .help = "transactions between two snapshots"},
    {"autopurge.snapRetainCount", INT(3, 1000), .help = "snapshots that a purge leaves"},
    {"autopurge.purgeInterval", INT(0, 8760), .help = "hours between purges; 0 never purges"},
    {"4lw.commands.whitelist", TEXT(form_word), .help = "four-letter commands that are answered"},
    {NULL},
};

const struct schema_key schema_zookeeper_keys[] = {
    {"hosts", FULL_LIST_OF(SCHEMA_TEXT, .form = &form_host),
     .help = "the hosts of a managed ensemble; the order gives each new server its myid"},
    {"external",
     .type = {SCHEMA_LIST, .is_lone_item_ok = true, .is_never_empty = true,
              .item = &(const struct schema_type){SCHEMA_TEXT, .form = &form_ensemble}},
     .help = "instead of hosts: HOST[:PORT] of an ensemble that somebody else runs, several as a "
             "list or joined by commas"},
    {"package", TEXT(form_name),
     .help = "the package that holds ZooKeeper; the default is a "
             "ZooKeeper installed on the hosts"},
    {"home", TEXT(form_home), "/usr/share/zookeeper", FIELD(struct spec_zookeeper, home),
     .help = "where bin/zkServer.sh lies; a relative path is one inside the package"},
    {"client_port", PORT, "2181", FIELD(struct spec_zookeeper, client_port),
     .help = "the port for clients"},
    {"peer_port", PORT, "2888", FIELD(struct spec_zookeeper, peer_port),
     .help = "the port for followers"},
    {"election_port", PORT, "3888", FIELD(struct spec_zookeeper, election_port),
     .help = "the port for elections"},
    {"data_dir", TEXT(form_directory), "/var/lib/arcus/zookeeper",
     FIELD(struct spec_zookeeper, data_dir), .help = "where the servers keep their data"},
    {"config",
     .type = {SCHEMA_MAP, .keys = schema_zoo_cfg_keys, .form = &form_zoo_cfg_key,
              .item = &(const struct schema_type){SCHEMA_TEXT, .form = &form_text}},
     .help = "lines of zoo.cfg: the keys below are checked, others are passed on"},
    {NULL},
};

const struct schema_key schema_cache_keys[] = {
    {"connections", INT(10, 1000000), "1024", .help = "client connections at most"},
    {"item_size_max", SIZE(1, 1024), .help = "the largest item"},
    {"memlimit", SIZE(1, 16 * TERABYTE), "64MB", .help = "memory for items"},
    {"sticky_limit", SIZE(0, 16 * TERABYTE),
     .help = "the part of memlimit that items which never expire may take; 0 refuses them"},
    {"threads", INT(1, 1024), "4", .help = "worker threads"},
    {"verbosity", INT(0, 2), .help = "how much the server logs"},
    {NULL},
};

const struct schema_key schema_nodes_keys[] = {
    {"hosts", FULL_LIST_OF(SCHEMA_TEXT, .form = &form_host), .is_required = true,
     .help = "the hosts; each gets a node on each of the ports"},
    {"ports", FULL_LIST_OF(SCHEMA_TEXT, .form = &form_ports), .is_required = true,
     .help = "the ports, ranges like 11211-11212 among them"},
    {"config", MAP(schema_cache_keys), .help = "settings that win over the cloud's"},
    {NULL},
};

const struct schema_key schema_update_keys[] = {
    {"canaries", INT(0, 1000), "1", FIELD(struct spec_update, canaries),
     .help = "nodes that are restarted one by one before the others"},
    {"max_unavailable", INT(1, 1000), "1", FIELD(struct spec_update, max_unavailable),
     .help = "nodes of the cloud that may be down at once during an update"},
    {"watch_time", DURATION(0, HOUR), "5s", FIELD(struct spec_update, watch_time_ms),
     .help = "how long a restarted node must stay healthy before the next one"},
    {"health_timeout", DURATION(SECOND, HOUR), "60s", FIELD(struct spec_update, health_timeout_ms),
     .help = "how long a started node may take to be online"},
    {"max_failures", INT(0, 1000), "0", FIELD(struct spec_update, max_failures),
     .help = "failed restarts after which no further one is begun"},
    {NULL},
};

const struct schema_key schema_cloud_keys[] = {
    {"package", TEXT(form_name), .is_required = true,
     .help = "the package that holds the cache server"},
    {"server", ENUM(server_words), "cacheserver", FIELD(struct spec_cloud, server),
     .help = "which server the package holds"},
    {"supervise", ENUM(supervise_words), "daemon", FIELD(struct spec_cloud, supervise),
     .help = "who starts the nodes again after a crash or at boot: nobody, or systemd (as root)"},
    {"config", MAP(schema_cache_keys), .help = "settings of every node"},
    {"nodes", FULL_LIST_OF(SCHEMA_MAP, .keys = schema_nodes_keys), .is_required = true,
     .help = "the cache nodes"},
    {"update", MAP(schema_update_keys), .help = "how changes are rolled out"},
    {"prevent_destroy", BOOL, "false", FIELD(struct spec_cloud, prevent_destroy),
     .help = "refuse plans that remove the cloud; kept in the state, so that removing the line "
             "together with the cloud does not disarm it"},
    {NULL},
};

static const struct schema_key spec_keys[] = {
    {"arcusplan", INT(1, 1), .is_required = true, .help = "the version of the format"},
    {"vars", MAP_OF(form_variable, SCHEMA_TEXT, .form = &form_text),
     .help = "variables; ${NAME} in a value stands for one"},
    {"ssh", MAP(schema_ssh_keys), .help = "how every host is reached, unless it says otherwise"},
    {"hosts", MAP_OF(form_host, SCHEMA_MAP, .keys = schema_host_keys),
     .help = "the machines by name; a name with ranges stands for several"},
    {"packages", MAP_OF(form_name, SCHEMA_MAP, .keys = schema_package_keys),
     .help = "what gets installed, by name"},
    {"zookeeper", MAP(schema_zookeeper_keys),
     .help = "the ensemble; required when there are clouds"},
    {"clouds", MAP_OF(form_name, SCHEMA_MAP, .keys = schema_cloud_keys),
     .help = "the cache clouds by service code"},
    {NULL},
};

const struct schema_type schema_spec = {SCHEMA_MAP, .keys = spec_keys};

const struct schema_key *schema_find(const struct schema_key *keys, const char *name)
{
    for (; keys && keys->name; keys++)
        if (strcmp(keys->name, name) == 0)
            return keys;
    return NULL;
}
