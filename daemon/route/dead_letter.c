/* Builds dead letters, and shortens those that their topic would not take.
 *
 * Who repairs and replays a record needs it as it was, and its place in the log. So nothing is
 * changed, only cut when large, and what was cut is said with the hash and the length of the whole.
 * Our headers stand behind the original ones: readers that take the last header of a name see the
 * newest failure of a record that failed twice.
 *
 * Thread: worker thread */
#include "route/dead_letter.h"

#include "base/error.h"

#include <inttypes.h>
#include <openssl/sha.h>

enum {
    OURS_MAX = 12,
    SHORTENED_BYTES = 300 // of the headers that say what was cut
};

static const char dead_letter_first[] = "__connect.errors.topic"; // of our headers

/* The stage of Kafka Connect that a failure would have happened in there. */
static const char *dead_letter_stage_of(enum reason reason) {
    return reason == REASON_WRONG_TYPE || reason == REASON_MISSING_FIELD ||
                   reason == REASON_BAD_ID || reason == REASON_NOT_FINITE
               ? "TRANSFORMATION"
               : "VALUE_CONVERTER";
}

struct headers {
    struct arena *arena;
    struct header *at;
    size_t n;
};

static void dead_letter_header(struct headers *h, const char *name, struct text value) {
    h->at[h->n++] = (struct header){text_of(name), arena_text(h->arena, value)};
}

static void dead_letter_add_number(struct headers *h, const char *name, int64_t value) {
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, value);
    dead_letter_header(h, name, text_of(text));
}

static void dead_letter_add_hash(struct headers *h, const char *name, struct text value) {
    static const char digits[] = "0123456789abcdef";
    unsigned char hash[SHA256_DIGEST_LENGTH];
    char hex[2 * SHA256_DIGEST_LENGTH];
    SHA256((const unsigned char *)value.at, value.len, hash);
    for (size_t i = 0; i < sizeof hash; i++) {
        hex[2 * i] = digits[hash[i] >> 4];
        hex[2 * i + 1] = digits[hash[i] & 15];
    }
    dead_letter_header(h, name, (struct text){hex, sizeof hex});
}

static void dead_letter_add_message(struct headers *h, enum reason reason, struct text found) {
    struct text text = text_of(reason_text(reason));
    char *message = arena_take(h->arena, text.len + 2 + found.len);
    memcpy(message, text.at, text.len);
    if (found.len) {
        memcpy(message + text.len, ": ", 2);
        memcpy(message + text.len + 2, found.at, found.len);
        text.len += 2 + found.len;
    }
    h->at[h->n++] =
        (struct header){TEXT("__connect.errors.exception.message"), {message, text.len}};
}

/* How many of the original headers fit. */
static size_t dead_letter_headers_kept(const struct original *o) {
    size_t bytes = 0;
    for (size_t i = 0; i < o->n; i++) {
        bytes += RECORD_HEADER_BYTES + o->at[i].name.len + o->at[i].value.len;
        if (bytes > DEAD_LETTER_HEADERS_MAX) return i;
    }
    return o->n;
}

static void dead_letter_add_original(struct headers *h, const struct original *o, size_t n) {
    for (size_t i = 0; i < n; i++)
        h->at[h->n++] = (struct header){arena_text(h->arena, o->at[i].name),
                                        arena_text(h->arena, o->at[i].value)};
}

static struct text dead_letter_cut(struct arena *arena, struct text t, size_t most) {
    if (t.len > most) t.len = most;
    return arena_text(arena, t);
}

void dead_letter_write(struct cycle *cycle, struct producer_record *out, struct text topic,
                       const struct record *r, enum reason reason, struct text found,
                       const struct original *original) {
    static const struct original none = {0};
    if (!original) original = &none;
    size_t kept = dead_letter_headers_kept(original), dropped = original->n - kept + original->more;
    struct headers h = {.arena = &cycle->arena,
                        .at = arena_take(&cycle->arena, (kept + OURS_MAX) * sizeof *h.at)};
    dead_letter_add_original(&h, original, kept);
    dead_letter_header(&h, dead_letter_first, topic);
    dead_letter_add_number(&h, "__connect.errors.partition", r->partition);
    dead_letter_add_number(&h, "__connect.errors.offset", r->offset);
    dead_letter_header(&h, "__connect.errors.connector.name", TEXT("winnowd"));
    dead_letter_header(&h, "__connect.errors.stage", text_of(dead_letter_stage_of(reason)));
    dead_letter_header(&h, "__connect.errors.exception.class.name", text_of(reason_name(reason)));
    dead_letter_add_message(&h, reason, found);
    if (r->value.len > DEAD_LETTER_VALUE_MAX) {
        dead_letter_add_hash(&h, "winnowd.value.sha256", r->value);
        dead_letter_add_number(&h, "winnowd.value.bytes", (int64_t)r->value.len);
    }
    if (r->key.len > DEAD_LETTER_KEY_MAX)
        dead_letter_add_number(&h, "winnowd.key.bytes", (int64_t)r->key.len);
    if (dropped) dead_letter_add_number(&h, "winnowd.headers.dropped", (int64_t)dropped);
    CHECK(h.n <= kept + OURS_MAX);
    *out = (struct producer_record){
        .topic = CYCLE_DEAD_LETTERS,
        .source = r->partition,
        .key = dead_letter_cut(&cycle->arena, r->key, DEAD_LETTER_KEY_MAX),
        .value = dead_letter_cut(&cycle->arena, r->value, DEAD_LETTER_VALUE_MAX),
        .header = h.at,
        .headers = h.n};
}

