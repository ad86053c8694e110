/* Label Studio's REST interface, as 1.23.2 answers it.
 *
 * Its traps, which the code below knows: one bad row refuses a whole import (400), and the answer
 * repeats the event, so it is never logged; a bad answer has an `id` too, so the status comes
 * first; a time without fractions of a second is answered with 500; hosted versions answer an
 * import before they have made its tasks, which counts as "not known" here; ordering is taken
 * from the query only; a page behind the last is 404. A personal access token is a JWT that must be
 * exchanged for a short-lived one.
 *
 * Thread: main thread */
#include "label_studio_private.h"

#include "base/clock.h"
#include "base/log.h"

#include <inttypes.h>

enum {
    ARENA_KEPT = 1 << 22,    // bytes kept from answer to answer
    ANSWER_VALUES = 1 << 21, // of JSON in an answer: a page of tasks with 20,000 columns each
    PAGE_TASKS = 100,        // tasks of one page: 0.3 s
    FIND_IDS = 50,           // looked up at once: an address of 3 KB
    QUIET_MOST_MS = 600000   // a server that asks for a longer pause is asked again after this
};

/* ---- calls ---- */

static cJSON *label_studio_parse(struct label_studio *l, struct text body) {
    arena_trim(&l->arena, ARENA_KEPT);
    return json_parse_most(body, ANSWER_VALUES, &l->arena);
}

static int label_studio_exchange(struct label_studio *l) {
    struct buf body = {0};
    struct web_answer answer;
    buf_str(&body, "{\"refresh\":");
    buf_json_str(&body, l->token);
    buf_str(&body, "}");
    int result = web_call(l->web,
                          &(struct web_request){.method = "POST",
                                                .path = "/api/token/refresh",
                                                .body = buf_view(&body),
                                                .timeout_ms = LABEL_STUDIO_ASK_MS},
                          &answer);
    buf_release(&body);
    TRY(result);
    cJSON *json = label_studio_parse(l, answer.body);
    struct text access = json_text(json, "access");
    if (answer.status == 200 && access.at)
        buf_printf(&l->authorization, "Bearer %.*s", (int)access.len, access.at);
    cJSON_Delete(json);
    return 0; // without one the request is refused, and that is said
}

static int label_studio_authorize(struct label_studio *l) {
    if (l->authorization.len) return 0;
    if (l->personal) return label_studio_exchange(l);
    buf_printf(&l->authorization, "Token %s", l->token);
    return 0;
}

static int label_studio_ask(struct label_studio *l, const struct label_studio_call *call,
                            struct web_answer *answer) {
    TRY(label_studio_authorize(l));
    return web_call(l->web,
                    &(struct web_request){.method = call->method,
                                          .path = buf_string(&l->path),
                                          .authorization = l->authorization.len
                                                               ? buf_string(&l->authorization)
                                                               : NULL,
                                          .body = call->body,
                                          .timeout_ms = call->timeout_ms},
                    answer);
}

/* What an answer that is no 2xx means for who asked. */
static int label_studio_refused(struct label_studio *l, const struct web_answer *answer) {
    bool known = answer->status < 500; // after 5xx, a part may have been done
    int64_t quiet_ms = answer->retry_after_ms;
    if (quiet_ms > QUIET_MOST_MS) quiet_ms = QUIET_MOST_MS;
    l->quiet_until_ms = clock_ms() + quiet_ms;
    LOG(WARNING, "bridge_tool_refused",
        "the annotation tool answers with an error; it is asked again later",
        L_I64("status", answer->status), L_STR("url", l->config->bridge.url),
        L_I64("retry_after_ms", quiet_ms));
    return known ? ERR_ABORT : ERR_RETRY;
}

static int label_studio_unreached(const struct label_studio *l, int result) {
    if (result != ERR_STOPPED)
        LOG(WARNING, "bridge_tool_away",
            "the annotation tool does not answer; it is asked again later",
            L_STR("why", web_caller_trouble(l->web)), L_STR("url", l->config->bridge.url));
    return result;
}

