/* The dataset is read and rewound, not opened a second time: opening scans its file.
 *
 * Thread: main thread */
#include "feed_look.h"

#include "base/json.h"
#include "encode/features.h"

enum {
    LOOK_ROWS = 200,   // that are looked at
    LABELS_LEAST = 20, // of them with a class, before a member may be the label
    LABELS_MOST = 8    // members that are followed
};

/* A member that held nothing but classes so far. */
struct feed_label {
    char *name;
    uint64_t rows;
    int class_;  // of its first row
    bool varies; // others came
};

struct feed_looking {
    const struct config *config;
    struct dataset *data;
    struct features *features;
    struct feed_label label[LABELS_MOST];
    size_t labels;
    uint64_t rows;
    bool known; // a row has a field that is a feature
};

static const cJSON *feed_look_event(const struct feed_looking *l, const cJSON *row) {
    const char *at = l->config->admit.event;
    const cJSON *event = *at ? json_at(row, text_of(at)) : NULL;
    return event ? event : row;
}

static bool feed_look_is_feature(const struct feed_looking *l, const cJSON *event,
                                 const cJSON *member) {
    const struct text *path = features_paths(l->features);
    for (size_t i = 0; i < features_fields(l->features); i++)
        if (json_at(event, path[i]) == member) return true;
    return false;
}

/* -1: none. */
static int feed_look_class(const struct feed_looking *l, const cJSON *member) {
    struct buf number = {0};
    struct text text = {0};
    if (cJSON_IsString(member)) text = text_of(member->valuestring);
    else if (cJSON_IsBool(member)) text = cJSON_IsTrue(member) ? TEXT("true") : TEXT("false");
    else if (cJSON_IsNumber(member)) {
        buf_double(&number, member->valuedouble);
        text = buf_view(&number);
    }
    int class_ = dataset_class(l->data, &l->config->model.classes, text);
    buf_release(&number);
    return class_;
}

static void feed_look_begin_labels(struct feed_looking *l, const cJSON *event) {
    const cJSON *member;
    cJSON_ArrayForEach(member, event) {
        int class_ = feed_look_class(l, member);
        if (class_ < 0 || !member->string || l->labels == LABELS_MOST ||
            feed_look_is_feature(l, event, member))
            continue;
        l->label[l->labels++] =
            (struct feed_label){.name = xstrdup(member->string), .class_ = class_};
    }
}

static void feed_look_follow_labels(struct feed_looking *l, const cJSON *event) {
    for (size_t i = 0; i < l->labels; i++) {
        struct feed_label *label = &l->label[i];
        const cJSON *member = cJSON_GetObjectItemCaseSensitive(event, label->name);
        int class_ = feed_look_class(l, member);
        if (class_ >= 0) {
            label->rows++;
            label->varies |= class_ != label->class_;
        } else if (member && !cJSON_IsNull(member)) {
            free(label->name);
            *label = l->label[--l->labels];
            i--;
        }
    }
}

static void feed_look_at(struct feed_looking *l, const cJSON *row) {
    const cJSON *event = feed_look_event(l, row);
    const struct text *path = features_paths(l->features);
    for (size_t i = 0; i < features_fields(l->features) && !l->known; i++)
        l->known = json_at(event, path[i]) != NULL;
    if (l->rows++ == 0) feed_look_begin_labels(l, event);
    feed_look_follow_labels(l, event);
}

static int feed_look_read(struct feed_looking *l, struct buf *why) {
    struct dataset_sample s;
    struct arena arena = {0};
    int result = 0;
    while (l->rows < LOOK_ROWS && (result = dataset_next(l->data, &s, why)) > 0) {
        cJSON *row = json_parse(s.event, &arena);
        feed_look_at(l, row);
        cJSON_Delete(row);
        arena_reset(&arena);
    }
    arena_release(&arena);
    return result < 0 ? result : 0;
}

static int feed_look_judge(const struct feed_looking *l, const struct dataset_options *o,
                           struct buf *remarks, struct buf *why) {
    for (size_t i = 0; i < l->labels && !o->label; i++)
        if (l->label[i].varies && l->label[i].rows >= LABELS_LEAST) {
            buf_str(remarks, "\"");
            buf_shown(remarks, text_of(l->label[i].name));
            buf_str(remarks, "\" holds nothing but classes and is sent too: is it the label? Then "
                             "--label leaves it out\n");
        }
    if (l->known || !l->rows) return 0;
    const struct text path = features_paths(l->features)[0];
    buf_printf(why,
               "%s: none of its first %llu rows has a field that is a feature of the "
               "configuration, as %.*s: each would be a dead letter",
               o->file, (unsigned long long)l->rows, (int)path.len, path.at);
    return ERR_INPUT;
}

int feed_look(const struct config *c, struct dataset *d, const struct dataset_options *options,
              struct buf *remarks, struct buf *why) {
    struct feed_looking l = {.config = c, .data = d};
    TRY(features_of(&l.features, c));
    int result = feed_look_read(&l, why);
    if (result == 0) result = feed_look_judge(&l, options, remarks, why);
    if (result == 0) result = dataset_rewind(d, why);
    for (size_t i = 0; i < l.labels; i++) free(l.label[i].name);
    features_destroy(l.features);
    return result;
}
