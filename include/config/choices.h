/* The options that are a choice of words: one table each, for the enum, the YAML, the command line
 * and the docs. options.def and features.def name the tables by WORDS_LIST.
 *
 * Thread: any thread */
#pragma once

#include "base/word_list.h"

/* service.delivery. */
#define DELIVERY_TABLE(FIRST, NEXT)                                                                \
    FIRST(DELIVERY_EXACTLY_ONCE, "exactly_once")                                                   \
    NEXT(DELIVERY_AT_LEAST_ONCE, "at_least_once")
enum delivery { WORDS_ENUM(DELIVERY_TABLE) DELIVERIES };

/* service.learner: whether this process learns. */
#define LEARNER_TABLE(FIRST, NEXT)                                                                 \
    FIRST(LEARNER_AUTO, "auto") NEXT(LEARNER_TRUE, "true") NEXT(LEARNER_FALSE, "false")
enum learner_choice { WORDS_ENUM(LEARNER_TABLE) LEARNERS };

/* admit.start: where a partition starts that the group has never committed. */
#define START_TABLE(FIRST, NEXT) FIRST(START_EARLIEST, "earliest") NEXT(START_LATEST, "latest")
enum start { WORDS_ENUM(START_TABLE) STARTS };

/* admit.tombstones: what a record without a value is. */
#define TOMBSTONES_TABLE(FIRST, NEXT)                                                              \
    FIRST(TOMBSTONES_DEAD_LETTER, "dead_letter") NEXT(TOMBSTONES_IGNORE, "ignore")
enum tombstones { WORDS_ENUM(TOMBSTONES_TABLE) TOMBSTONES };

/* kafka.lost_position: what becomes of a partition whose position does not fit it any more. */
#define LOST_POSITION_TABLE(FIRST, NEXT)                                                           \
    FIRST(LOST_POSITION_PAUSE, "pause") NEXT(LOST_POSITION_EARLIEST, "earliest")
enum lost_position { WORDS_ENUM(LOST_POSITION_TABLE) LOST_POSITIONS };

/* admit.json_reader: what reads the JSON of samples. */
#define JSON_READER_TABLE(FIRST, NEXT)                                                             \
    FIRST(JSON_READER_AUTO, "auto")                                                                \
    NEXT(JSON_READER_PORTABLE, "portable")                                                         \
    NEXT(JSON_READER_AVX2, "avx2")                                                                 \
    NEXT(JSON_READER_CJSON, "cjson")
enum json_reader { WORDS_ENUM(JSON_READER_TABLE) JSON_READERS };

/* bridge.tool: what the bridge carries tasks into. */
#define BRIDGE_TOOL_TABLE(FIRST, NEXT)                                                             \
    FIRST(BRIDGE_TOOL_LABEL_STUDIO, "label_studio") NEXT(BRIDGE_TOOL_HTTP, "http")
enum bridge_tool { WORDS_ENUM(BRIDGE_TOOL_TABLE) BRIDGE_TOOLS };

/* bridge.on_expiry: what becomes of a task that nobody answered in time. */
#define ON_EXPIRY_TABLE(FIRST, NEXT) FIRST(ON_EXPIRY_DELETE, "delete") NEXT(ON_EXPIRY_KEEP, "keep")
enum on_expiry { WORDS_ENUM(ON_EXPIRY_TABLE) ON_EXPIRIES };

/* admit.format: what values on the samples topic look like. */
#define ADMIT_FORMAT_TABLE(FIRST, NEXT)                                                            \
    FIRST(ADMIT_FORMAT_AUTO, "auto")                                                               \
    NEXT(ADMIT_FORMAT_JSON, "json")                                                                \
    NEXT(ADMIT_FORMAT_REGISTRY, "registry")
enum admit_format { WORDS_ENUM(ADMIT_FORMAT_TABLE) ADMIT_FORMATS };

