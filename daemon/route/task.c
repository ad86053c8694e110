/* The task record: written without a tree, read back by the learner.
 *
 * One table names every figure of `meta`, for the writer and the reader alike, so a field cannot be
 * written under one name and read under another. What annotators see stands in `data`, a
 * pre-annotation in `predictions`, all that the learner needs in `meta`: the three keys that Label
 * Studio knows. Numbers keep every bit, so the learner fits the row that was scored (promise I8).
 * The reader parses `meta` only; the event is found by its bytes and passed on unread, so no event
 * can make a task unreadable.
 *
 * Refused in reading: records without our format number, with shapes that contradict each other, or
 * with a row or probabilities that are not finite.
 *
 * Thread: workers write; learner, oracle and command line read */
#include "route/task.h"

#include "base/json.h"
#include "route/classes.h"
#include "task_row.h"

#include <inttypes.h>
#include <math.h>
#include <time.h>

enum {
    FORMAT = 1, // of meta: another meaning of a field, another number
    VALUES_MAX = COLUMNS_MAX + JSON_VALUES_MAX, // of meta: a row, and what else there is
};

/* ---- the table of meta ---- */

/* double, uint64_t, int64_t (milliseconds) */
enum task_field_kind { REAL, COUNT, TIME };

static const struct task_field {
    const char *name;
    size_t at; // in struct task
    enum task_field_kind kind;
} fields[] = {
    {"utility", offsetof(struct task, utility), REAL},
    {"threshold", offsetof(struct task, threshold), REAL},
    {"propensity", offsetof(struct task, propensity), REAL},
    {"manager_probability", offsetof(struct task, manager_probability), REAL},
    {"priority", offsetof(struct task, priority), REAL},
    {"model", offsetof(struct task, model), COUNT},
    {"policy", offsetof(struct task, policy), COUNT},
    {"admitted", offsetof(struct task, admitted), COUNT},
    {"covered", offsetof(struct task, covered), COUNT},
    {"time_ms", offsetof(struct task, time_ms), TIME},
    {"asked_ms", offsetof(struct task, asked_ms), TIME},
    {"expires_ms", offsetof(struct task, expires_ms), TIME},
};
enum { FIELDS = sizeof fields / sizeof *fields };

static const char *task_arm_name(int by_strategy) { return by_strategy ? "strategy" : "random"; }

/* ---- who is asked ---- */

int ask_reader(enum ask reason) {
    if (reason == ASK_THIRD) return 3;
    return reason == ASK_SECOND ? 2 : 1;
}

int task_reader(const struct task *t) { return ask_reader(t->reason); }

/* ---- writing ---- */

int task_predicted(const struct task *t) {
    return t->model && t->prob ? class_predicted(t->prob, t->k) : -1;
}

static void task_add_key(struct buf *out, const char *name) {
    buf_str(out, ",\"");
    buf_str(out, name);
    buf_str(out, "\":");
}

static void task_add_text(struct buf *out, const char *name, struct text value) {
    task_add_key(out, name);
    buf_json(out, value);
}

static void task_add_floats(struct buf *out, const float *v, size_t n) {
    buf_str(out, "[");
    for (size_t i = 0; i < n; i++) {
        if (i) buf_str(out, ",");
        buf_float(out, v[i]);
    }
    buf_str(out, "]");
}

/* "summary": one line for people, "SAMPLE of DATE TIME UTC (REASON)". */
static void task_add_summary(const struct task *t, struct buf *out) {
    struct tm tm = {0};
    char when[32] = "";
    time_t seconds = (time_t)(t->time_ms / 1000);
    if (t->time_ms < 0 || !gmtime_r(&seconds, &tm) ||
        !strftime(when, sizeof when, " of %Y-%m-%d %H:%M:%S UTC", &tm))
        *when = '\0';
    char tail[64];
    snprintf(tail, sizeof tail, "%s (%s)", when, ask_name(t->reason));
    buf_str(out, ",\"summary\":");
    buf_json(out, t->sample_id);
    out->len--; // the quote: the sentence goes on
    buf_printf(out, "%s\"", tail);
}

