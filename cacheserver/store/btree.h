#pragma once
#include "cacheserver/store/bkey.h"
#include "cacheserver/store/eflag.h"
#include "cacheserver/store/store.h"

/*
 * B+trees as commands see them: elements in the order of their bkeys, each with an optional eflag
 * and a value. All bkeys of a b+tree are of one kind, that of the first element; other ones are
 * STORE_BKEY_MISMATCH. Every function may also return STORE_NOT_FOUND and STORE_TYPE_MISMATCH, and
 * those that only read STORE_UNREADABLE.
 */
struct btree_element {
    enum bkey_kind kind;
    uint8_t bkey_len, eflag_len; /* eflag_len 0: no eflag */
    const unsigned char *bkey, *eflag;
    const char *value;
    size_t value_len;
};

/* Called for one element after the other, with the b+tree locked: it must be quick, must not call
 * the store, and what it is shown lasts only as long as it runs. False: no more of them. NULL for
 * an element: what was shown so far is void, it begins again. */
typedef bool btree_visit(void *argument, const struct btree_element *element);

/* What an operation tells beside its result. */
struct btree_answer {
    uint32_t flags;    /* of the item; set before the first visit */
    uint32_t count;    /* elements visited, counted or removed */
    uint32_t position; /* of a bkey, from 0 */
    uint32_t index;    /* of the bkey's element among those visited */
};

struct btree_put {
    const struct bkey *bkey;
    const struct eflag *eflag;
    const char *value;
    size_t value_len;
    bool replace;                               /* what has this bkey already */
    const struct collection_attributes *create; /* NULL: the b+tree must exist */
    btree_visit *trimmed; /* NULL, or called with the element that is removed to keep the maximum
                             number */
    void *argument;
};
/* STORE_OK, STORE_CREATED_OK, STORE_REPLACED, STORE_ELEMENT_EXISTS, STORE_OVERFLOWED,
 * STORE_OUT_OF_RANGE (it would be trimmed at once) or STORE_NO_MEMORY. answer->flags is set before
 * `trimmed` is called. */
enum store_result btree_put(struct store_thread *thread, const char *key, size_t key_len,
                            const struct btree_put *put, struct btree_answer *answer);

struct btree_update {
    const struct bkey *bkey;
    const struct eflag_update *eflag; /* NULL: stays */
    const char *value;                /* NULL: stays */
    size_t value_len;
};
/* STORE_OK, STORE_NO_ELEMENT, STORE_EFLAG_MISMATCH or STORE_NO_MEMORY. */
enum store_result btree_update(struct store_thread *thread, const char *key, size_t key_len,
                               const struct btree_update *update);

struct btree_number {
    const struct bkey *bkey;
    bool increment;
    uint64_t delta;
    const uint64_t *initial; /* NULL: the element must exist */
    const struct eflag *eflag;
};
/* Adds, wrapping at 2^64, or subtracts, not below 0; *value is the outcome. STORE_OK,
 * STORE_NO_ELEMENT, STORE_NOT_A_NUMBER or what btree_put returns. */
enum store_result btree_add_number(struct store_thread *thread, const char *key, size_t key_len,
                                   const struct btree_number *number, uint64_t *value);

/* Which elements are meant: of those in the range that the filter admits, `count` after `offset`.
 */
struct btree_query {
    const struct bkey_range *range;
    const struct eflag_filter *filter; /* NULL: all */
    uint32_t offset;
    uint32_t count; /* 0: all */
    bool remove;    /* them */
    bool drop;      /* and the b+tree when nothing is left */
};
/* STORE_OK, STORE_DROPPED, STORE_NO_ELEMENT; unless the query removes also STORE_TRIMMED (done,
 * but the range reaches into what was trimmed), and STORE_OUT_OF_RANGE for that without an element.
 */
enum store_result btree_get(struct store_thread *thread, const char *key, size_t key_len,
                            const struct btree_query *query, btree_visit *visit, void *argument,
                            struct btree_answer *answer);
/* STORE_OK, STORE_DROPPED or STORE_NO_ELEMENT; also of an unreadable b+tree. The query removes. */
enum store_result btree_delete(struct store_thread *thread, const char *key, size_t key_len,
                               const struct btree_query *query, struct btree_answer *answer);
/* STORE_OK and answer->count. The query's offset and count do not matter. */
enum store_result btree_count(struct store_thread *thread, const char *key, size_t key_len,
                              const struct btree_query *query, struct btree_answer *answer);

/* STORE_OK and answer->position, or STORE_NO_ELEMENT. Positions count from 0 at the smallest bkey,
 * descending from the largest. */
enum store_result btree_position(struct store_thread *thread, const char *key, size_t key_len,
                                 const struct bkey *bkey, bool descending,
                                 struct btree_answer *answer);
/* The elements from one position to another, which may be before it. STORE_OK or STORE_NO_ELEMENT.
 * answer->count is set before the first visit. */
enum store_result btree_get_positions(struct store_thread *thread, const char *key, size_t key_len,
                                      bool descending, uint32_t from, uint32_t to,
                                      btree_visit *visit, void *argument,
                                      struct btree_answer *answer);
/* The element of this bkey, and up to `count` before and after it. STORE_OK or STORE_NO_ELEMENT.
 * The whole answer is set before the first visit. */
enum store_result btree_get_around(struct store_thread *thread, const char *key, size_t key_len,
                                   const struct bkey *bkey, bool descending, uint32_t count,
                                   btree_visit *visit, void *argument, struct btree_answer *answer);

/* A part of a merge of several b+trees: visits the elements in the range that the filter admits,
 * until visit returns false or many were passed. */
struct btree_part {
    const struct bkey_range *range;
    const struct eflag_filter *filter;
    const struct bkey *after; /* NULL, or where an earlier call for this key ended: behind that */
    btree_visit *visit;
    void *argument;

    /* outcome */
    uint32_t flags;   /* of the item; set before the first visit */
    bool trimmed;     /* all were visited, and at the end of the range something was trimmed */
    bool paused;      /* many were passed */
    struct bkey last; /* the last bkey before the trim, or that was passed */
};
/* STORE_OK, or STORE_OUT_OF_RANGE: at the start of the range something was trimmed. */
enum store_result btree_visit_part(struct store_thread *thread, const char *key, size_t key_len,
                                   struct btree_part *part);
