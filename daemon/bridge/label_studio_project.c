/* The project in Label Studio: found by number or title, made, and held against the configuration.
 *
 * A project that people changed is not overwritten; what does not fit is said. A title is looked
 * for before a project is made; two set-ups at the same time can make two, and then the one with
 * the smaller number is used.
 *
 * Thread: main thread */
#include "label_studio_private.h"

enum {
    PAGE_PROJECTS = 100, // of the list of projects
    PAGES_MOST = 100,    // 10,000 projects: then give bridge.project
    TITLE_LEAST = 3,     // characters that Label Studio wants in a title
    HOTKEYS = 9          // classes that get a key, 1 to 9
};

static void label_studio_xml(const char *text, struct buf *out) {
    for (; *text; text++) switch (*text) {
        case '&': buf_str(out, "&amp;"); break;
        case '<': buf_str(out, "&lt;"); break;
        case '>': buf_str(out, "&gt;"); break;
        case '"': buf_str(out, "&quot;"); break;
        default: buf_add(out, text, 1);
        }
}

/* One table, one choice with a key for each of the first classes. */
static void label_studio_labelling(const struct config *c, struct buf *out) {
    buf_str(out, "<View>\n  <Header value=\"$summary\"/>\n  <Table name=\"");
    label_studio_xml(c->route.label_object, out);
    buf_str(out, "\" value=\"$");
    label_studio_xml(c->route.label_object, out);
    buf_str(out, "\"/>\n  <Choices name=\"");
    label_studio_xml(c->route.label_control, out);
    buf_str(out, "\" toName=\"");
    label_studio_xml(c->route.label_object, out);
    buf_str(out, "\" choice=\"single\" showInLine=\"true\" required=\"true\">\n");
    for (size_t i = 0; i < c->model.classes.n; i++) {
        buf_str(out, "    <Choice value=\"");
        label_studio_xml(c->model.classes.at[i], out);
        if (i < HOTKEYS) buf_printf(out, "\" hotkey=\"%zu", i + 1);
        buf_str(out, "\"/>\n");
    }
    buf_str(out, "  </Choices>\n</View>");
}

/* ---- calls ---- */

static int label_studio_odd_project(const struct label_studio *l, const char *what,
                                    struct buf *why) {
    buf_printf(why, "%s does not answer as it should", l->config->bridge.url);
    return label_studio_odd(l, what);
}

/* 0 with the answer and its status, or an error with *why. */
static int label_studio_get(struct label_studio *l, long *status, cJSON **out, struct buf *why) {
    *status = 0;
    *out = NULL;
    int result = label_studio_call(
        l, &(struct label_studio_call){.method = "GET", .timeout_ms = LABEL_STUDIO_ASK_MS}, status,
        out);
    bool refused = *status == 401 || *status == 403;
    if (refused)
        buf_printf(why, "%s refuses the token in bridge.token_file", l->config->bridge.url);
    else if (result < 0) buf_printf(why, "%s does not answer as it should", l->config->bridge.url);
    return refused ? ERR_CONFIG : result;
}

/* One page of projects; the least number with our title goes to *number. Whether there are more
 * pages. What is no list does not say that there is no project: another one would be made. */
static int label_studio_seek_page(struct label_studio *l, int page, int64_t *number,
                                  struct buf *why) {
    cJSON *json;
    long status;
    int64_t id;
    buf_reset(&l->path);
    buf_printf(&l->path, "/api/projects/?page_size=%d&page=%d", PAGE_PROJECTS, page);
    TRY(label_studio_get(l, &status, &json, why));
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(json, "results"), *one;
    cJSON_ArrayForEach(
        one, list) if (text_equal(json_text(one, "title"), text_of(l->config->service.name)) &&
                       json_integer(one, "id", &id) && id > 0 &&
                       (!*number || id < *number)) *number = id;
    bool good = cJSON_IsArray(list);
    bool more = !cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(json, "next"));
    cJSON_Delete(json);
    return good ? more : label_studio_odd_project(l, "projects", why);
}

