/* One page and its token.
 *
 * Thread: main thread */
#include "tool_listen.h"

#include "base/log.h"
#include "token.h"

int tool_listen(struct http **out, const struct config *c, const struct http_page *page,
                const char *what, void *opaque, struct buf *why) {
    char *token;
    *out = NULL;
    if (!*c->bridge.listen) return 0;
    TRY(token_read(&token, "bridge.listen_token_file", c->bridge.listen_token_file,
                   "make one up (openssl rand -hex 16) for whoever sends to us", why));
    int result = http_start(out,
                            &(struct http_options){.listen = c->bridge.listen,
                                                   .pages = page,
                                                   .n = 1,
                                                   .hosts = (const char *const *)c->watch.hosts.at,
                                                   .hosts_n = c->watch.hosts.n,
                                                   .token = token,
                                                   .opaque = opaque},
                            why);
    token_free(token);
    if (result == 0)
        LOG(INFO, "bridge_listening", what, L_STR("listen", c->bridge.listen),
            L_STR("path", page->path), L_I64("port", http_port(*out)));
    return result < 0 ? ERR_CONFIG : 0;
}
