/* Labels, the bridge's state and dead letters, all of them or none in one transaction.
 *
 * The transactional id is fixed (NAME-bridge), so a bridge that begins ends the right of the one
 * before it to write: of two, only the newer one moves positions. A handle that died is not made
 * anew here, because a rival may have written since: the caller reads everything again.
 *
 * Thread: main thread */
#include "bridge_log.h"

#include "base/log.h"
#include "kafka/transaction.h"
#include "route/dead_letter.h"

#include <inttypes.h>

enum {
    ATTEMPT_MS = 10000,     // how long one transaction may try
    TRANSACTION_MS = 60000, // the broker aborts it after so long
    REFUSED_HEADERS = 7,    // of a dead letter
    HEADERS_BYTES = 1024,   // that they take at most, the framing included
    LIMITS_MS = 3000,       // for one question about what the topics take
    NUMBER_BYTES = 24       // a number of 64 bits as text
};
enum { TO_LABELS, TO_MODELS, TO_DEAD_LETTERS, WRITTEN };

int bridge_log_open(struct bridge_log *l, const struct config *c, const _Atomic bool *stop,
                    struct buf *why) {
    l->config = c;
    l->topics[TO_LABELS] = c->topics.labels;
    l->topics[TO_MODELS] = c->topics.models;
    l->topics[TO_DEAD_LETTERS] = c->topics.dead_letters;
    l->identity = xasprintf("%s-bridge", c->service.name);
    TRY(producer_create(&l->producer,
                        &(struct producer_options){.config = c,
                                                   .topics = l->topics,
                                                   .topics_n = WRITTEN,
                                                   .transactional_id = l->identity,
                                                   .transaction_timeout_ms = TRANSACTION_MS,
                                                   .attempt_ms = ATTEMPT_MS,
                                                   .stop = stop},
                        why));
    TRY(producer_heed_limits(l->producer, LIMITS_MS));
    return producer_init(l->producer);
}

void bridge_log_close(struct bridge_log *l) {
    producer_destroy(l->producer);
    free(l->identity);
    arena_release(&l->arena);
    buf_release(&l->text);
    *l = (struct bridge_log){0};
}

void bridge_log_key(const struct config *c, struct buf *out) {
    buf_printf(out, "%s/bridge", c->service.name);
}

bool bridge_log_dead(const struct bridge_log *l) { return producer_dead(l->producer); }

/* ---- records ---- */

static struct text bridge_log_number(struct bridge_log *l, int64_t value) {
    char text[NUMBER_BYTES];
    snprintf(text, sizeof text, "%" PRId64, value);
    return arena_text(&l->arena, text_of(text));
}

static struct producer_record bridge_log_label(struct bridge_log *l, const struct label *label) {
    buf_reset(&l->text);
    label_write(label, &l->text);
    return (struct producer_record){
        .topic = TO_LABELS, .key = label->id, .value = arena_text(&l->arena, buf_view(&l->text))};
}

static struct producer_record bridge_log_state(struct bridge_log *l, struct text state) {
    buf_reset(&l->text);
    bridge_log_key(l->config, &l->text);
    return (struct producer_record){
        .topic = TO_MODELS, .key = arena_text(&l->arena, buf_view(&l->text)), .value = state};
}

static void bridge_log_header(struct header *h, size_t *n, const char *name, struct text value) {
    h[(*n)++] = (struct header){text_of(name), value};
}

/* What could not be carried: (key, value), of so many bytes, why, and where it stood (offset -1:
 * not on a topic of ours). What the tool said is not repeated in the message: it echoes the event.
 */
static struct producer_record bridge_log_letter(struct bridge_log *l, struct text key,
                                                struct text value, size_t bytes, const char *topic,
                                                int32_t partition, int64_t offset,
                                                const char *reason, const char *message) {
    size_t kept = value.len, room = producer_room(l->producer, TO_DEAD_LETTERS), n = 0;
    if (kept > DEAD_LETTER_VALUE_MAX) kept = DEAD_LETTER_VALUE_MAX;
    room = room > HEADERS_BYTES ? room - HEADERS_BYTES : 0;
    if (kept > room) kept = room;
    struct header *h = arena_take(&l->arena, REFUSED_HEADERS * sizeof *h);
    bridge_log_header(h, &n, "__connect.errors.topic", text_of(topic));
    if (offset >= 0) {
        bridge_log_header(h, &n, "__connect.errors.partition", bridge_log_number(l, partition));
        bridge_log_header(h, &n, "__connect.errors.offset", bridge_log_number(l, offset));
    }
    bridge_log_header(h, &n, "__connect.errors.connector.name", TEXT("winnowd"));
    bridge_log_header(h, &n, "__connect.errors.exception.class.name", text_of(reason));
    bridge_log_header(h, &n, "__connect.errors.exception.message", text_of(message));
    if (kept < bytes)
        bridge_log_header(h, &n, "winnowd.value.bytes", bridge_log_number(l, (int64_t)bytes));
    return (struct producer_record){
        .topic = TO_DEAD_LETTERS, .key = key, .value = {value.at, kept}, .header = h, .headers = n};
}

/* A task that the tool does not take. */
static struct producer_record bridge_log_refused(struct bridge_log *l,
                                                 const struct carrier_task *t) {
    LOG(WARNING, "bridge_refused",
        "the annotation tool does not take a task; it is on the dead-letters topic",
        L_STR("id", t->id), L_I64("partition", t->partition), L_I64("offset", t->offset));
    return bridge_log_letter(l, text_of(t->id), t->record, t->record.len, l->config->topics.tasks,
                             t->partition, t->offset, "bridge_refused",
                             "the annotation tool does not take this task");
}

/* An answer that cannot be read, as the tool's export would have it: as a label it may be fed again
 * by who can read it. */
static struct producer_record bridge_log_unreadable(struct bridge_log *l,
                                                    const struct carrier_unreadable *u) {
    buf_reset(&l->text);
    buf_printf(&l->text, "the answer to task %" PRId64 " in the annotation tool cannot be read",
               u->number);
    const char *message = arena_string(&l->arena, buf_view(&l->text));
    return bridge_log_letter(l, u->id, u->record, u->bytes, l->config->topics.labels, 0, -1,
                             "bridge_unreadable", message);
}

int bridge_log_commit(struct bridge_log *l, const struct carrier_commit *what) {
    struct producer_record *record =
        xcalloc(what->labels + what->tasks + what->unreadables + 1, sizeof *record);
    size_t n = 0;
    arena_reset(&l->arena);
    for (size_t i = 0; i < what->labels; i++) record[n++] = bridge_log_label(l, &what->label[i]);
    for (size_t i = 0; i < what->tasks; i++)
        if (what->refused[i].refused) record[n++] = bridge_log_refused(l, &what->refused[i]);
    for (size_t i = 0; i < what->unreadables; i++)
        record[n++] = bridge_log_unreadable(l, &what->unreadable[i]);
    record[n++] = bridge_log_state(l, what->state);
    int result = transaction_commit(l->producer, record, n, NULL, 0);
    free(record);
    return result == ERR_FATAL ? ERR_RETRY : result;
}
