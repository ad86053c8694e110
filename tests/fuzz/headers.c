/* libFuzzer target: the headers of records, from the samples topic through tasks and dead letters
 * to whoever lists them and feeds them again, in a sequence where each may become the next.
 *
 * A dead letter's last headers are ours and say its reason and place; it fits the topic, or is left
 * out. A task carries a trace context or nothing. The list has every letter, and only what a
 * receipt names was fed again. Headers come from here: the library's messages cannot be made
 * without a broker, so this stands in the place of daemon/kafka/headers.c and
 * daemon/command/topic_scan.c. clang -fsanitize=fuzzer,address,undefined ... tests/fuzz/headers.c
 */
#include "base/log.h"
#include "command/dead_letter_list.h"
#include "grammar.h"
#include "kafka/consumer.h"
#include "route/dead_letter.h"
#include "route/trim.h"
#include "run/pipeline.h"

enum { BATCH = 4, STEPS = 24, LETTERS = 64, TRACE_MAX = 1024, LONG = 70000 };
static const int64_t now_ms = 1700000000000;
static const char yaml[] = "model: {classes: [good, bad]}\n"
                           "features: [{name: x}]\n"
                           "budget: {rate: 1, burst: 1000}\n"
                           "service: {instance: fuzz, state_dir: /tmp}\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a record came with: stands in the place of the library's message. */
struct came {
    struct header *at; // (n)
    size_t n;
};

struct world {
    struct config *config;
    struct features *features;
    struct pipeline *pipeline;
    struct snapshot snapshot;
    struct cycle cycle;
    struct arena arena; // of all that is on the topic of dead letters
    struct reader_record letter[LETTERS];
    bool ours[LETTERS];
    size_t letters, receipts;
    int64_t next;
};

static struct world *topic; // that is scanned

static void silence(const char *line, size_t len, void *opaque) {
    (void)line, (void)len, (void)opaque;
}

/* ---- in the place of the library ---- */

static void visit_all(const struct came *c, void (*visit)(struct text, struct text, void *),
                      void *opaque) {
    for (size_t i = 0; c && i < c->n; i++) visit(c->at[i].name, c->at[i].value, opaque);
}

void record_headers(const struct record *r, void (*visit)(struct text, struct text, void *),
                    void *opaque) {
    visit_all(r->message, visit, opaque);
}

void reader_headers(const struct reader_record *r, void (*visit)(struct text, struct text, void *),
                    void *opaque) {
    visit_all(r->message, visit, opaque);
}

struct text reader_header(const struct reader_record *r, const char *name) {
    const struct came *c = r->message;
    for (size_t i = c->n; i-- > 0;)
        if (text_equal(c->at[i].name, text_of(name))) return c->at[i].value;
    return (struct text){0};
}

int topic_scan(const struct config *c, const char *name,
               int (*visit)(const struct reader_record *r, void *opaque), void *opaque,
               struct buf *why) {
    (void)c, (void)name, (void)why;
    for (size_t i = 0; i < topic->letters; i++) TRY(visit(&topic->letter[i], opaque));
    return 0;
}

/* ---- what comes ---- */

static struct text make_value(struct grammar *g, struct arena *arena) {
    static const char *const values[] = {"",
                                         "0",
                                         "-1",
                                         "0/0",
                                         "1/2",
                                         "9223372036854775808",
                                         "4294967296/-9",
                                         "not_json",
                                         "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"};
    size_t kind = grammar_below(g, sizeof values / sizeof *values + 4);
    if (kind < sizeof values / sizeof *values) return text_of(values[kind]);
    if (kind % 4 == 0) return (struct text){0};
    if (kind % 4 != 1) return arena_text(arena, grammar_bytes(g));
    size_t n = grammar_byte(g) * (size_t)LONG / 255;
    char *at = arena_take(arena, n + 1);
    memset(at, 'v', n + 1);
    return (struct text){at, n};
}

static struct came *make_headers(struct grammar *g, struct arena *arena) {
    static const char *const names[] = {"traceparent",
                                        "tracestate",
                                        "__connect.errors.topic",
                                        "__connect.errors.partition",
                                        "__connect.errors.offset",
                                        "__connect.errors.exception.class.name",
                                        "winnowd.value.bytes",
                                        "winnowd.key.bytes",
                                        "winnowd.headers.dropped",
                                        RETRY_OF,
                                        RETRY_RECEIPT,
                                        ""};
    struct came *c = arena_take(arena, sizeof *c);
    size_t kinds = grammar_below(g, 8), times = grammar_below(g, 16) ? 1 : 2000;
    *c = (struct came){.at = arena_take(arena, (kinds * times + 1) * sizeof *c->at)};
    for (size_t i = 0; i < kinds; i++) {
        size_t kind = grammar_below(g, sizeof names / sizeof *names + 1);
        struct header h = {kind < sizeof names / sizeof *names
                               ? text_of(names[kind])
                               : arena_text(arena, grammar_bytes(g)),
                           make_value(g, arena)};
        for (size_t t = 0; t < times; t++) c->at[c->n++] = h;
    }
    return c;
}

