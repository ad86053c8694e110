/* No record of a cycle is larger than its topic takes, whatever the limits are; what was taken off
 * is counted and said. */
#include "route/trim.h"

#include "route/dead_letter.h"
#include "route/task.h"
#include "unit/test.h"

enum { LIMIT = 20000, EVENT = 50000, LARGE = 1000000, HEADERS = 40 };

static const struct task_style style = {"label", "event"};

static void add_task(struct cycle *c, size_t event, size_t d) {
    static const double row[4000] = {[0 ... 3999] = 0.1};
    struct buf json = {0}, out = {0};
    buf_str(&json, "{\"text\":\"");
    for (size_t i = 0; i < event; i++) buf_str(&json, "x");
    buf_str(&json, "\"}");
    struct task t = {.sample_id = TEXT("s-1"),
                     .event = buf_view(&json),
                     .row = row,
                     .d = d,
                     .k = 2,
                     .classes = TEXT("good\nbad"),
                     .measure = MEASURE_RISK,
                     .propensity = 1,
                     .topic = TEXT("samples"),
                     .partition = 3,
                     .offset = 41,
                     .time_ms = 1795336000000};
    task_id(t.id, t.topic, t.partition, t.offset, t.time_ms);
    task_write(&t, &style, &out);
    struct header *trace = arena_take(&c->arena, sizeof *trace);
    *trace = (struct header){TEXT("traceparent"), TEXT("00-1-2-01")};
    struct producer_record *r = cycle_add(c);
    *r = (struct producer_record){.topic = CYCLE_TASKS,
                                  .source = 3,
                                  .key = arena_text(&c->arena, text_of(t.id)),
                                  .value = arena_text(&c->arena, buf_view(&out)),
                                  .header = trace,
                                  .headers = 1};
    buf_release(&json);
    buf_release(&out);
}

static struct text said(const struct producer_record *r, const char *name) {
    struct text value = {0};
    for (size_t i = 0; i < r->headers; i++)
        if (text_equal(r->header[i].name, text_of(name))) value = r->header[i].value;
    return value;
}

static void check_fits(const struct cycle *c, const size_t most[CYCLE_TOPICS]) {
    for (size_t i = 0; i < c->records; i++)
        assert_true(record_batch_bytes(&c->record[i]) <= most[c->record[i].topic]);
}

static void what_fits_is_not_touched(void **state) {
    (void)state;
    const size_t most[CYCLE_TOPICS] = {LARGE, LARGE, LARGE};
    struct cycle c = {0};
    add_task(&c, EVENT, 5);
    const char *at = c.record[0].value.at;
    struct trimmed t = trim_cycle(&c, most);
    assert_true(t.events + t.tasks + t.dead_letters + t.left_out + t.bytes == 0);
    assert_ptr_equal(c.record[0].value.at, at);
    cycle_release(&c);
}

static void a_task_loses_its_event(void **state) {
    (void)state;
    const size_t most[CYCLE_TOPICS] = {LIMIT, LIMIT, LIMIT};
    struct cycle c = {0};
    struct task back;
    const char *why;
    add_task(&c, EVENT, 5);
    add_task(&c, 10, 5);
    struct text key = c.record[0].key;
    struct trimmed t = trim_cycle(&c, most);
    assert_int_equal(t.events, 1);
    assert_int_equal(t.tasks + t.left_out, 0);
    assert_true(t.bytes > EVENT);
    check_fits(&c, most);
    assert_int_equal(c.record[0].topic, CYCLE_TASKS);
    assert_true(text_equal(c.record[0].key, key));
    assert_int_equal(c.record[0].headers, 1); // the trace goes on
    assert_int_equal(task_read(&back, c.record[0].value, &c.arena, &why), 0);
    assert_true(back.event_left_out && back.d == 5);
    assert_int_equal(task_read(&back, c.record[1].value, &c.arena, &why), 0);
    assert_false(back.event_left_out);
    t = trim_cycle(&c, most);
    assert_int_equal(t.events, 0);
    cycle_release(&c);
}

/* The row alone is too large: the sample is not lost in silence. */
static void a_task_becomes_a_dead_letter(void **state) {
    (void)state;
    const size_t most[CYCLE_TOPICS] = {LIMIT / 2, LARGE, LARGE};
    struct cycle c = {0};
    add_task(&c, 10, 4000);
    struct trimmed t = trim_cycle(&c, most);
    assert_int_equal(t.tasks, 1);
    assert_int_equal(t.events + t.left_out, 0);
    const struct producer_record *r = &c.record[0];
    assert_int_equal(r->topic, CYCLE_DEAD_LETTERS);
    assert_int_equal(r->source, 3);
    assert_true(
        text_equal(said(r, "__connect.errors.exception.class.name"), TEXT("task_too_large")));
    assert_true(text_equal(said(r, "__connect.errors.topic"), TEXT("samples")));
    assert_true(text_equal(said(r, "__connect.errors.partition"), TEXT("3")));
    assert_true(text_equal(said(r, "__connect.errors.offset"), TEXT("41")));
    assert_true(text_equal(said(r, "winnowd.value.bytes"), TEXT("21"))); // not to be fed as it is
    assert_true(text_equal(said(r, "traceparent"), TEXT("00-1-2-01")));
    assert_true(text_equal(r->value, TEXT("{\"text\":\"xxxxxxxxxx\"}")));
    cycle_release(&c);
}

/* Both limits are small: all the way down in one go. */
static void its_dead_letter_is_shortened_too(void **state) {
    (void)state;
    const size_t most[CYCLE_TOPICS] = {2000, 2000, LARGE};
    struct cycle c = {0};
    add_task(&c, EVENT, 4000);
    struct trimmed t = trim_cycle(&c, most);
    assert_int_equal(t.tasks, 1);
    assert_int_equal(t.left_out, 0);
    check_fits(&c, most);
    cycle_release(&c);
}

