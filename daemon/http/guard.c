/* What keeps foreign web pages out of a server on loopback.
 *
 * A browser on this machine runs pages of anyone, and they reach our port through it. Three things
 * tell such a page from a person: the name it asked for (Host), the page that asks (Origin), and a
 * token that it does not have. Refuses when in doubt.
 *
 * Thread: any thread */
#include "guard.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <strings.h>

enum { HOST_MAX = 255 }; // bytes of a name in DNS

/* The name in a Host header, without port and brackets; at NULL: it holds none. */
static struct text guard_name_of(struct text host) {
    const char *end = NULL;
    if (!host.len || host.len > HOST_MAX) return (struct text){0};
    if (host.at[0] == '[') {
        end = memchr(host.at, ']', host.len);
        size_t n = end ? (size_t)(end - host.at) : 0;
        if (!end || (n + 1 < host.len && end[1] != ':')) return (struct text){0};
        return (struct text){host.at + 1, n - 1};
    }
    end = memchr(host.at, ':', host.len);
    return (struct text){host.at, end ? (size_t)(end - host.at) : host.len};
}

static bool guard_is_address(const char *name) {
    unsigned char bytes[16];
    return inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
}

bool guard_host(struct text host, const char *const *names, size_t n) {
    char name[HOST_MAX + 1];
    if (!host.at) return true; // HTTP/1.0: no browser sends that
    struct text t = guard_name_of(host);
    if (!t.len || memchr(t.at, '\0', t.len)) return false;
    memcpy(name, t.at, t.len);
    name[t.len] = '\0';
    if (guard_is_address(name) || strcasecmp(name, "localhost") == 0) return true;
    for (size_t i = 0; i < n; i++)
        if (*names[i] && strcasecmp(name, names[i]) == 0) return true;
    return false;
}

bool guard_origin(struct text origin, struct text host) {
    static const struct text schemes[] = {TEXT("http://"), TEXT("https://")};
    if (!origin.at) return true;
    for (size_t i = 0; i < 2; i++) {
        struct text s = schemes[i];
        if (origin.len <= s.len || memcmp(origin.at, s.at, s.len) != 0) continue;
        return host.at && origin.len - s.len == host.len &&
               strncasecmp(origin.at + s.len, host.at, host.len) == 0;
    }
    return false; // "null" and what is no origin
}

bool guard_token(struct text authorization, struct text token) {
    static const struct text scheme = TEXT("Bearer ");
    if (!authorization.at || !token.len || authorization.len < scheme.len ||
        strncasecmp(authorization.at, scheme.at, scheme.len) != 0)
        return false;
    struct text given = {authorization.at + scheme.len, authorization.len - scheme.len};
    unsigned char different = given.len != token.len;
    for (size_t i = 0; i < given.len; i++)
        different |= (unsigned char)(given.at[i] ^ token.at[i % token.len]);
    return !different;
}
