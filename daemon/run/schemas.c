/* One lock around a short list. A worker comes here only for an id that its decoder does not know:
 * once a schema, and once a batch for what is refused.
 *
 * Thread: each its own, as the header says */
#include "schemas.h"

#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "run/schema_client.h"

#include <pthread.h>
#include <time.h>

enum {
    SCHEMAS_MOST = 1024,     // in the table; those looked up longest ago go
    BYTES_MOST = 32 << 20,   // of their answers together; the same
    WANTED_MOST = 64,        // asked for at a time
    REFUSED_MS = 60000,      // until a refusal is asked about again
    FIRST_BACKOFF_MS = 100,  // after a question without an answer; it doubles
    MOST_BACKOFF_MS = 10000, // where doubling ends
    MOST_WAIT_MS = 600000,   // a registry that wants a longer pause is asked again after this
    IDLE_MS = 100            // how soon the thread sees that it shall end
};

enum schema_state { SCHEMA_WANTED, SCHEMA_KNOWN };

struct schema_row {
    uint32_t id;
    enum schema_state state;
    struct arena arena; // of the answer
    struct schema_answer answer;
    int64_t until_ms; // a refusal: it stands until then
    uint64_t used;
};

struct schemas {
    pthread_t thread;
    pthread_mutex_t lock;                 // of rows
    pthread_cond_t more;                  // something is asked for
    struct schema_row *row[SCHEMAS_MOST]; // (n)
    size_t n, wanted;
    size_t bytes; // of all answers
    uint64_t uses;
    struct schema_client *client; // the thread's, as what follows
    size_t asked;                 // where the row of its last question was
    const _Atomic bool *stop;
    _Atomic bool away, ended;
};

/* ---- the table ---- */

static void schemas_drop(struct schemas *s, size_t i) {
    s->bytes -= s->row[i]->arena.used;
    arena_release(&s->row[i]->arena);
    free(s->row[i]);
    s->row[i] = s->row[--s->n];
}

/* The one that was looked up longest ago, and is not asked for. False: there is none. */
static bool schemas_drop_oldest(struct schemas *s) {
    size_t oldest = SCHEMAS_MOST;
    for (size_t i = 0; i < s->n; i++)
        if (s->row[i]->state == SCHEMA_KNOWN &&
            (oldest == SCHEMAS_MOST || s->row[i]->used < s->row[oldest]->used))
            oldest = i;
    if (oldest < SCHEMAS_MOST) schemas_drop(s, oldest);
    return oldest < SCHEMAS_MOST;
}

/* NULL: it is not there, or is to be asked again. */
static struct schema_row *schemas_find(struct schemas *s, uint32_t id) {
    for (size_t i = 0; i < s->n; i++) {
        struct schema_row *row = s->row[i];
        if (row->id != id) continue;
        bool stale =
            row->state == SCHEMA_KNOWN && row->answer.refused && clock_ms() >= row->until_ms;
        if (stale) schemas_drop(s, i);
        else row->used = ++s->uses;
        return stale ? NULL : row;
    }
    return NULL;
}

static void schemas_want(struct schemas *s, uint32_t id) {
    if (s->wanted == WANTED_MOST) return;
    if (s->n == SCHEMAS_MOST) (void)schemas_drop_oldest(s);
    struct schema_row *row = xcalloc(1, sizeof *row);
    *row = (struct schema_row){.id = id, .state = SCHEMA_WANTED, .used = ++s->uses};
    s->row[s->n++] = row;
    s->wanted++;
    pthread_cond_signal(&s->more);
}

static bool schemas_teach_one(struct schemas *s, struct decoder *d, uint32_t id) {
    pthread_mutex_lock(&s->lock);
    struct schema_row *row = schemas_find(s, id);
    bool known = row && row->state == SCHEMA_KNOWN;
    if (!row) schemas_want(s, id);
    else if (known && row->answer.refused)
        decoder_refuse(d, id, row->answer.refused, row->answer.why);
    else if (known) decoder_learn(d, id, &row->answer.source);
    pthread_mutex_unlock(&s->lock);
    return known;
}

bool schemas_teach(struct schemas *s, struct decoder *d, const struct record *record, size_t *n) {
    bool all = true;
    uint32_t id;
    for (size_t i = 0; s && i < *n; i++) {
        if (!record[i].value.at || !decoder_lacks(d, record[i].value, &id)) continue;
        if (i && decoder_is_full(d)) *n = i; // the first one in any case, so it goes on
        else all &= schemas_teach_one(s, d, id);
    }
    return all;
}

bool schemas_away(const struct schemas *s) { return s && atomic_load(&s->away); }
bool schemas_ended(const struct schemas *s) { return !s || atomic_load(&s->ended); }

/* ---- the thread ---- */

/* What is asked for next, in turn: one that the registry has trouble with holds up no other. false:
 * nothing, after a while. */
static bool schemas_next(struct schemas *s, uint32_t *id) {
    struct timespec until;
    bool found = false;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += IDLE_MS * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&s->lock);
    if (!s->wanted) pthread_cond_timedwait(&s->more, &s->lock, &until);
    for (size_t i = 0; i < s->n && !found; i++) {
        const struct schema_row *row = s->row[++s->asked % s->n];
        *id = row->id;
        found = row->state == SCHEMA_WANTED;
    }
    pthread_mutex_unlock(&s->lock);
    return found;
}

