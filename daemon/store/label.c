/* Reading what annotation tools send, as long as it says which task and which class.
 *
 * One JSON object, whose members stand where section labels says, or under our own names; one of
 * Label Studio's is turned into our own form first (label_studio_answer.h). One that we wrote (the
 * bridge, the page /label) is in our own form, whatever that section says. Members that are there
 * must have the right type: a revision that is a word is not taken for zero, for it could decide
 * which of two answers wins. null is absent.
 *
 * Thread: any thread */
#include "store/label.h"

#include "base/framing.h"
#include "base/json.h"
#include "base/moment.h"
#include "label_studio_answer.h"
#include "route/task.h"

#include <math.h>

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

/* The record as its writer's configuration has it. */
struct label_record {
    const struct config *config; // NULL: our own form
    const cJSON *object;
};

/* Whether section labels says that what stands under our name for one thing is another: with
 * `label: /outcome` an outcome is no outcome. */
static bool label_is_claimed(const struct label_record *r, const char *key) {
    const struct config *c = r->config;
    if (!c) return false;
    const char *const pointers[] = {c->labels.id,    c->labels.sample_id, c->labels.label,
                                    c->labels.time,  c->labels.annotator, c->labels.outcome,
                                    c->labels.source};
    for (size_t i = 0; i < sizeof pointers / sizeof *pointers; i++)
        if (*pointers[i] == '/' && strcmp(pointers[i] + 1, key) == 0) return true;
    return false;
}

/* A member of our form, from where it stands; NULL: absent or null. pointer: its option. */
static const cJSON *label_item(const struct label_record *r, const char *pointer, const char *key) {
    const cJSON *item = pointer && *pointer ? json_at(r->object, text_of(pointer)) : NULL;
    if ((!item || cJSON_IsNull(item)) && !label_is_claimed(r, key))
        item = cJSON_GetObjectItemCaseSensitive(r->object, key);
    return cJSON_IsNull(item) ? NULL : item;
}

static bool label_integer(const cJSON *item, int64_t *out) {
    if (!cJSON_IsNumber(item) || !(fabs(item->valuedouble) <= (double)JSON_INTEGER_MAX) ||
        item->valuedouble != rint(item->valuedouble))
        return false;
    *out = (int64_t)item->valuedouble;
    return true;
}

/* A string, or a whole number as its decimals (ids of other systems are often numbers). An empty
 * one names nothing, so it is as good as absent. */
static int label_read_name(const cJSON *item, struct arena *arena, struct text *out) {
    int64_t number;
    *out = (struct text){0};
    if (!item) return 0;
    if (cJSON_IsString(item)) *out = arena_text(arena, text_of(item->valuestring));
    else if (label_integer(item, &number)) {
        char digits[24];
        snprintf(digits, sizeof digits, "%lld", (long long)number);
        *out = arena_text(arena, text_of(digits));
    } else return ERR_INPUT;
    if (out->len > LABEL_NAME_MAX) return ERR_INPUT;
    if (!out->len) *out = (struct text){0};
    return 0;
}

