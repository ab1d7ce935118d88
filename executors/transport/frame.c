/* The marks are looked for in what arrived last together with as many bytes before it as a mark may
 * have, so that a mark cut in two by the network is found and nothing is searched twice. */
#include "executors/transport/frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { NOISE_LIMIT = 4096, STATUS_DIGITS = 3 };

void frame_make_nonce(char nonce[FRAME_NONCE_SIZE])
{
    unsigned char raw[(FRAME_NONCE_SIZE - 1) / 2];

    if (getrandom(raw, sizeof(raw), 0) != (ssize_t)sizeof(raw)) {
        fputs("arcusplan: no random numbers\n", stderr);
        abort();
    }
    for (size_t i = 0; i < sizeof(raw); i++)
        snprintf(nonce + 2 * i, 3, "%02x", raw[i]);
}

void frame_init(struct frame *frame, const char *nonce, size_t limit, bool is_tail)
{
    *frame = (struct frame){.limit = limit, .is_tail = is_tail};
    snprintf(frame->begin, sizeof(frame->begin), "%s:begin\n", nonce);
    snprintf(frame->end, sizeof(frame->end), "%s:end:", nonce);
}

void frame_deinit(struct frame *frame)
{
    str_deinit(&frame->kept);
}

static void drop_front(struct str *str, size_t count)
{
    if (!count)
        return;
    memmove(str->data, str->data + count, str->length - count + 1);
    str->length -= count;
}

static char *find_mark(const struct str *str, size_t from, const char *mark)
{
    return memmem(str->data + from, str->length - from, mark, strlen(mark));
}

/* Cuts the end mark off, once its line is complete. from: where it can start at the earliest. */
static void look_for_end(struct frame *frame, size_t from)
{
    char *mark = find_mark(&frame->kept, from, frame->end);
    char *status, *stop;

    if (!mark)
        return;
    status = mark + strlen(frame->end);
    stop = memchr(status, '\n', frame->kept.length - (size_t)(status - frame->kept.data));
    if (!stop)
        return;
    frame->status = atoi(status);
    frame->state = FRAME_ENDED;
    frame->kept.length = (size_t)(mark - frame->kept.data);
    *mark = '\0';
}

static size_t step_back(size_t length)
{
    size_t most = FRAME_MARK_SIZE + STATUS_DIGITS + 1;

    return length > most ? length - most : 0;
}

static void look_for_begin(struct frame *frame, size_t from)
{
    char *mark = find_mark(&frame->kept, from, frame->begin);

    if (mark) {
        drop_front(&frame->kept, (size_t)(mark - frame->kept.data) + strlen(frame->begin));
        frame->state = FRAME_INSIDE;
        look_for_end(frame, 0);
    } else if (frame->kept.length > 2 * NOISE_LIMIT) {
        drop_front(&frame->kept, frame->kept.length - NOISE_LIMIT);
    }
}

static int keep_to_limit(struct frame *frame)
{
    size_t mark_room = frame->state == FRAME_INSIDE ? FRAME_MARK_SIZE + STATUS_DIGITS + 1 : 0;

    if (frame->state == FRAME_BEFORE || frame->kept.length <= frame->limit + mark_room)
        return 0;
    if (!frame->is_tail)
        return 1;
    if (frame->state == FRAME_ENDED || frame->kept.length > 2 * frame->limit + mark_room)
        drop_front(&frame->kept, frame->kept.length - frame->limit);
    return 0;
}

int frame_feed(struct frame *frame, const char *bytes, size_t length)
{
    size_t from = step_back(frame->kept.length);

    if (frame->state == FRAME_ENDED || !length)
        return 0;
    str_add(&frame->kept, bytes, length);
    if (frame->state == FRAME_BEFORE)
        look_for_begin(frame, from);
    else
        look_for_end(frame, from);
    return keep_to_limit(frame);
}
