/* Dead letters and receipts from one pass over the topic.
 *
 * A retry leaves a receipt on the same topic, in the transaction that feeds the sample again: so
 * the topic itself says which letters are done. Only the heads of letters are kept in memory;
 * values only of those that are wanted.
 *
 * Thread: main thread */
#include "dead_letter_list.h"

#include "base/error.h"

#include <inttypes.h>

struct receipt {
    int32_t partition;
    int64_t offset;
};

struct dead_letter_reading {
    struct dead_letter_list *letters;
    size_t cap;
    struct receipt *receipt;
    size_t receipts, receipts_cap;
};

static void dead_letter_list_add_receipt(struct dead_letter_reading *r, struct text of) {
    char text[40];
    struct receipt one;
    if (of.len >= sizeof text) return;
    memcpy(text, of.at, of.len);
    text[of.len] = '\0';
    if (sscanf(text, "%" SCNd32 "/%" SCNd64, &one.partition, &one.offset) != 2) return;
    if (r->receipts == r->receipts_cap)
        r->receipt =
            xrealloc(r->receipt, (r->receipts_cap = r->receipts_cap ? 2 * r->receipts_cap : 64) *
                                     sizeof *r->receipt);
    r->receipt[r->receipts++] = one;
}

struct keeping {
    struct arena *arena;
    struct letter *to;
    size_t cap;
};

/* Ours stand behind the original ones; a letter of a letter has earlier ones of ours among them,
 * which are not the sample's either. */
static bool dead_letter_list_ours(struct text name) {
    static const char *const ours[] = {"__connect.errors.", "winnowd."};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
        size_t n = strlen(ours[i]);
        if (name.len >= n && memcmp(name.at, ours[i], n) == 0) return true;
    }
    return false;
}

static void dead_letter_list_keep_header(struct text name, struct text value, void *opaque) {
    struct keeping *k = opaque;
    if (dead_letter_list_ours(name)) return;
    if (k->to->headers_n == k->cap) {
        k->cap = k->cap ? 2 * k->cap : 8;
        struct header *more = arena_take(k->arena, k->cap * sizeof *more);
        if (k->to->headers_n) memcpy(more, k->to->header, k->to->headers_n * sizeof *more);
        k->to->header = more;
    }
    k->to->header[k->to->headers_n++] =
        (struct header){arena_text(k->arena, name), arena_text(k->arena, value)};
}

static struct text dead_letter_list_kept(struct dead_letter_list *l, const struct reader_record *r,
                                         const char *name) {
    return arena_text(&l->arena, reader_header(r, name));
}

static int dead_letter_list_visit(const struct reader_record *r, void *opaque) {
    struct dead_letter_reading *reading = opaque;
    struct dead_letter_list *l = reading->letters;
    struct text receipt = reader_header(r, RETRY_RECEIPT);
    if (receipt.at) {
        dead_letter_list_add_receipt(reading, receipt);
        return 0;
    }
    if (l->n == reading->cap)
        l->at =
            xrealloc(l->at, (reading->cap = reading->cap ? 2 * reading->cap : 256) * sizeof *l->at);
    struct letter *one = &l->at[l->n++];
    *one = (struct letter){
        .partition = r->partition,
        .offset = r->offset,
        .time_ms = r->time_ms,
        .bytes = r->value.len,
        .reason = dead_letter_list_kept(l, r, "__connect.errors.exception.class.name"),
        .message = dead_letter_list_kept(l, r, "__connect.errors.exception.message"),
        .source = dead_letter_list_kept(l, r, "__connect.errors.topic"),
        .source_partition = dead_letter_list_kept(l, r, "__connect.errors.partition"),
        .source_offset = dead_letter_list_kept(l, r, "__connect.errors.offset"),
        .whole_bytes = dead_letter_list_kept(l, r, "winnowd.value.bytes"),
        .key_cut = reader_header(r, "winnowd.key.bytes").at,
        .headers_cut = reader_header(r, "winnowd.headers.dropped").at};
    if (!l->wanted || !l->wanted(one, l->opaque)) return 0;
    one->key = arena_text(&l->arena, r->key);
    one->value = arena_text(&l->arena, r->value);
    reader_headers(r, dead_letter_list_keep_header,
                   &(struct keeping){.arena = &l->arena, .to = one});
    return 0;
}

static int dead_letter_list_by_place(const void *a, const void *b) {
    const struct letter *x = a, *y = b;
    if (x->partition != y->partition) return x->partition < y->partition ? -1 : 1;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

struct letter *dead_letter_list_find(const struct dead_letter_list *l, int32_t partition,
                                     int64_t offset) {
    const struct letter key = {.partition = partition, .offset = offset};
    return l->n ? bsearch(&key, l->at, l->n, sizeof key, dead_letter_list_by_place) : NULL;
}

int dead_letter_list_read(struct dead_letter_list *l, const struct config *c, struct buf *why) {
    struct dead_letter_reading r = {.letters = l};
    int result = topic_scan(c, c->topics.dead_letters, dead_letter_list_visit, &r, why);
    if (l->n) qsort(l->at, l->n, sizeof *l->at, dead_letter_list_by_place);
    for (size_t i = 0; i < r.receipts; i++) {
        struct letter *one = dead_letter_list_find(l, r.receipt[i].partition, r.receipt[i].offset);
        if (one) one->retried = true;
    }
    free(r.receipt);
    return result;
}

void dead_letter_list_release(struct dead_letter_list *l) {
    free(l->at);
    arena_release(&l->arena);
}
