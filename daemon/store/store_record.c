/* Records to bytes and back, number by number: no struct goes to the disk as it lies in memory.
 *
 * Thread: learner thread */
#include "store_record.h"

#include "route/task.h"

#include <endian.h>
#include <math.h>

/* ---- numbers ---- */

static void store_record_put_u64(unsigned char *at, uint64_t value) {
    value = htole64(value);
    memcpy(at, &value, sizeof value);
}

static void store_record_put_u32(unsigned char *at, uint32_t value) {
    value = htole32(value);
    memcpy(at, &value, sizeof value);
}

static uint64_t store_record_get_u64(const char *at) {
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return le64toh(value);
}

static uint32_t store_record_get_u32(const char *at) {
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return le32toh(value);
}

static void store_record_put_double(unsigned char *at, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    store_record_put_u64(at, bits);
}

static double store_record_get_double(const char *at) {
    uint64_t bits = store_record_get_u64(at);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

void store_record_write_doubles(struct buf *out, const double *from, size_t n) {
    unsigned char *at = (unsigned char *)buf_room(out, n * sizeof *from);
    for (size_t i = 0; i < n; i++) store_record_put_double(at + i * sizeof *from, from[i]);
    out->len += n * sizeof *from;
}

void store_record_write_floats(struct buf *out, const float *from, size_t n) {
    unsigned char *at = (unsigned char *)buf_room(out, n * sizeof *from);
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &from[i], sizeof bits);
        store_record_put_u32(at + i * sizeof *from, bits);
    }
    out->len += n * sizeof *from;
}

void store_record_read_doubles(double *out, const char *at, size_t n) {
    for (size_t i = 0; i < n; i++) out[i] = store_record_get_double(at + i * sizeof *out);
}

void store_record_read_floats(float *out, const char *at, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint32_t bits = store_record_get_u32(at + i * sizeof *out);
        memcpy(&out[i], &bits, sizeof bits);
    }
}

/* ---- answers ---- */

void store_record_write_answer(unsigned char out[ANSWER_BYTES], const struct task_answer *a) {
    memset(out, 0, ANSWER_BYTES);
    store_record_put_u64(out + ANSWER_REVISION, (uint64_t)a->revision);
    store_record_put_u64(out + ANSWER_TIME_MS, (uint64_t)a->time_ms);
    store_record_put_u64(out + ANSWER_OFFSET, (uint64_t)a->offset);
    store_record_put_u64(out + ANSWER_ANNOTATOR, a->annotator);
    store_record_put_u32(out + ANSWER_PARTITION, (uint32_t)a->partition);
    store_record_put_u32(out + ANSWER_CLASS, (uint32_t)a->class_);
    out[ANSWER_OUTCOME] = (unsigned char)a->outcome;
    out[ANSWER_CERTAIN] = a->certain;
}

/* A class of k or more, or a class where the outcome names none, would count in the wrong place. */
static bool store_record_answer_can_be(const struct task_answer *a, size_t k) {
    if (a->outcome > LABEL_CANNOT_TELL || a->partition < 0 || a->offset < 0) return false;
    if (a->outcome != LABEL_LABELLED) return a->class_ == -1 && !a->certain;
    return a->class_ >= 0 && (size_t)a->class_ < k;
}

bool store_record_read_answer(struct task_answer *out, struct text value, size_t k) {
    if (value.len != ANSWER_BYTES) return false;
    const char *at = value.at;
    *out = (struct task_answer){.revision = (int64_t)store_record_get_u64(at + ANSWER_REVISION),
                                .time_ms = (int64_t)store_record_get_u64(at + ANSWER_TIME_MS),
                                .offset = (int64_t)store_record_get_u64(at + ANSWER_OFFSET),
                                .annotator = store_record_get_u64(at + ANSWER_ANNOTATOR),
                                .partition = (int32_t)store_record_get_u32(at + ANSWER_PARTITION),
                                .class_ = (int32_t)store_record_get_u32(at + ANSWER_CLASS),
                                .outcome = (enum label_outcome)at[ANSWER_OUTCOME],
                                .certain = at[ANSWER_CERTAIN] == 1};
    if ((unsigned char)at[ANSWER_CERTAIN] > 1) return false;
    return store_record_answer_can_be(out, k);
}

/* ---- entries ---- */

