/* One HTTP request after another to one server, by libcurl.
 *
 * No redirect is followed and no proxy of the environment is used: a token goes to the address that
 * the operator gave, and nowhere else.
 *
 * Thread: its owner's; made on the main thread */
#pragma once

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct web_caller;

/* Asked about once a second while a request is on its way: whether it shall end. */
struct web_watch {
    bool (*ends)(void *opaque);
    void *opaque;
};

struct web_request {
    const char *method, *path; // path: from the server's address on, with its query
    const char *authorization; // "Token ..."; NULL: none
    const char *const *header; // (headers) further lines, "Name: value"
    size_t headers;
    struct text body;   // JSON; at NULL: none
    int64_t timeout_ms; // for all of it
};

struct web_answer {
    long status;            // HTTP
    int64_t retry_after_ms; // as the server asks; 0: it does not
    struct text body;       // valid until the next call
};

/* url: of the server, without a path's last "/"; borrowed. */
struct web_caller *web_caller_create(const char *url, const struct web_watch *watch);
void web_caller_destroy(struct web_caller *w);
/* Servers are believed that an authority of this file (PEM) has signed, and no others; borrowed. */
void web_caller_trust(struct web_caller *w, const char *ca);
/* The server answers at this socket of the file system, whatever the url's host; borrowed. */
void web_caller_socket(struct web_caller *w, const char *path);
/* 0: there is an answer, whatever it says. ERR_ABORT: the server was not reached, so it knows of
 * nothing. ERR_RETRY: no whole answer came; the server may have done it. ERR_STOPPED: the same, by
 * the watch. */
int web_call(struct web_caller *w, const struct web_request *request,
             struct web_answer *out) MUST_CHECK;
/* Why the last call had no answer. Static storage. */
const char *web_caller_trouble(const struct web_caller *w);
/* Appends a text as a part of a query ("a b" as a%20b). */
void web_escape(struct text t, struct buf *out);
