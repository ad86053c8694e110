/* Who may ask: names in Host, origins, the token. Pure; private to the room.
 * Thread: any thread */
#pragma once

#include "base/text.h"

/* Whether the Host header names us in a way that no foreign web page can arrange: an address,
 * localhost, or one of the names (n). A page of evil.example whose name was pointed at 127.0.0.1
 * (DNS rebinding) still sends Host: evil.example. host at NULL: no header. */
bool guard_host(struct text host, const char *const *names, size_t n);
/* Whether a browser's request comes from our own page; without Origin it is no browser's, or a
 * plain link. */
bool guard_origin(struct text origin, struct text host);
/* "Bearer TOKEN", compared in a time that does not tell where they differ. */
bool guard_token(struct text authorization, struct text token);
