#pragma once

/* The known name that somebody most likely meant who wrote another one. {.wrong = …} begins;
 * offer every known name; then ask. */
struct nearest {
    const char *wrong;
    const char *best;
    int distance;
};

void nearest_offer(struct nearest *nearest, const char *known);

/* NULL when nothing offered is near enough to be meant. */
const char *nearest_found(const struct nearest *nearest);
