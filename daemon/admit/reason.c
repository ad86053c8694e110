/* Names and sentences of dead-letter reasons.
 *
 * Thread: any thread */
#include "admit/reason.h"

#define SENTENCE(constant, word, sentence) [constant] = sentence,

static const char *const names[REASONS] = {"admitted", WORDS_TEXT(REASON_TABLE)};
static const char *const texts[REASONS] = {"", REASON_TABLE(SENTENCE, SENTENCE)};

const char *reason_name(enum reason r) { return r < REASONS ? names[r] : "?"; }
const char *reason_text(enum reason r) { return r < REASONS ? texts[r] : "?"; }
