/* What annotators may see of an event (struct selection): copied from its bytes, so numbers keep
 * the text they were written with.
 *
 * Thread: worker thread (one view each) */
#pragma once

#include "admit/decoder.h"
#include "base/buf.h"
#include "pointers.h"

struct view {
    struct arena arena; // the trees and the pointers they were built from
    struct pointer_node event, fields, mask;
    struct selection built; // what they were built from
    bool usable;            // all of it were pointers
    uint64_t walks;
    struct buf out, key;
};

void view_release(struct view *v);
/* record: JSON that json_check has passed; event: pointer to the event in it, or empty, the same in
 * every call. Valid until the next call. */
struct text view_select(struct view *v, struct text record, struct text event,
                        const struct selection *s);
