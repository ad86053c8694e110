/* Softmax regression with weights of 1: softmax of logarithms of probabilities gives these
 * probabilities, and of (0, log-odds) that of the class. So a score is scored, measured, mixed and
 * built upon as any other model, and nothing needs to know that it is one.
 *
 * Standardised columns are clipped at MODEL_CLIP. SCALE makes room below the clip for the log-odds
 * of 1e-13; it is a power of two, so it rounds nothing.
 *
 * Thread: any thread */
#include "infer/score_model.h"

#include <string.h>

static const double scale = 1.0 / 8;

int score_model_create(struct model **out, const struct score_columns *s) {
    struct model *m;
    struct model_shape shape = {
        .d = s->d, .k = s->k, .members = s->members, .layers = 1, .width = {s->d, s->k}};
    TRY(model_create(&m, &shape));
    memset(m->scale, 0, s->d * sizeof *m->scale); // of the other columns nothing is taken
    for (size_t c = 0; c < s->n; c++) m->scale[s->first + c] = scale;
    for (size_t i = 0; i < s->members; i++)
        for (size_t c = 0; c < s->n; c++) {
            size_t class_ = i * s->k + (s->n == 1 ? s->positive : c);
            m->weight[0][class_ * s->d + s->first + c] = (float)(1 / scale);
        }
    m->version = m->prior = SCORE_MODEL_VERSION;
    m->fingerprint = s->fingerprint;
    char *classes = xmalloc(s->classes.len + 1);
    memcpy(classes, s->classes.at, s->classes.len);
    classes[s->classes.len] = '\0';
    m->classes = (struct text){classes, s->classes.len};
    memcpy(m->pushed, "upstream", sizeof "upstream");
    *out = m;
    return 0;
}
