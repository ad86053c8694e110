/* What of a push is said to whom pushes: every reason to refuse it that can be seen from here.
 *
 * Thread: main thread */
#include "model_push.h"

#include "command.h"
#include "encode/features.h"
#include "golden_rows.h"
#include "infer/model_record.h"
#include "run/pipeline.h"
#include "terminal/console.h"
#include "train/schedule.h"

#include <inttypes.h>

enum {
    FILE_MOST = 1 << 28, // bytes of a model file
    TAKEN_MS = 20000,    // for the learner to take a push
};

/* What a push is checked with. */
struct model_pushed {
    const struct config *config;
    const char *path;
    struct features *features;
    struct text classes, *column; // (features_columns) names, of the arena
    struct arena arena;
    struct import_golden golden;
    size_t positive;
};

static int model_push_read_golden(struct model_pushed *p, const char *path) {
    struct buf lines = {0}, why = {0};
    int code = console_read_file(path, FILE_MOST, &lines);
    if (code == CLI_GO &&
        golden_rows_read(&p->golden, buf_view(&lines), p->config, p->features, &why) < 0)
        code = console_fail(EX_DATAERR, "%s: %s", path, buf_string(&why));
    buf_release(&lines);
    buf_release(&why);
    return code;
}

static void model_push_name_columns(struct model_pushed *p) {
    size_t d = features_columns(p->features);
    struct buf name = {0};
    p->column = xcalloc(d, sizeof *p->column);
    for (size_t i = 0; i < d; i++) {
        buf_reset(&name);
        features_column_name(p->features, i, &name);
        p->column[i] = arena_text(&p->arena, buf_view(&name));
    }
    buf_release(&name);
}

static int model_push_import(struct model_pushed *p, struct text file, bool by_position,
                             struct model **out) {
    struct buf why = {0};
    size_t d = features_columns(p->features);
    struct fit_options fits = fit_options_of(p->config, d, p->positive, NULL), of_trees = fits;
    of_trees.anchored = true;
    const struct import_target target = {.d = d,
                                         .k = p->config->model.classes.n,
                                         .classes = p->classes,
                                         .fingerprint = features_fingerprint(p->features),
                                         .column = p->column,
                                         .by_position = by_position,
                                         .members = fit_members(&of_trees),
                                         .golden = p->golden.n ? &p->golden : NULL};
    int code = CLI_GO;
    if (model_import(out, file, &target, &why) < 0)
        code = console_fail(EX_DATAERR, "%s: %s", p->path, buf_string(&why));
    buf_release(&why);
    if (code != CLI_GO || fit_accepts_prior(&fits, *out)) return code;
    code = console_fail(EX_DATAERR, "%s: %s, so the learner could not build on it", p->path,
                        (*out)->forest ? "it has trees, and model.hidden has layers"
                                       : "its hidden layers are not those of model.hidden");
    model_destroy(*out);
    return code;
}

/* The model of the file, checked for this configuration. */
static int model_push_model(const struct config *c, const char *path,
                            const struct model_push_options *options, struct model **out) {
    struct model_pushed p = {.config = c, .path = path};
    struct buf bytes = {0};
    int code = console_read_file(path, FILE_MOST, &bytes);
    if (code == CLI_GO && features_of(&p.features, c) < 0)
        code = console_fail(EX_CONFIG, "features: %s", error_text(ERR_CONFIG));
    if (code == CLI_GO && options->golden) code = model_push_read_golden(&p, options->golden);
    if (code == CLI_GO) {
        p.classes = text_of(classes_joined(c, &p.positive));
        model_push_name_columns(&p);
        code = model_push_import(&p, buf_view(&bytes), options->by_position, out);
    }
    features_destroy(p.features);
    golden_rows_release(&p.golden);
    arena_release(&p.arena);
    free((void *)p.classes.at);
    free(p.column);
    buf_release(&bytes);
    return code;
}

