/* One event a line, machine-readable: level, event name, a sentence for a person, then named
 * fields.
 *
 *   LOG(INFO, "model_live", "a new model is live", L_U64("version", v), L_F64("age_s", age));
 *
 * logfmt: level=info event=model_live msg="a new model is live" version=7 age_s=1.25 json:
 * {"ts":"…","level":"info","event":"model_live","msg":"…","version":7,"age_s":1.25} With
 * JOURNAL_STREAM set each line starts with "<N>", the journald priority; else with a time stamp. A
 * line that repeats within a second is counted and said once (repeated=N): warnings and errors by
 * event, message and first text field if there is one, others only when every field is the same.
 * Secrets are never passed here (I12).
 *
 * Thread: any thread */
#pragma once

#include "base/word_list.h"

#include <stdint.h>

/* Levels, most urgent first. Errors and warnings are the trouble that is also counted and kept. */
#define LOG_TROUBLE_TABLE(FIRST, NEXT) FIRST(LOG_ERROR, "error") NEXT(LOG_WARNING, "warning")
#define LOG_LEVEL_TABLE(FIRST, NEXT)                                                               \
    LOG_TROUBLE_TABLE(FIRST, NEXT)                                                                 \
    NEXT(LOG_NOTICE, "notice")                                                                     \
    NEXT(LOG_INFO, "info")                                                                         \
    NEXT(LOG_DEBUG, "debug")
enum log_level { WORDS_ENUM(LOG_LEVEL_TABLE) LOG_LEVELS };

#define LOG_FORMAT_TABLE(FIRST, NEXT) FIRST(LOG_LOGFMT, "logfmt") NEXT(LOG_JSON, "json")
enum log_format { WORDS_ENUM(LOG_FORMAT_TABLE) LOG_FORMATS };

struct log_field {
    const char *key; // NULL ends the list
    enum { LOG_TEXT, LOG_I64, LOG_U64, LOG_F64, LOG_BOOL } kind;
    struct text text;
    int64_t i64;
    uint64_t u64;
    double f64;
};

#define L_TEXT(k, t) ((struct log_field){.key = (k), .kind = LOG_TEXT, .text = (t)})
#define L_STR(k, s) ((struct log_field){.key = (k), .kind = LOG_TEXT, .text = text_of(s)})
#define L_I64(k, v) ((struct log_field){.key = (k), .kind = LOG_I64, .i64 = (int64_t)(v)})
#define L_U64(k, v) ((struct log_field){.key = (k), .kind = LOG_U64, .u64 = (uint64_t)(v)})
#define L_F64(k, v) ((struct log_field){.key = (k), .kind = LOG_F64, .f64 = (v)})
#define L_BOOL(k, v) ((struct log_field){.key = (k), .kind = LOG_BOOL, .u64 = (v)})

#define LOG(level, event, msg, ...)                                                                \
    log_write(LOG_##level, event, msg,                                                             \
              (const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ){.key = NULL}})

/* Once, before threads start. Lines go to standard error. Where nobody reads it and it is full, a
 * line waits 100 ms at most, and those behind it not at all: they are lost, counted, and the count
 * is said (event log_lost) when there is room again. */
void log_init(enum log_format format, enum log_level most_verbose);
/* Another level from now on: a reload. */
void log_level_set(enum log_level most_verbose);
void log_write(enum log_level level, const char *event, const char *msg,
               const struct log_field *fields);
/* Says the counts of repeats that are still held back; call about once a second and at the end. */
void log_flush(void);
/* Errors or warnings since the start, also those that were collapsed as repeats. */
uint64_t log_counted(enum log_level level);
/* Lines that were lost since the start. */
uint64_t log_lost(void);
/* The last errors and warnings that were written, without their fields: newest first; returns how
 * many. */
enum { LOG_TROUBLES = 32 };
struct log_trouble {
    enum log_level level;
    int64_t time_ms; // since 1970
    char event[48], msg[200];
};
size_t log_troubles(struct log_trouble *out, size_t most);
/* For tests and the demo: lines go here instead of standard error (NULL: back). */
void log_redirect(void (*sink)(const char *line, size_t len, void *opaque), void *opaque);