/* Takes the arena. What is dropped for it a worker was taught already, or asks for again. */
static void schemas_put(struct schemas *s, uint32_t id, const struct schema_answer *answer,
                        struct arena *arena) {
    pthread_mutex_lock(&s->lock);
    while (s->bytes + arena->used > BYTES_MOST && schemas_drop_oldest(s)) {
    }
    s->bytes += arena->used;
    struct schema_row *row = schemas_find(s, id);
    CHECK(row && row->state == SCHEMA_WANTED);
    row->state = SCHEMA_KNOWN;
    row->answer = *answer;
    row->arena = *arena;
    row->until_ms = clock_ms() + REFUSED_MS;
    s->wanted--;
    pthread_mutex_unlock(&s->lock);
}

static void schemas_set_away(struct schemas *s, bool away) {
    if (atomic_load(&s->away) && !away)
        LOG(NOTICE, "schema_registry_back", "the schema registry answers again");
    atomic_store(&s->away, away);
    metric_set_by(METRIC_outside_trouble, OUTSIDE_REGISTRY, away);
}

static void schemas_say(uint32_t id, const struct schema_answer *answer) {
    metric_add_by(METRIC_schemas, answer->refused ? SCHEMA_REFUSED : SCHEMA_FETCHED, 1);
    if (answer->refused)
        LOG(WARNING, "schema_refused",
            "samples with this schema id go to the dead letters; it is asked again in a minute",
            L_I64("id", id), L_STR("why", answer->why));
    else
        LOG(INFO, "schema_fetched", "a schema that samples need was fetched", L_I64("id", id),
            L_STR("kind", answer->source.kind == SCHEMA_AVRO ? "avro" : "json"));
}

/* Asks for one; how long to wait before the next question. */
static int64_t schemas_ask(struct schemas *s, uint32_t id, int64_t backoff_ms) {
    struct arena arena = {0};
    struct schema_answer answer;
    struct buf trouble = {0};
    int64_t wait_ms = 0;
    int result = schema_client_ask(s->client, id, &arena, &answer, &trouble, &wait_ms);
    if (result == 0) {
        schemas_set_away(s, false);
        schemas_say(id, &answer);
        schemas_put(s, id, &answer, &arena);
        buf_release(&trouble);
        return 0;
    }
    arena_release(&arena);
    if (result != ERR_STOPPED) {
        metric_add_by(METRIC_schemas, SCHEMA_FAILED, 1);
        schemas_set_away(s, true); // before it is said
        LOG(WARNING, "schema_registry_away",
            "the schema registry does not answer as one; samples that need a schema wait, and it "
            "is asked again",
            L_STR("why", buf_string(&trouble)), L_I64("id", id));
    }
    buf_release(&trouble);
    if (wait_ms > MOST_WAIT_MS) wait_ms = MOST_WAIT_MS;
    int64_t next = backoff_ms ? backoff_ms * 2 : FIRST_BACKOFF_MS;
    if (next > MOST_BACKOFF_MS) next = MOST_BACKOFF_MS;
    return wait_ms > next ? wait_ms : next;
}

static void schemas_wait(const struct schemas *s, int64_t ms) {
    for (int64_t until = clock_ms() + ms; clock_ms() < until && !atomic_load(s->stop);)
        clock_sleep_ms(ms < IDLE_MS ? (int)ms : IDLE_MS);
}

static void *schemas_main(void *arg) {
    struct schemas *s = arg;
    int64_t backoff_ms = 0;
    uint32_t id;
    while (!atomic_load(s->stop)) {
        if (schemas_next(s, &id)) backoff_ms = schemas_ask(s, id, backoff_ms);
        schemas_wait(s, backoff_ms);
    }
    atomic_store(&s->ended, true);
    return NULL;
}

/* ---- life ---- */

static void schemas_destroy(struct schemas *s) {
    while (s->n) schemas_drop(s, s->n - 1);
    schema_client_destroy(s->client);
    pthread_cond_destroy(&s->more);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

int schemas_start(struct schemas **out, const struct config *c, const _Atomic bool *stop) {
    struct buf why = {0};
    struct schema_client *client;
    *out = NULL;
    int result = schema_client_create(&client, c, stop, &why);
    if (result < 0) LOG(ERROR, "registry_file_unreadable", buf_string(&why));
    buf_release(&why);
    TRY(result);
    if (!client) return 0;
    struct schemas *s = xcalloc(1, sizeof *s);
    s->client = client;
    s->stop = stop;
    pthread_condattr_t attribute;
    pthread_condattr_init(&attribute);
    pthread_condattr_setclock(&attribute, CLOCK_MONOTONIC);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->more, &attribute);
    pthread_condattr_destroy(&attribute);
    if (pthread_create(&s->thread, NULL, schemas_main, s) != 0) {
        schemas_destroy(s);
        return ERR_FATAL;
    }
    *out = s;
    return 0;
}

void schemas_join(struct schemas *s) {
    if (!s) return;
    pthread_join(s->thread, NULL);
    schemas_destroy(s);
}