/* Only where it is not the usual one, so that nothing else changes. */
static void task_add_reader(const struct task *t, struct buf *out) {
    if (task_reader(t) > 1) buf_printf(out, ",\"reader\":%d", task_reader(t));
}

static void task_add_data(const struct task *t, struct buf *out) {
    buf_str(out, "\"data\":{\"event\":");
    buf_text(out, t->event.len ? t->event : TEXT("null"));
    task_add_text(out, "id", text_of(t->id));
    task_add_text(out, "sample_id", t->sample_id);
    task_add_key(out, "priority");
    buf_double(out, t->priority);
    task_add_text(out, "reason", text_of(ask_name(t->reason)));
    task_add_summary(t, out);
    task_add_reader(t, out);
    buf_str(out, "}");
}

/* None for a later reader: his opinion shall be his own. */
static void task_add_predictions(const struct task *t, const struct task_style *style,
                                 struct buf *out) {
    int predicted = task_reader(t) > 1 ? -1 : task_predicted(t);
    buf_str(out, ",\"predictions\":[");
    if (predicted >= 0) {
        buf_printf(out, "{\"model_version\":\"%" PRIu64 "\",\"score\":", t->model);
        buf_float(out, t->prob[predicted]);
        buf_str(out, ",\"result\":[{\"from_name\":");
        buf_json_str(out, style->from_name);
        task_add_text(out, "to_name", text_of(style->to_name));
        buf_str(out, ",\"type\":\"choices\",\"value\":{\"choices\":[");
        buf_json(out, class_name(t->classes, (size_t)predicted));
        buf_str(out, "]}}]}");
    }
    buf_str(out, "]");
}

static void task_add_classes(const struct task *t, struct buf *out) {
    buf_str(out, ",\"classes\":[");
    for (size_t i = 0; i < t->k; i++) {
        if (i) buf_str(out, ",");
        buf_json(out, class_name(t->classes, i));
    }
    buf_str(out, "]");
}

static void task_add_fields(const struct task *t, struct buf *out) {
    for (size_t i = 0; i < FIELDS; i++) {
        const char *at = (const char *)t + fields[i].at;
        task_add_key(out, fields[i].name);
        switch (fields[i].kind) {
        case REAL: buf_double(out, *(const double *)at); break;
        case COUNT: buf_printf(out, "%" PRIu64, *(const uint64_t *)at); break;
        case TIME: buf_i64(out, *(const int64_t *)at); break;
        }
    }
}

/* What says in `meta` that the event was left out: the first member, so that it can be put into a
 * record that is written already. */
static const char task_left_out[] = "\"event_left_out\":true,";

/* Names of what is summed over the unasked. */
static const char *const unasked_name[UNASKED_SUMS] = {[UNASKED_RIGHT] = "right",
                                                       [UNASKED_POSITIVE] = "positive",
                                                       [UNASKED_CAUGHT] = "caught",
                                                       [UNASKED_CAPACITY] = "in_capacity"};

/* Decimals that tell one 65,536th from the next; all sixteen of it would go through printf. */
static const double unasked_shown = 1e6;

static void task_add_unasked(const struct task *t, struct buf *out) {
    task_add_key(out, "in_capacity");
    buf_str(out, t->in_capacity ? "true" : "false");
    buf_str(out, ",\"unasked\":{\"n\":");
    buf_i64(out, t->unasked.n);
    for (size_t i = 0; i < UNASKED_SUMS; i++) {
        task_add_key(out, unasked_name[i]);
        buf_double(out, rint(t->unasked.sum[i] * (unasked_shown / UNASKED_ONE)) / unasked_shown);
    }
    buf_str(out, "}");
}

