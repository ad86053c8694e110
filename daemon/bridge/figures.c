/* The bridge's figures as JSON, by the table of their names.
 *
 * Thread: any thread */
#include "bridge/figures.h"

#include "base/json.h"

#include <stdio.h>

enum {
    VALUES_MOST = 200000, // of JSON in a record: positions of all partitions
    NAME_MOST = 32        // bytes of a count's name
};
static const char names[] = WORDS_LIST(BRIDGE_COUNT_TABLE);

void bridge_figures_write(const struct bridge_figures *f, struct buf *out) {
    buf_str(out, "{");
    for (int i = 0; i < BRIDGE_COUNTS; i++) {
        struct text name = word_list_at(names, i);
        buf_printf(out, "\"%.*s\":", (int)name.len, name.at);
        buf_i64(out, (int64_t)f->count[i]);
        buf_str(out, ",");
    }
    buf_str(out, "\"open\":");
    buf_i64(out, f->open);
    buf_str(out, ",\"lag_ms\":");
    buf_i64(out, f->lag_ms);
    buf_str(out, ",\"time_ms\":");
    buf_i64(out, f->time_ms);
    buf_str(out, f->away ? ",\"away\":true}" : ",\"away\":false}");
}

static bool bridge_figures_take(struct bridge_figures *out, const cJSON *json) {
    char key[NAME_MOST];
    for (int i = 0; i < BRIDGE_COUNTS; i++) {
        struct text name = word_list_at(names, i);
        int64_t count = 0; // a name that an earlier version does not know
        snprintf(key, sizeof key, "%.*s", (int)name.len, name.at);
        json_integer(json, key, &count);
        if (count < 0) return false;
        out->count[i] = (uint64_t)count;
    }
    out->away = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "away"));
    return json_integer(json, "open", &out->open) && out->open >= -1 &&
           json_integer(json, "lag_ms", &out->lag_ms) && out->lag_ms >= 0 &&
           json_integer(json, "time_ms", &out->time_ms) && out->time_ms >= 0;
}

bool bridge_figures_read(struct bridge_figures *out, struct text record) {
    struct arena arena = {0};
    struct bridge_figures f = {0};
    cJSON *json = json_parse_most(record, VALUES_MOST, &arena);
    bool good = bridge_figures_take(&f, cJSON_GetObjectItemCaseSensitive(json, "figures"));
    if (good) *out = f;
    cJSON_Delete(json);
    arena_release(&arena);
    return good;
}
