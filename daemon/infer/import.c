/* What a file of tensors and one of trees have in common when they are imported.
 *
 * Classes are found by their names: scikit-learn sorts them, others count them as they came, and a
 * model with two classes exchanged would pass every other check.
 *
 * Thread: command line */
#include "import_private.h"

#include <stdarg.h>

int import_refuse(struct import *im, int error, const char *format, ...) {
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (!im->why->len) buf_str(im->why, text);
    return error;
}

int import_order(struct import *im, struct text said, size_t theirs[CLASSES_MAX]) {
    struct text ours = im->target->classes, class_, line;
    size_t lines = 1, found = 0;
    for (size_t i = 0; i < said.len; i++) lines += said.at[i] == '\n';
    for (size_t k = 0; k < im->target->k && text_line(&ours, &class_); k++) {
        struct text rest = said;
        for (size_t place = 0; text_line(&rest, &line); place++) {
            if (!text_equal(line, class_)) continue;
            theirs[k] = place;
            found++;
            break;
        }
    }
    if (found != im->target->k || lines != found)
        return import_refuse(im, ERR_MISMATCH, "its classes are not those of model.classes");
    return 0;
}
