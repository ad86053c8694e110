/* Tasks in Label Studio: which are there, putting them in, taking them out.
 *
 * Thread: main thread */
#include "label_studio_private.h"

enum {
    FIND_IDS = 50 // looked up at once: an address of 3 KB
};

/* ---- looking up ---- */

/* Whether each task is one of those that were asked for. */
static bool label_studio_count_found(const cJSON *tasks, const struct text *id, size_t n,
                                     size_t *copies) {
    const cJSON *task;
    size_t counted = 0;
    cJSON_ArrayForEach(task, tasks) {
        struct text of = json_text(cJSON_GetObjectItemCaseSensitive(task, "data"), "id");
        for (size_t i = 0; of.at && i < n; i++) {
            bool same = text_equal(id[i], of);
            copies[i] += same;
            counted += same;
        }
    }
    return counted >= (size_t)cJSON_GetArraySize(tasks);
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
    label_studio_query(l, &query, 1, "");
}

/* Where there are so many tasks of these ids that one page does not hold them, fewer ids are asked
 * for at once. */
static int label_studio_find_some(struct label_studio *l, const struct text *id, size_t n,
                                  size_t *copies) {
    cJSON *json = NULL;
    int64_t total = 0;
    label_studio_ask_ids(l, id, n);
    TRY(label_studio_ask_for(l, NULL, &json));
    const cJSON *tasks = cJSON_GetObjectItemCaseSensitive(json, "tasks");
    bool good = cJSON_IsArray(tasks) && json_integer(json, "total", &total) && total >= 0;
    bool whole = total <= cJSON_GetArraySize(tasks);
    if (good && (whole || n == 1)) good = label_studio_count_found(tasks, id, n, copies);
    if (good && !whole && n == 1) *copies = (size_t)total;
    cJSON_Delete(json);
    if (!good) return label_studio_odd(l, "tasks by their ids");
    if (whole || n == 1) return 0;
    TRY(label_studio_find_some(l, id, n / 2, copies));
    return label_studio_find_some(l, id + n / 2, n - n / 2, copies + n / 2);
}

int label_studio_find(void *self, const struct text *id, size_t n, size_t *copies) {
    memset(copies, 0, n * sizeof *copies);
    for (size_t i = 0; i < n; i += FIND_IDS)
        TRY(label_studio_find_some(self, id + i, n - i < FIND_IDS ? n - i : FIND_IDS, copies + i));
    return 0;
}

/* ---- importing ---- */

