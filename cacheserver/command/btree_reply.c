/*
 * The gap is as long as the head probably is, so that usually nothing moves. No piece of the reply
 * is closed meanwhile, so all that was written since the beginning is one stretch of its buffer.
 */
#include "cacheserver/command/btree_reply.h"

#include "cacheserver/protocol/limits.h"

void btree_reply_begin(struct btree_reply *out, struct reply *reply, const char *prefix, size_t gap)
{
    *out = (struct btree_reply){.reply = reply,
                                .prefix = prefix,
                                .prefix_len = strlen(prefix),
                                .start = reply->len,
                                .gap = gap};
    if (reply_reserve(reply, gap))
        reply_commit(reply, gap);
}

char *put_element(char *at, const struct btree_element *element)
{
    at = put_blank(bkey_print(at, element->kind, element->bkey, element->bkey_len));
    if (element->eflag_len)
        at = put_blank(bkey_print_hex(at, element->eflag, element->eflag_len));
    at = put_blank(put_number(at, element->value_len));
    return put_crlf(put_bytes(at, element->value, element->value_len));
}

bool btree_reply_element(void *argument, const struct btree_element *element)
{
    struct btree_reply *out = argument;

    if (!element) {
        out->reply->len = out->start + out->gap;
        return true;
    }
    size_t most = out->prefix_len + BTREE_LINE_MAX + element->value_len;
    out->too_large = out->reply->len - out->start + most > STORE_REPLY_MAX;
    char *room = out->too_large ? NULL : reply_reserve(out->reply, most);
    if (!room)
        return false;
    char *end = put_element(put_bytes(room, out->prefix, out->prefix_len), element);
    reply_commit(out->reply, (size_t)(end - room));
    return true;
}

char *btree_reply_head(struct btree_reply *out, size_t len)
{
    struct reply *reply = out->reply;

    if (reply->failed || (len > out->gap && !reply_reserve(reply, len - out->gap)))
        return NULL;
    char *head = reply->buffer + out->start;
    if (len != out->gap)
        memmove(head + len, head + out->gap, reply->len - out->start - out->gap);
    reply->len = reply->len - out->gap + len;
    out->gap = len;
    return head;
}

void btree_reply_undo(struct btree_reply *out)
{
    out->reply->len = out->start;
}
