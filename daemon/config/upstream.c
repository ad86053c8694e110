/* What follows from model.upstream, of which check.c has seen to it that it is one of the kinds.
 *
 * Thread: any thread */
#include "config/choices.h"
#include "config/config.h"

int config_upstream(const struct config *c) {
    if (!c->model.upstream.n) return -1;
    return word_list_index(WORDS_LIST(UPSTREAM_TABLE), text_of(c->model.upstream.key[0]));
}

size_t config_upstream_columns(const struct config *c) {
    int kind = config_upstream(c);
    if (kind < 0) return 0;
    return kind == UPSTREAM_PROBABILITY || kind == UPSTREAM_LOGIT ? 1 : c->model.classes.n;
}
