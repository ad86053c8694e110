/* The configuration: one YAML file, checked whole before anything starts (promise I10).
 *
 * options.def and features.def make the structs below. Everything config_load gives is owned by the
 * struct and lives until config_destroy.
 *
 * Thread: main thread loads; read-only afterwards, any thread */
#pragma once

#include "base/buf.h"
#include "base/error.h"
#include "base/word_list.h"
#include "config/choices.h"
#include "config/limits.h"

#include <stdbool.h>
#include <stdint.h>

struct list {
    char **at;
    size_t n;
};

struct map {
    char **key, **value;
    size_t n;
};

#define OPTION_TYPE_STR char *
#define OPTION_TYPE_BOOL bool
#define OPTION_TYPE_INT int64_t
#define OPTION_TYPE_NUM double
#define OPTION_TYPE_DURATION int64_t // milliseconds
#define OPTION_TYPE_SIZE int64_t     // bytes
#define OPTION_TYPE_CHOICE int       // index into the row's choices
#define OPTION_TYPE_LIST struct list
#define OPTION_TYPE_MAP struct map

/* The field of a key: the key itself, but of one that is a word of C, whose field has an underscore
 * behind it. */
#define OPTION_KEYWORD_double , double_
#define OPTION_SECOND_OF(first, second, ...) second
#define OPTION_FIELD_OF(...) OPTION_SECOND_OF(__VA_ARGS__)
#define OPTION_FIELD(key) OPTION_FIELD_OF(OPTION_KEYWORD_##key, key, )

struct feature_config {
#define FEATURE(key, type, ...) OPTION_TYPE_##type key;
#include "config/features.def"
#undef FEATURE
};

struct config {
#define SECTION(section, doc) struct {
#define OPTION(section, key, type, ...) OPTION_TYPE_##type OPTION_FIELD(key);
#define END(section)                                                                               \
    }                                                                                              \
    section;
#include "config/options.def"
#undef SECTION
#undef OPTION
#undef END
    struct feature_config *features;
    size_t features_n;
    struct config_source *source; // where each value came from: default, file:line, environment
    struct arena *arena;
};

/* Reads and checks FILE. Every error goes to `errors`, one a line: "FILE:LINE:COLUMN: key: what is
 * wrong, what is allowed, did you mean X". 0, or ERR_CONFIG when there was any (then *out is
 * NULL). */
int config_load(struct config **out, const char *file, struct buf *errors) MUST_CHECK;
/* The same from memory; `name` stands for the file in messages. */
int config_parse(struct config **out, const char *name, struct text yaml,
                 struct buf *errors) MUST_CHECK;
void config_destroy(struct config *c);
/* The value of a key of admit.registry (url, ca, token_file); NULL: not given, or empty. Borrowed.
 */
const char *config_registry(const struct config *c, const char *key);
/* Columns that a feature has in a row. */
size_t feature_columns(const struct feature_config *f);
/* Index of a class in model.classes, or -1. */
int config_class(const struct config *c, struct text name);
/* What the score of model.upstream is (enum upstream), or -1: there is none. */
int config_upstream(const struct config *c);
/* How many columns it has in a row, behind those of the features: 0, 1, or one for each class. */
size_t config_upstream_columns(const struct config *c);

/* The effective configuration as YAML, the source of each value behind it as a comment, secrets
 * masked. */
void config_print(const struct config *c, struct buf *out);
/* Where the i-th entry of `features` stands: "FILE:LINE", borrowed. */
const char *config_feature_place(const struct config *c, size_t i);
/* An option that is given and can do nothing: "people.opinions", where it stands ("FILE:LINE"), and
 * what is off. Borrowed. */
struct config_idle {
    const char *path, *place, *why;
};
typedef void config_idle_visit(const struct config_idle *idle, void *opaque);
/* Visits those whose value is not the default, in a fixed order. */
void config_idle(const struct config *c, config_idle_visit *visit, void *opaque);
/* Appends a text in double quotes that YAML reads back as the same text, whatever it holds. */
void config_quote(struct text text, struct buf *out);
/* docs/OPTIONS.md and the annotated config/winnowd.yaml. */
void config_markdown(struct buf *out);
void config_template(struct buf *out);
/* winnowd.yaml(5), as scdoc(1) reads it; and a text in which nothing means markup there. */
void config_manual(struct buf *out);
void scdoc_text(const char *text, struct buf *out);
/* Names of options that differ between a and b and of those that only a restart can change, as text
 * for the log. `restart` gets those without RELOAD; both comma-separated. */
void config_diff(const struct config *a, const struct config *b, struct buf *changed,
                 struct buf *restart);
/* Copies the values of all RELOAD options from b into a deep copy of a: what SIGHUP puts in
 * force. */
struct config *config_reloaded(const struct config *a, const struct config *b);
/* Reads a secret file: whole, final newline dropped; relative names under $CREDENTIALS_DIRECTORY
 * when set. The caller frees. NULL: *why says what is wrong. */
char *secret_read(const char *file, const char **why);
/* Why a file of certificate authorities is none; NULL: it has certificates. Static storage. */
const char *authorities_fault(const char *file);
