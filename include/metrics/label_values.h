/* The values of the metrics' labels: the one table of each makes the names by which code counts and
 * the words of the page. Labels that another room has a table of are not here: reasons of dead
 * letters (admit/reason.h), reasons to ask (config/choices.h), fates of labels
 * (store/label_fate.h), levels of the log (base/log.h), what is wrong with a position
 * (base/position.h).
 *
 * Thread: any thread */
#pragma once

#include "base/word_list.h"

/* budget_cap_left: which cap. */
#define CAP_TABLE(FIRST, NEXT)                                                                     \
    FIRST(CAP_HOUR, "hour") NEXT(CAP_DAY, "day") NEXT(CAP_OPEN_TASKS, "open_tasks")
enum cap_label { WORDS_ENUM(CAP_TABLE) CAP_LABELS };

/* query_utility: which percentile. */
#define PERCENTILE_TABLE(FIRST, NEXT)                                                              \
    FIRST(PERCENTILE_5, "p5")                                                                      \
    NEXT(PERCENTILE_25, "p25")                                                                     \
    NEXT(PERCENTILE_50, "p50")                                                                     \
    NEXT(PERCENTILE_75, "p75")                                                                     \
    NEXT(PERCENTILE_95, "p95")                                                                     \
    NEXT(PERCENTILE_99, "p99")
enum percentile_label { WORDS_ENUM(PERCENTILE_TABLE) PERCENTILES };

/* held_up: which of the topics that are read record by record. */
#define READ_TOPIC_TABLE(FIRST, NEXT)                                                              \
    FIRST(READ_SAMPLES, "samples") NEXT(READ_TASKS, "tasks") NEXT(READ_LABELS, "labels")
enum read_topic { WORDS_ENUM(READ_TOPIC_TABLE) READ_TOPICS };

/* pool_windows: what ended a window of the pool. WINDOW_OPEN is no word: nothing did yet. */
#define WINDOW_END_TABLE(FIRST, NEXT)                                                              \
    FIRST(WINDOW_FULL, "full")                                                                     \
    NEXT(WINDOW_TIME, "time")                                                                      \
    NEXT(WINDOW_BYTES, "bytes")                                                                    \
    NEXT(WINDOW_IDLE, "idle")
enum window_end { WORDS_ENUM(WINDOW_END_TABLE) WINDOW_OPEN };

/* transactions: how a Kafka transaction ended. */
#define TRANSACTION_TABLE(FIRST, NEXT)                                                             \
    FIRST(TRANSACTION_COMMITTED, "committed")                                                      \
    NEXT(TRANSACTION_ABORTED, "aborted")                                                           \
    NEXT(TRANSACTION_UNKNOWN, "unknown")
enum transaction_label { WORDS_ENUM(TRANSACTION_TABLE) TRANSACTION_LABELS };

/* producer_deaths: why a producer was given up. */
#define PRODUCER_DEATH_TABLE(FIRST, NEXT)                                                          \
    FIRST(DEATH_UNACKNOWLEDGED, "unacknowledged") /* aborted while a record was unacknowledged */  \
    NEXT(DEATH_FENCED, "fenced")                  /* another process has the identity */           \
    NEXT(DEATH_FATAL, "fatal")                    /* the library gave up */                        \
    NEXT(DEATH_UNKNOWN, "unknown")                /* no answer to a commit or an abort */
enum producer_death { WORDS_ENUM(PRODUCER_DEATH_TABLE) DEATH_NONE };

/* auto_stopped: why the model answers nothing by itself, whatever is certified. */
#define AUTO_STOP_TABLE(FIRST, NEXT)                                                               \
    FIRST(AUTO_STOP_OPERATOR, "operator") NEXT(AUTO_STOP_SILENT, "silent")
enum auto_stop { WORDS_ENUM(AUTO_STOP_TABLE) AUTO_STOPS };

