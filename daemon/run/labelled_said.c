/* Warnings about labels that were read and not taken, and about a clock that jumps.
 *
 * Thread: learner thread */
#include "labelled_said.h"

#include "base/buf.h"
#include "base/log.h"

/* Logs a label whose class is none of model.classes, so that its sender can be corrected. */
static void labelled_said_refused(struct text allowed, const struct label *l) {
    struct buf classes = {0};
    buf_text(&classes, allowed);
    for (size_t i = 0; i < classes.len; i++)
        if (classes.at[i] == '\n') classes.at[i] = '|';
    LOG(WARNING, "label_refused",
        "its label is no class of the model, to the letter; the task stays open",
        L_TEXT("label", l->label), L_TEXT("annotator", l->annotator), L_TEXT("id", l->id),
        L_TEXT("sample_id", l->sample_id), L_TEXT("allowed", buf_view(&classes)));
    buf_release(&classes);
}

/* What a sender can only mend when he hears of it. */
void labelled_said_fate(struct text classes, const struct label *l, enum label_fate fate) {
    if (fate == FATE_UNKNOWN_CLASS) labelled_said_refused(classes, l);
    if (fate == FATE_UNKNOWN_SOURCE)
        LOG(WARNING, "label_foreign", "its source is none of train.sources; the task stays open",
            L_TEXT("source", l->source), L_TEXT("annotator", l->annotator), L_TEXT("id", l->id),
            L_TEXT("sample_id", l->sample_id));
    if (fate != FATE_UNKNOWN) return;
    LOG(WARNING, "label_unknown", "its id can be no task's: a task's id is meta.id of its record",
        L_TEXT("id", l->id), L_TEXT("annotator", l->annotator), L_TEXT("label", l->label));
}

/* At the first look it is the time in which nothing learned that looks like a jump. */
void labelled_said_time(const struct believed_time *t, enum belief belief, bool first) {
    if (belief == BELIEF_DOUBTED && first)
        LOG(NOTICE, "clock_away",
            "nothing learned for a while, or the clock has jumped: what expires waits for an hour",
            L_I64("ahead_ms", t->ahead_ms), L_I64("believed_ms", t->now_ms));
    else if (belief == BELIEF_DOUBTED)
        LOG(WARNING, "clock_jumped",
            "the clock jumped; what expires goes by the time before until the new one has stood "
            "for an hour",
            L_I64("ahead_ms", t->ahead_ms), L_I64("believed_ms", t->now_ms));
    else if (belief == BELIEF_TAKEN)
        LOG(NOTICE, "clock_believed", "the clock's new time has stood for an hour: it is believed",
            L_I64("believed_ms", t->now_ms));
}