static int model_push_put_on_topic(struct models_topic *t, const struct buf *record,
                                   const char *id) {
    struct producer_record list[REGISTRY_CHUNKS] = {0};
    struct arena arena = {0};
    struct buf key = {0};
    size_t room;
    TRY(models_topic_room(t, &room));
    size_t each = registry_chunk_bytes(t->config->service.name, record->len, room);
    if (!each) {
        buf_printf(&t->why,
                   "%zu bytes do not fit into %d records of topic %s, which takes %zu bytes a "
                   "batch: raise its max.message.bytes",
                   record->len, REGISTRY_CHUNKS, t->config->topics.models, room);
        return ERR_FULL;
    }
    size_t chunks = (record->len + each - 1) / each;
    for (size_t i = 0; i < chunks; i++) {
        size_t from = i * each, left = record->len - from;
        buf_reset(&key);
        registry_push_key(&key, t->config->service.name, id, i);
        struct text chunk = {record->at + from, left < each ? left : each};
        list[i] = registry_record(&arena, arena_text(&arena, buf_view(&key)), chunk, chunks);
    }
    int result = models_topic_write(t, list, chunks);
    buf_release(&key);
    arena_release(&arena);
    return result;
}

struct model_push_awaited {
    const char *id;
    uint64_t after; // the newest version before
};

static uint64_t model_push_version_of_push(const struct models_topic *t,
                                           const struct model_push_awaited *w) {
    uint64_t version[REGISTRY_HELD];
    size_t n = registry_versions(t->registry, version, sizeof version / sizeof *version);
    for (size_t i = 0; i < n; i++)
        if (version[i] > w->after &&
            strcmp(registry_model(t->registry, version[i])->pushed, w->id) == 0)
            return version[i];
    return 0;
}

static bool model_push_there(const struct models_topic *t, const void *argument) {
    const struct model_push_awaited *w = argument;
    struct registry_push push;
    return model_push_version_of_push(t, w) ||
           (registry_push(t->registry, &push) && strcmp(push.id, w->id) == 0);
}

/* The version and the policy that makes it live are one transaction, but the policy is read after
 * it. */
static bool model_push_taken(const struct models_topic *t, const void *argument) {
    const struct model_push_awaited *w = argument;
    struct registry_push push;
    uint64_t version = model_push_version_of_push(t, w);
    console_progress("waiting for the learner to take it");
    return version ? registry_policy(t->registry)->learner.live >= version
                   : !(registry_push(t->registry, &push) && strcmp(push.id, w->id) == 0);
}

static int model_push_await_learner(struct models_topic *t, const struct model_push_awaited *w,
                                    bool json) {
    int result = models_topic_until(t, model_push_there, w, TAKEN_MS);
    if (result == 0) result = models_topic_until(t, model_push_taken, w, TAKEN_MS);
    console_clear();
    uint64_t version = model_push_version_of_push(t, w);
    const struct policy *p = registry_policy(t->registry);
    if (result == 0 && !version)
        return console_fail(EX_DATAERR,
                            "the learner refused it: its log says why (event push_refused)");
    if (result < 0 && !version)
        return console_fail(
            EX_UNAVAILABLE,
            "it is on topic %s, but no learner has taken it yet; one that runs as %s will",
            t->config->topics.models, t->config->service.name);
    if (json)
        printf("{\"version\":%" PRIu64 ",\"live\":%s}\n", version,
               policy_live(p) == version ? "true" : "false");
    else if (policy_live(p) == version)
        printf("pushed: it is version %" PRIu64 ", live, and what later fits shrink towards\n",
               version);
    else
        printf("pushed: it is version %" PRIu64 ", but version %" PRIu64
               " stays live: it is pinned (`winnowd model unpin`)\n",
               version, policy_live(p));
    return EX_OK;
}

int model_push(struct models_topic *t, const char *path, const struct model_push_options *options,
               bool json) {
    struct model *m;
    struct buf record = {0};
    int code = model_push_model(t->config, path, options, &m);
    if (code != CLI_GO) return code;
    model_write(m, t->config->service.name, &record);
    char id[MODEL_PUSH_ID + 1];
    snprintf(id, sizeof id, "%.*s", MODEL_PUSH_ID, m->digest);
    model_destroy(m);
    struct model_push_awaited w = {id, registry_newest(t->registry)};
    int result = model_push_put_on_topic(t, &record, id);
    buf_release(&record);
    return result < 0 ? command_fail(result, &t->why) : model_push_await_learner(t, &w, json);
}