static void add_letter(struct cycle *c, size_t value, size_t key, size_t headers) {
    char *bytes = xcalloc(1, EVENT);
    memset(bytes, 'v', EVENT);
    struct header original[HEADERS];
    for (size_t i = 0; i < headers; i++)
        original[i] = (struct header){TEXT("original"), {bytes, 100}};
    const struct record r = {
        .key = {bytes, key}, .value = {bytes, value}, .partition = 1, .offset = 7};
    dead_letter_add(c, TEXT("samples"), &r, REASON_NOT_JSON, (struct text){0},
                    &(struct original){original, headers, 0});
    free(bytes);
}

/* Half a million empty headers fit into a record of a megabyte: they were all copied. */
static void headers_are_counted_with_their_frames(void **state) {
    (void)state;
    static struct header empty[DEAD_LETTER_HEADERS_MOST];
    struct cycle c = {0};
    const struct record r = {.value = TEXT("v"), .partition = 1, .offset = 7};
    for (size_t i = 0; i < DEAD_LETTER_HEADERS_MOST; i++)
        empty[i] = (struct header){TEXT("n"), TEXT("")};
    dead_letter_add(&c, TEXT("samples"), &r, REASON_NOT_JSON, (struct text){0},
                    &(struct original){empty, DEAD_LETTER_HEADERS_MOST, 1000});
    size_t kept = DEAD_LETTER_HEADERS_MAX / (RECORD_HEADER_BYTES + 1);
    char dropped[24];
    snprintf(dropped, sizeof dropped, "%zu", DEAD_LETTER_HEADERS_MOST - kept + 1000);
    assert_true(text_equal(said(&c.record[0], "winnowd.headers.dropped"), text_of(dropped)));
    const size_t most[CYCLE_TOPICS] = {2000, 2000, LARGE};
    trim_cycle(&c, most);
    snprintf(dropped, sizeof dropped, "%zu", (size_t)DEAD_LETTER_HEADERS_MOST + 1000);
    assert_true(text_equal(said(&c.record[0], "winnowd.headers.dropped"), text_of(dropped)));
    cycle_release(&c);
}

/* For every limit: it fits, or it is left out, and never larger ones are left out than smaller
 * ones. */
static void a_dead_letter_fits_every_limit(void **state) {
    (void)state;
    size_t least = 0;
    for (size_t limit = 100; limit < 60000; limit += limit / 16) {
        const size_t most[CYCLE_TOPICS] = {LARGE, limit, LARGE};
        struct cycle c = {0};
        add_letter(&c, EVENT, 3000, HEADERS);
        struct trimmed t = trim_cycle(&c, most);
        assert_int_equal(t.left_out + c.records, 1);
        if (least) assert_int_equal(t.left_out, 0);
        if (!t.left_out && !least) least = limit;
        check_fits(&c, most);
        if (c.records) {
            const struct producer_record *r = &c.record[0];
            assert_true(text_equal(said(r, "__connect.errors.offset"), TEXT("7")));
            assert_int_equal(said(r, "winnowd.value.bytes").at != NULL, r->value.len < EVENT);
            assert_int_equal(said(r, "winnowd.value.sha256").at != NULL, r->value.len < EVENT);
            assert_int_equal(said(r, "winnowd.key.bytes").at != NULL, r->key.len < 3000);
            assert_int_equal(said(r, "winnowd.headers.dropped").at != NULL,
                             said(r, "original").at == NULL);
        }
        cycle_release(&c);
    }
    assert_in_range(least, 500, 1500); // what says where the sample stands and why it is here
}

/* Cut twice, it says what the first cut said: how long the whole was. */
static void a_letter_that_is_cut_again_keeps_what_it_said(void **state) {
    (void)state;
    const size_t once[CYCLE_TOPICS] = {LARGE, LIMIT, LARGE}, twice[CYCLE_TOPICS] = {LARGE, 2000, 1};
    struct cycle c = {0};
    add_letter(&c, EVENT, 10, 0);
    trim_cycle(&c, once);
    size_t headers = c.record[0].headers, bytes = c.record[0].value.len;
    trim_cycle(&c, twice);
    assert_int_equal(c.record[0].headers, headers);
    assert_true(c.record[0].value.len < bytes);
    assert_true(text_equal(said(&c.record[0], "winnowd.value.bytes"), TEXT("50000")));
    cycle_release(&c);
}

static void a_prediction_is_left_out(void **state) {
    (void)state;
    const size_t most[CYCLE_TOPICS] = {LARGE, LARGE, 200};
    static const char value[300];
    struct cycle c = {0};
    for (size_t i = 0; i < 3; i++)
        *cycle_add(&c) = (struct producer_record){
            .topic = CYCLE_PREDICTIONS, .source = (int32_t)i, .value = {value, i == 1 ? 300 : 10}};
    cycle_add_offset(&c)->next = 9;
    struct trimmed t = trim_cycle(&c, most);
    assert_int_equal(t.left_out, 1);
    assert_int_equal(c.records, 2);
    assert_int_equal(c.record[1].source, 2);
    assert_int_equal(c.offsets, 1);
    cycle_release(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fits_is_not_touched),
        cmocka_unit_test(a_task_loses_its_event),
        cmocka_unit_test(a_task_becomes_a_dead_letter),
        cmocka_unit_test(its_dead_letter_is_shortened_too),
        cmocka_unit_test(headers_are_counted_with_their_frames),
        cmocka_unit_test(a_dead_letter_fits_every_limit),
        cmocka_unit_test(a_letter_that_is_cut_again_keeps_what_it_said),
        cmocka_unit_test(a_prediction_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
