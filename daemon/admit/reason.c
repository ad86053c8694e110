/* Names and sentences of dead-letter reasons.
 *
 * Thread: any thread */
#include "admit/reason.h"

#define SENTENCE(constant, word, sentence) [constant] = sentence,

static const char *const names[] = {
    "admitted", WORDS_TEXT(REASON_TABLE)[REASON_IGNORED] = "ignored", [REASON_BLOCKED] = "blocked"};
static const char *const texts[] = {
    "", REASON_TABLE(SENTENCE, SENTENCE)[REASON_IGNORED] = "", [REASON_BLOCKED] = ""};

const char *reason_name(enum reason r) { return r <= REASON_BLOCKED ? names[r] : "?"; }
const char *reason_text(enum reason r) { return r <= REASON_BLOCKED ? texts[r] : "?"; }
