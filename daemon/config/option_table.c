/* The rows, from options.def and features.def.
 *
 * Thread: any thread */
#include "option_table.h"

#include "base/log.h"
#include "base/word_list.h"

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
     offsetof(struct config, section.OPTION_FIELD(key))},
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