int label_studio_call(struct label_studio *l, const struct label_studio_call *call, long *status,
                      cJSON **out) {
    struct web_answer answer;
    if (clock_ms() < l->quiet_until_ms) return ERR_ABORT;
    int result = label_studio_ask(l, call, &answer);
    if (result == 0 && answer.status == 401) { // an access token lives for minutes: once more
        buf_reset(&l->authorization);
        result = label_studio_ask(l, call, &answer);
    }
    if (result < 0) return label_studio_unreached(l, result);
    if (status) *status = answer.status;
    bool fine = answer.status >= 200 && answer.status < 300;
    if (!fine && !status) return label_studio_refused(l, &answer);
    *out = label_studio_parse(l, answer.body);
    if (!fine && answer.status != 400 && answer.status != 404 && answer.status != 413) {
        cJSON_Delete(*out);
        *out = NULL;
        return label_studio_refused(l, &answer);
    }
    return 0;
}

/* ---- looking up ---- */

static void label_studio_note_found(const cJSON *task, const struct text *id, size_t n,
                                    bool *found) {
    struct text of = json_text(cJSON_GetObjectItemCaseSensitive(task, "data"), "id");
    for (size_t i = 0; of.at && i < n; i++) found[i] |= text_equal(id[i], of);
}

static void label_studio_ask_ids(struct label_studio *l, const struct text *id, size_t n) {
    struct buf query = {0};
    buf_str(&query, "{\"filters\":{\"conjunction\":\"and\",\"items\":[{\"filter\":"
                    "\"filter:tasks:data.id\",\"operator\":\"in_list\",\"type\":\"List\","
                    "\"value\":[");
    for (size_t i = 0; i < n; i++) {
        if (i) buf_str(&query, ",");
        buf_json(&query, id[i]);
    }
    buf_str(&query, "]}]}}");
    buf_reset(&l->path);
    buf_printf(&l->path, "/api/tasks?project=%" PRId64 "&page=1&page_size=%d&query=", l->project,
               PAGE_TASKS);
    web_escape(buf_view(&query), &l->path);
    buf_release(&query);
}

/* Where there are so many tasks of these ids that one page does not hold them, fewer ids are asked
 * for at once. */
static int label_studio_find_some(struct label_studio *l, const struct text *id, size_t n,
                                  bool *found) {
    cJSON *json = NULL;
    int64_t total = 0;
    label_studio_ask_ids(l, id, n);
    TRY(label_studio_call(
        l, &(struct label_studio_call){.method = "GET", .timeout_ms = LABEL_STUDIO_ASK_MS}, NULL,
        &json));
    const cJSON *tasks = cJSON_GetObjectItemCaseSensitive(json, "tasks"), *task;
    bool list = cJSON_IsArray(tasks) && json_integer(json, "total", &total);
    bool whole = total <= cJSON_GetArraySize(tasks);
    cJSON_ArrayForEach(task, tasks) label_studio_note_found(task, id, n, found);
    cJSON_Delete(json);
    if (!list) return ERR_RETRY;
    if (whole || n == 1) return 0;
    TRY(label_studio_find_some(l, id, n / 2, found));
    return label_studio_find_some(l, id + n / 2, n - n / 2, found + n / 2);
}

static int label_studio_find(void *self, const struct text *id, size_t n, bool *found) {
    for (size_t i = 0; i < n; i += FIND_IDS)
        TRY(label_studio_find_some(self, id + i, n - i < FIND_IDS ? n - i : FIND_IDS, found + i));
    return 0;
}

/* ---- importing ---- */

static int label_studio_import(void *self, const struct text *record, size_t n,
                               int64_t timeout_ms) {
    struct label_studio *l = self;
    cJSON *json = NULL;
    long status = 0;
    int64_t made = 0;
    buf_reset(&l->body);
    for (size_t i = 0; i < n; i++) {
        buf_str(&l->body, i ? "," : "[");
        buf_text(&l->body, record[i]);
    }
    buf_str(&l->body, "]");
    buf_reset(&l->path);
    buf_printf(&l->path, "/api/projects/%" PRId64 "/import?return_task_ids=true", l->project);
    TRY(label_studio_call(l,
                          &(struct label_studio_call){.method = "POST",
                                                      .timeout_ms = timeout_ms,
                                                      .body = buf_view(&l->body)},
                          &status, &json));
    bool all = json_integer(json, "task_count", &made) && made == (int64_t)n;
    cJSON_Delete(json);
    if (status == 400 || status == 413) return ERR_INPUT;
    if (status == 404) return ERR_ABORT;
    return all ? 0 : ERR_RETRY;
}

