/* Who may ask: names in Host, origins, the token. Pure functions; private to the room.
 *
 * Thread: any thread */
#pragma once

#include "base/text.h"

/* Whether the Host header names us in a way that no foreign web page can arrange: an address,
 * localhost, or one of the names (n). A page of evil.example whose name was pointed at 127.0.0.1
 * (DNS rebinding) still sends Host: evil.example. host at NULL: no header. */
bool guard_host(struct text host, const char *const *names, size_t n);
/* Whether the request comes from a page of ours: origin names the same host. at NULL: a request
 * without Origin, so of no script of another page. */
bool guard_origin(struct text origin, struct text host);
/* Whether the Authorization header says "Bearer TOKEN", compared in a time that does not depend on
 * where they differ. at NULL or an empty token: false. */
bool guard_token(struct text authorization, struct text token);
