/* What a text looks like that is neither a number nor a moment.
 *
 * Thread: any thread */
#pragma once

#include "base/text.h"

enum text_looks {
    LOOKS_TEXT,
    LOOKS_DATE,  // 3/5/2024: three numbers, or the month by name, with signs between them
    LOOKS_AMOUNT // 12.50 kr: a number with a fraction, and a few letters before or behind it
};

enum text_looks text_looks(struct text t);