static int label_studio_open(void *self, int64_t *n) {
    struct label_studio *l = self;
    cJSON *json = NULL;
    int64_t total = 0, done = 0;
    buf_reset(&l->path);
    buf_printf(&l->path, "/api/projects/%" PRId64 "/", l->project);
    TRY(label_studio_call(
        l, &(struct label_studio_call){.method = "GET", .timeout_ms = LABEL_STUDIO_ASK_MS}, NULL,
        &json));
    bool known =
        json_integer(json, "queue_total", &total) && json_integer(json, "queue_done", &done);
    cJSON_Delete(json);
    *n = total - done;
    return known ? 0 : ERR_RETRY;
}

/* ---- what changed ---- */

/* "2026-11-23T08:26:42.659252Z" in microseconds since 1970; -1: it is no such time. */
static int64_t label_studio_time_us(struct text text) {
    char copy[32] = "";
    struct tm t = {0};
    int64_t us = 0, unit = 100000;
    if (!text.at || text.len >= sizeof copy) return -1;
    memcpy(copy, text.at, text.len);
    const char *at = strptime(copy, "%Y-%m-%dT%H:%M:%S", &t);
    if (!at) return -1;
    if (*at == '.')
        for (at++; *at >= '0' && *at <= '9' && unit; at++, unit /= 10) us += (*at - '0') * unit;
    return strcmp(at, "Z") == 0 ? (int64_t)timegm(&t) * 1000000 + us : -1;
}

static void label_studio_write_time(int64_t us, struct buf *out) {
    time_t seconds = (time_t)(us / 1000000);
    struct tm t;
    char text[32];
    gmtime_r(&seconds, &t);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &t);
    buf_printf(out, "%s.%06dZ", text, (int)(us % 1000000));
}

/* The class that an annotation chooses with our control; at NULL: none, which is a skip. */
static struct text label_studio_choice(const struct label_studio *l, const cJSON *annotation) {
    const cJSON *result = cJSON_GetObjectItemCaseSensitive(annotation, "result"), *one;
    cJSON_ArrayForEach(one, result) {
        if (!text_equal(json_text(one, "from_name"), text_of(l->config->route.label_control)))
            continue;
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(one, "value");
        const cJSON *choices = cJSON_GetObjectItemCaseSensitive(value, "choices");
        if (cJSON_GetArraySize(choices) == 1 && cJSON_IsString(choices->child))
            return text_of(choices->child->valuestring);
    }
    return (struct text){0};
}

/* "alice@example.com" of " alice@example.com, 1"; else the number of who completed it. */
static struct text label_studio_annotator(const cJSON *annotation, struct arena *arena) {
    struct text name = json_text(annotation, "created_username");
    int64_t number = 0;
    const char *comma = name.at ? memrchr(name.at, ',', name.len) : NULL;
    if (comma) name.len = (size_t)(comma - name.at);
    while (name.len && *name.at == ' ') name.at++, name.len--;
    if (name.len) return arena_text(arena, name);
    if (!json_integer(annotation, "completed_by", &number)) return (struct text){0};
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, number);
    return arena_text(arena, text_of(text));
}