static void task_add_meta(const struct task *t, struct buf *out) {
    buf_printf(out, ",\"meta\":{%s\"format\":%d", t->event_left_out ? task_left_out : "", FORMAT);
    task_add_text(out, "id", text_of(t->id));
    task_add_text(out, "sample_id", t->sample_id);
    task_add_text(out, "reason", text_of(ask_name(t->reason)));
    task_add_text(out, "measure", text_of(measure_name(t->measure)));
    task_add_text(out, "manager", text_of(manager_name(t->manager)));
    task_add_text(out, "arm", text_of(task_arm_name(t->by_strategy)));
    task_add_reader(t, out);
    if (t->opinions) buf_printf(out, ",\"opinions\":%d", t->opinions);
    task_add_fields(t, out);
    task_add_unasked(t, out);
    buf_str(out, ",\"source\":{\"topic\":");
    buf_json(out, t->topic);
    buf_printf(out,
               ",\"partition\":%" PRId32 ",\"offset\":%" PRId64 "},\"fingerprint\":\"%016" PRIx64
               "\"",
               t->partition, t->offset, t->fingerprint);
    task_add_classes(t, out);
    task_add_key(out, "probabilities");
    task_add_floats(out, t->prob, t->prob ? t->k : 0);
    buf_str(out, ",\"members\":[");
    for (size_t m = 0; m < (t->member ? t->members : 0); m++) {
        if (m) buf_str(out, ",");
        task_add_floats(out, t->member + m * t->k, t->k);
    }
    buf_str(out, "]");
    if (t->boosted) {
        task_add_key(out, "boosted");
        task_add_floats(out, t->boosted, t->k);
    }
    task_add_key(out, "row");
    task_row_write(out, t->row, t->d);
    buf_str(out, "}");
}

void task_write(const struct task *t, const struct task_style *style, struct buf *out) {
    buf_str(out, "{");
    task_add_data(t, out);
    task_add_predictions(t, style, out);
    task_add_meta(t, out);
    buf_str(out, "}");
}

bool task_drop_event(struct text record, struct buf *out) {
    struct text event = json_member(json_member(record, "data"), "event"),
                meta = json_member(record, "meta");
    const char *end = record.at + record.len;
    if (!event.at || text_equal(event, TEXT("null")) || !meta.at || *meta.at != '{') return false;
    buf_add(out, record.at, (size_t)(event.at - record.at));
    buf_str(out, "null");
    event.at += event.len;
    buf_add(out, event.at, (size_t)(meta.at + 1 - event.at));
    buf_str(out, task_left_out);
    buf_add(out, meta.at + 1, (size_t)(end - meta.at - 1));
    return true;
}

/* ---- reading ---- */

/* The index whose name is the member's text, or -1. */
static int task_read_choice(const cJSON *meta, const char *key, const char *(*name)(int), int n) {
    struct text value = json_text(meta, key);
    for (int i = 0; i < n; i++)
        if (text_equal(value, text_of(name(i)))) return i;
    return -1;
}

static const char *task_ask_at(int i) { return ask_name((enum ask)i); }
static const char *task_measure_at(int i) { return measure_name((enum measure)i); }
static const char *task_manager_at(int i) { return manager_name((enum manager)i); }

static bool task_read_fields(struct task *t, const cJSON *meta) {
    for (size_t i = 0; i < FIELDS; i++) {
        char *at = (char *)t + fields[i].at;
        int64_t integer;
        if (fields[i].kind == REAL) {
            if (!json_number(meta, fields[i].name, (double *)at)) return false;
        } else {
            if (!json_integer(meta, fields[i].name, &integer)) return false;
            if (fields[i].kind == COUNT && integer < 0) return false;
            memcpy(at, &integer, sizeof integer); // COUNT is the unsigned type of the same size
        }
    }
    return true;
}

/* Only where more may be asked than were. */
static bool task_read_opinions(struct task *t, const cJSON *meta) {
    int64_t n;
    if (!cJSON_GetObjectItemCaseSensitive(meta, "opinions")) return true;
    if (!json_integer(meta, "opinions", &n) || n < 0 || n > OPINIONS_MAX) return false;
    t->opinions = (int)n;
    return true;
}

/* Tasks of earlier releases have none of it. */
static bool task_read_unasked(struct task *t, const cJSON *meta) {
    const cJSON *within = cJSON_GetObjectItemCaseSensitive(meta, "in_capacity"),
                *sums = cJSON_GetObjectItemCaseSensitive(meta, "unasked");
    int64_t n;
    double sum;
    t->in_capacity = cJSON_IsTrue(within);
    if (!sums) return true;
    if (!json_integer(sums, "n", &n) || n < 0 || n > UNASKED_MOST) return false;
    t->unasked.n = (uint32_t)n;
    for (size_t i = 0; i < UNASKED_SUMS; i++) {
        if (!json_number(sums, unasked_name[i], &sum) || !(sum >= 0 && sum <= (double)n))
            return false;
        t->unasked.sum[i] = (uint32_t)llround(sum * UNASKED_ONE);
    }
    return true;
}

