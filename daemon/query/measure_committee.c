/* Disagreement of a committee: query by committee (Seung, Opper, Sompolinsky 1992) and its measures (Dagan and Engelson 1995, vote entropy;
 * McCallum and Nigam 1998, mean divergence; Houlsby, Huszár, Ghahramani, Lengyel 2011, mutual information: "BALD").
 *
 * The committee are the version's bootstrap members (train.committee), which have no share in the mixture; without them, the members of the
 * mixture, which differ in memory: each has one vote either way.
 *
 * Thread: any thread */
#include "measure.h"

#include "base/error.h"

#include <math.h>

static bool seated(const struct model *m, size_t member, bool bootstrap) { return !bootstrap || m->mix[member] == 0; }

/* Whether the version has bootstrap members. */
static bool has_bootstrap(const struct model *m) {
    size_t without_share = 0;
    for (size_t i = 0; i < m->shape.members; i++) without_share += m->mix[i] == 0;
    return without_share >= 2;
}

struct session {
    double members;
    double consensus, own; // entropy of the mean prediction; mean entropy of the members'
    double votes;          // entropy of the votes
};

static double plogp(double p) { return p > 0 ? -p * log(p) : 0; }

static size_t vote(const float *prob, size_t k) {
    size_t best = 0;
    for (size_t c = 1; c < k; c++)
        if (prob[c] > prob[best]) best = c;
    return best;
}

static struct session hold(const struct measure_input *in) {
    const struct model *m = in->model;
    bool bootstrap = has_bootstrap(m);
    struct session s = {0};
    for (size_t i = 0; i < m->shape.members; i++) s.members += seated(m, i, bootstrap);
    for (size_t i = 0; i < m->shape.members; i++)
        if (seated(m, i, bootstrap)) s.own += measure_entropy(in->member + i * in->k, in->k) / s.members;
    for (size_t c = 0; c < in->k; c++) {
        double mean = 0, votes = 0;
        for (size_t i = 0; i < m->shape.members; i++) {
            if (!seated(m, i, bootstrap)) continue;
            mean += (double)in->member[i * in->k + c] / s.members;
            votes += (vote(in->member + i * in->k, in->k) == c) / s.members;
        }
        s.consensus += plogp(mean);
        s.votes += plogp(votes);
    }
    return s;
}

double measure_vote_entropy(const struct measure_input *in) { return hold(in).votes; }
double measure_consensus_entropy(const struct measure_input *in) { return hold(in).consensus; }

/* Entropy of the mean less mean entropy: what the members would learn of each other. */
double measure_mutual_information(const struct measure_input *in) {
    struct session s = hold(in);
    return fmax(0, s.consensus - s.own);
}

/* Mean divergence of the members from the consensus, summed as such: equal to the mutual information, but for what rounding takes from a
 * difference of large numbers. */
double measure_kl_divergence(const struct measure_input *in) {
    const struct model *m = in->model;
    bool bootstrap = has_bootstrap(m);
    double members = 0, sum = 0;
    for (size_t i = 0; i < m->shape.members; i++) members += seated(m, i, bootstrap);
    for (size_t c = 0; c < in->k; c++) {
        double mean = 0;
        for (size_t i = 0; i < m->shape.members; i++)
            if (seated(m, i, bootstrap)) mean += (double)in->member[i * in->k + c] / members;
        for (size_t i = 0; i < m->shape.members; i++) {
            double p = (double)in->member[i * in->k + c];
            if (seated(m, i, bootstrap) && p > 0) sum += p * log(p / mean) / members;
        }
    }
    return fmax(0, sum);
}