/* query.measure: uncertainty measures; the last is a mix of others. */
#define MEASURE_TABLE(FIRST, NEXT)                                                                 \
    FIRST(MEASURE_LEAST_CONFIDENCE, "least_confidence")                                            \
    NEXT(MEASURE_MARGIN, "margin")                                                                 \
    NEXT(MEASURE_LARGEST_MARGIN, "largest_margin")                                                 \
    NEXT(MEASURE_ENTROPY, "entropy")                                                               \
    NEXT(MEASURE_LOG_ODDS_MARGIN, "log_odds_margin")                                               \
    NEXT(MEASURE_GRADIENT_LENGTH, "gradient_length")                                               \
    NEXT(MEASURE_GRADIENT_LENGTH_RAW, "gradient_length_raw")                                       \
    NEXT(MEASURE_VOTE_ENTROPY, "vote_entropy")                                                     \
    NEXT(MEASURE_CONSENSUS_ENTROPY, "consensus_entropy")                                           \
    NEXT(MEASURE_KL_DIVERGENCE, "kl_divergence")                                                   \
    NEXT(MEASURE_MUTUAL_INFORMATION, "mutual_information")                                         \
    NEXT(MEASURE_RISK, "risk")                                                                     \
    NEXT(MEASURE_MIX, "mix")
#define MEASURE_CHOICES WORDS_LIST(MEASURE_TABLE)
enum measure { WORDS_ENUM(MEASURE_TABLE) MEASURES };

/* query.manager: budget managers. */
#define MANAGER_TABLE(FIRST, NEXT)                                                                 \
    FIRST(MANAGER_RANDOM, "random")                                                                \
    NEXT(MANAGER_PERIODIC, "periodic")                                                             \
    NEXT(MANAGER_FIXED, "fixed")                                                                   \
    NEXT(MANAGER_VARIABLE, "variable")                                                             \
    NEXT(MANAGER_RANDOM_VARIABLE, "random_variable")                                               \
    NEXT(MANAGER_SPLIT, "split")                                                                   \
    NEXT(MANAGER_QUANTILE_WINDOW, "quantile_window")                                               \
    NEXT(MANAGER_QUANTILE_TRACKER, "quantile_tracker")                                             \
    NEXT(MANAGER_BIQF, "biqf")                                                                     \
    NEXT(MANAGER_MARGIN_PROBABILITY, "margin_probability")                                         \
    NEXT(MANAGER_IWAL, "iwal")
#define MANAGER_CHOICES WORDS_LIST(MANAGER_TABLE)
enum manager { WORDS_ENUM(MANAGER_TABLE) MANAGERS };

/* budget.draws: how the random arm spreads its requests. */
#define DRAWS_TABLE(FIRST, NEXT)                                                                   \
    FIRST(DRAWS_WEIGHTED, "weighted")                                                              \
    NEXT(DRAWS_UNIFORM, "uniform")
#define DRAWS_CHOICES WORDS_LIST(DRAWS_TABLE)
enum draws { WORDS_ENUM(DRAWS_TABLE) DRAW_DESIGNS };

/* The keys of model.upstream: what a score of the event's own is. */
#define UPSTREAM_TABLE(FIRST, NEXT)                                                                \
    FIRST(UPSTREAM_PROBABILITY, "probability")                                                     \
    NEXT(UPSTREAM_LOGIT, "logit")                                                                  \
    NEXT(UPSTREAM_PROBABILITIES, "probabilities")                                                  \
    NEXT(UPSTREAM_BY_CLASS, "by_class")
enum upstream { WORDS_ENUM(UPSTREAM_TABLE) UPSTREAMS };

/* model.learn: what is learned where a score of the event's own is the model. */
#define LEARN_TABLE(FIRST, NEXT)                                                                   \
    FIRST(LEARN_NOTHING, "false")                                                                  \
    NEXT(LEARN_RECALIBRATE, "recalibrate")                                                         \
    NEXT(LEARN_BESIDE, "beside")
enum learn { WORDS_ENUM(LEARN_TABLE) LEARNS };

