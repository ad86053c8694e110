/* Arrays that grow side by side, one place a request.
 *
 * Thread: the thread of their backtest */
#include "backtest_questions.h"

#include <endian.h>
#include <string.h>

enum { FIRST_QUESTIONS = 1024 }; // room for questions at first; it doubles

void backtest_questions_grow(struct backtest_questions *q) {
    if (q->n < q->cap) return;
    q->cap = q->cap ? q->cap * 2 : FIRST_QUESTIONS;
    q->sample = xrealloc(q->sample, q->cap * sizeof *q->sample);
    q->mark = xrealloc(q->mark, q->cap * sizeof *q->mark);
    q->at = xrealloc(q->at, q->cap * sizeof *q->at);
    q->row = xrealloc(q->row, q->cap * q->d * sizeof *q->row);
    q->weight = xrealloc(q->weight, q->cap * sizeof *q->weight);
    q->propensity = xrealloc(q->propensity, q->cap * sizeof *q->propensity);
    q->label = xrealloc(q->label, q->cap * sizeof *q->label);
    q->predicted = xrealloc(q->predicted, q->cap * sizeof *q->predicted);
    q->second = xrealloc(q->second, q->cap * sizeof *q->second);
    q->said = xrealloc(q->said, q->cap * sizeof *q->said);
    q->outcome = xrealloc(q->outcome, q->cap * sizeof *q->outcome);
    q->truth = xrealloc(q->truth, q->cap * sizeof *q->truth);
    q->boosted = xrealloc(q->boosted, q->cap * q->k * sizeof *q->boosted);
    q->member = xrealloc(q->member, q->cap * q->members * q->k * sizeof *q->member);
}

struct backtest_mark backtest_questions_mark(const struct backtest_question *q) {
    struct backtest_mark m = {{q->sample, q->reason}};
    memcpy(&m.word[2], &q->propensity, sizeof q->propensity);
    memcpy(&m.word[3], &q->threshold, sizeof q->threshold);
    for (size_t i = 0; i < sizeof m.word / sizeof *m.word; i++) m.word[i] = htole64(m.word[i]);
    return m;
}

static int backtest_questions_by_sample(const void *left, const void *right) {
    uint64_t a = le64toh(((const struct backtest_mark *)left)->word[0]),
             b = le64toh(((const struct backtest_mark *)right)->word[0]);
    return (a > b) - (a < b);
}

void backtest_questions_digest(struct backtest_questions *q, EVP_MD_CTX *digest) {
    size_t n = q->n - q->released;
    /* A pool's picks stand behind the other requests of their window; the digest wants them by
     * sample. */
    if (n > 1) qsort(q->mark + q->released, n, sizeof *q->mark, backtest_questions_by_sample);
    EVP_DigestUpdate(digest, q->mark + q->released, n * sizeof *q->mark);
}

void backtest_questions_move(struct backtest_questions *q, size_t from, size_t to) {
    const size_t each = q->members * q->k;
    if (from == to) return;
    q->sample[to] = q->sample[from];
    q->weight[to] = q->weight[from];
    q->propensity[to] = q->propensity[from];
    q->label[to] = q->label[from];
    q->predicted[to] = q->predicted[from];
    q->second[to] = q->second[from];
    q->said[to] = q->said[from];
    q->outcome[to] = q->outcome[from];
    q->truth[to] = q->truth[from];
    memcpy(q->row + to * q->d, q->row + from * q->d, q->d * sizeof *q->row);
    memcpy(q->boosted + to * q->k, q->boosted + from * q->k, q->k * sizeof *q->boosted);
    memcpy(q->member + to * each, q->member + from * each, each * sizeof *q->member);
}

struct fit_rows backtest_questions_from(const struct backtest_questions *q, size_t from,
                                        const size_t *per_class) {
    return (struct fit_rows){.n = q->labelled - from,
                             .row = q->row + from * q->d,
                             .label = q->label + from,
                             .propensity = q->propensity + from,
                             .key = q->sample + from,
                             .members = q->members,
                             .member = q->member + from * q->members * q->k,
                             .boosted = q->boosted + from * q->k,
                             .named = per_class};
}

void backtest_questions_release(struct backtest_questions *q) {
    void *owned[] = {q->mark,       q->sample, q->at,        q->row,    q->weight,
                     q->propensity, q->label,  q->predicted, q->said,   q->outcome,
                     q->truth,      q->member, q->second,    q->boosted};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
}