static bool task_read_choices(struct task *t, const cJSON *meta) {
    int reason = task_read_choice(meta, "reason", task_ask_at, ASKS),
        measure = task_read_choice(meta, "measure", task_measure_at, MEASURES);
    int manager = task_read_choice(meta, "manager", task_manager_at, MANAGERS),
        arm = task_read_choice(meta, "arm", task_arm_name, 2);
    if (reason < 0 || measure < 0 || manager < 0 || arm < 0) return false;
    t->reason = (enum ask)reason;
    t->measure = (enum measure)measure;
    t->manager = (enum manager)manager;
    t->by_strategy = arm;
    return true;
}

static bool task_read_source(struct task *t, const cJSON *meta, struct arena *arena) {
    const cJSON *source = cJSON_GetObjectItemCaseSensitive(meta, "source");
    int64_t partition;
    t->topic = arena_text(arena, json_text(source, "topic"));
    if (!t->topic.at || !json_integer(source, "partition", &partition) || partition < 0 ||
        partition > INT32_MAX)
        return false;
    t->partition = (int32_t)partition;
    return json_integer(source, "offset", &t->offset) && t->offset >= 0;
}

static bool task_read_identity(struct task *t, const cJSON *meta, struct arena *arena) {
    int64_t format;
    uint8_t bytes[TASK_ID_BYTES];
    struct text id = json_text(meta, "id"), fingerprint = json_text(meta, "fingerprint");
    if (!json_integer(meta, "format", &format) || format != FORMAT || task_id_parse(bytes, id) < 0)
        return false;
    memcpy(t->id, id.at, TASK_ID_LENGTH + 1);
    t->sample_id = arena_text(arena, json_text(meta, "sample_id"));
    if (!t->sample_id.at || fingerprint.len != 16) return false;
    for (size_t i = 0; i < 16; i++) {
        int digit = text_hex_digit(fingerprint.at[i]);
        if (digit < 0) return false;
        t->fingerprint = t->fingerprint << 4 | (uint64_t)digit;
    }
    return true;
}

static bool task_read_classes(struct task *t, const cJSON *meta, struct arena *arena) {
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(meta, "classes"), *item;
    size_t bytes = 0;
    cJSON_ArrayForEach(item, list) {
        if (!cJSON_IsString(item) || strchr(item->valuestring, '\n')) return false;
        bytes += strlen(item->valuestring) + 1;
        t->k++;
    }
    if (!cJSON_IsArray(list) || !t->k) return false;
    char *to = arena_take(arena, bytes), *from = to;
    cJSON_ArrayForEach(item, list) {
        to = stpcpy(to, item->valuestring);
        *to++ = '\n';
    }
    to[-1] = '\0';
    t->classes = (struct text){from, bytes - 1};
    return true;
}

static bool task_read_floats(const cJSON *list, size_t n, float *out, struct arena *arena) {
    double *wide = arena_take(arena, n * sizeof *wide);
    if (!task_row_numbers(list, n, wide)) return false;
    for (size_t i = 0; i < n; i++) {
        out[i] = (float)wide[i];
        if (!isfinite(out[i])) return false;
    }
    return true;
}

/* Lengths first: the memory of (members, k) must not be larger than the record that it is read
 * from. */
static bool task_read_members(struct task *t, const cJSON *members, struct arena *arena) {
    const cJSON *item;
    cJSON_ArrayForEach(item, members) {
        if (task_row_length(item) != t->k) return false;
        t->members++;
    }
    if (!t->members) return cJSON_IsArray(members);
    float *out = arena_take(arena, t->members * t->k * sizeof *out);
    t->member = out;
    cJSON_ArrayForEach(item, members) {
        if (!task_read_floats(item, t->k, out, arena)) return false;
        out += t->k;
    }
    return cJSON_IsArray(members);
}

