/* Names and sentences of dead-letter reasons. Thread: any thread */
#include "admit/reason.h"

static const char *const names[REASONS] = {
#define R(name, label, text) label,
    REASON_TABLE(R)
#undef R
};

static const char *const texts[REASONS] = {
#define R(name, label, text) text,
    REASON_TABLE(R)
#undef R
};

const char *reason_name(enum reason r) { return r < REASONS ? names[r] : "?"; }
const char *reason_text(enum reason r) { return r < REASONS ? texts[r] : "?"; }