/* pool.rule: how a window's batch is chosen from its candidates. */
#define POOL_RULE_TABLE(FIRST, NEXT)                                                               \
    FIRST(POOL_PLAIN, "plain")                                                                     \
    NEXT(POOL_DISTINCT, "distinct")                                                                \
    NEXT(POOL_MMR, "mmr")                                                                          \
    NEXT(POOL_K_CENTRE, "k_centre")                                                                \
    NEXT(POOL_BADGE, "badge")                                                                      \
    NEXT(POOL_BALANCED, "balanced")                                                                \
    NEXT(POOL_SYNTHESIS, "synthesis")
#define POOL_RULE_CHOICES WORDS_LIST(POOL_RULE_TABLE)
enum pool_rule { WORDS_ENUM(POOL_RULE_TABLE) POOL_RULES };

/* route.priority: the order for annotators. */
#define PRIORITY_TABLE(FIRST, NEXT)                                                                \
    FIRST(PRIORITY_NONE, "none")                                                                   \
    NEXT(PRIORITY_UTILITY, "utility")                                                              \
    NEXT(PRIORITY_RISK, "risk")                                                                    \
    NEXT(PRIORITY_VALUE_AT_RISK, "value_at_risk")
enum priority { WORDS_ENUM(PRIORITY_TABLE) PRIORITIES };

/* features.type: what a field holds. */
#define FEATURE_TYPE_TABLE(FIRST, NEXT)                                                            \
    FIRST(FEATURE_NUMBER, "number")                                                                \
    NEXT(FEATURE_CATEGORY, "category")                                                             \
    NEXT(FEATURE_BOOLEAN, "boolean")                                                               \
    NEXT(FEATURE_TIME, "time")                                                                     \
    NEXT(FEATURE_VECTOR, "vector")                                                                 \
    NEXT(FEATURE_TEXT, "text")                                                                     \
    NEXT(FEATURE_PROBABILITY, "probability")                                                       \
    NEXT(FEATURE_LOG_PROBABILITY, "log_probability")
enum feature_type { WORDS_ENUM(FEATURE_TYPE_TABLE) FEATURE_TYPES };

/* labels.time_unit, features.unit: what a number of time since 1970 counts. */
#define TIME_UNIT_TABLE(FIRST, NEXT)                                                               \
    FIRST(TIME_MILLISECONDS, "ms")                                                                 \
    NEXT(TIME_SECONDS, "s")                                                                        \
    NEXT(TIME_MICROSECONDS, "us")                                                                  \
    NEXT(TIME_NANOSECONDS, "ns")
enum time_unit { WORDS_ENUM(TIME_UNIT_TABLE) TIME_UNITS };

/* features.decimal: what divides the whole from the fraction in a number that is a text. */
#define DECIMAL_MARK_TABLE(FIRST, NEXT) FIRST(DECIMAL_POINT, ".") NEXT(DECIMAL_COMMA, ",")
enum decimal_mark { WORDS_ENUM(DECIMAL_MARK_TABLE) DECIMAL_MARKS };

/* No option: why a sample was asked, as the task record says it and metric `asked` counts it. */
#define ASK_TABLE(FIRST, NEXT)                                                                     \
    FIRST(ASK_UNCERTAIN, "uncertain")                                                              \
    NEXT(ASK_RISK, "risk")                                                                         \
    NEXT(ASK_RANDOM, "random")                                                                     \
    NEXT(ASK_POOL, "pool")                                                                         \
    NEXT(ASK_COLD, "cold")                                                                         \
    NEXT(ASK_UPFRONT, "upfront")                                                                   \
    NEXT(ASK_SYNTHETIC, "synthetic")                                                               \
    NEXT(ASK_SECOND, "second")                                                                     \
    NEXT(ASK_THIRD, "third")
enum ask { WORDS_ENUM(ASK_TABLE) ASKS };

/* The word of a constant; "?" for what is none. Static storage. */
const char *delivery_name(enum delivery d);
const char *learner_choice_name(enum learner_choice l);
const char *learn_name(enum learn l);
const char *measure_name(enum measure m);
const char *manager_name(enum manager m);
const char *pool_rule_name(enum pool_rule r);
const char *ask_name(enum ask a);
/* So many of a unit are a millisecond. */
double time_unit_per_ms(enum time_unit u);