void store_record_write_entry(unsigned char out[ENTRY_BYTES], const struct entry *e) {
    memset(out, 0, ENTRY_BYTES);
    store_record_put_u64(out + ENTRY_ASKED_MS, (uint64_t)e->asked_ms);
    store_record_put_u64(out + ENTRY_EXPIRES_MS, (uint64_t)e->expires_ms);
    store_record_put_u64(out + ENTRY_OFFSET, (uint64_t)e->offset);
    store_record_put_double(out + ENTRY_PROPENSITY, e->propensity);
    store_record_put_u32(out + ENTRY_PARTITION, (uint32_t)e->partition);
    store_record_put_u32(out + ENTRY_PREDICTED, (uint32_t)e->predicted);
    store_record_put_u32(out + ENTRY_MEMBERS, e->members);
    store_record_put_u32(out + ENTRY_SAMPLE_LEN, e->sample_len);
    out[ENTRY_KIND] = e->kind;
    out[ENTRY_STATE] =
        (unsigned char)(e->answered | e->evaluated << 1 | e->expired << 2 | e->in_unasked << 3 |
                        e->in_capacity << 4 | e->second << 5 | e->third << 6 | e->boosted << 7);
    out[ENTRY_OVERRULED] = (unsigned char)e->overruled;
    out[ENTRY_OVERRULED + 1] = (unsigned char)(e->overruled >> 8);
    if (e->answered) store_record_write_answer(out + ENTRY_ANSWER, &e->answer);
    store_record_put_u32(out + ENTRY_UNASKED, e->unasked.n);
    for (size_t i = 0; i < UNASKED_SUMS; i++) {
        store_record_put_u32(out + ENTRY_UNASKED + 4 + 4 * i, e->unasked.sum[i]);
        store_record_put_u32(out + ENTRY_TERMS + 4 * i, e->term[i]);
    }
    store_record_put_u32(out + ENTRY_MODEL, e->model);
}

/* By division, so that no product can overflow. */
static bool store_record_entry_has_length(const struct entry *e, size_t length, size_t d,
                                          size_t k) {
    size_t left = length - ENTRY_BYTES;
    if (left / sizeof(double) < d) return false;
    left -= d * sizeof(double);
    size_t rows = (size_t)e->members + e->boosted;
    if (left / (k * sizeof(float)) < rows) return false;
    return left - rows * k * sizeof(float) == e->sample_len;
}

/* Whether the numbers are such as task_read and label_read let through. */
static bool store_record_entry_is_sane(const struct entry *e, const char *row, size_t d) {
    const double p = e->propensity;
    if (!(p == 0 || (p >= TASK_PROPENSITY_LEAST && p <= 1))) return false;
    if (e->asked_ms < 0 || e->asked_ms > TASK_TIME_MOST) return false;
    if (e->expires_ms < 0 || e->expires_ms > TASK_TIME_MOST) return false;
    if (e->partition < 0 || e->offset < 0 || e->unasked.n > UNASKED_MOST) return false;
    for (size_t i = 0; i < UNASKED_SUMS; i++)
        if (e->term[i] > UNASKED_ONE || e->unasked.sum[i] > e->unasked.n * UNASKED_ONE)
            return false;
    for (size_t i = 0; i < d; i++)
        if (!isfinite(store_record_get_double(row + i * sizeof(double)))) return false;
    return true;
}

bool store_record_read_entry(struct entry *out, struct text value, uint8_t kind, size_t d,
                             size_t k) {
    if (value.len < ENTRY_BYTES) return false;
    const char *at = value.at;
    unsigned char state = (unsigned char)at[ENTRY_STATE];
    *out = (struct entry){.asked_ms = (int64_t)store_record_get_u64(at + ENTRY_ASKED_MS),
                          .expires_ms = (int64_t)store_record_get_u64(at + ENTRY_EXPIRES_MS),
                          .offset = (int64_t)store_record_get_u64(at + ENTRY_OFFSET),
                          .propensity = store_record_get_double(at + ENTRY_PROPENSITY),
                          .partition = (int32_t)store_record_get_u32(at + ENTRY_PARTITION),
                          .predicted = (int32_t)store_record_get_u32(at + ENTRY_PREDICTED),
                          .model = store_record_get_u32(at + ENTRY_MODEL),
                          .members = store_record_get_u32(at + ENTRY_MEMBERS),
                          .sample_len = store_record_get_u32(at + ENTRY_SAMPLE_LEN),
                          .kind = (uint8_t)at[ENTRY_KIND],
                          .answered = state & 1,
                          .evaluated = state >> 1 & 1,
                          .expired = state >> 2 & 1,
                          .in_unasked = state >> 3 & 1,
                          .in_capacity = state >> 4 & 1,
                          .second = state >> 5 & 1,
                          .third = state >> 6 & 1,
                          .boosted = state >> 7,
                          .overruled = (uint16_t)((unsigned char)at[ENTRY_OVERRULED] |
                                                  (unsigned char)at[ENTRY_OVERRULED + 1] << 8),
                          .unasked = {.n = store_record_get_u32(at + ENTRY_UNASKED)}};
    for (size_t i = 0; i < UNASKED_SUMS; i++) {
        out->unasked.sum[i] = store_record_get_u32(at + ENTRY_UNASKED + 4 + 4 * i);
        out->term[i] = store_record_get_u32(at + ENTRY_TERMS + 4 * i);
    }
    if (out->kind != kind || (out->third && !out->second)) return false;
    if (out->predicted < -1 || (out->predicted >= 0 && (size_t)out->predicted >= k)) return false;
    if (!store_record_entry_has_length(out, value.len, d, k)) return false;
    if (!store_record_entry_is_sane(out, at + ENTRY_BYTES, d)) return false;
    if (!out->answered) return !out->overruled;
    return store_record_read_answer(&out->answer, (struct text){at + ENTRY_ANSWER, ANSWER_BYTES},
                                    k) &&
           out->overruled <= (out->answer.certain ? k : 0);
}