static int label_studio_seek(struct label_studio *l, struct buf *why) {
    int64_t number = 0;
    int more = 1;
    for (int page = 1; more > 0 && page <= PAGES_MOST; page++)
        more = label_studio_seek_page(l, page, &number, why);
    TRY(more);
    if (!number) return ERR_MISSING;
    l->project = number;
    return 0;
}

/* A list of the tasks, those that are most worth an answer first; without it the project works
 * too. */
static void label_studio_make_view(struct label_studio *l) {
    static const char hidden[] =
        "\"tasks:inner_id\",\"tasks:annotations_results\",\"tasks:annotations_ids\","
        "\"tasks:predictions_score\",\"tasks:predictions_model_versions\","
        "\"tasks:predictions_results\",\"tasks:total_predictions\",\"tasks:file_upload\","
        "\"tasks:storage_filename\",\"tasks:created_at\",\"tasks:updated_at\",\"tasks:updated_by\","
        "\"tasks:avg_lead_time\",\"tasks:draft_exists\",\"tasks:data.id\"";
    cJSON *json = NULL;
    buf_reset(&l->path);
    buf_str(&l->path, "/api/dm/views/");
    buf_reset(&l->body);
    buf_printf(&l->body,
               "{\"project\":%" PRId64 ",\"data\":{\"title\":\"By priority\",\"type\":\"list\","
               "\"target\":\"tasks\",\"ordering\":[\"-tasks:data.priority\"],\"hiddenColumns\":"
               "{\"explore\":[%s],\"labeling\":[]}}}",
               l->project, hidden);
    if (label_studio_call(l,
                          &(struct label_studio_call){.method = "POST",
                                                      .timeout_ms = LABEL_STUDIO_ASK_MS,
                                                      .body = buf_view(&l->body)},
                          NULL, &json) == 0)
        cJSON_Delete(json);
}

static int label_studio_make(struct label_studio *l, struct buf *why) {
    struct buf labelling = {0};
    cJSON *json = NULL;
    long status = 0;
    label_studio_labelling(l->config, &labelling);
    buf_reset(&l->body);
    buf_str(&l->body, "{\"title\":");
    buf_json_str(&l->body, l->config->service.name);
    buf_str(&l->body, ",\"label_config\":");
    buf_json(&l->body, buf_view(&labelling));
    buf_str(&l->body, ",\"sampling\":\"Uncertainty sampling\",\"show_skip_button\":true");
    buf_printf(&l->body, ",\"maximum_annotations\":%" PRId64 ",\"overlap_cohort_percentage\":100}",
               l->config->bridge.opinions);
    buf_release(&labelling);
    buf_reset(&l->path);
    buf_str(&l->path, "/api/projects/");
    int result = label_studio_call(l,
                                   &(struct label_studio_call){.method = "POST",
                                                               .timeout_ms = LABEL_STUDIO_ASK_MS,
                                                               .body = buf_view(&l->body)},
                                   &status, &json);
    if (result == 0 && (status != 201 || !json_integer(json, "id", &l->project) || l->project < 1))
        result = ERR_CONFIG;
    if (result < 0)
        buf_printf(why, "%s did not make the project \"%s\" (HTTP %ld)", l->config->bridge.url,
                   l->config->service.name, status);
    cJSON_Delete(json);
    if (result == 0) label_studio_make_view(l);
    return result;
}

/* ---- is it fit? ---- */

static bool label_studio_lists(const cJSON *list, const char *word) {
    const cJSON *one;
    cJSON_ArrayForEach(one, list) if (cJSON_IsString(one) &&
                                      strcmp(one->valuestring, word) == 0) return true;
    return false;
}

