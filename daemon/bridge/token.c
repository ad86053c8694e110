/* Reading a token from its file, and what people are told who have none.
 *
 * Thread: main thread */
#include "token.h"

#include "config/config.h"

bool token_is_plain(struct text token) {
    for (size_t i = 0; i < token.len; i++)
        if (token.at[i] <= ' ' || token.at[i] > '~') return false;
    return token.len > 0;
}

int token_read(char **out, const char *option, const char *file, const char *get, struct buf *why) {
    const char *trouble = NULL;
    if (!*file) {
        buf_printf(why,
                   "%s is missing: %s, write it to a file that only this account can read, "
                   "and name that file here",
                   option, get);
        return ERR_CONFIG;
    }
    char *token = secret_read(file, &trouble);
    if (token && !token_is_plain(text_of(token)))
        trouble = "it holds more than a token: blanks, several lines or letters beyond ASCII";
    if (!trouble) {
        *out = token;
        return 0;
    }
    token_free(token);
    buf_printf(why, "%s: cannot use %s: %s", option, file, trouble);
    return ERR_CONFIG;
}

void token_free(char *token) {
    if (token) explicit_bzero(token, strlen(token));
    free(token);
}