/* ---- counts, coverage, offsets ---- */

void store_record_write_tally(struct buf *out, const struct tally *t, size_t k) {
    const uint64_t number[TALLY_NUMBERS] = {t->tasks, t->open, t->parked, t->labelled, t->digest};
    unsigned char *at = (unsigned char *)buf_room(out, (TALLY_NUMBERS + k) * sizeof *number);
    for (size_t i = 0; i < TALLY_NUMBERS; i++)
        store_record_put_u64(at + i * sizeof *number, number[i]);
    at += sizeof number;
    for (size_t c = 0; c < k; c++) store_record_put_u64(at + c * sizeof *number, t->per_class[c]);
    out->len += (TALLY_NUMBERS + k) * sizeof *number;
}

bool store_record_read_tally(struct tally *out, struct text value, size_t k) {
    uint64_t *number[TALLY_NUMBERS] = {&out->tasks, &out->open, &out->parked, &out->labelled,
                                       &out->digest};
    if (value.len != (TALLY_NUMBERS + k) * sizeof **number) return false;
    for (size_t i = 0; i < TALLY_NUMBERS; i++)
        *number[i] = store_record_get_u64(value.at + i * sizeof **number);
    const char *at = value.at + TALLY_NUMBERS * sizeof **number;
    uint64_t rows = 0;
    for (size_t c = 0; c < k; c++)
        rows += out->per_class[c] = store_record_get_u64(at + c * sizeof **number);
    return rows == out->labelled && out->open <= out->tasks;
}

void store_record_write_coverage(unsigned char *out, const struct coverage *c, size_t n) {
    for (size_t i = 0; i < n; i++, out += COVERAGE_BYTES) {
        store_record_put_u64(out, c[i].offset);
        store_record_put_u64(out + 8, c[i].admitted);
        store_record_put_u64(out + 16, c[i].covered);
    }
}

size_t store_record_read_coverage(struct coverage out[COVERAGE_TASKS], struct text value) {
    size_t n = value.len / COVERAGE_BYTES;
    if (value.len % COVERAGE_BYTES || n > COVERAGE_TASKS) return 0;
    for (size_t i = 0; i < n; i++) {
        const char *at = value.at + i * COVERAGE_BYTES;
        out[i] = (struct coverage){store_record_get_u64(at), store_record_get_u64(at + 8),
                                   store_record_get_u64(at + 16)};
    }
    return n;
}

const struct coverage *store_record_believed(const struct coverage *c, size_t n) {
    if (n < COVERAGE_TASKS) return NULL;
    bool first = c[0].offset < c[1].offset, second = c[1].offset < c[2].offset;
    if (first == second) return &c[1];
    return (c[0].offset < c[2].offset) == first ? &c[2] : &c[0];
}

void store_record_write_versions(unsigned char out[VERSIONS_BYTES], const struct versions *v) {
    store_record_put_u64(out, v->published);
    store_record_put_u64(out + 8, v->in_tasks);
}

bool store_record_read_versions(struct versions *out, struct text value) {
    if (value.len != VERSIONS_BYTES) return false;
    *out = (struct versions){store_record_get_u64(value.at), store_record_get_u64(value.at + 8)};
    return out->published < STORE_VERSION_MOST && out->in_tasks < STORE_VERSION_MOST;
}

void store_record_write_offset(unsigned char out[OFFSET_BYTES], int64_t next) {
    store_record_put_u64(out, (uint64_t)next);
}

bool store_record_read_offset(int64_t *out, struct text value) {
    if (value.len != OFFSET_BYTES) return false;
    *out = (int64_t)store_record_get_u64(value.at);
    return *out >= 0;
}
