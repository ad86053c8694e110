/* Reading what annotation tools send, as long as it says which task and which class.
 *
 * One JSON object. Members that are there must have the right type: a revision that is a word is
 * not taken for zero, for it could decide which of two answers wins. Times are milliseconds since
 * 1970 or RFC 3339.
 *
 * Thread: any thread */
#include "store/label.h"

#include "base/framing.h"
#include "base/json.h"
#include "route/task.h"

#include <time.h>

static const char *const outcome_name[] = {[LABEL_LABELLED] = "labelled",
                                           [LABEL_SKIPPED] = "skipped",
                                           [LABEL_CANNOT_TELL] = "cannot_tell"};
enum { OUTCOMES = sizeof outcome_name / sizeof *outcome_name };
#define LABEL_TIME_LEAST INT64_C(946684800000) // the year 2000, in ms since 1970
#define LABEL_AHEAD_MS INT64_C(86400000)       // so far may clocks and time zones be apart: a day

/* ---- parts ---- */

static int label_refuse(const char **why, const char *text) {
    *why = text;
    return ERR_INPUT;
}

/* A string, or a whole number as its decimals (ids of other systems are often numbers). An empty
 * one names nothing, so it is as good as absent. */
static int label_read_name(const cJSON *object, const char *key, struct arena *arena,
                           struct text *out) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    int64_t number;
    *out = (struct text){0};
    if (!item || cJSON_IsNull(item)) return 0;
    if (cJSON_IsString(item)) *out = arena_text(arena, text_of(item->valuestring));
    else if (json_integer(object, key, &number)) {
        char digits[24];
        snprintf(digits, sizeof digits, "%lld", (long long)number);
        *out = arena_text(arena, text_of(digits));
    } else return ERR_INPUT;
    if (out->len > LABEL_NAME_MAX) return ERR_INPUT;
    if (!out->len) *out = (struct text){0};
    return 0;
}

/* Milliseconds of the decimals behind a point; *at moves behind them. */
static int label_milliseconds(const char **at) {
    int ms = 0, scale = 100;
    for (; **at >= '0' && **at <= '9'; ++*at, scale /= 10) ms += (**at - '0') * scale;
    return ms;
}

/* "Z" or "+01:00", and nothing behind it, as milliseconds ahead of UTC. */
static bool label_zone(const char *at, int64_t *out) {
    int hours = 0, minutes = 0, n = 0;
    *out = 0;
    if (*at == 'Z' || *at == 'z') return !at[1];
    if (*at != '+' && *at != '-') return false;
    if (sscanf(at + 1, "%2d:%2d%n", &hours, &minutes, &n) != 2 || n != 5 || at[6]) return false;
    if (hours > 23 || minutes > 59) return false;
    *out = (hours * 60 + minutes) * (*at == '-' ? -60000L : 60000L);
    return true;
}

/* "2026-11-23T17:00:00.5+01:00" to milliseconds; false: it is none. */
static bool label_rfc_3339(const char *text, int64_t *out) {
    struct tm t = {0};
    int ms = 0;
    int64_t ahead;
    const char *at = strptime(text, "%Y-%m-%d", &t);
    if (!at || (*at != 'T' && *at != 't' && *at != ' ')) return false;
    at = strptime(at + 1, "%H:%M:%S", &t);
    if (!at) return false;
    if (*at == '.') {
        at++;
        ms = label_milliseconds(&at);
    }
    if (!label_zone(at, &ahead)) return false;
    *out = (int64_t)timegm(&t) * 1000 + ms - ahead;
    return true;
}

static int label_read_time(const cJSON *object, int64_t *out) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, "time");
    if (!item || cJSON_IsNull(item)) return 0;
    bool good = cJSON_IsString(item) ? label_rfc_3339(item->valuestring, out)
                                     : json_integer(object, "time", out);
    return good ? 0 : ERR_INPUT;
}

/* A time in other units (seconds, microseconds), or of a clock that is wrong, would win or lose for
 * ever against the other answers: the record's own time stands for it. That one may be anything as
 * well, for producers set it: one that can be no time is none (0). A task that is named by its id
 * bounds it too: the id holds the time of the sample, which nobody can have answered before. By the
 * id and not by the task, so that it is the same whether the task was read already. */
static void label_doubt_time(struct label *l, int64_t record_time_ms) {
    uint8_t id[TASK_ID_BYTES];
    bool known = record_time_ms > 0 && record_time_ms <= TASK_TIME_MOST;
    int64_t instead = known ? record_time_ms : 0, least = LABEL_TIME_LEAST;
    if (l->id.at && task_id_parse(id, l->id) == 0 && task_id_time(id) > least)
        least = task_id_time(id);
    bool late = known && l->time_ms > record_time_ms + LABEL_AHEAD_MS,
         early = known && l->time_ms < least;
    if (late || early || l->time_ms < 0 || l->time_ms > TASK_TIME_MOST) l->time_ms = instead;
}

static int label_read_outcome(const cJSON *object, enum label_outcome *out) {
    struct text name = json_text(object, "outcome");
    *out = LABEL_LABELLED;
    if (!cJSON_GetObjectItemCaseSensitive(object, "outcome")) return 0;
    for (size_t i = 0; i < OUTCOMES; i++) {
        if (!text_equal(name, text_of(outcome_name[i]))) continue;
        *out = (enum label_outcome)i;
        return 0;
    }
    return ERR_INPUT;
}

