/* The rows, from options.def and features.def.
 *
 * Thread: any thread */
#include "option_table.h"

#include "base/log.h"
#include "base/word_list.h"
#include "value.h"

const struct option option_rows[OPTIONS] = {
#define SECTION(section, doc)
#define OPTION(section, key, type, default_text, least, most, choices, flags, doc)                 \
    {#section,                                                                                     \
     #key,                                                                                         \
     #section "." #key,                                                                            \
     TYPE_##type,                                                                                  \
     default_text,                                                                                 \
     least,                                                                                        \
     most,                                                                                         \
     choices,                                                                                      \
     flags,                                                                                        \
     doc,                                                                                          \
     offsetof(struct config, section.key)},
#define END(section)
#include "config/options.def"
#undef SECTION
#undef OPTION
#undef END
};

const struct option feature_rows[FEATURE_KEYS] = {
#define FEATURE(key, type, default_text, least, most, choices, doc)                                \
    {"features",                                                                                   \
     #key,                                                                                         \
     "features." #key,                                                                             \
     TYPE_##type,                                                                                  \
     default_text,                                                                                 \
     least,                                                                                        \
     most,                                                                                         \
     choices,                                                                                      \
     0,                                                                                            \
     doc,                                                                                          \
     offsetof(struct feature_config, key)},
#include "config/features.def"
#undef FEATURE
};

const struct section section_rows[SECTIONS] = {
#define SECTION(section, doc) {#section, doc},
#define OPTION(...)
#define END(section)
#include "config/options.def"
#undef SECTION
#undef OPTION
#undef END
};

const char features_doc[] =
    "The fields of a sample that the model sees: a list, one map for each feature. At least one "
    "is required. A change needs a restart and starts a new model.";

bool option_required(const struct option *o) {
    return o == &option_rows[OPTION_model_classes] || o == &feature_rows[FEATURE_KEY_name];
}

const char *type_name(enum option_type type) {
    static const char *const names[] = {
        [TYPE_STR] = "text",      [TYPE_BOOL] = "boolean", [TYPE_INT] = "whole number",
        [TYPE_NUM] = "number",    [TYPE_SIZE] = "size",    [TYPE_DURATION] = "duration",
        [TYPE_CHOICE] = "choice", [TYPE_LIST] = "list",    [TYPE_MAP] = "map",
    };
    return names[type];
}

static void option_allowed_words(const char *choices, struct buf *out) {
    struct text w;
    for (const char *comma = ""; word_list_next(&choices, &w); comma = ", ") {
        buf_str(out, comma);
        buf_text(out, w);
    }
}

static void option_allowed_range(const struct option *o, struct buf *out) {
    scalar_number_write(o->type, o->least, out);
    buf_str(out, " to ");
    scalar_number_write(o->type, o->most, out);
    if (o->type == TYPE_DURATION) buf_str(out, ", with unit ms, s, m, h or d");
    if (o->type == TYPE_SIZE) buf_str(out, ", with unit B, KiB, MiB or GiB");
}

static void option_allowed_count(const struct option *o, const char *what, struct buf *out) {
    if (o->least > 0) buf_printf(out, "%.0f to %.0f %s", o->least, o->most, what);
    else buf_printf(out, "at most %.0f %s", o->most, what);
}

void option_allowed(const struct option *o, struct buf *out) {
    switch (o->type) {
    case TYPE_BOOL: buf_str(out, "true, false"); break;
    case TYPE_CHOICE: option_allowed_words(o->choices, out); break;
    case TYPE_STR: option_allowed_count(o, "bytes", out); break;
    case TYPE_LIST: option_allowed_count(o, "entries", out); break;
    case TYPE_MAP: buf_str(out, "names with one value each"); break;
    default: option_allowed_range(o, out);
    }
}