/* A dead letter that is fed again, as `winnowd dead-letters retry` writes it. */
static struct came *again(struct world *w, struct arena *arena, const struct reader_record *r) {
    const struct came *of = r->message;
    struct came *c = arena_take(arena, sizeof *c);
    *c = (struct came){.at = arena_take(arena, (of->n + 1) * sizeof *c->at), .n = of->n};
    if (of->n) memcpy(c->at, of->at, of->n * sizeof *c->at);
    c->at[c->n++] = (struct header){TEXT(RETRY_OF), TEXT("0/0")};
    (void)w;
    return c;
}

static struct record make_record(struct world *w, struct grammar *g) {
    static const char *const values[] = {"{\"x\":1}", "{\"x\":", "", "{\"x\":\"y\"}"};
    struct text value = text_of(values[grammar_below(g, 4)]);
    struct arena *arena = &w->arena;
    struct record r = {.key = {"k", 1},
                       .value = value.len ? value : (struct text){0},
                       .offset = w->next++,
                       .time_ms = now_ms};
    if (grammar_below(g, 4) == 0) r.value = make_value(g, arena);
    if (grammar_below(g, 4) == 0) r.key = make_value(g, arena);
    bool retried = w->letters && grammar_below(g, 4) == 0;
    r.message = retried ? again(w, arena, &w->letter[grammar_below(g, w->letters)])
                        : make_headers(g, arena);
    return r;
}

/* ---- what is written ---- */

static struct text last(const struct producer_record *r, const char *name) {
    for (size_t i = r->headers; i-- > 0;)
        if (text_equal(r->header[i].name, text_of(name))) return r->header[i].value;
    return (struct text){0};
}

static bool is_reason(struct text name) {
    for (int r = REASON_NONE + 1; r < REASONS; r++)
        if (text_equal(name, text_of(reason_name((enum reason)r)))) return true;
    return false;
}

static void check_task(const struct producer_record *r) {
    CHECK(r->headers <= 2);
    for (size_t i = 0; i < r->headers; i++) {
        CHECK(text_equal(r->header[i].name, i ? TEXT("tracestate") : TEXT("traceparent")));
        CHECK(r->header[i].value.len && r->header[i].value.len <= TRACE_MAX);
    }
}

static void check_letter(struct world *w, const struct producer_record *r) {
    CHECK(is_reason(last(r, "__connect.errors.exception.class.name")));
    CHECK(text_equal(last(r, "__connect.errors.connector.name"), TEXT("winnowd")));
    CHECK(last(r, "__connect.errors.offset").len > 0);
    CHECK(strtoll(arena_string(&w->arena, last(r, "__connect.errors.offset")), NULL, 10) < w->next);
    CHECK(r->headers <= DEAD_LETTER_HEADERS_MOST + 16);
    CHECK(r->value.len <= DEAD_LETTER_VALUE_MAX && r->key.len <= DEAD_LETTER_KEY_MAX);
}

static void put_letter(struct world *w, const struct came *c, struct text key, struct text value,
                       bool ours) {
    if (w->letters == LETTERS) return;
    w->ours[w->letters] = ours;
    w->letter[w->letters] = (struct reader_record){.offset = (int64_t)w->letters,
                                                   .time_ms = now_ms,
                                                   .key = arena_text(&w->arena, key),
                                                   .value = arena_text(&w->arena, value),
                                                   .message = (void *)c};
    w->letters++;
}

static void keep_letter(struct world *w, const struct producer_record *r) {
    struct came *c = arena_take(&w->arena, sizeof *c);
    *c = (struct came){.at = arena_take(&w->arena, (r->headers + 1) * sizeof *c->at),
                       .n = r->headers};
    for (size_t i = 0; i < r->headers; i++)
        c->at[i] = (struct header){arena_text(&w->arena, r->header[i].name),
                                   arena_text(&w->arena, r->header[i].value)};
    put_letter(w, c, r->key, r->value, true);
}

