/* Checks of watch.cost: each entry names two classes, and costs a number or what a feature says.
 *
 * Thread: main thread */
#include "check.h"

#include "base/word_list.h"
#include "config/cost.h"
#include "config/limits.h"
#include "value.h"

/* "; did you mean TRUTH.DECISION" or "": each half's nearest class, where both have one. */
static const char *check_cost_near(struct config_reading *r, struct text key) {
    const char *choices = check_joined(r, &r->config->model.classes, "");
    struct text truth = key, decision;
    if (!text_cut(&truth, '.', &decision)) return "";
    truth = word_list_nearest(choices, truth);
    decision = word_list_nearest(choices, decision);
    if (!truth.at || !decision.at) return "";
    struct buf b = {0};
    buf_str(&b, "; did you mean ");
    buf_text(&b, truth);
    buf_str(&b, ".");
    buf_text(&b, decision);
    const char *near = arena_string(&r->arena, buf_view(&b));
    buf_release(&b);
    return near;
}

/* Of an entry that is no number: it names the feature that is at stake, as the others do. */
static void check_cost_feature(struct config_reading *r, const struct node *n,
                               const struct node **first) {
    const char *near;
    if (r->features.bad) return;
    const struct feature_config *f = check_feature_named(r, n->text, &near);
    if (!f)
        problem(&r->problems, n->mark, "watch.cost",
                "%s is no cost; allowed: a number from 0 to 1000000000, or the name of a number "
                "feature%s",
                shown(&r->problems, n->text), near);
    else if (f->type != FEATURE_NUMBER || f->clip.n || f->list > 0)
        problem(&r->problems, n->mark, "watch.cost", "%s %s", shown(&r->problems, n->text),
                f->clip.n ? "is clipped: what lies beyond would cost less than it does"
                          : "is no single number");
    else if (*first && !text_equal((*first)->text, n->text))
        problem(&r->problems, n->mark, "watch.cost",
                "%s is a second feature; all entries that name one name the same",
                shown(&r->problems, n->text));
    if (!*first) *first = n;
}

void check_cost(struct config_reading *r) {
    struct given *cost = &r->options[OPTION_watch_cost];
    if (cost->bad || !cost->node || !check_sound(r, OPTION_model_classes)) return;
    const struct node *feature = NULL;
    for (const struct node *n = cost->node->child; n; n = n->next) {
        double value;
        if (!cost_pair(&r->config->model.classes, n->key->text))
            problem(&r->problems, n->key->mark, "watch.cost",
                    "%s is not TRUTH.DECISION, two of model.classes%s",
                    shown(&r->problems, n->key->text), check_cost_near(r, n->key->text));
        else if (scalar_number(n->text, &value)) check_cost_feature(r, n, &feature);
        else if (value < 0 || value > COST_MAX)
            problem(&r->problems, n->mark, "watch.cost",
                    "%s is no cost; allowed number: 0 to 1000000000", shown(&r->problems, n->text));
    }
}
