/* The distance counts inserted, left out, changed and swapped characters (optimal string
 * alignment), over three rows of the usual table. Long names are never offered: nobody mistypes
 * them, and the table stays on the stack. */
#include "planner/spec/nearest.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST = 64 };

static int least(int a, int b)
{
    return a < b ? a : b;
}

static int distance_of(const char *a, int a_length, const char *b, int b_length)
{
    int rows[3][LONGEST + 1];
    int *before = rows[0], *last = rows[1], *row = rows[2];

    for (int j = 0; j <= b_length; j++)
        last[j] = j;
    for (int i = 1; i <= a_length; i++) {
        int *free_row = before;

        row[0] = i;
        for (int j = 1; j <= b_length; j++) {
            row[j] = least(least(last[j], row[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
        before = last;
        last = row;
        row = free_row;
    }
    return last[b_length];
}

/* How far a name may be off and still be meant. */
static int most_distance(const char *wrong)
{
    int most = (int)strlen(wrong) / 3;

    return most < 1 ? 1 : most > 3 ? 3 : most;
}

void nearest_offer(struct nearest *nearest, const char *known)
{
    size_t wrong_length = strlen(nearest->wrong), known_length = strlen(known);
    int distance;

    if (wrong_length > LONGEST || known_length > LONGEST ||
        abs((int)wrong_length - (int)known_length) > most_distance(nearest->wrong))
        return;
    distance = distance_of(nearest->wrong, (int)wrong_length, known, (int)known_length);
    if (!nearest->best || distance < nearest->distance) {
        nearest->best = known;
        nearest->distance = distance;
    }
}

const char *nearest_found(const struct nearest *nearest)
{
    if (!nearest->best || nearest->distance > most_distance(nearest->wrong))
        return NULL;
    return nearest->best;
}
