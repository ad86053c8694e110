/* A page of the daemon, by the caller that the bridge has (include/web/web_call.h).
 *
 * Thread: main thread */
#include "http_client.h"

#include "web/web_call.h"

#include <string.h>

static bool http_client_goes_on(void *opaque) {
    (void)opaque;
    return false;
}

/* GETs a path at "HOST:PORT" or "unix:/PATH". Returns the HTTP status, whatever it is, and appends
 * the body to *body. Negative: no answer within timeout_ms, and *why says it for people. */
static int http_client_get(const char *listen, const char *path, int timeout_ms, struct buf *body,
                           struct buf *why) {
    static const char local[] = "unix:";
    bool socket = strncmp(listen, local, strlen(local)) == 0;
    char *url = xasprintf("http://%s", socket ? "localhost" : listen);
    struct web_caller *w = web_caller_create(url, &(struct web_watch){http_client_goes_on, NULL});
    if (socket) web_caller_socket(w, listen + strlen(local));
    struct web_request request = {.method = "GET", .path = path, .timeout_ms = timeout_ms};
    struct web_answer answer;
    int result = web_call(w, &request, &answer);
    if (result == 0) buf_add(body, answer.body.at, answer.body.len);
    else if (result == ERR_ABORT)
        buf_printf(why, "nobody answers at %s: %s", listen, web_caller_trouble(w));
    else
        buf_printf(why, "no answer that makes sense from %s%s within %d ms", listen, path,
                   timeout_ms);
    web_caller_destroy(w);
    free(url);
    return result == 0 ? (int)answer.status : result;
}

/* Two configurations may say the same address: then the other one's daemon answers. */
static bool http_client_is(const cJSON *status, const char *name, const char *listen,
                           struct buf *why) {
    const char *is = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(status, "name"));
    if (!name || (is && strcmp(is, name) == 0)) return true;
    buf_printf(why, "%s answers at %s, not %s (service.name): do both have the same watch.listen?",
               is ? is : "another", listen, name);
    return false;
}

cJSON *http_client_status(const char *listen, const char *name, int timeout_ms, struct buf *why) {
    struct buf body = {0};
    cJSON *status = NULL;
    int code = http_client_get(listen, "/status", timeout_ms, &body, why);
    if (code == 200) status = cJSON_Parse(buf_string(&body));
    if (code > 0 && (!cJSON_IsObject(status) ||
                     !cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(status, "now")))) {
        buf_printf(why, "what answers at %s (%d) is not winnowd", listen, code);
        cJSON_Delete(status);
        status = NULL;
    }
    if (status && !http_client_is(status, name, listen, why)) {
        cJSON_Delete(status);
        status = NULL;
    }
    buf_release(&body);
    return status;
}
