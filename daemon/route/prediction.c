/* The prediction record, written without a tree: where the topic is in use, there is one for every
 * sample. A record that lacks a key, or holds another type than the writer's, is refused in
 * reading.
 *
 * Thread: workers write; the demo, tests and the command line read */
#include "route/prediction.h"

#include "base/json.h"
#include "route/classes.h"

#include <inttypes.h>
#include <math.h>

void prediction_write(const struct prediction *p, struct buf *out) {
    buf_str(out, "{");
    if (*p->id) buf_printf(out, "\"id\":\"%s\",", p->id);
    buf_str(out, "\"sample_id\":");
    buf_json(out, p->sample_id);
    buf_printf(
        out, ",\"partition\":%" PRId32 ",\"offset\":%" PRId64 ",\"time_ms\":%" PRId64 ",\"class\":",
        p->partition, p->offset, p->time_ms);
    if (p->model && p->k)
        buf_json(out, class_name(p->classes, (size_t)class_predicted(p->prob, p->k)));
    else buf_str(out, "null");
    buf_str(out, ",\"probabilities\":[");
    for (size_t i = 0; i < p->k; i++) {
        if (i) buf_str(out, ",");
        buf_float(out, p->prob[i]);
    }
    buf_str(out, "],\"utility\":");
    buf_double(out, p->utility);
    buf_printf(out, ",\"model\":%" PRIu64 ",\"asked\":%s%s}", p->model, p->asked ? "true" : "false",
               p->blocked ? ",\"blocked\":true" : "");
}

static bool prediction_read_probabilities(struct prediction *p, const cJSON *list,
                                          struct arena *arena) {
    const cJSON *item;
    cJSON_ArrayForEach(item, list) {
        if (!cJSON_IsNumber(item)) return false;
        p->k++;
    }
    float *out = arena_take(arena, p->k * sizeof *out);
    p->prob = out;
    cJSON_ArrayForEach(item, list) *out++ = (float)item->valuedouble;
    return cJSON_IsArray(list);
}

static bool prediction_read_all(struct prediction *p, const cJSON *o, struct arena *arena) {
    struct text id = json_text(o, "id");
    const cJSON *asked = cJSON_GetObjectItemCaseSensitive(o, "asked");
    int64_t partition, model;
    if (id.len > TASK_ID_LENGTH || !cJSON_IsBool(asked)) return false;
    if (id.len) memcpy(p->id, id.at, id.len);
    p->sample_id = arena_text(arena, json_text(o, "sample_id"));
    p->class_ = arena_text(arena, json_text(o, "class"));
    p->asked = cJSON_IsTrue(asked);
    if (!p->sample_id.at || !json_integer(o, "partition", &partition) || partition < 0 ||
        partition > INT32_MAX)
        return false;
    if (!json_integer(o, "offset", &p->offset) || !json_integer(o, "time_ms", &p->time_ms))
        return false;
    if (!json_integer(o, "model", &model) || model < 0) return false;
    p->utility = NAN;
    if (!cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(o, "utility")) &&
        !json_number(o, "utility", &p->utility))
        return false;
    p->blocked = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "blocked"));
    p->partition = (int32_t)partition;
    p->model = (uint64_t)model;
    return prediction_read_probabilities(p, cJSON_GetObjectItemCaseSensitive(o, "probabilities"),
                                         arena);
}

int prediction_read(struct prediction *out, struct text record, struct arena *arena,
                    const char **why) {
    cJSON *tree = json_parse(record, arena);
    struct prediction p = {0};
    bool ok = cJSON_IsObject(tree) && prediction_read_all(&p, tree, arena);
    cJSON_Delete(tree);
    *why = ok ? NULL : "not a prediction of ours";
    if (!ok) return ERR_INPUT;
    *out = p;
    return 0;
}
