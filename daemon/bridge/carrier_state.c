/* The bridge's record:
 * {"format":1,"until_ms":0,"poll_us":0,"tasks":[12,40],"figures":{...},"told":[[NUMBER,US],...]};
 * one of an earlier version has no "told".
 *
 * Thread: main thread */
#include "carrier_state.h"

#include "base/json.h"

enum {
    STATE_FORMAT = 1,
    STATE_PARTITIONS_MOST = 100000 // more than a topic can have
};

void carrier_state_release(struct carrier_state *s) {
    free(s->next);
    free(s->told);
    *s = (struct carrier_state){0};
}

void carrier_state_grow(struct carrier_state *s, int32_t partitions) {
    if (partitions <= s->partitions) return;
    s->next = xrealloc(s->next, (size_t)partitions * sizeof *s->next);
    while (s->partitions < partitions) s->next[s->partitions++] = 0;
}

void carrier_state_tell(struct carrier_state *s, const struct carrier_mark *mark) {
    if (s->tolds == STATE_TOLD_MOST) return;
    if (!s->told) s->told = xcalloc(STATE_TOLD_MOST, sizeof *s->told);
    s->told[s->tolds++] = *mark;
}

void carrier_state_write(const struct carrier_state *s, struct buf *out) {
    buf_printf(out, "{\"format\":%d,\"until_ms\":", STATE_FORMAT);
    buf_i64(out, s->until_ms);
    buf_str(out, ",\"poll_us\":");
    buf_i64(out, s->poll_us);
    buf_str(out, ",\"tasks\":[");
    for (int32_t p = 0; p < s->partitions; p++) {
        if (p) buf_str(out, ",");
        buf_i64(out, s->next[p]);
    }
    buf_str(out, "],\"figures\":");
    bridge_figures_write(&s->figures, out);
    for (size_t i = 0; i < s->tolds; i++) {
        buf_str(out, i ? ",[" : ",\"told\":[[");
        buf_i64(out, s->told[i].number);
        buf_str(out, ",");
        buf_i64(out, s->told[i].changed_us);
        buf_str(out, "]");
    }
    buf_str(out, s->tolds ? "]}" : "}");
}

/* What is no pair of numbers is left out: at worst it is told once more. */
static void carrier_state_take_told(struct carrier_state *out, const cJSON *told) {
    const cJSON *one;
    cJSON_ArrayForEach(one, told) {
        const cJSON *number = cJSON_GetArrayItem(one, 0), *us = cJSON_GetArrayItem(one, 1);
        if (!cJSON_IsNumber(number) || !cJSON_IsNumber(us) || !(number->valuedouble >= 0) ||
            !(us->valuedouble >= 0) || number->valuedouble > (double)JSON_INTEGER_MAX ||
            us->valuedouble > (double)JSON_INTEGER_MAX)
            continue;
        carrier_state_tell(
            out, &(struct carrier_mark){(int64_t)number->valuedouble, (int64_t)us->valuedouble});
    }
}

static int carrier_state_take_offsets(struct carrier_state *out, const cJSON *tasks) {
    int n = cJSON_GetArraySize(tasks);
    if (!cJSON_IsArray(tasks) || n > STATE_PARTITIONS_MOST) return ERR_INPUT;
    carrier_state_grow(out, n);
    int32_t p = 0;
    for (const cJSON *one = tasks->child; one; one = one->next) {
        if (!cJSON_IsNumber(one) || !(one->valuedouble >= 0) ||
            one->valuedouble > (double)JSON_INTEGER_MAX)
            return ERR_INPUT;
        out->next[p++] = (int64_t)one->valuedouble;
    }
    return 0;
}

int carrier_state_read(struct carrier_state *out, struct text record) {
    struct arena arena = {0};
    int64_t format = 0;
    cJSON *json = json_parse(record, &arena);
    int result =
        json_integer(json, "format", &format) && format == STATE_FORMAT &&
                json_integer(json, "until_ms", &out->until_ms) &&
                json_integer(json, "poll_us", &out->poll_us) && out->until_ms >= 0 &&
                out->poll_us >= 0
            ? carrier_state_take_offsets(out, cJSON_GetObjectItemCaseSensitive(json, "tasks"))
            : ERR_INPUT;
    if (result < 0) carrier_state_release(out);
    else carrier_state_take_told(out, cJSON_GetObjectItemCaseSensitive(json, "told"));
    if (result == 0 && !bridge_figures_read(&out->figures, record))
        out->figures = (struct bridge_figures){.open = -1};
    cJSON_Delete(json);
    arena_release(&arena);
    return result;
}