/* schemas: what a question to the schema registry came to. */
#define SCHEMA_TABLE(FIRST, NEXT)                                                                  \
    FIRST(SCHEMA_FETCHED, "fetched")                                                               \
    NEXT(SCHEMA_REFUSED, "refused") /* it knows none of that id, or none that can be used */       \
    NEXT(SCHEMA_FAILED, "failed")   /* it did not answer, or not as a registry does */
enum schema_label { WORDS_ENUM(SCHEMA_TABLE) SCHEMA_LABELS };

/* cycles: what became of a batch and its records. */
#define CYCLE_TABLE(FIRST, NEXT)                                                                   \
    FIRST(CYCLE_COMMITTED, "committed")                                                            \
    NEXT(CYCLE_RETRIED, "retried")                                                                 \
    NEXT(CYCLE_DROPPED, "dropped")                                                                 \
    NEXT(CYCLE_SPLIT, "split") /* given up for smaller ones */
enum cycle_label { WORDS_ENUM(CYCLE_TABLE) CYCLE_LABELS };

/* records_trimmed: what was done to a record that was larger than its topic takes. */
#define TRIMMED_TABLE(FIRST, NEXT)                                                                 \
    FIRST(TRIMMED_EVENT, "event")            /* a task went without its event */                   \
    NEXT(TRIMMED_TASK, "task")               /* a task became a dead letter */                     \
    NEXT(TRIMMED_DEAD_LETTER, "dead_letter") /* a dead letter was shortened */                     \
    NEXT(TRIMMED_LEFT_OUT, "left_out")       /* another record was left out */
enum trimmed_label { WORDS_ENUM(TRIMMED_TABLE) TRIMMED_LABELS };

/* rebalances: what happened to our partitions. */
#define PARTITIONS_TABLE(FIRST, NEXT)                                                              \
    FIRST(PARTITIONS_ASSIGNED, "assigned")                                                         \
    NEXT(PARTITIONS_REVOKED, "revoked")                                                            \
    NEXT(PARTITIONS_LOST, "lost")
enum partitions_label { WORDS_ENUM(PARTITIONS_TABLE) PARTITIONS_LABELS };

/* selection_states: what was found of a partition's selection state at its assignment. */
#define SELECTION_TABLE(FIRST, NEXT)                                                               \
    FIRST(SELECTION_RESTORED, "restored")                                                          \
    NEXT(SELECTION_FRESH, "fresh")                                                                 \
    NEXT(SELECTION_WIPED, "wiped")                                                                 \
    NEXT(SELECTION_CORRUPT, "corrupt")
enum selection_label { WORDS_ENUM(SELECTION_TABLE) SELECTION_LABELS };

/* models: what became of a version read from the models topic. */
#define MODEL_READ_TABLE(FIRST, NEXT) FIRST(MODEL_LOADED, "loaded") NEXT(MODEL_REFUSED, "refused")
enum model_label { WORDS_ENUM(MODEL_READ_TABLE) MODEL_LABELS };

/* paused: why no labels are asked for. */
#define PAUSED_TABLE(FIRST, NEXT) FIRST(PAUSED_OPERATOR, "operator") NEXT(PAUSED_FULL, "full")
enum paused_label { WORDS_ENUM(PAUSED_TABLE) PAUSED_LABELS };

/* policy_flag: what the policy in force says. */
#define POLICY_FLAG_TABLE(FIRST, NEXT)                                                             \
    FIRST(POLICY_COLD, "cold")                                                                     \
    NEXT(POLICY_PINNED, "pinned")                                                                  \
    NEXT(POLICY_EXPLORE_ONLY, "explore_only")                                                      \
    NEXT(POLICY_SHRUNKEN, "shrunken")                                                              \
    NEXT(POLICY_WEIGHTED, "weighted")                                                              \
    NEXT(POLICY_RESTS, "rests")                                                                    \
    NEXT(POLICY_DOUBTS, "doubts")                                                                  \
    NEXT(POLICY_SEEKS, "seeks")
enum policy_label { WORDS_ENUM(POLICY_FLAG_TABLE) POLICY_LABELS };