/* ---- reading ---- */

static int label_read_numbers(const cJSON *object, struct label *out, const char **why) {
    bool revision = cJSON_GetObjectItemCaseSensitive(object, "revision"),
         confidence = cJSON_GetObjectItemCaseSensitive(object, "confidence");
    if (revision && !json_integer(object, "revision", &out->revision))
        return label_refuse(why, "revision is not a whole number");
    if (confidence && (!json_number(object, "confidence", &out->confidence) ||
                       !(out->confidence >= 0 && out->confidence <= 1)))
        return label_refuse(why, "confidence is not a number from 0 to 1");
    if (label_read_time(object, &out->time_ms) < 0)
        return label_refuse(why, "time is neither milliseconds nor RFC 3339");
    return 0;
}

static int label_read_names(const cJSON *object, struct arena *arena, struct label *out,
                            const char **why) {
    const struct {
        const char *key;
        struct text *to;
        const char *why;
    } names[] = {
        {"id", &out->id, "id is not a string, or longer than 512 bytes"},
        {"sample_id", &out->sample_id, "sample_id is not a string, or longer than 512 bytes"},
        {"label", &out->label, "label is neither a string of at most 512 bytes nor a whole number"},
        {"annotator", &out->annotator, "annotator is not a string, or longer than 512 bytes"},
        {"source", &out->source, "source is not a string, or longer than 512 bytes"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (label_read_name(object, names[i].key, arena, names[i].to) < 0)
            return label_refuse(why, names[i].why);
    return 0;
}

/* The record's key stands in for the id when it is one of ours. */
static void label_id_from_key(struct label *out, struct text key, struct arena *arena) {
    uint8_t id[TASK_ID_BYTES];
    if (!out->id.at && !out->sample_id.at && key.at && task_id_parse(id, key) == 0)
        out->id = arena_text(arena, key);
}

/* One of our own tasks that was sent back with a label in it: its id is in `meta`. */
static bool label_is_task(struct label *out, const cJSON *object, struct arena *arena) {
    const cJSON *meta = cJSON_GetObjectItemCaseSensitive(object, "meta");
    uint8_t bytes[TASK_ID_BYTES];
    struct text id = json_text(meta, "id");
    if (out->id.at || out->sample_id.at || !id.at || task_id_parse(bytes, id) < 0) return false;
    out->id = arena_text(arena, id);
    return true;
}

static int label_read_object(struct label *out, const cJSON *object, struct text record,
                             struct text key, struct arena *arena, const char **why) {
    if (!cJSON_IsObject(object)) return label_refuse(why, "the label is not one JSON object");
    TRY(label_read_names(object, arena, out, why));
    TRY(label_read_numbers(object, out, why));
    if (label_read_outcome(object, &out->outcome) < 0)
        return label_refuse(why, "outcome is not labelled, skipped or cannot_tell");
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(object, "data");
    if (label_is_task(out, object, arena)) data = NULL; // what its data are is known by its id
    if (data && !cJSON_IsNull(data)) {
        if (!cJSON_IsObject(data)) return label_refuse(why, "data is not an object");
        out->data = arena_text(arena, json_member(record, "data"));
        if (!out->data.at) return label_refuse(why, "data cannot be told apart in the record");
    }
    label_id_from_key(out, key, arena);
    if (!out->id.at && !out->sample_id.at && !out->data.at)
        return label_refuse(why,
                            "it names neither a task (id) nor a sample (sample_id), and has no "
                            "event of its own (data)");
    if (out->outcome == LABEL_LABELLED && !out->label.at)
        return label_refuse(why, "there is no label in it");
    return 0;
}

int label_read(struct label *out, struct text record, struct text key, int64_t record_time_ms,
               struct arena *arena, const char **why) {
    uint32_t schema;
    *out = (struct label){.time_ms = record_time_ms, .confidence = 1};
    (void)framing_read(record, &schema, &record);
    cJSON *object = json_parse(record, arena);
    int result = label_read_object(out, object, record, key, arena, why);
    if (result == 0) label_doubt_time(out, record_time_ms);
    cJSON_Delete(object);
    return result;
}

/* ---- writing ---- */

static void label_add_member(struct buf *out, const char *key, struct text value) {
    if (!value.at) return;
    if (out->at[out->len - 1] != '{') buf_str(out, ",");
    buf_printf(out, "\"%s\":", key);
    buf_json(out, value);
}

void label_write(const struct label *l, struct buf *out) {
    buf_str(out, "{");
    label_add_member(out, "id", l->id);
    label_add_member(out, "sample_id", l->sample_id);
    label_add_member(out, "label", l->label);
    label_add_member(out, "outcome", text_of(outcome_name[l->outcome]));
    label_add_member(out, "annotator", l->annotator);
    label_add_member(out, "source", l->source);
    if (l->revision) buf_printf(out, ",\"revision\":%lld", (long long)l->revision);
    if (l->time_ms) buf_printf(out, ",\"time\":%lld", (long long)l->time_ms);
    if (l->confidence < 1) {
        buf_str(out, ",\"confidence\":");
        buf_double(out, l->confidence);
    }
    if (l->data.at) {
        buf_str(out, ",\"data\":");
        buf_text(out, l->data);
    }
    buf_str(out, "}");
}
