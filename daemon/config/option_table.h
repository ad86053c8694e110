/* The options table as rows that code can walk: what options.def and features.def say, and where in
 * the struct the value lies.
 *
 * Everything about an option follows from its row: how it is read, checked, printed, compared and
 * told in the manual.
 *
 * Thread: any thread */
#pragma once

#include "config/config.h"
#include "config/kafka_properties.h"

#include <stddef.h>

enum option_type {
    TYPE_STR,
    TYPE_BOOL,
    TYPE_INT,
    TYPE_NUM,
    TYPE_DURATION,
    TYPE_SIZE,
    TYPE_CHOICE,
    TYPE_LIST,
    TYPE_MAP
};

enum {
    RELOAD = 1, // SIGHUP puts a changed value in force; without it only a restart does
    SECRET = 2  // never shown
};

struct option {
    const char *section, *key, *path; // path: "section.key"
    enum option_type type;
    const char *default_text; // the default, as YAML text
    double least, most;       // of the value; STR: of its bytes; LIST: of its entries
    const char *choices;      // "a|b"
    unsigned flags;
    const char *doc;
    size_t offset; // in struct config, or in struct feature_config
};

struct section {
    const char *name, *doc;
};

/* OPTION_service_name, ...: index into option_rows. FEATURE_KEY_name, ...: index into
 * feature_rows. */
enum {
#define SECTION(section, doc)
#define OPTION(section, key, ...) OPTION_##section##_##key,
#define END(section)
#include "config/options.def"
#undef SECTION
#undef OPTION
#undef END
    OPTIONS
};
enum {
#define FEATURE(key, ...) FEATURE_KEY_##key,
#include "config/features.def"
#undef FEATURE
    FEATURE_KEYS
};
enum {
#define SECTION(section, doc) SECTION_##section,
#define OPTION(...)
#define END(section)
#include "config/options.def"
#undef SECTION
#undef OPTION
#undef END
    SECTIONS
};

extern const struct option option_rows[OPTIONS];
extern const struct option feature_rows[FEATURE_KEYS];
extern const struct section section_rows[SECTIONS];

/* Where one value came from: "default", "environment" or "FILE:LINE". config->source is an array of
 * them: options first, then the keys of each feature. */
struct config_source {
    const char *text;
};

static inline size_t source_of_feature(size_t feature, size_t key) {
    return OPTIONS + feature * FEATURE_KEYS + key;
}

static inline bool same_section(const struct option *a, const struct option *b) {
    return strcmp(a->section, b->section) == 0;
}

/* "text", "whole number", "duration", ... Static storage. */
const char *type_name(enum option_type type);
/* Whether a file must give it. Which options that is, check.c decides. */
bool option_required(const struct option *o);
/* What the section `features` is for: it is a list, and has no row of its own. */
extern const char features_doc[];

/* Where the value of a row lies in its struct: base is a struct config, or a struct
 * feature_config. */
static inline const void *option_value(const void *base, const struct option *o) {
    return (const char *)base + o->offset;
}
