/* The rules of the label join, pure: no file, no clock, no order of reading but the caller's.
 *
 * Thread: any thread */
#include "store/join_rules.h"

#include "base/rng.h"
#include "route/classes.h"

bool join_accepts(const struct list *sources, struct text source) {
    for (size_t i = 0; i < sources->n; i++)
        if (text_equal(text_of(sources->at[i]), source)) return true;
    return sources->n == 0;
}

bool join_is_certain(const struct list *certain, struct text source) {
    return certain->n > 0 && join_accepts(certain, source);
}

bool join_answer(struct task_answer *out, const struct label *l, struct text classes,
                 int32_t partition, int64_t offset) {
    struct text who = l->annotator;
    *out = (struct task_answer){.revision = l->revision,
                                .time_ms = l->time_ms,
                                .partition = partition,
                                .offset = offset,
                                .class_ = -1,
                                .outcome = l->outcome,
                                .annotator = who.at ? hash_bytes(who.at, who.len) : 0};
    if (l->outcome != LABEL_LABELLED) return true;
    out->class_ = class_index(classes, l->label);
    return out->class_ >= 0;
}

enum join_target join_target(const struct label *l, uint8_t id[TASK_ID_BYTES]) {
    if (l->id.at) return task_id_parse(id, l->id) == 0 ? JOIN_TASK : JOIN_NOTHING;
    return l->sample_id.at ? JOIN_SAMPLE : JOIN_NOTHING;
}

bool join_prefers(const uint8_t a[TASK_ID_BYTES], bool a_answered, const uint8_t b[TASK_ID_BYTES],
                  bool b_answered) {
    if (a_answered != b_answered) return b_answered;
    return memcmp(a, b, TASK_ID_BYTES) > 0;
}

int join_compare(const struct task_answer *a, const struct task_answer *b) {
    if (a->certain != b->certain) return a->certain ? 1 : -1;
    if (a->revision != b->revision) return a->revision < b->revision ? -1 : 1;
    if (a->time_ms != b->time_ms) return a->time_ms < b->time_ms ? -1 : 1;
    if (a->partition != b->partition) return a->partition < b->partition ? -1 : 1;
    return (a->offset > b->offset) - (a->offset < b->offset);
}

/* Of an answer with a class to a task whose answer has one. */
static enum label_fate join_fate_of_another(const struct task_answer *counts,
                                            const struct task_answer *a) {
    bool same_annotator = a->annotator && counts->annotator == a->annotator;
    if (a->class_ == counts->class_) return FATE_DUPLICATE;
    if (a->certain != counts->certain) return a->certain ? FATE_REVISED : FATE_CONFLICT;
    if (a->revision < counts->revision) return FATE_DUPLICATE;
    if (a->revision == counts->revision && !same_annotator) return FATE_CONFLICT;
    return join_compare(a, counts) > 0 ? FATE_REVISED : FATE_DUPLICATE;
}

enum label_fate join_fate(const struct task_answer *counts, bool own, int64_t expires_ms,
                          const struct task_answer *a) {
    if (a->outcome == LABEL_SKIPPED) return FATE_SKIPPED;
    if (a->outcome == LABEL_CANNOT_TELL) return FATE_CANNOT_TELL;
    if (own && !counts) return FATE_OWN_EVENT;
    if (counts && counts->class_ >= 0) return join_fate_of_another(counts, a);
    return expires_ms && a->time_ms > expires_ms ? FATE_LATE : FATE_LEARNED;
}

enum task_state join_state(const struct task_answer *counts, int64_t expires_ms, int64_t now_ms) {
    if (counts) return counts->outcome == LABEL_LABELLED ? TASK_ANSWERED : TASK_SKIPPED;
    return expires_ms && now_ms > expires_ms ? TASK_EXPIRED : TASK_OPEN;
}

const char *join_state_name(enum task_state state) {
    static const char *const name[TASK_STATES] = {[TASK_OPEN] = "open",
                                                  [TASK_ANSWERED] = "answered",
                                                  [TASK_SKIPPED] = "skipped",
                                                  [TASK_EXPIRED] = "expired"};
    return name[state];
}
