/* How often each mapped field was not in the samples, of all workers together: what is said of it
 * in metrics, status and log.
 *
 * A field that is in no record makes columns of zeros: nothing fails, and what is learned is
 * nothing. So it is counted, and a person is told once, with what the records hold instead.
 *
 * Thread: each worker adds; main judges; the http thread reads */
#pragma once

#include "encode/features.h"
#include "run/pipeline.h"

struct absences;

/* f: borrowed until the end. */
struct absences *absences_create(const struct features *f);
void absences_destroy(struct absences *a);
/* A worker's counts since its last call, and its example, if it has one; what is taken is zero
 * then. Says whether a fresh example is wanted. About once a second. */
void absences_take(struct absences *a, struct pipeline_absent *counted);
/* Once a second: judges the last 300 to 1,000 records, or those of the last second where they are
 * more; sets the metrics, and logs what is new. */
void absences_judge(struct absences *a);
/* Whether no record of late had any of the fields: nothing can be decided. */
bool absences_all(struct absences *a);
/* Appends one line for people where a field was in none of the last records. */
void absences_note(struct absences *a, struct buf *notes);
