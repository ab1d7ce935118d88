#pragma once
#include <stdlib.h>
#include <string.h>

#include "cacheserver/store/btree.h"

/* What a b+tree does, in the plainest way: a sorted array, searched from the start. */
#define MODEL_MAX 4096

struct model_element {
    unsigned bkey;
    struct eflag eflag;
    char fill; /* the value is this character, repeated */
    size_t value_len;
};

struct model {
    enum collection_overflow overflow;
    unsigned max_count;
    unsigned distance; /* 0: any */
    bool hex;
    bool trimmed;
    unsigned count;
    struct model_element elements[MODEL_MAX];
};

struct model_found {
    unsigned count;
    unsigned numbers[MODEL_MAX];
};

static inline void model_clear(struct model *model)
{
    model->count = 0;
}

static inline struct model_element *model_find(const struct model *model, unsigned bkey)
{
    for (unsigned i = 0; i < model->count; i++)
        if (model->elements[i].bkey == bkey)
            return (struct model_element *)&model->elements[i];
    return NULL;
}

static inline void model_remove_at(struct model *model, unsigned i)
{
    memmove(&model->elements[i], &model->elements[i + 1],
            (model->count - i - 1) * sizeof(model->elements[0]));
    model->count--;
}

static inline bool model_trims_smallest(const struct model *model)
{
    return model->overflow == OVERFLOW_SMALLEST_TRIM ||
           model->overflow == OVERFLOW_SMALLEST_SILENT_TRIM;
}

static inline bool model_is_silent(const struct model *model)
{
    return model->overflow != OVERFLOW_SMALLEST_TRIM && model->overflow != OVERFLOW_LARGEST_TRIM;
}

static inline void model_insert(struct model *model, const struct model_element *element)
{
    unsigned i = 0;

    while (i < model->count && model->elements[i].bkey < element->bkey)
        i++;
    memmove(&model->elements[i + 1], &model->elements[i],
            (model->count - i) * sizeof(model->elements[0]));
    model->elements[i] = *element;
    model->count++;
}

/* Takes away what is too far from the new element; false: that is the new element itself. */
static inline bool model_keep_distance(struct model *model, unsigned bkey)
{
    unsigned first = model->elements[0].bkey, last = model->elements[model->count - 1].bkey;
    bool above = bkey > last && bkey - first > model->distance;
    bool below = bkey < first && last - bkey > model->distance;

    if (!above && !below)
        return true;
    if (above != model_trims_smallest(model) || model->overflow == OVERFLOW_ERROR)
        return false;
    return true;
}

static inline bool model_trim_distance(struct model *model, unsigned bkey)
{
    bool trimmed = false;

    for (unsigned i = 0; i < model->count;) {
        unsigned other = model->elements[i].bkey;
        if ((other < bkey ? bkey - other : other - bkey) > model->distance) {
            model_remove_at(model, i);
            trimmed = true;
        } else {
            i++;
        }
    }
    if (trimmed && !model_is_silent(model))
        model->trimmed = false;
    return trimmed;
}

/* *trim: the bkey that had to go for the number of elements, -1 none. */
static inline enum store_result model_put(struct model *model, const struct model_element *element,
                                          bool replace, int *trim)
{
    struct model_element *old = model_find(model, element->bkey);

    *trim = -1;
    if (old && !replace)
        return STORE_ELEMENT_EXISTS;
    if (old) {
        *old = *element;
        return STORE_REPLACED;
    }
    bool far = model->distance && model->count && !model_keep_distance(model, element->bkey);
    if (far)
        return STORE_OUT_OF_RANGE;
    if (model->distance && model->count) {
        struct model_element copy = *element;
        unsigned first = model->elements[0].bkey, last = model->elements[model->count - 1].bkey;
        bool outside = element->bkey < first || element->bkey > last;
        if (outside && model_trim_distance(model, element->bkey)) {
            model_insert(model, &copy);
            return STORE_OK;
        }
    }
    if (model->count < model->max_count) {
        model_insert(model, element);
        return STORE_OK;
    }
    if (model->overflow == OVERFLOW_ERROR)
        return STORE_OVERFLOWED;
    unsigned edge = model_trims_smallest(model) ? 0 : model->count - 1;
    unsigned edge_bkey = model->elements[edge].bkey;
    if (!model_is_silent(model))
        model->trimmed = true;
    if (model_trims_smallest(model) ? element->bkey < edge_bkey : element->bkey > edge_bkey)
        return STORE_OUT_OF_RANGE;
    *trim = (int)edge_bkey;
    model_remove_at(model, edge);
    model_insert(model, element);
    return STORE_OK;
}

/* element's value and eflag are the operands. */
static inline enum store_result model_update(struct model *model,
                                             const struct model_element *element,
                                             const struct eflag_update *update, const char *value)
{
    struct model_element *old = model_find(model, element->bkey);
    struct eflag result;

    if (!old)
        return STORE_NO_ELEMENT;
    if (update) {
        if (!eflag_update_apply(update, old->eflag.bytes, old->eflag.len, &result))
            return STORE_EFLAG_MISMATCH;
        old->eflag = result;
    }
    if (value) {
        old->fill = element->fill;
        old->value_len = element->value_len;
    }
    return STORE_OK;
}

static inline bool model_out_there(const struct model *model, unsigned bkey)
{
    if (!model->trimmed || model_is_silent(model))
        return false;
    return model_trims_smallest(model) ? bkey < model->elements[0].bkey
                                       : bkey > model->elements[model->count - 1].bkey;
}

/* The outcome of reading; finds the elements in the order of the query. */
static inline enum store_result model_query(const struct model *model, unsigned from, unsigned to,
                                            const struct btree_query *query,
                                            struct model_found *found)
{
    unsigned skip = query->offset;
    bool complete = true;

    found->count = 0;
    if (query->offset >= model->count)
        return STORE_NO_ELEMENT;
    for (unsigned n = 0; n < model->count && complete; n++) {
        const struct model_element *element =
            &model->elements[from <= to ? n : model->count - 1 - n];
        unsigned low = from <= to ? from : to, high = from <= to ? to : from;
        if (element->bkey < low || element->bkey > high ||
            (query->filter &&
             !eflag_filter_matches(query->filter, element->eflag.bytes, element->eflag.len)))
            continue;
        if (skip > 0) {
            skip--;
            continue;
        }
        found->numbers[found->count++] = element->bkey;
        complete = found->count != query->count;
    }
    bool trimmed = model_out_there(model, from) || (complete && model_out_there(model, to));
    if (found->count == 0)
        return trimmed ? STORE_OUT_OF_RANGE : STORE_NO_ELEMENT;
    return trimmed && !query->remove ? STORE_TRIMMED : STORE_OK;
}

static inline void model_remove(struct model *model, const struct model_found *found)
{
    for (unsigned i = 0; i < found->count; i++)
        model_remove_at(model, (unsigned)(model_find(model, found->numbers[i]) - model->elements));
}
