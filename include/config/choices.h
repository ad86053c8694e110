/* The names of uncertainty measures, budget managers, the peers whose rules can be had, and pool
 * rules: one table each, for the enum, the YAML and the docs.
 * Thread: any thread */
#pragma once

#define MEASURE_TABLE(M)                                                                           \
    M(LEAST_CONFIDENCE, "least_confidence")                                                        \
    M(MARGIN, "margin")                                                                            \
    M(LARGEST_MARGIN, "largest_margin")                                                            \
    M(ENTROPY, "entropy")                                                                          \
    M(LOG_ODDS_MARGIN, "log_odds_margin")                                                          \
    M(GRADIENT_LENGTH, "gradient_length")                                                          \
    M(GRADIENT_LENGTH_RAW, "gradient_length_raw")                                                  \
    M(VOTE_ENTROPY, "vote_entropy")                                                                \
    M(CONSENSUS_ENTROPY, "consensus_entropy")                                                      \
    M(KL_DIVERGENCE, "kl_divergence")                                                              \
    M(MUTUAL_INFORMATION, "mutual_information")                                                    \
    M(RISK, "risk")                                                                                \
    M(MIX, "mix")
#define MEASURE_CHOICES                                                                            \
    "least_confidence|margin|largest_margin|entropy|log_odds_margin|gradient_length|gradient_"     \
    "length_raw|vote_entropy|consensus_entropy|kl_divergence|mutual_information|risk|mix"

#define MANAGER_TABLE(M)                                                                           \
    M(RANDOM, "random")                                                                            \
    M(PERIODIC, "periodic")                                                                        \
    M(FIXED, "fixed")                                                                              \
    M(VARIABLE, "variable")                                                                        \
    M(RANDOM_VARIABLE, "random_variable")                                                          \
    M(SPLIT, "split")                                                                              \
    M(QUANTILE_WINDOW, "quantile_window")                                                          \
    M(QUANTILE_TRACKER, "quantile_tracker")                                                        \
    M(BIQF, "biqf")                                                                                \
    M(MARGIN_PROBABILITY, "margin_probability")                                                    \
    M(IWAL, "iwal")
#define MANAGER_CHOICES                                                                            \
    "random|periodic|fixed|variable|random_variable|split|quantile_window|quantile_tracker|biqf|"  \
    "margin_probability|iwal"

#define COMPAT_TABLE(C)                                                                            \
    C(NONE, "none")                                                                                \
    C(SCIKIT_ACTIVEML, "scikit_activeml")                                                          \
    C(MOA, "moa")
#define COMPAT_CHOICES "none|scikit_activeml|moa"

/* Managers of which a peer has a rule of its own (daemon/query/manager_compat.c). true: that rule
 * compares the largest probability with a threshold, so the utility must be what is left of it. */
#define COMPAT_RULE_TABLE(R)                                                                       \
    R(SCIKIT_ACTIVEML, RANDOM, false)                                                              \
    R(SCIKIT_ACTIVEML, PERIODIC, false)                                                            \
    R(SCIKIT_ACTIVEML, FIXED, true)                                                                \
    R(SCIKIT_ACTIVEML, VARIABLE, true)                                                             \
    R(SCIKIT_ACTIVEML, RANDOM_VARIABLE, true)                                                      \
    R(SCIKIT_ACTIVEML, SPLIT, true)                                                                \
    R(SCIKIT_ACTIVEML, BIQF, false)                                                                \
    R(MOA, FIXED, true)                                                                            \
    R(MOA, VARIABLE, true)                                                                         \
    R(MOA, RANDOM_VARIABLE, true)                                                                  \
    R(MOA, MARGIN_PROBABILITY, true)

#define POOL_RULE_TABLE(M)                                                                         \
    M(PLAIN, "plain")                                                                              \
    M(DISTINCT, "distinct")                                                                        \
    M(MMR, "mmr")                                                                                  \
    M(K_CENTRE, "k_centre")                                                                        \
    M(BADGE, "badge")                                                                              \
    M(BALANCED, "balanced")                                                                        \
    M(SYNTHESIS, "synthesis")
#define POOL_RULE_CHOICES "plain|distinct|mmr|k_centre|badge|balanced|synthesis"

enum measure {
#define M(name, text) MEASURE_##name,
    MEASURE_TABLE(M)
#undef M
        MEASURES
};

enum manager {
#define M(name, text) MANAGER_##name,
    MANAGER_TABLE(M)
#undef M
        MANAGERS
};

enum compat {
#define C(name, text) COMPAT_##name,
    COMPAT_TABLE(C)
#undef C
        COMPATS
};

enum pool_rule {
#define M(name, text) POOL_##name,
    POOL_RULE_TABLE(M)
#undef M
        POOL_RULES
};

/* Why a sample was asked; the order of metric `asked`. Text as in the task record. */
#define ASK_TABLE(A)                                                                               \
    A(UNCERTAIN, "uncertain")                                                                      \
    A(RISK, "risk")                                                                                \
    A(RANDOM, "random")                                                                            \
    A(POOL, "pool")                                                                                \
    A(COLD, "cold")                                                                                \
    A(UPFRONT, "upfront")                                                                          \
    A(SYNTHETIC, "synthetic")

enum ask {
#define A(name, text) ASK_##name,
    ASK_TABLE(A)
#undef A
        ASKS
};

const char *measure_name(enum measure m);
const char *manager_name(enum manager m);
const char *compat_name(enum compat c);
const char *pool_rule_name(enum pool_rule r);
const char *ask_name(enum ask a);
