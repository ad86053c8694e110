/* Labels that cannot be read, on their way to the dead letters: none twice, whatever of the topic
 * is read anew before they are written. */
#include "run/label_letters.h"

#include "unit/config/config_file.h"

static struct label_letters *begin(struct learning *learning) {
    *learning =
        (struct learning){.config = parsed("model: {classes: [a, b]}\nfeatures: [{name: x}]\n")};
    return label_letters_create(learning);
}

static void end(struct label_letters *l, struct learning *learning) {
    label_letters_destroy(l);
    config_destroy((struct config *)learning->config);
}

static size_t kept_after(struct label_letters *l, int32_t partition, int64_t offset,
                         const char *value) {
    const struct reader_record r = {
        .value = text_of(value), .partition = partition, .offset = offset};
    label_letters_add(l, &r, "why");
    return label_letters_kept(l);
}

/* The topic takes none for a while, and the store refuses the round, or a partition is read from
 * before them. */
static void what_waits_already_is_not_added_again(void **state) {
    (void)state;
    struct learning learning;
    struct label_letters *l = begin(&learning);
    assert_int_equal(kept_after(l, 0, 5, "x"), 1);
    assert_int_equal(kept_after(l, 0, 6, "y"), 2);
    assert_int_equal(kept_after(l, 0, 5, "x"), 2);
    label_letters_moved(l, 0, 5);
    assert_int_equal(kept_after(l, 0, 5, "x"), 2);
    assert_int_equal(kept_after(l, 0, 6, "another"), 3); // another topic's record
    assert_int_equal(kept_after(l, 1, 5, "x"), 4);
    end(l, &learning);
}

/* Of the others it is still known what was written. */
static void a_partition_that_is_read_anew_is_the_only_one(void **state) {
    (void)state;
    struct learning learning;
    struct label_letters *l = begin(&learning);
    label_letters_open(l, TEXT("{\"labels\":{\"0\":10,\"1\":10}}"));
    assert_int_equal(kept_after(l, 0, 9, "x"), 0);
    assert_int_equal(kept_after(l, 1, 9, "x"), 0);
    label_letters_moved(l, 1, 4);
    assert_int_equal(kept_after(l, 1, 9, "x"), 1);
    assert_int_equal(kept_after(l, 0, 9, "x"), 1);
    assert_int_equal(kept_after(l, 0, 10, "x"), 2);
    label_letters_close(l);
    end(l, &learning);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_waits_already_is_not_added_again),
        cmocka_unit_test(a_partition_that_is_read_anew_is_the_only_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
