/* Disagreement of a committee: query by committee (Seung, Opper, Sompolinsky 1992) and its measures
 * (Dagan and Engelson 1995, vote entropy; McCallum and Nigam 1998, mean divergence; Houlsby,
 * Huszár, Ghahramani, Lengyel 2011, mutual information: "BALD").
 *
 * The committee are the version's bootstrap members (train.committee), which have no share in the
 * mixture; without them, the members of the mixture, which differ in memory, but for the one that
 * says the same of every sample: it would disagree most where all others are sure. Each has one
 * vote either way.
 *
 * Thread: any thread */
#include "measure.h"

#include "base/error.h"
#include "config/limits.h"

#include <math.h>

/* Whether the member votes. Bootstrap members have no share in the mixture. */
static bool committee_seated(const struct model *m, size_t member, bool bootstrap) {
    return bootstrap ? m->mix[member] == 0 : member != m->constant || m->shape.members == 1;
}

/* Whether the version has bootstrap members. */
static bool committee_has_bootstrap(const struct model *m) {
    size_t without_share = 0;
    for (size_t i = 0; i < m->shape.members; i++) without_share += m->mix[i] == 0;
    return without_share >= 2; // one alone cannot disagree
}

/* Who votes, with what weight. */
struct session {
    const struct measure_input *in;
    size_t members;         // of the model
    double share;           // of a vote: 1 / voters
    bool seat[MEMBERS_MAX]; // (members)
};

static struct session committee_session(const struct measure_input *in) {
    struct session s;
    bool bootstrap = committee_has_bootstrap(in->model);
    size_t voters = 0;
    s.in = in;
    s.members = in->model->shape.members;
    for (size_t i = 0; i < s.members; i++)
        voters += s.seat[i] = committee_seated(in->model, i, bootstrap);
    s.share = 1 / (double)voters;
    return s;
}

static bool committee_votes(const struct session *s, size_t member) { return s->seat[member]; }

/* −p ln p */
static double committee_plogp(double p) { return p > 0 ? -p * log(p) : 0; }

static double committee_mean_of(const struct session *s, size_t class_) {
    double mean = 0;
    for (size_t i = 0; i < s->members; i++)
        if (committee_votes(s, i)) mean += (double)s->in->member[i * s->in->k + class_] * s->share;
    return mean;
}

/* ---- the measures ---- */

static size_t committee_vote(const float *prob, size_t k) {
    size_t best = 0;
    for (size_t c = 1; c < k; c++)
        if (prob[c] > prob[best]) best = c;
    return best;
}

/* Whether a member's vote is that class: the same rule, without looking further than the first
 * class that has more. */
static bool committee_voted(const struct session *s, size_t member, size_t class_) {
    const float *prob = s->in->member + member * s->in->k;
    if (!committee_votes(s, member)) return false;
    for (size_t c = 0; c < s->in->k; c++)
        if (prob[c] > prob[class_] || (c < class_ && prob[c] == prob[class_])) return false;
    return true;
}

/* Whether no member before this one voted for that class. */
static bool committee_new_vote(const struct session *s, size_t member, size_t class_) {
    for (size_t o = 0; o < member; o++)
        if (committee_voted(s, o, class_)) return false;
    return committee_votes(s, member);
}

/* Each vote is counted with the first member that gave it, so that no array over the classes is
 * needed: members are few, classes may be many. */
double measure_vote_entropy(const struct measure_input *in) {
    struct session s = committee_session(in);
    double entropy = 0;
    for (size_t i = 0; i < s.members; i++) {
        size_t mine = committee_vote(in->member + i * in->k, in->k), like = 0;
        if (!committee_new_vote(&s, i, mine)) continue;
        for (size_t o = i; o < s.members; o++) like += committee_voted(&s, o, mine);
        entropy += committee_plogp((double)like * s.share);
    }
    return entropy;
}

static double committee_consensus(const struct session *s) {
    double entropy = 0;
    for (size_t c = 0; c < s->in->k; c++) entropy += committee_plogp(committee_mean_of(s, c));
    return entropy;
}

double measure_consensus_entropy(const struct measure_input *in) {
    struct session s = committee_session(in);
    return committee_consensus(&s);
}

/* Entropy of the mean less the mean of the entropies. */
double measure_mutual_information(const struct measure_input *in) {
    struct session s = committee_session(in);
    double own = 0;
    for (size_t i = 0; i < s.members; i++)
        if (committee_votes(&s, i)) own += measure_entropy(in->member + i * in->k, in->k) * s.share;
    return fmax(0, committee_consensus(&s) - own);
}

/* Mean divergence of the members from their mean. Equal to the mutual information but for rounding,
 * which is smaller here: nothing large is subtracted. */
double measure_kl_divergence(const struct measure_input *in) {
    struct session s = committee_session(in);
    double sum = 0;
    for (size_t c = 0; c < in->k; c++) {
        double mean = committee_mean_of(&s, c);
        for (size_t i = 0; i < s.members; i++) {
            double p = (double)in->member[i * in->k + c];
            if (p > 0 && committee_votes(&s, i)) sum += p * log(p / mean);
        }
    }
    return fmax(0, sum * s.share);
}
