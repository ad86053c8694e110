/* Answers in Label Studio: what changed since, and an annotation that is taken away.
 *
 * Thread: main thread */
#include "label_studio_private.h"

#include <time.h>

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
    int64_t seconds = timegm(&t);
    return strcmp(at, "Z") == 0 && seconds >= 0 ? seconds * 1000000 + us : -1;
}

static void label_studio_write_time(int64_t us, struct buf *out) {
    time_t seconds = (time_t)(us / 1000000);
    struct tm t;
    char text[32];
    gmtime_r(&seconds, &t);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &t);
    buf_printf(out, "%s.%06dZ", text, (int)(us % 1000000));
}

/* The class that an annotation chooses with our control; at NULL: none, which is a skip. False: it
 * is in no shape that the tool has. */
static bool label_studio_choice(const struct label_studio *l, const cJSON *annotation,
                                struct text *out) {
    const cJSON *result = cJSON_GetObjectItemCaseSensitive(annotation, "result"), *one;
    *out = (struct text){0};
    cJSON_ArrayForEach(one, result) {
        if (!cJSON_IsObject(one)) return false;
        if (!text_equal(json_text(one, "from_name"), text_of(l->config->route.label_control)))
            continue;
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(one, "value");
        const cJSON *choices = cJSON_GetObjectItemCaseSensitive(value, "choices");
        if (!cJSON_IsObject(value) || (choices && !cJSON_IsArray(choices))) return false;
        if (cJSON_GetArraySize(choices) != 1) continue;
        if (!cJSON_IsString(choices->child)) return false;
        *out = text_of(choices->child->valuestring);
        break;
    }
    return cJSON_IsArray(result);
}

/* "alice@example.com" of " alice@example.com, 1"; else, or when it is longer than a label takes,
 * the number of who completed it. */
static struct text label_studio_annotator(const cJSON *annotation, struct arena *arena) {
    struct text name = json_text(annotation, "created_username");
    int64_t number = 0;
    const char *comma = name.at ? memrchr(name.at, ',', name.len) : NULL;
    if (comma) name.len = (size_t)(comma - name.at);
    while (name.len && *name.at == ' ') name.at++, name.len--;
    if (name.len && name.len <= LABEL_NAME_MAX) return arena_text(arena, name);
    if (!json_integer(annotation, "completed_by", &number)) return (struct text){0};
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, number);
    return arena_text(arena, text_of(text));
}

/* False: they are in no shape that the tool has. An annotation that cannot be read is not passed
 * over: its answer would be taken for one that was deleted, and be taken back. */
static bool label_studio_read_annotations(const struct label_studio *l, const cJSON *list,
                                          struct arena *arena, struct tool_task *to) {
    const cJSON *one;
    size_t n = 0;
    if (!cJSON_IsArray(list)) return false;
    struct tool_annotation *out =
        arena_take(arena, ((size_t)cJSON_GetArraySize(list) + 1) * sizeof *out);
    cJSON_ArrayForEach(one, list) {
        int64_t us = label_studio_time_us(json_text(one, "updated_at"));
        bool skipped = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(one, "was_cancelled"));
        struct text choice;
        int64_t number = 0;
        if (us < 0 || !json_integer(one, "id", &number) || number < 1 ||
            !label_studio_choice(l, one, &choice))
            return false;
        if (skipped) choice = (struct text){0};
        out[n++] = (struct tool_annotation){.choice = arena_text(arena, choice),
                                            .annotator = label_studio_annotator(one, arena),
                                            .time_ms = us / 1000,
                                            .number = number};
    }
    to->annotation = out;
    to->n = n;
    return true;
}

/* Nor is a task whose answers cannot be read taken for one that is not ours: its answer would be
 * lost, since the next poll begins behind it. One that holds something, and no id in the form of
 * ours, is surely of others. */
static void label_studio_read_task(const struct label_studio *l, const cJSON *task,
                                   struct arena *arena, struct tool_task *to) {
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(task, "data");
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(task, "annotations");
    *to = (struct tool_task){.id = arena_text(arena, json_text(data, "id")),
                             .changed_us = label_studio_time_us(json_text(task, "updated_at"))};
    json_integer(task, "id", &to->number);
    if (cJSON_IsObject(data) && data->child && !to->id.at) return;
    if (cJSON_IsObject(data) && label_studio_read_annotations(l, list, arena, to)) return;
    char *said = xgiven(cJSON_PrintUnformatted(task));
    to->unreadable = arena_text(arena, text_of(said));
    cJSON_free(said);
}

static void label_studio_ask_changed(struct label_studio *l, int64_t since_us, int page) {
    struct buf query = {0};
    buf_str(&query, "{\"filters\":{\"conjunction\":\"and\",\"items\":[{\"filter\":"
                    "\"filter:tasks:updated_at\",\"operator\":\"greater\",\"type\":\"Datetime\","
                    "\"value\":\"");
    label_studio_write_time(since_us > 0 ? since_us : 0, &query);
    buf_str(&query, "\"}]},\"ordering\":[\"tasks:updated_at\"]}");
    label_studio_query(l, &query, page, "&fields=all");
}

/* The place of the next poll is taken from these: they must be what was asked for. */
static bool label_studio_take_changed(const struct label_studio *l, const cJSON *tasks,
                                      int64_t since_us, struct arena *arena,
                                      struct tool_page *out) {
    const cJSON *one;
    if (cJSON_GetArraySize(tasks) > TOOL_PAGE) return false;
    struct tool_task *task = arena_take(arena, (TOOL_PAGE + 1) * sizeof *task);
    out->task = task;
    cJSON_ArrayForEach(one, tasks) {
        struct tool_task *t = &task[out->n];
        label_studio_read_task(l, one, arena, t);
        if (t->changed_us < 0 || t->changed_us <= since_us) return false;
        out->n++;
    }
    out->more = out->n == TOOL_PAGE;
    return true;
}

int label_studio_changed(void *self, int64_t since_us, int page, struct arena *arena,
                         struct tool_page *out) {
    struct label_studio *l = self;
    cJSON *json = NULL;
    long status = 0;
    label_studio_ask_changed(l, since_us, page);
    TRY(label_studio_ask_for(l, &status, &json));
    const cJSON *tasks = cJSON_GetObjectItemCaseSensitive(json, "tasks");
    bool behind = status == 404 && page > 1; // the last page
    bool good = behind ||
                (cJSON_IsArray(tasks) && label_studio_take_changed(l, tasks, since_us, arena, out));
    cJSON_Delete(json);
    return good ? 0 : label_studio_odd(l, "tasks that changed");
}

/* ---- taking away ---- */

int label_studio_reopen(void *self, int64_t annotation) {
    struct label_studio *l = self;
    cJSON *json = NULL;
    long status = 0;
    buf_reset(&l->path);
    buf_printf(&l->path, "/api/annotations/%" PRId64 "/", annotation);
    TRY(label_studio_call(
        l, &(struct label_studio_call){.method = "DELETE", .timeout_ms = LABEL_STUDIO_ASK_MS},
        &status, &json));
    cJSON_Delete(json);
    return status == 400 || status == 413 ? ERR_ABORT : 0; // 404: it is gone
}
