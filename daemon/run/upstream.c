/* Puts together what three rooms know: where the score stands, what it means, what is fitted.
 *
 * Thread: any thread */
#include "run/upstream.h"

#include "run/pipeline.h"
#include "train/schedule.h"

struct model *upstream_model(const struct config *c, const struct features *f) {
    const struct features_score score = features_score(f);
    struct model *m = NULL;
    size_t positive = 0;
    if (!score.n) return NULL;
    const struct text classes = text_of(classes_joined(c, &positive));
    const struct fit_options fit = fit_options_of(c, features_columns(f), positive, NULL);
    struct score_columns columns = {.d = features_columns(f),
                                    .first = score.first,
                                    .n = score.n,
                                    .k = c->model.classes.n,
                                    .positive = positive,
                                    .members =
                                        c->model.learn == LEARN_NOTHING ? 1 : fit_members(&fit),
                                    .classes = classes,
                                    .fingerprint = features_fingerprint(f)};
    int result = score_model_create(&m, &columns);
    columns.members = 1;
    if (result < 0) result = score_model_create(&m, &columns);
    free((void *)classes.at);
    if (result < 0) return NULL;
    m->version = m->prior = SCORE_MODEL_VERSION;
    memcpy(m->pushed, "upstream", sizeof "upstream");
    return m;
}
