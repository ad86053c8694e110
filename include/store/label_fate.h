/* What became of a label that the learner read; metric `labels` counts by it.
 *
 * Thread: any thread */
#pragma once

#include "base/word_list.h"

#define FATE_TABLE(FIRST, NEXT)                                                                    \
    FIRST(FATE_LEARNED, "learned")                                                                 \
    NEXT(FATE_REVISED, "revised")                                                                  \
    NEXT(FATE_DUPLICATE, "duplicate")                                                              \
    NEXT(FATE_CONFLICT, "conflict")                                                                \
    NEXT(FATE_SKIPPED, "skipped")                                                                  \
    NEXT(FATE_CANNOT_TELL, "cannot_tell")                                                          \
    NEXT(FATE_EARLY, "early")                                                                      \
    NEXT(FATE_LATE, "late")                                                                        \
    NEXT(FATE_UNKNOWN, "unknown")                                                                  \
    NEXT(FATE_UNKNOWN_CLASS, "unknown_class")                                                      \
    NEXT(FATE_UNKNOWN_SOURCE, "unknown_source")                                                    \
    NEXT(FATE_UNREADABLE, "unreadable")                                                            \
    NEXT(FATE_NO_ANSWER, "no_answer")                                                              \
    NEXT(FATE_OWN_EVENT, "own_event")                                                              \
    NEXT(FATE_SECOND, "second")

enum label_fate { WORDS_ENUM(FATE_TABLE) FATES };