/* A probability of each class, or an empty array. */
static bool task_read_shares(const struct task *t, const cJSON *prob, const float **to,
                             struct arena *arena) {
    if (!cJSON_IsArray(prob)) return false;
    if (!prob->child) return true;
    if (task_row_length(prob) != t->k) return false;
    float *out = arena_take(arena, t->k * sizeof *out);
    *to = out;
    return task_read_floats(prob, t->k, out, arena);
}

static bool task_read_prediction(struct task *t, const cJSON *meta, struct arena *arena) {
    const cJSON *prob = cJSON_GetObjectItemCaseSensitive(meta, "probabilities"),
                *boosted = cJSON_GetObjectItemCaseSensitive(meta, "boosted");
    if (boosted && !task_read_shares(t, boosted, &t->boosted, arena)) return false;
    return task_read_shares(t, prob, &t->prob, arena) &&
           task_read_members(t, cJSON_GetObjectItemCaseSensitive(meta, "members"), arena);
}

static bool task_is_share(double x) { return x >= 0 && x <= 1; }

static bool task_are_shares(const float *p, size_t n) {
    for (size_t i = 0; p && i < n; i++)
        if (!task_is_share(p[i])) return false;
    return true;
}

/* Who may write the topic can write any number: what is computed with later holds its contract. */
static const char *task_fault(const struct task *t) {
    bool probable = t->propensity == 0 || t->propensity >= TASK_PROPENSITY_LEAST;
    if (!task_is_share(t->propensity) || !probable) return "its propensity is no probability";
    if (!task_are_shares(t->prob, t->k) || !task_are_shares(t->boosted, t->k) ||
        !task_are_shares(t->member, t->members * t->k))
        return "a prediction is no probability";
    if (t->covered > t->admitted) return "more samples are covered than were admitted";
    const int64_t times[] = {t->time_ms, t->asked_ms, t->expires_ms};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        if (times[i] < -1 || times[i] > TASK_TIME_MOST)
            return "a time is before 1970 or beyond the year 9999";
    if (t->asked_ms < 0 || t->expires_ms < 0) return "it was asked, or closes, before 1970";
    if (t->k > CLASSES_MAX) return "it has more classes than a model may have";
    if (t->d > COLUMNS_MAX) return "its row is longer than any";
    if (t->members > MEMBERS_MAX) return "it has more members than a model may have";
    if (t->sample_id.len > TASK_SAMPLE_MAX) return "its sample id is longer than any";
    if (!text_is_utf8(t->sample_id)) return "its sample id is not UTF-8";
    return NULL;
}

static const char *task_read_meta(struct task *t, const cJSON *meta, struct arena *arena) {
    if (!task_read_identity(t, meta, arena))
        return "format, id, sample_id or fingerprint is missing or not ours";
    if (!task_read_source(t, meta, arena)) return "source is missing or wrong";
    if (!task_read_choices(t, meta)) return "reason, measure, manager or arm is unknown";
    if (!task_read_fields(t, meta)) return "a figure is missing or not a number";
    if (!task_read_opinions(t, meta)) return "its opinions are no number of readers";
    if (!task_read_unasked(t, meta)) return "unasked is no sum over samples";
    if (!task_read_classes(t, meta, arena)) return "classes are missing or wrong";
    if (!task_read_prediction(t, meta, arena))
        return "probabilities or members are missing or of the wrong shape, or boosted is";
    const cJSON *row = cJSON_GetObjectItemCaseSensitive(meta, "row");
    if (!task_row_read(row, &t->row, &t->d, arena)) return "the row is missing or not finite";
    return task_fault(t);
}

int task_read(struct task *out, struct text record, struct arena *arena, const char **why) {
    struct text data = json_member(record, "data"), event = json_member(data, "event");
    cJSON *meta = json_parse_most(json_member(record, "meta"), VALUES_MAX, arena);
    struct task t = {0};
    *why = cJSON_IsObject(meta) ? task_read_meta(&t, meta, arena) : "there is no readable meta";
    const cJSON *left_out = cJSON_GetObjectItemCaseSensitive(meta, "event_left_out");
    if (!text_equal(event, TEXT("null"))) t.event = arena_text(arena, event);
    t.event_left_out = cJSON_IsTrue(left_out) && !t.event.at;
    cJSON_Delete(meta);
    if (*why) return ERR_INPUT;
    *out = t;
    return 0;
}