void dead_letter_add(struct cycle *cycle, struct text topic, const struct record *r,
                     enum reason reason, struct text found, const struct original *original) {
    dead_letter_write(cycle, cycle_add(cycle), topic, r, reason, found, original);
}

/* ---- shortening ---- */

/* Where our headers begin. */
static size_t dead_letter_ours(const struct producer_record *r) {
    size_t i = r->headers;
    while (i > 0 && !text_equal(r->header[i - 1].name, text_of(dead_letter_first))) i--;
    return i ? i - 1 : 0;
}

/* Whether one of our headers, from the first on, has that name. */
static bool dead_letter_says(const struct producer_record *r, size_t first, const char *name) {
    for (size_t i = first; i < r->headers; i++)
        if (text_equal(r->header[i].name, text_of(name))) return true;
    return false;
}

/* How many original headers it has lost already. */
static uint64_t dead_letter_dropped(const struct producer_record *r, size_t first) {
    uint64_t n = 0;
    for (size_t i = first; i < r->headers; i++) {
        if (!text_equal(r->header[i].name, TEXT("winnowd.headers.dropped"))) continue;
        struct text digits = r->header[i].value; // ours
        for (n = 0; digits.len; digits.at++, digits.len--)
            n = 10 * n + (uint64_t)(*digits.at - '0');
    }
    return n;
}

static void dead_letter_free(size_t *over, size_t bytes) { *over -= bytes < *over ? bytes : *over; }

/* Takes off the end of t what is over. */
static void dead_letter_take_off(struct text *t, size_t *over) {
    size_t left = *over < t->len ? t->len - *over : 0;
    dead_letter_free(over, t->len);
    t->len = left;
}

/* The headers of `cut`: those of r without the first `dropped`, and what was cut. */
static void dead_letter_say_cut(struct arena *arena, const struct producer_record *r, size_t first,
                                size_t dropped, struct producer_record *cut) {
    struct headers h = {.arena = arena, .n = r->headers - dropped};
    h.at = arena_take(arena, (h.n + OURS_MAX) * sizeof *h.at);
    memcpy(h.at, r->header + dropped, h.n * sizeof *h.at);
    if (cut->value.len < r->value.len && !dead_letter_says(r, first, "winnowd.value.bytes")) {
        dead_letter_add_hash(&h, "winnowd.value.sha256", r->value);
        dead_letter_add_number(&h, "winnowd.value.bytes", (int64_t)r->value.len);
    }
    if (cut->key.len < r->key.len && !dead_letter_says(r, first, "winnowd.key.bytes"))
        dead_letter_add_number(&h, "winnowd.key.bytes", (int64_t)r->key.len);
    if (dropped)
        dead_letter_add_number(&h, "winnowd.headers.dropped",
                               (int64_t)(dead_letter_dropped(r, first) + dropped));
    cut->header = h.at;
    cut->headers = h.n;
}

/* The value gives way first, then the original headers, then the key: who wants the value can read
 * it where it stood. */
bool dead_letter_shorten(struct cycle *cycle, struct producer_record *r, size_t most) {
    size_t bytes = record_batch_bytes(r), first = dead_letter_ours(r);
    if (bytes <= most) return true;
    size_t over = bytes - most + SHORTENED_BYTES;
    struct producer_record cut = *r;
    dead_letter_take_off(&cut.value, &over);
    size_t dropped = over ? first : 0;
    for (size_t i = 0; i < dropped; i++)
        dead_letter_free(&over,
                         RECORD_HEADER_BYTES + r->header[i].name.len + r->header[i].value.len);
    dead_letter_take_off(&cut.key, &over);
    dead_letter_say_cut(&cycle->arena, r, first, dropped, &cut);
    *r = cut;
    return record_batch_bytes(r) <= most;
}
