/* Pages over HTTP: on loopback or a Unix socket, read-only but for who has the token
 * (libmicrohttpd).
 * Thread: http thread answers; main thread starts and stops it */
#pragma once

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>

enum { HTTP_CONNECTIONS = 128, HTTP_BODY_MOST = 65536 }; // open at once; bytes of a POST's body

struct http_page {
    const char *path, *type; // type: of the body
    struct text body;        // at not NULL: the page never changes; borrowed while the server runs
    /* Else called on the http thread: fills *body and answers the status. sent: what a POST
     * brought. */
    unsigned (*write)(struct buf *body, struct text sent, void *opaque);
    unsigned (*json)(struct buf *body, struct text sent,
                     void *opaque); // for who accepts application/json; or NULL
    bool post;                      // wants POST and the token; others want GET or HEAD
};

struct http_options {
    const char *listen;            // "HOST:PORT" (port 0: any free one) or "unix:/PATH"
    const struct http_page *pages; // (n) borrowed
    size_t n;
    const char *const *hosts; // (hosts_n) names allowed in Host besides localhost, this host's
                              // name, `listen`'s and plain addresses
    size_t hosts_n;
    const char *token; // NULL: no POST is allowed; copied
    void *opaque;
};

struct http;

/* ERR_CONFIG: not an address; ERR_IO: cannot listen there; *why for people. */
int http_start(struct http **out, const struct http_options *options, struct buf *why) MUST_CHECK;
void http_stop(struct http *h);
/* 0: a Unix socket. */
int http_port(const struct http *h);
