/* Members of a model under fit: their shape, their parameters, the fit of each kind (member.c).
 * Private to the room.
 *
 * Letters: n rows, d columns, k classes, m members.
 *
 * Thread: learner thread, simulation */
#pragma once

#include "loss_and_gradient.h"
#include "train/fit.h"

/* The member of the base rates: behind the memories and SGD. */
static inline size_t member_base(const struct fit_options *o) {
    return o->memories_n + (o->sgd_rate > 0);
}
/* The first member with hinges: behind that. */
static inline size_t member_first_hinged(const struct fit_options *o) {
    return member_base(o) + o->base_rates;
}

/* rows->row standardised: (n, columns); the caller frees. model: whose standardisation. */
double *member_standardised(const struct fit_rows *rows, const struct model *model);

struct network member_network(const struct fit_options *o);

/* Lets classes that no label has named share one output: from one start, with one penalty, they
 * stay alike, and with a thousand classes and few labels that is most of the work. named: (k)
 * labels of each class; place: (k) room, which *w borrows. */
void member_group_classes(const struct fit_options *o, const size_t *named, struct network *w,
                          size_t *place);
/* (n) the rows' labels as outputs of the network; the caller frees. */
int *member_outputs(const struct network *w, const struct fit_rows *rows);
/* The newest `memory` of the examples; borrowed from them. */
struct examples member_newest(const struct examples *all, size_t d, size_t memory);

/* Parameters of a member from a model and to it. parameters: (network_size). */
void member_load(const struct network *w, const struct model *model, size_t member,
                 double *parameters);
void member_store(const struct network *w, const double *parameters, size_t member,
                  struct model *model);
/* The parameters of the prior's member of the largest share, restated in the model's
 * standardisation: (network_size), the caller frees; of those with hinges, if w has them. NULL
 * without a prior. */
double *member_prior(const struct fit_options *o, const struct network *w,
                     const struct model *model);

/* Fits the member of memory m. longer: the member of the next longer memory, from which it departs;
 * NULL for the longest, which departs from the prior (NULL: zero). from: the search starts at the
 * parameters given; else where it departs. */
void member_fit_memory(const struct fit_options *o, const struct network *w,
                       const struct examples *all, size_t m, const double *longer,
                       const double *prior, bool from, double *parameters);
/* Minimises the loss plus the penalty from `parameters`, in place. */
void member_fit_ridge(const struct network *w, const struct examples *e, struct penalty penalty,
                      double *parameters);
/* Towards the member of the next longer memory; the longest (longer: NULL) towards the prior, if
 * there is one. */
struct penalty member_penalty(const struct fit_options *o, const double *longer,
                              const double *prior);
/* One pass in label order at a constant rate: forgets by itself what no longer holds. */
void member_fit_sgd(const struct network *w, const struct examples *e, double rate,
                    double *parameters);
/* How often each class is, whatever a row says: biases alone. output: (n) the rows' labels. */
void member_fit_base(const struct network *w, const struct fit_rows *rows, const int *output,
                     double *parameters);
/* Fits the members of the mixture: (fit_members, network_size), the committee's left to
 * member_fit_committee and the base rates' to member_fit_base; the caller frees. */
double *member_fit_all(const struct fit_options *o, const struct network *w,
                       const struct examples *all, const double *prior);
/* Fits the committee's members into their place in `parameters`. x: (n, d) standardised rows;
 * output: (n) their labels as outputs. */
void member_fit_committee(const struct fit_options *o, const struct network *w,
                          const struct fit_rows *rows, const double *x, const int *output,
                          const double *prior, double *parameters);