static void check_cycle(struct world *w, struct grammar *g) {
    size_t small = 200 + 40 * (size_t)grammar_byte(g);
    const size_t most[CYCLE_TOPICS] = {small, small, small};
    if (grammar_below(g, 2)) trim_cycle(&w->cycle, most);
    else small = SIZE_MAX;
    for (size_t i = 0; i < w->cycle.records; i++) {
        const struct producer_record *r = &w->cycle.record[i];
        CHECK(record_batch_bytes(r) <= small);
        if (r->topic == CYCLE_TASKS) check_task(r);
        if (r->topic != CYCLE_DEAD_LETTERS) continue;
        check_letter(w, r);
        keep_letter(w, r);
    }
    cycle_reset(&w->cycle);
}

/* ---- steps ---- */

static void run_batch(struct world *w, struct grammar *g) {
    struct batch *b = pipeline_batch(w->pipeline);
    size_t n = 1 + grammar_below(g, BATCH), bad = 0;
    for (; b->n < n; b->n++) {
        b->record[b->n] = make_record(w, g);
        b->in_force[b->n] = &w->snapshot;
    }
    pipeline_run(w->pipeline, b, now_ms, &w->cycle);
    for (size_t i = 0; i < n; i++) {
        bad += b->fate[i] != REASON_NONE;
        b->record[i].message = NULL; // ours: the library must not free it
    }
    batch_reset(b);
    size_t dead = 0;
    for (size_t i = 0; i < w->cycle.records; i++)
        dead += w->cycle.record[i].topic == CYCLE_DEAD_LETTERS;
    CHECK(dead == bad);
    pipeline_offsets(w->pipeline, &w->cycle);
    check_cycle(w, g);
}

static bool want_all(const struct letter *l, void *opaque) {
    (void)l, (void)opaque;
    return true;
}

static void check_listed(const struct world *w, const struct letter *one) {
    const struct reader_record *r = &w->letter[one->offset];
    CHECK(text_equal(one->value, r->value) && one->bytes == r->value.len);
    CHECK(!w->ours[one->offset] || is_reason(one->reason));
    for (size_t i = 0; i < one->headers_n; i++)
        CHECK(one->header[i].name.len < 8 || memcmp(one->header[i].name.at, "winnowd.", 8) != 0);
    CHECK(one->headers_n <= ((const struct came *)r->message)->n);
}

static void list_letters(struct world *w) {
    struct dead_letter_list l = {.wanted = want_all};
    struct buf why = {0};
    size_t receipts = 0;
    topic = w;
    CHECK(dead_letter_list_read(&l, w->config, &why) == 0);
    for (size_t i = 0; i < w->letters; i++)
        receipts += reader_header(&w->letter[i], RETRY_RECEIPT).at != NULL;
    CHECK(l.n == w->letters - receipts);
    for (size_t i = 0; i < l.n; i++) {
        CHECK(dead_letter_list_find(&l, 0, l.at[i].offset) == &l.at[i]);
        CHECK(!l.at[i].retried || receipts);
        check_listed(w, &l.at[i]);
    }
    dead_letter_list_release(&l);
    buf_release(&why);
}

static void step(struct world *w, struct grammar *g) {
    switch (grammar_below(g, 4)) {
    case 0: list_letters(w); break;
    case 1: // by anyone who may write there
        put_letter(w, make_headers(g, &w->arena), make_value(g, &w->arena),
                   make_value(g, &w->arena), false);
        break;
    default: run_batch(w, g);
    }
}

static void create(struct world *w) {
    struct buf errors = {0};
    CHECK(config_parse(&w->config, "fuzz", TEXT(yaml), &errors) >= 0);
    CHECK(features_create(&w->features, w->config->features, w->config->features_n) == 0);
    CHECK(pipeline_create(&w->pipeline, &(struct pipeline_options){.config = w->config,
                                                                   .features = w->features,
                                                                   .partitions = 1}) == 0);
    pipeline_own(w->pipeline, 0, 0, true, TEXT(""), now_ms);
    buf_release(&errors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct grammar g = {data, data + size};
    struct world w = {.snapshot = {.policy = POLICY_DEFAULT}};
    log_redirect(silence, NULL);
    create(&w);
    for (size_t i = 0; i < STEPS && grammar_goes_on(&g); i++) step(&w, &g);
    list_letters(&w);
    pipeline_destroy(w.pipeline);
    cycle_release(&w.cycle);
    arena_release(&w.arena);
    features_destroy(w.features);
    config_destroy(w.config);
    return 0;
}
