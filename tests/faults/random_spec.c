#include "tests/faults/random_spec.h"

#include "tests/faults/play.h"

#include <stdbool.h>

enum { HOSTS = 4, PORTS = 3, CLOUDS = 3 };

unsigned random_below(unsigned *seed, unsigned limit)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % limit;
}

static const char *pick(unsigned *seed, const char *const *words, unsigned count)
{
    return words[random_below(seed, count)];
}

static const char *package(unsigned *seed, const char *name, struct arena *arena)
{
    static const char *const versions[] = {"1.0", "1.1", "2.0"};

    return arena_printf(arena,
                        "  %s: { version: \"%s%s\", files: [{ from: x, to: bin/x }],"
                        " install_dir: /opt/%s }\n",
                        name, pick(seed, versions, 3), name, name);
}

static const char *ensemble(unsigned *seed, struct arena *arena)
{
    static const char *const members[] = {"h1", "h2", "h1, h2, h3", "h2, h3, h4", "h3, h1, h4"};
    static const char *const ticks[] = {"2000", "3000"};

    return arena_printf(arena,
                        "zookeeper:\n  hosts: [%s]\n  home: /usr/share/zookeeper\n"
                        "  data_dir: /var/lib/zk\n  config: { tickTime: %s }\n",
                        pick(seed, members, 5), pick(seed, ticks, 2));
}

/* Which cloud has each port of each host; CLOUDS: none. */
struct layout {
    unsigned owner[HOSTS][PORTS];
};

static struct layout draw_layout(unsigned *seed)
{
    struct layout layout;

    for (int host = 0; host < HOSTS; host++)
        for (int port = 0; port < PORTS; port++)
            layout.owner[host][port] = random_below(seed, CLOUDS + 3);
    return layout;
}

static const char *nodes(unsigned *seed, const struct layout *layout, unsigned cloud,
                         struct arena *arena)
{
    const char *text = "";

    for (int host = 0; host < HOSTS; host++)
        for (int port = 0; port < PORTS; port++) {
            if (layout->owner[host][port] != cloud)
                continue;
            text =
                arena_printf(arena, "%s      - { hosts: [h%d], ports: [%d]%s }\n", text, host + 1,
                             11211 + port, random_below(seed, 5) ? "" : ", config: { threads: 8 }");
        }
    return text;
}

static const char *cloud(unsigned *seed, const struct layout *layout, unsigned number,
                         struct arena *arena)
{
    static const char *const codes[] = {"alpha", "beta", "gamma"};
    static const char *const packages[] = {"arcus", "other"};
    static const char *const threads[] = {"2", "4"};
    static const char *const memory[] = {"64MB", "128MB"};
    const char *of_cloud = nodes(seed, layout, number, arena);

    if (!*of_cloud)
        return "";
    return arena_printf(arena,
                        "  %s:\n    package: %s\n    config: { threads: %s, memlimit: %s }\n"
                        "    update: { canaries: %u, max_unavailable: %u, max_failures: %u }\n"
                        "    nodes:\n%s",
                        codes[number], pick(seed, packages, 2), pick(seed, threads, 2),
                        pick(seed, memory, 2), random_below(seed, 3), 1 + random_below(seed, 2),
                        random_below(seed, 2), of_cloud);
}

const char *random_spec(unsigned seed, struct arena *arena)
{
    struct layout layout = draw_layout(&seed);
    const char *text =
        arena_printf(arena, "%spackages:\n%s%s%s", play_hosts, package(&seed, "arcus", arena),
                     package(&seed, "other", arena), ensemble(&seed, arena));
    const char *clouds = "";

    for (unsigned number = 0; number < CLOUDS; number++)
        clouds = arena_printf(arena, "%s%s", clouds, cloud(&seed, &layout, number, arena));
    return *clouds ? arena_printf(arena, "%sclouds:\n%s", text, clouds) : text;
}