/* kafka_broker_rtt_seconds, kafka_throttle_seconds: whose connection. */
#define CLIENT_TABLE(FIRST, NEXT)                                                                  \
    FIRST(CLIENT_CONSUMER, "consumer") NEXT(CLIENT_PRODUCER, "producer")
enum client_label { WORDS_ENUM(CLIENT_TABLE) CLIENT_LABELS };

/* queue_depth: which records wait in the Kafka client. */
#define QUEUE_TABLE(FIRST, NEXT) FIRST(QUEUE_FETCHED, "fetched") NEXT(QUEUE_OUTGOING, "outgoing")
enum queue_label { WORDS_ENUM(QUEUE_TABLE) QUEUE_LABELS };

/* kafka_errors: what an error wants: another try, an abort, another process; or a record did not
 * arrive. */
#define KAFKA_ERROR_TABLE(FIRST, NEXT)                                                             \
    FIRST(KAFKA_ERROR_RETRIABLE, "retriable")                                                      \
    NEXT(KAFKA_ERROR_ABORTABLE, "abortable")                                                       \
    NEXT(KAFKA_ERROR_FATAL, "fatal")                                                               \
    NEXT(KAFKA_ERROR_DELIVERY, "delivery")
enum kafka_error_label { WORDS_ENUM(KAFKA_ERROR_TABLE) KAFKA_ERROR_LABELS };

/* config_reloads: what became of a reload. */
#define RELOAD_TABLE(FIRST, NEXT) FIRST(RELOAD_OK, "ok") NEXT(RELOAD_REFUSED, "refused")
enum reload_label { WORDS_ENUM(RELOAD_TABLE) RELOAD_LABELS };

/* outside_trouble: which outside system fails. */
#define OUTSIDE_TABLE(FIRST, NEXT)                                                                 \
    FIRST(OUTSIDE_KAFKA, "kafka")                                                                  \
    NEXT(OUTSIDE_STORE, "store")                                                                   \
    NEXT(OUTSIDE_REGISTRY, "schema_registry")
enum outside_label { WORDS_ENUM(OUTSIDE_TABLE) OUTSIDE_LABELS };

/* http_requests: the class of the status. */
#define HTTP_STATUS_TABLE(FIRST, NEXT)                                                             \
    FIRST(HTTP_STATUS_2XX, "2xx")                                                                  \
    NEXT(HTTP_STATUS_3XX, "3xx")                                                                   \
    NEXT(HTTP_STATUS_4XX, "4xx")                                                                   \
    NEXT(HTTP_STATUS_5XX, "5xx")
enum http_status_label { WORDS_ENUM(HTTP_STATUS_TABLE) HTTP_STATUS_LABELS };

/* bridge_carried, and the bridge's own record: what became of tasks, and of answers. */
#define BRIDGE_COUNT_TABLE(FIRST, NEXT)                                                            \
    FIRST(BRIDGE_IMPORTED, "imported")     /* tasks that the tool took */                          \
    NEXT(BRIDGE_FOUND, "found")            /* were there already when they were to be imported */  \
    NEXT(BRIDGE_CLOSED, "closed")          /* were answered elsewhere, or had expired */           \
    NEXT(BRIDGE_REFUSED, "refused")        /* the tool did not take: dead letters */               \
    NEXT(BRIDGE_WITHDRAWN, "withdrawn")    /* were taken out again: expired, or there twice */     \
    NEXT(BRIDGE_ANSWERED, "answered")      /* labels that name a class */                          \
    NEXT(BRIDGE_SKIPPED, "skipped")        /* labels that say skipped, or take an answer back */   \
    NEXT(BRIDGE_NO_CLASS, "unknown_class") /* answers that are none of model.classes */            \
    NEXT(BRIDGE_UNREADABLE, "unreadable")  /* answers that cannot be read: dead letters */
enum bridge_count { WORDS_ENUM(BRIDGE_COUNT_TABLE) BRIDGE_COUNTS };