/* Whether the tasks' pre-annotations and our reading of answers fit the labelling configuration. */
static int label_studio_check(const struct label_studio *l, const cJSON *project, struct buf *why) {
    const struct config *c = l->config;
    const cJSON *parsed = cJSON_GetObjectItemCaseSensitive(project, "parsed_label_config");
    const cJSON *control = cJSON_GetObjectItemCaseSensitive(parsed, c->route.label_control);
    const cJSON *classes = cJSON_GetObjectItemCaseSensitive(control, "labels");
    const cJSON *objects = cJSON_GetObjectItemCaseSensitive(control, "to_name");
    if (!text_equal(json_text(control, "type"), TEXT("Choices"))) {
        buf_printf(why, "project %" PRId64 " has no <Choices name=\"%s\"> (route.label_control)",
                   l->project, c->route.label_control);
        return ERR_CONFIG;
    }
    if (!label_studio_lists(objects, c->route.label_object)) {
        buf_printf(why,
                   "project %" PRId64 ": <Choices name=\"%s\"> is not toName=\"%s\" "
                   "(route.label_object)",
                   l->project, c->route.label_control, c->route.label_object);
        return ERR_CONFIG;
    }
    for (size_t i = 0; i < c->model.classes.n; i++) {
        if (label_studio_lists(classes, c->model.classes.at[i])) continue;
        buf_printf(why, "project %" PRId64 " lacks the choice \"%s\", a class of model.classes",
                   l->project, c->model.classes.at[i]);
        return ERR_CONFIG;
    }
    return 0;
}

/* How many people may answer a task; a set-up raises it. */
static int label_studio_check_opinions(struct label_studio *l, const cJSON *project, bool make,
                                       struct buf *why) {
    int64_t most = 1, wanted = l->config->bridge.opinions;
    cJSON *json = NULL;
    if (!json_integer(project, "maximum_annotations", &most) || most >= wanted) return 0;
    if (!make) {
        buf_printf(why,
                   "project %" PRId64 " lets %" PRId64 " people answer a task, and bridge.opinions "
                   "is %" PRId64 "; `winnowd bridge setup` changes that",
                   l->project, most, wanted);
        return ERR_CONFIG;
    }
    buf_reset(&l->body);
    buf_printf(&l->body, "{\"maximum_annotations\":%" PRId64 ",\"overlap_cohort_percentage\":100}",
               wanted);
    TRY(label_studio_call(l,
                          &(struct label_studio_call){.method = "PATCH",
                                                      .timeout_ms = LABEL_STUDIO_ASK_MS,
                                                      .body = buf_view(&l->body)},
                          NULL, &json));
    cJSON_Delete(json);
    return 0;
}

static int label_studio_look(struct label_studio *l, bool make, struct buf *why) {
    cJSON *json;
    long status;
    buf_reset(&l->path);
    buf_printf(&l->path, "/api/projects/%" PRId64 "/", l->project);
    TRY(label_studio_get(l, &status, &json, why));
    int64_t number = 0;
    int result = ERR_MISSING;
    if (status == 200 && (!json_integer(json, "id", &number) || number != l->project))
        result = label_studio_odd_project(l, "the project", why);
    else if (status == 200) result = label_studio_check(l, json, why);
    if (result == 0) result = label_studio_check_opinions(l, json, make, why);
    cJSON_Delete(json);
    return result;
}

int label_studio_fit(void *self, bool make, struct buf *why) {
    struct label_studio *l = self;
    const struct config *c = l->config;
    int result = l->project ? 0 : label_studio_seek(l, why);
    if (result == ERR_MISSING && make && strlen(c->service.name) < TITLE_LEAST) {
        buf_printf(why,
                   "Label Studio wants a title of %d characters, and service.name is shorter; "
                   "make a project there and give its number as bridge.project",
                   TITLE_LEAST);
        return ERR_CONFIG;
    }
    if (result == ERR_MISSING && make) result = label_studio_make(l, why);
    if (result == 0) result = label_studio_look(l, make, why);
    if (result == ERR_MISSING && c->bridge.project)
        buf_printf(why, "%s has no project %" PRId64 " (bridge.project)", c->bridge.url,
                   c->bridge.project);
    else if (result == ERR_MISSING)
        buf_printf(why, "%s has no project \"%s\"; `winnowd bridge setup` makes it", c->bridge.url,
                   c->service.name);
    return result;
}
