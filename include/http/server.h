/* Pages over HTTP (libmicrohttpd): on an address of this machine or a Unix socket, read-only but
 * for who has the token.
 *
 * Nothing that a client sends is trusted, nor that it reads what it asked for: method, path,
 * headers and body may be anything, at any pace. A page gets a body only from who has the token,
 * and judges it itself.
 *
 * Thread: http thread answers; main thread starts and stops it */
#pragma once

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>

enum {
    HTTP_CONNECTIONS = 128, // open at once
    HTTP_BODY_MAX = 65536   // bytes of a POST's body
};

/* Makes the body of an answer and returns the HTTP status. Called on the http thread. sent: the
 * body of a POST, borrowed. */
typedef unsigned (*http_page_fn)(struct buf *body, struct text sent, void *opaque);

struct http_page {
    const char *path, *type; // type: the body's media type
    struct text body;        // at not NULL: the page never changes; borrowed while the server runs
    http_page_fn write;      // makes the body of a page that has none
    http_page_fn json;       // the same for who accepts application/json; or NULL
    bool post;               // wants POST and the token; others want GET or HEAD
    bool deaf;               // of a POST: its body is thrown away, however long; `sent` is empty
};

/* All borrowed while the server runs, but the token. */
struct http_options {
    const char *listen;            // "HOST:PORT" (port 0: any free one) or "unix:/PATH"
    const struct http_page *pages; // (n)
    size_t n;
    const char *const *hosts; // (hosts_n) names allowed in Host besides localhost, this host's
                              // name, `listen`'s and plain addresses
    size_t hosts_n;
    const char *token; // NULL: no POST is allowed; copied
    void *opaque;      // handed to the pages
};

struct http;

/* Listens, and starts the http thread. ERR_CONFIG: `listen` is not an address; ERR_IO: it cannot be
 * listened on; *why says it for people. */
int http_start(struct http **out, const struct http_options *options, struct buf *why) MUST_CHECK;
/* Ends the http thread and frees h, which may be NULL; a Unix socket is removed. */
void http_stop(struct http *h);
/* The TCP port it listens on; 0: a Unix socket. */
int http_port(const struct http *h);
