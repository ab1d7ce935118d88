#pragma once

#include "planner/base/str.h"

#include <stdbool.h>

/* What a script prints, cut out of a stream that also carries the noise of login shells before it
 * and of whatever it left running after it: the bytes between two marks that nobody can guess. */
enum { FRAME_NONCE_SIZE = 33, FRAME_MARK_SIZE = FRAME_NONCE_SIZE + 8 };

enum frame_state { FRAME_BEFORE, FRAME_INSIDE, FRAME_ENDED };

struct frame {
    enum frame_state state;
    char begin[FRAME_MARK_SIZE]; /* "NONCE:begin\n" */
    char end[FRAME_MARK_SIZE];   /* "NONCE:end:", then the exit status and a line end */
    struct str kept;             /* inside and ended: the script's bytes; before: noise */
    size_t limit;
    bool is_tail; /* over the limit the oldest bytes are dropped */
    int status;   /* once ended */
};

/* A nonce of random hex digits. */
void frame_make_nonce(char nonce[FRAME_NONCE_SIZE]);

void frame_init(struct frame *frame, const char *nonce, size_t limit, bool is_tail);
void frame_deinit(struct frame *frame);

/* Takes the next bytes of the stream; ignores them once ended. 0; 1 when there is more between the
 * marks than limit allows (never for a tail). */
int frame_feed(struct frame *frame, const char *bytes, size_t length);