static int label_read_time(const struct label_record *r, int64_t *out) {
    const struct config *c = r->config;
    const cJSON *item = label_item(r, c ? c->labels.time : NULL, "time");
    double per_ms = c ? time_unit_per_ms((enum time_unit)c->labels.time_unit) : 1;
    bool good = true;
    if (cJSON_IsString(item)) good = moment_read(text_of(item->valuestring), false, out);
    else if (item && per_ms == 1) good = label_integer(item, out);
    else if (item) good = cJSON_IsNumber(item) && moment_of_number(item->valuedouble, per_ms, out);
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

static bool label_outcome_of(struct text name, enum label_outcome *out) {
    for (size_t i = 0; i < OUTCOMES; i++) {
        if (!text_equal(name, text_of(outcome_name[i]))) continue;
        *out = (enum label_outcome)i;
        return true;
    }
    return false;
}

static int label_read_outcome(const struct label_record *r, enum label_outcome *out) {
    const cJSON *item = label_item(r, r->config ? r->config->labels.outcome : NULL, "outcome");
    *out = LABEL_LABELLED;
    return !item || label_outcome_of(text_of(cJSON_GetStringValue(item)), out) ? 0 : ERR_INPUT;
}

/* The class, by what it is called there (labels.values); an outcome may be called so too. */
static void label_translate(const struct config *c, struct label *out, struct arena *arena) {
    for (size_t i = 0; c && out->label.at && i < c->labels.values.n; i++) {
        struct text spelling = text_of(c->labels.values.at[i]), class_ = {0};
        text_cut(&spelling, '=', &class_);
        if (!text_equal(spelling, out->label)) continue;
        bool outcome = config_class(c, class_) < 0 && label_outcome_of(class_, &out->outcome);
        out->label = outcome ? (struct text){0} : arena_text(arena, class_);
        return;
    }
}

/* ---- reading ---- */

static int label_read_numbers(const struct label_record *r, struct label *out, const char **why) {
    const cJSON *revision = label_item(r, NULL, "revision"),
                *confidence = label_item(r, NULL, "confidence");
    if (revision && (!label_integer(revision, &out->revision) || out->revision < 0 ||
                     out->revision > LABEL_REVISION_MOST))
        return label_refuse(why, "revision is not a whole number from 0 to 2^52");
    if (confidence) out->confidence = cJSON_IsNumber(confidence) ? confidence->valuedouble : NAN;
    if (!(out->confidence >= 0 && out->confidence <= 1))
        return label_refuse(why, "confidence is not a number from 0 to 1");
    if (label_read_time(r, &out->time_ms) < 0)
        return label_refuse(why, "time is neither a number of its unit nor RFC 3339 with a zone");
    return 0;
}

static int label_read_names(const struct label_record *r, struct arena *arena, struct label *out,
                            const char **why) {
    const struct config *c = r->config;
    const struct {
        const char *key, *pointer;
        struct text *to;
        const char *why;
    } names[] = {
        {"id", c ? c->labels.id : NULL, &out->id, "id is not a string, or longer than 512 bytes"},
        {"sample_id", c ? c->labels.sample_id : NULL, &out->sample_id,
         "sample_id is not a string, or longer than 512 bytes"},
        {"annotator", c ? c->labels.annotator : NULL, &out->annotator,
         "annotator is not a string, or longer than 512 bytes"},
        {"source", c ? c->labels.source : NULL, &out->source,
         "source is not a string, or longer than 512 bytes"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (label_read_name(label_item(r, names[i].pointer, names[i].key), arena, names[i].to) < 0)
            return label_refuse(why, names[i].why);
    return 0;
}

/* Nearly every record has an id of its own. Where section labels says where the sample stands, and
 * not where the task, such an id names neither. */
static void label_drop_their_id(const struct label_record *r, struct label *out) {
    const struct config *c = r->config;
    uint8_t id[TASK_ID_BYTES];
    if (c && *c->labels.sample_id && !*c->labels.id && out->sample_id.at && out->id.at &&
        task_id_parse(id, out->id) < 0)
        out->id = (struct text){0};
}

static int label_read_class(const struct label_record *r, struct arena *arena, struct label *out,
                            const char **why) {
    const cJSON *item = label_item(r, r->config ? r->config->labels.label : NULL, "label");
    if (cJSON_IsBool(item)) out->label = cJSON_IsTrue(item) ? TEXT("true") : TEXT("false");
    else if (label_read_name(item, arena, &out->label) < 0)
        return label_refuse(why, "label is neither a string of at most 512 bytes nor a whole "
                                 "number, true or false");
    if (label_read_outcome(r, &out->outcome) < 0)
        return label_refuse(why, "outcome is not labelled, skipped or cannot_tell");
    label_translate(r->config, out, arena);
    if (out->outcome == LABEL_LABELLED && !out->label.at)
        return label_refuse(why, "there is no label in it");
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

/* Whether the class stands where section labels says: then what they call data is theirs. */
static bool label_is_theirs(const struct label_record *r) {
    const char *pointer = r->config ? r->config->labels.label : "";
    const cJSON *item = *pointer ? json_at(r->object, text_of(pointer)) : NULL;
    return item && !cJSON_IsNull(item);
}

/* An event of its own. */
static int label_read_data(struct label *out, const struct label_record *r, struct text record,
                           struct arena *arena, const char **why) {
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(r->object, "data");
    if (label_is_theirs(r)) return 0;
    if (label_is_task(out, r->object, arena)) data = NULL; // what its data are is known by its id
    if (!data || cJSON_IsNull(data)) return 0;
    if (!cJSON_IsObject(data)) return label_refuse(why, "data is not an object");
    out->data = arena_text(arena, json_member(record, "data"));
    return out->data.at ? 0 : label_refuse(why, "data cannot be told apart in the record");
}

static int label_read_object(struct label *out, const struct label_record *r, struct text record,
                             struct text key, struct arena *arena, const char **why) {
    TRY(label_read_names(r, arena, out, why));
    label_drop_their_id(r, out);
    TRY(label_read_numbers(r, out, why));
    TRY(label_read_class(r, arena, out, why));
    TRY(label_read_data(out, r, record, arena, why));
    label_id_from_key(out, key, arena);
    if (!out->id.at && !out->sample_id.at && !out->data.at)
        return label_refuse(why,
                            "it names neither a task (id) nor a sample (sample_id), and has no "
                            "event of its own (data)");
    return 0;
}

/* Whether label_write may have written it: our names and no others, and always an outcome. */
static bool label_is_ours(const cJSON *object) {
    static const char *const names[] = {"id",     "sample_id", "label", "outcome",    "annotator",
                                        "source", "revision",  "time",  "confidence", "data"};
    const cJSON *member;
    enum label_outcome outcome;
    cJSON_ArrayForEach(member, object) {
        size_t i = 0;
        while (i < sizeof names / sizeof *names && strcmp(member->string, names[i]) != 0) i++;
        if (i == sizeof names / sizeof *names) return false;
    }
    return label_outcome_of(json_text(object, "outcome"), &outcome);
}

/* Label Studio's forms hold no event of their own: what they call data is the task's. */
static int label_read_any(struct label *out, const struct config *c, const cJSON *object,
                          struct text record, struct text key, struct arena *arena,
                          const char **why) {
    cJSON *answer = NULL;
    if (!cJSON_IsObject(object)) return label_refuse(why, "the label is not one JSON object");
    int result = label_studio_answer(&answer, object, c ? c->route.label_control : "label", why);
    bool plain = result > 0 || label_is_ours(object);
    const struct label_record r = {.config = plain ? NULL : c,
                                   .object = result > 0 ? answer : object};
    if (result >= 0) result = label_read_object(out, &r, record, key, arena, why);
    if (result == 0 && plain && c && config_class(c, out->label) < 0)
        label_translate(c, out, arena);
    cJSON_Delete(answer);
    return result;
}

int label_read(struct label *out, const struct config *c, struct text record, struct text key,
               int64_t record_time_ms, struct arena *arena, const char **why) {
    uint32_t schema;
    *out = (struct label){.time_ms = record_time_ms, .confidence = 1};
    (void)framing_read(record, &schema, &record);
    cJSON *object = json_parse(record, arena);
    int result = label_read_any(out, c, object, record, key, arena, why);
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
