/* See the header.
 *
 * Thread: any thread */
#include "terminal/answer_keys.h"

#include "base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* In the order in which they are given away. The usual keys of skip, cannot tell, undo and quit are
 * not among them. */
static const char digits[] = "123456789", others[] = "abdefghijklmnoprtvwxyz",
                  signs[] = "-+*/=.,;:!?<>()[]{}@#%&_~";

/* ---- characters ---- */

/* Bytes of the first character, 0: none that a key makes. */
static size_t answer_keys_character(struct text t) {
    size_t n = text_utf8(t);
    return n && *t.at != ' ' && !text_steers(text_code_point(t.at, n)) ? n : 0;
}

static bool answer_keys_single(struct text name) {
    return name.len && answer_keys_character(name) == name.len;
}

static bool answer_keys_is(const char key[ANSWER_KEY], struct text typed, bool any_case) {
    size_t n = strlen(key);
    if (!n || n != typed.len) return false;
    return any_case ? strncasecmp(key, typed.at, n) == 0 : memcmp(key, typed.at, n) == 0;
}

static int answer_keys_match(const struct answer_keys *k, struct text typed, bool any_case) {
    for (size_t i = 0; i < k->n; i++)
        if (answer_keys_is(k->class_[i], typed, any_case)) return (int)i;
    for (size_t i = 0; i < ANSWER_WORDS; i++)
        if (answer_keys_is(k->word[i], typed, any_case)) return (int)(k->n + i);
    return -1;
}

int answer_keys_find(const struct answer_keys *k, struct text typed) {
    typed.len = answer_keys_character(typed);
    int exact = answer_keys_match(k, typed, false);
    return exact >= 0 ? exact : answer_keys_match(k, typed, true);
}

/* ---- giving keys away ---- */

/* The first of the candidates that means nothing yet; false: none does. */
static bool answer_keys_take(const struct answer_keys *k, const char *candidates,
                             char out[ANSWER_KEY]) {
    for (const char *at = candidates; *at; at++) {
        if (answer_keys_find(k, (struct text){at, 1}) >= 0) continue;
        out[0] = *at;
        return true;
    }
    return false;
}

static void answer_keys_give(const struct answer_keys *k, const char *const order[],
                             char out[ANSWER_KEY]) {
    for (size_t i = 0; order[i]; i++)
        if (answer_keys_take(k, order[i], out)) return;
}

void answer_keys_init(struct answer_keys *k, const struct list *classes) {
    static const char *const usual[] = {
        [ANSWER_SKIP] = "s", [ANSWER_CANNOT_TELL] = "c", [ANSWER_UNDO] = "u", [ANSWER_QUIT] = "q"};
    bool numbers = false;
    *k = (struct answer_keys){.n = classes->n, .class_ = xcalloc(classes->n, sizeof *k->class_)};
    for (size_t i = 0; i < k->n; i++) {
        struct text name = text_of(classes->at[i]);
        numbers |= isdigit((unsigned char)*classes->at[i]) != 0;
        if (answer_keys_single(name)) memcpy(k->class_[i], name.at, name.len);
    }
    for (size_t i = 0; i < ANSWER_WORDS; i++)
        answer_keys_give(k, (const char *const[]){usual[i], signs, others, NULL}, k->word[i]);
    for (size_t i = 0; i < k->n; i++)
        if (!*k->class_[i])
            answer_keys_give(k,
                             (const char *const[]){numbers ? others : digits,
                                                   numbers ? signs : others, signs, NULL},
                             k->class_[i]);
}

void answer_keys_release(struct answer_keys *k) {
    free(k->class_);
    *k = (struct answer_keys){.n = 0};
}
