/* The model's own answer for a sample that nobody is asked about, where a certificate lets it
 * (estimate/certificate.h). It is written in the transaction that commits the sample. Nothing is
 * learned from it: its member is `class`, where an answer has `label`, so that a copy on the labels
 * topic is refused there. Field by field: docs/FORMATS.md.
 *
 * Thread: workers write */
#pragma once

#include "base/buf.h"
#include "route/task_id.h"

struct auto_label {
    char id[TASK_ID_LENGTH + 1]; // that a task of this sample would have
    struct text sample_id;
    int32_t partition;
    int64_t offset, time_ms;
    struct text class_;
    float probability;   // of that class
    uint64_t model;      // version
    int64_t certificate; // its number: when it was granted, ms since 1970
};

/* Appends the record. */
void auto_label_write(const struct auto_label *a, struct buf *out);