int label_studio_import(void *self, const struct tool_record *record, size_t n,
                        int64_t timeout_ms) {
    struct label_studio *l = self;
    cJSON *json = NULL;
    long status = 0;
    int64_t made = 0;
    buf_reset(&l->body);
    for (size_t i = 0; i < n; i++) {
        buf_str(&l->body, i ? "," : "[");
        buf_text(&l->body, record[i].record);
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

int label_studio_open_tasks(void *self, int64_t *n) {
    struct label_studio *l = self;
    cJSON *json = NULL;
    int64_t total = 0, done = 0;
    buf_reset(&l->path);
    buf_printf(&l->path, "/api/projects/%" PRId64 "/", l->project);
    TRY(label_studio_ask_for(l, NULL, &json));
    bool known =
        json_integer(json, "queue_total", &total) && json_integer(json, "queue_done", &done);
    cJSON_Delete(json);
    *n = total > done ? total - done : 0;
    return known ? 0 : label_studio_odd(l, "how many tasks wait");
}

/* ---- what waits ---- */

/* Nobody answered, skipped or began it: the list of annotations does not show drafts of others. */
static const char untouched[] =
    "{\"filter\":\"filter:tasks:total_annotations\",\"operator\":\"equal\",\"type\":\"Number\","
    "\"value\":0},{\"filter\":\"filter:tasks:cancelled_annotations\",\"operator\":\"equal\","
    "\"type\":\"Number\",\"value\":0},{\"filter\":\"filter:tasks:draft_exists\",\"operator\":"
    "\"equal\",\"type\":\"Boolean\",\"value\":false}";

/* Asks for one page of untouched tasks, by number; `which` is the rest of the filter. */
static int label_studio_ask_untouched(struct label_studio *l, struct text which, cJSON **json) {
    struct buf query = {0};
    buf_printf(&query,
               "{\"filters\":{\"conjunction\":\"and\",\"items\":[%s,{\"filter\":"
               "\"filter:tasks:id\",%.*s}]},\"ordering\":[\"tasks:id\"]}",
               untouched, (int)which.len, which.at);
    label_studio_query(l, &query, 1, "&fields=all");
    return label_studio_ask_for(l, NULL, json);
}

/* One task; false: it has no number, so nobody knows where the next page begins. What else is not
 * as it should be is passed over as not ours: nothing is done to it. */
static bool label_studio_take_waiting(const cJSON *task, struct arena *arena,
                                      struct tool_task *out) {
    const cJSON *annotations = cJSON_GetObjectItemCaseSensitive(task, "annotations");
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(task, "data");
    int64_t expires_ms = 0;
    json_integer(cJSON_GetObjectItemCaseSensitive(task, "meta"), "expires_ms", &expires_ms);
    *out = (struct tool_task){0};
    if (cJSON_IsArray(annotations) && !annotations->child && expires_ms >= 0) {
        out->id = arena_text(arena, json_text(data, "id"));
        out->expires_ms = expires_ms;
    }
    return json_integer(task, "id", &out->number) && out->number > 0;
}

int label_studio_waiting(void *self, int64_t after, struct arena *arena, struct tool_page *out) {
    struct buf which = {0};
    cJSON *json = NULL;
    buf_printf(&which, "\"operator\":\"greater\",\"type\":\"Number\",\"value\":%" PRId64, after);
    int result = label_studio_ask_untouched(self, buf_view(&which), &json);
    buf_release(&which);
    TRY(result);
    const cJSON *tasks = cJSON_GetObjectItemCaseSensitive(json, "tasks"), *one;
    size_t n = (size_t)cJSON_GetArraySize(tasks);
    bool good = cJSON_IsArray(tasks) && n <= TOOL_PAGE;
    struct tool_task *task = arena_take(arena, (TOOL_PAGE + 1) * sizeof *task);
    for (one = good ? tasks->child : NULL; one && good; one = one->next) {
        good = label_studio_take_waiting(one, arena, &task[out->n]) && task[out->n].number > after;
        after = task[out->n++].number;
    }
    out->task = task;
    out->more = n == TOOL_PAGE;
    cJSON_Delete(json);
    return good ? 0 : label_studio_odd(self, "tasks that wait");
}

/* ---- taking out ---- */

static void label_studio_write_numbers(const int64_t *number, size_t n, struct buf *out) {
    for (size_t i = 0; i < n; i++) buf_printf(out, "%s%" PRId64, i ? "," : "", number[i]);
}

/* Those of the numbers that are still untouched, in place: people work while we do. */
static int label_studio_still_untouched(struct label_studio *l, int64_t *number, size_t *n) {
    struct buf which = {0};
    cJSON *json = NULL;
    buf_str(&which, "\"operator\":\"in_list\",\"type\":\"List\",\"value\":[");
    label_studio_write_numbers(number, *n, &which);
    buf_str(&which, "]");
    int result = label_studio_ask_untouched(l, buf_view(&which), &json);
    buf_release(&which);
    TRY(result);
    const cJSON *tasks = cJSON_GetObjectItemCaseSensitive(json, "tasks"), *one;
    bool good = cJSON_IsArray(tasks);
    size_t kept = 0, asked = *n;
    cJSON_ArrayForEach(one, tasks) {
        int64_t is = 0;
        bool ours = false;
        json_integer(one, "id", &is);
        for (size_t i = kept; i < asked && !ours; i++) {
            ours = number[i] == is;
            if (ours) number[i] = number[kept], number[kept++] = is;
        }
    }
    cJSON_Delete(json);
    *n = kept;
    return good ? 0 : label_studio_odd(l, "tasks that still wait");
}

int label_studio_drop(void *self, const int64_t *number, size_t n, size_t *dropped) {
    struct label_studio *l = self;
    int64_t still[TOOL_PAGE];
    cJSON *json = NULL;
    *dropped = 0;
    if (n > TOOL_PAGE) n = TOOL_PAGE;
    memcpy(still, number, n * sizeof *still);
    TRY(label_studio_still_untouched(l, still, &n));
    if (!n) return 0;
    buf_reset(&l->body);
    buf_str(&l->body, "{\"selectedItems\":{\"all\":false,\"included\":[");
    label_studio_write_numbers(still, n, &l->body);
    buf_str(&l->body, "]}}");
    buf_reset(&l->path);
    buf_printf(&l->path, "/api/dm/actions?id=delete_tasks&project=%" PRId64, l->project);
    TRY(label_studio_call(l,
                          &(struct label_studio_call){.method = "POST",
                                                      .timeout_ms = LABEL_STUDIO_ASK_MS,
                                                      .body = buf_view(&l->body)},
                          NULL, &json));
    cJSON_Delete(json);
    *dropped = n;
    return 0;
}
