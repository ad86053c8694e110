/* Softmax regression with weights of 1: softmax of logarithms of probabilities gives these
 * probabilities, and of (0, log-odds) that of the class. So a score is scored, measured, mixed and
 * built upon as any other model, and nothing needs to know that it is one.
 *
 * Standardised columns are clipped at MODEL_CLIP; MODEL_SCORE_SCALE makes room below the clip.
 *
 * Thread: any thread */
#include "infer/score_model.h"

#include <string.h>

int score_model_create(struct model **out, const struct score_columns *s) {
    struct model *m;
    size_t scores = s->forest ? s->n : 0, width = s->d + scores;
    struct model_shape shape = {.d = s->d,
                                .k = s->k,
                                .members = s->members,
                                .layers = 1,
                                .width = {width, s->k},
                                .scores = scores,
                                .slots = s->forest ? forest_slots(s->forest) : 0};
    CHECK(s->first + s->n <= width);
    TRY(model_create(&m, &shape));
    memset(m->scale, 0, width * sizeof *m->scale); // of the other columns nothing is taken
    for (size_t c = 0; c < s->n; c++) m->scale[s->first + c] = MODEL_SCORE_SCALE;
    for (size_t i = 0; i < s->members; i++)
        for (size_t c = 0; c < s->n; c++) {
            size_t class_ = i * s->k + (s->n == 1 ? s->positive : c);
            m->weight[0][class_ * width + s->first + c] = (float)(1 / MODEL_SCORE_SCALE);
        }
    m->forest = s->forest ? forest_copy(s->forest) : NULL;
    m->fingerprint = s->fingerprint;
    char *classes = xmalloc(s->classes.len + 1);
    memcpy(classes, s->classes.at, s->classes.len);
    classes[s->classes.len] = '\0';
    m->classes = (struct text){classes, s->classes.len};
    *out = m;
    return 0;
}
