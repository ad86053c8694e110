/* The peers' rules for tests to hold ours against (manager_compat.c): which there are, by the name
 * of our manager.
 * Thread: any thread */
#pragma once

#include "manager.h"

#define COMPAT_TABLE(FIRST, NEXT)                                                                  \
    FIRST(COMPAT_SCIKIT_ACTIVEML, "scikit_activeml")                                               \
    NEXT(COMPAT_MOA, "moa")
enum compat { WORDS_ENUM(COMPAT_TABLE) COMPATS };

/* "moa"; "?" for what is none. Static storage. */
const char *compat_name(enum compat peer);
/* The peer's rule of that name; NULL: it has none. It reads call->budget, draw and classes, which
 * our managers do not, and keeps four words at call->own. */
const struct manager_row *manager_compat_row(enum compat peer, enum manager m);
