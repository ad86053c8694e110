/* The task is ours, so its data and meta hold our ids; numbers of Label Studio's own are no ids of
 * ours and are left out. Of an export's several annotations the one that was changed last counts:
 * a record is one answer.
 *
 * Forms and members: https://labelstud.io/guide/webhook_reference and guide/export.
 *
 * Thread: any thread */
#include "label_studio_answer.h"

#include "base/error.h"
#include "route/task.h"

static const cJSON *studio_member(const cJSON *object, const char *key) {
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

static void studio_copy(cJSON *answer, const char *to, const cJSON *item) {
    if (item && !cJSON_IsNull(item) && !studio_member(answer, to))
        cJSON_AddItemToObject(answer, to, cJSON_Duplicate(item, true));
}

/* The name of a task of ours; other texts and Label Studio's numbers are none. */
static void studio_copy_id(cJSON *answer, const cJSON *item) {
    uint8_t id[TASK_ID_BYTES];
    struct text text = text_of(cJSON_GetStringValue(item));
    if (text.at && task_id_parse(id, text) == 0) studio_copy(answer, "id", item);
}

static void studio_copy_names(cJSON *answer, const cJSON *task) {
    static const char *const parts[] = {"meta", "data"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const cJSON *part = studio_member(task, parts[i]);
        studio_copy_id(answer, studio_member(part, "id"));
        studio_copy(answer, "sample_id", studio_member(part, "sample_id"));
    }
}

/* Who answered is a number, or in some forms an object with it. */
static const cJSON *studio_annotator(const cJSON *completed_by) {
    if (!cJSON_IsObject(completed_by)) return completed_by;
    const cJSON *email = studio_member(completed_by, "email");
    return email ? email : studio_member(completed_by, "id");
}

/* The only choice of that control; NULL: none, or several. */
static const cJSON *studio_choice(const cJSON *annotation, const char *control) {
    const cJSON *part, *found = NULL, *result = studio_member(annotation, "result");
    if (!cJSON_IsArray(result)) return NULL;
    cJSON_ArrayForEach(part, result) {
        const char *from = cJSON_GetStringValue(studio_member(part, "from_name"));
        const cJSON *choices = studio_member(studio_member(part, "value"), "choices");
        if (!from || strcmp(from, control) != 0 || cJSON_GetArraySize(choices) != 1) continue;
        if (found || !cJSON_IsArray(choices)) return NULL;
        found = cJSON_GetArrayItem(choices, 0);
    }
    return found;
}

static int studio_no_choice(const char **why) {
    *why = "an answer of Label Studio without one choice of the control route.label_control";
    return ERR_INPUT;
}

static int studio_annotation(cJSON *answer, const cJSON *annotation, const cJSON *task,
                             const char *control, const char **why) {
    const cJSON *choice = studio_choice(annotation, control);
    bool skipped = cJSON_IsTrue(studio_member(annotation, "was_cancelled"));
    if (!skipped && !choice) return studio_no_choice(why);
    if (skipped) cJSON_AddStringToObject(answer, "outcome", "skipped");
    else studio_copy(answer, "label", choice);
    studio_copy_names(answer, task);
    studio_copy(answer, "annotator", studio_annotator(studio_member(annotation, "completed_by")));
    studio_copy(answer, "time", studio_member(annotation, "updated_at"));
    return 1;
}

/* The annotation that was changed last; their times are all of one form, so they sort as texts. */
static const cJSON *studio_newest(const cJSON *annotations) {
    const cJSON *one, *newest = NULL;
    const char *last = "";
    cJSON_ArrayForEach(one, annotations) {
        const char *time = cJSON_GetStringValue(studio_member(one, "updated_at"));
        if (newest && strcmp(time ? time : "", last) < 0) continue;
        newest = one;
        last = time ? time : "";
    }
    return newest;
}

/* JSON_MIN: the task's data, and each control as a member. */
static int studio_flat(cJSON *answer, const cJSON *object, const char *control, const char **why) {
    const cJSON *choice = studio_member(object, control);
    if (!cJSON_IsString(choice)) return studio_no_choice(why);
    studio_copy(answer, "label", choice);
    studio_copy_id(answer, studio_member(object, "id"));
    studio_copy(answer, "sample_id", studio_member(object, "sample_id"));
    studio_copy(answer, "annotator", studio_annotator(studio_member(object, "annotator")));
    studio_copy(answer, "time", studio_member(object, "updated_at"));
    return 1;
}

static int studio_webhook(cJSON *answer, const cJSON *object, const char *control,
                          const char **why) {
    const cJSON *annotation = studio_member(object, "annotation");
    if (cJSON_IsObject(annotation))
        return studio_annotation(answer, annotation, studio_member(object, "task"), control, why);
    *why = "a webhook of Label Studio that is no answer";
    return ERR_MISSING;
}

static int studio_export(cJSON *answer, const cJSON *object, const char *control,
                         const char **why) {
    const cJSON *annotation = studio_newest(studio_member(object, "annotations"));
    if (annotation) return studio_annotation(answer, annotation, object, control, why);
    *why = "a task of Label Studio that has no answer";
    return ERR_MISSING;
}

int label_studio_answer(cJSON **answer, const cJSON *object, const char *control,
                        const char **why) {
    int (*read)(cJSON *, const cJSON *, const char *, const char **) = NULL;
    if (cJSON_IsString(studio_member(object, "action")) &&
        cJSON_IsObject(studio_member(object, "project")))
        read = studio_webhook;
    else if (cJSON_IsArray(studio_member(object, "annotations")) &&
             cJSON_IsObject(studio_member(object, "data")))
        read = studio_export;
    else if (studio_member(object, "annotation_id") && studio_member(object, "updated_at"))
        read = studio_flat;
    if (!read) return 0;
    *answer = cJSON_CreateObject();
    int result = read(*answer, object, control, why);
    if (result > 0) cJSON_AddStringToObject(*answer, "source", "label_studio");
    return result;
}
