/* What a journal hears of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "cacheserver/store/journal.h"
#include "tests/unit/cacheserver/store/fixture.h"

struct heard {
    struct journal journal;
    char text[256];
};

static void hear(struct journal *journal, const char *what, struct item *item)
{
    struct heard *heard = (struct heard *)journal;
    size_t len = strlen(heard->text);

    snprintf(heard->text + len, sizeof(heard->text) - len, "%s %.*s;", what,
             (int)item_key_len(item), item_key(item));
}

static void hear_link(struct journal *journal, struct store_thread *thread, struct item *item)
{
    (void)thread;
    hear(journal, "link", item);
}

static void hear_unlink(struct journal *journal, struct store_thread *thread, struct item *item,
                        bool asked)
{
    (void)thread;
    hear(journal, asked ? "unlink" : "drop", item);
}

static void hear_touch(struct journal *journal, struct store_thread *thread, struct item *item)
{
    (void)thread;
    hear(journal, "touch", item);
}

static void hear_flush(struct journal *journal, struct store_thread *thread, uint64_t floor)
{
    (void)thread;
    (void)floor;
    strcat(((struct heard *)journal)->text, "flush;");
}

static void hear_flush_due(struct journal *journal, struct store_thread *thread, clock_seconds due)
{
    (void)thread;
    strcat(((struct heard *)journal)->text, due ? "due;" : "done;");
}

static const struct journal listener = {
    .link = hear_link,
    .unlink = hear_unlink,
    .touch = hear_touch,
    .flush = hear_flush,
    .flush_due = hear_flush_due,
};

static struct fixture *listening(struct heard *heard)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);

    *heard = (struct heard){.journal = listener};
    f->store->journal = &heard->journal;
    return f;
}

static void a_journal_hears_what_changed_and_nothing_else(void **state)
{
    struct heard heard;
    struct fixture *f = listening(&heard);

    (void)state;
    put(f, "a", "1");
    put_value(f, STORE_ADD, "a", "2", 1, 0);
    put_value(f, STORE_APPEND, "a", "2", 1, 0);
    store_touch(f->thread, "a", 1, 1000);
    store_touch(f->thread, "b", 1, 1000);
    store_delete(f->thread, "a", 1);
    store_delete(f->thread, "a", 1);
    assert_string_equal(heard.text, "link a;link a;touch a;unlink a;");
    fixture_free(f);
}

static void reclaimed_items_are_told_unless_a_flush_was(void **state)
{
    struct heard heard;
    struct fixture *f = listening(&heard);

    (void)state;
    put_value(f, STORE_SET, "e", "1", 1, 1);
    assert_null(get(f, "e"));
    put(f, "f", "1");
    store_flush(f->thread, 0);
    assert_null(get(f, "f"));
    assert_string_equal(heard.text, "link e;drop e;link f;flush;");
    fixture_free(f);
}

static void a_delayed_flush_is_told_when_it_is_asked_for_and_when_it_happens(void **state)
{
    struct heard heard;
    struct fixture *f = listening(&heard);

    (void)state;
    store_flush(f->thread, 1);
    atomic_store(&f->store->flush_due, 1);
    store_thread_tick(f->thread);
    assert_string_equal(heard.text, "due;flush;done;");
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_journal_hears_what_changed_and_nothing_else),
        cmocka_unit_test(reclaimed_items_are_told_unless_a_flush_was),
        cmocka_unit_test(a_delayed_flush_is_told_when_it_is_asked_for_and_when_it_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
