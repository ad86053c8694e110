/* libcurl's easy interface: blocking, one connection that is kept.
 *
 * What is known after a request without an answer is the point here: only where not even a
 * connection was made is it sure that the server did nothing. A request with a body is sent once.
 *
 * Thread: its owner's */
#include "web/web_call.h"

#include <curl/curl.h>

enum {
    ANSWER_MOST = 64 << 20,    // bytes of an answer: hundreds of tasks of the largest size
    CONNECT_MS = 5000,         // to be connected
    RETRY_AFTER_MOST_S = 86400 // a longer pause is not believed
};

struct web_caller {
    CURL *curl;
    const char *url;
    const char *ca;     // NULL: the system's
    const char *socket; // NULL: a port
    struct web_watch watch;
    struct buf address, body;
    CURLcode last;
};

static size_t web_caller_take(char *data, size_t size, size_t n, void *opaque) {
    struct web_caller *w = opaque;
    if (w->body.len + size * n > ANSWER_MOST) return 0;
    buf_add(&w->body, data, size * n);
    return size * n;
}

static int web_caller_watch(void *opaque, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d) {
    (void)a, (void)b, (void)c, (void)d;
    const struct web_caller *w = opaque;
    return w->watch.ends(w->watch.opaque);
}

struct web_caller *web_caller_create(const char *url, const struct web_watch *watch) {
    struct web_caller *w = xcalloc(1, sizeof *w);
    CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == 0);
    w->curl = xgiven(curl_easy_init());
    w->url = url;
    w->watch = *watch;
    return w;
}

void web_caller_destroy(struct web_caller *w) {
    if (!w) return;
    curl_easy_cleanup(w->curl);
    buf_release(&w->address);
    buf_release(&w->body);
    free(w);
}

void web_caller_trust(struct web_caller *w, const char *ca) { w->ca = ca; }

void web_caller_socket(struct web_caller *w, const char *path) { w->socket = path; }

const char *web_caller_trouble(const struct web_caller *w) { return curl_easy_strerror(w->last); }

void web_escape(struct text t, struct buf *out) {
    for (size_t i = 0; i < t.len; i++) {
        unsigned char c = (unsigned char)t.at[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                     (c && strchr("-._~", c));
        if (plain) buf_add(out, &t.at[i], 1);
        else buf_printf(out, "%%%02X", c);
    }
}

static struct curl_slist *web_caller_headers(const struct web_request *r) {
    struct curl_slist *headers = curl_slist_append(NULL, "Accept: application/json");
    if (r->authorization) {
        char *line = xasprintf("Authorization: %s", r->authorization);
        headers = curl_slist_append(headers, line);
        free(line);
    }
    for (size_t i = 0; i < r->headers; i++) headers = curl_slist_append(headers, r->header[i]);
    if (r->body.at) headers = curl_slist_append(headers, "Content-Type: application/json");
    headers = curl_slist_append(headers, "Expect:"); // no round trip before the body
    return xgiven(headers);
}

static void web_caller_set(struct web_caller *w, const struct web_request *r,
                           struct curl_slist *headers) {
    CURL *c = w->curl;
    curl_easy_reset(c);
    curl_easy_setopt(c, CURLOPT_URL, buf_string(&w->address));
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, r->method);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)r->timeout_ms);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, web_caller_take);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, w);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, web_caller_watch);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, w);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    if (w->socket) curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, w->socket);
    if (w->ca) {
        curl_easy_setopt(c, CURLOPT_CAINFO, w->ca);
        curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
    }
    if (!r->body.at) return;
    /* On a connection that was kept, libcurl sends a request again by itself when the server closes
     * it without an answer, though it may have done what was asked. */
    curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, r->body.at);
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.len);
}

/* What a transfer without an answer leaves. */
static int web_caller_failed(const struct web_caller *w) {
    switch (w->last) {
    case CURLE_ABORTED_BY_CALLBACK: return ERR_STOPPED;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_URL_MALFORMAT: return ERR_ABORT;
    default: return ERR_RETRY;
    }
}

int web_call(struct web_caller *w, const struct web_request *request, struct web_answer *out) {
    curl_off_t retry_after = 0;
    buf_reset(&w->address);
    buf_printf(&w->address, "%s%s", w->url, request->path);
    buf_reset(&w->body);
    struct curl_slist *headers = web_caller_headers(request);
    web_caller_set(w, request, headers);
    w->last = curl_easy_perform(w->curl);
    curl_easy_getinfo(w->curl, CURLINFO_RESPONSE_CODE, &out->status);
    curl_easy_getinfo(w->curl, CURLINFO_RETRY_AFTER, &retry_after);
    curl_slist_free_all(headers);
    out->body = buf_view(&w->body);
    if (retry_after > RETRY_AFTER_MOST_S) retry_after = RETRY_AFTER_MOST_S;
    out->retry_after_ms = (int64_t)retry_after * 1000;
    return w->last == CURLE_OK ? 0 : web_caller_failed(w);
}