static struct tool_task label_studio_read_task(const struct label_studio *l, const cJSON *task,
                                               struct arena *arena) {
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(task, "annotations"), *one;
    size_t n = 0;
    struct tool_annotation *out =
        arena_take(arena, ((size_t)cJSON_GetArraySize(list) + 1) * sizeof *out);
    cJSON_ArrayForEach(one, list) {
        int64_t us = label_studio_time_us(json_text(one, "updated_at"));
        bool skipped = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(one, "was_cancelled"));
        struct text choice = skipped ? (struct text){0} : label_studio_choice(l, one);
        if (us < 0) continue;
        out[n++] = (struct tool_annotation){.choice = arena_text(arena, choice),
                                            .annotator = label_studio_annotator(one, arena),
                                            .time_ms = us / 1000};
    }
    struct text id = json_text(cJSON_GetObjectItemCaseSensitive(task, "data"), "id");
    return (struct tool_task){.id = arena_text(arena, id),
                              .changed_us = label_studio_time_us(json_text(task, "updated_at")),
                              .annotation = out,
                              .n = n};
}

static void label_studio_ask_changed(struct label_studio *l, int64_t since_us, int page) {
    struct buf query = {0};
    buf_str(&query, "{\"filters\":{\"conjunction\":\"and\",\"items\":[{\"filter\":"
                    "\"filter:tasks:updated_at\",\"operator\":\"greater\",\"type\":\"Datetime\","
                    "\"value\":\"");
    label_studio_write_time(since_us, &query);
    buf_str(&query, "\"}]},\"ordering\":[\"tasks:updated_at\"]}");
    buf_reset(&l->path);
    buf_printf(&l->path,
               "/api/tasks?project=%" PRId64 "&fields=all&page=%d&page_size=%d&query=", l->project,
               page, PAGE_TASKS);
    web_escape(buf_view(&query), &l->path);
    buf_release(&query);
}

static int label_studio_changed(void *self, int64_t since_us, int page, struct arena *arena,
                                struct tool_page *out) {
    struct label_studio *l = self;
    cJSON *json = NULL;
    long status = 0;
    label_studio_ask_changed(l, since_us, page);
    TRY(label_studio_call(
        l, &(struct label_studio_call){.method = "GET", .timeout_ms = LABEL_STUDIO_ASK_MS}, &status,
        &json));
    const cJSON *tasks = cJSON_GetObjectItemCaseSensitive(json, "tasks"), *one;
    int result = cJSON_IsArray(tasks) ? 0 : ERR_RETRY;
    if (status == 404 && page > 1) result = 0; // behind the last page
    size_t n = (size_t)cJSON_GetArraySize(tasks);
    struct tool_task *task = arena_take(arena, (n + 1) * sizeof *task);
    cJSON_ArrayForEach(one, tasks) task[out->n++] = label_studio_read_task(l, one, arena);
    for (size_t i = 0; i < n; i++)
        if (task[i].changed_us < 0) result = ERR_RETRY; // no place to go on from
    out->task = task;
    out->more = n >= PAGE_TASKS;
    cJSON_Delete(json);
    return result;
}

/* ---- life ---- */

int label_studio_create(struct label_studio **out, const struct config *c, const _Atomic bool *stop,
                        struct buf *why) {
    const char *trouble = NULL;
    char *token = *c->bridge.token_file ? secret_read(c->bridge.token_file, &trouble) : NULL;
    if (!token) {
        buf_printf(why, "bridge.token_file: %s", trouble ? trouble : "is missing");
        return ERR_CONFIG;
    }
    if (!*c->bridge.url) {
        free(token);
        buf_str(why, "bridge.url is missing, the address of Label Studio");
        return ERR_CONFIG;
    }
    struct label_studio *l = xcalloc(1, sizeof *l);
    const char *dot = strchr(token, '.');
    *l = (struct label_studio){.config = c,
                               .web = web_caller_create(c->bridge.url, stop),
                               .token = token,
                               .personal = dot && strchr(dot + 1, '.'),
                               .project = c->bridge.project};
    *out = l;
    return 0;
}

void label_studio_destroy(struct label_studio *l) {
    if (!l) return;
    web_caller_destroy(l->web);
    free(l->token);
    buf_release(&l->authorization);
    buf_release(&l->path);
    buf_release(&l->body);
    buf_release(&l->url);
    arena_release(&l->arena);
    free(l);
}

struct tool label_studio_tool(struct label_studio *l) {
    return (struct tool){.self = l,
                         .find = label_studio_find,
                         .import = label_studio_import,
                         .open = label_studio_open,
                         .changed = label_studio_changed};
}
