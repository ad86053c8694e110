/* `winnowd model fingerprint`.
 *
 * Thread: main thread */
#include "model_fingerprint.h"

#include "command.h"
#include "encode/features.h"
#include "terminal/console.h"

#include <inttypes.h>

int model_fingerprint(const struct config *c, bool json) {
    struct features *f;
    struct buf out = {0};
    if (features_of(&f, c) < 0)
        return console_fail(EX_CONFIG, "features: %s", error_text(ERR_CONFIG));
    const struct list *classes = &c->model.classes;
    buf_printf(&out,
               json ? "{\"fingerprint\":\"%016" PRIx64 "\",\"classes\":["
                    : "fingerprint  %016" PRIx64 "\nclasses      ",
               features_fingerprint(f));
    for (size_t i = 0; i < classes->n; i++) {
        if (i) buf_str(&out, json ? "," : ", ");
        buf_json_str(&out, classes->at[i]);
    }
    buf_str(&out, json ? "],\"columns\":[" : "\n");
    for (size_t i = 0; i < features_columns(f); i++) {
        struct buf name = {0};
        features_column_name(f, i, &name);
        if (!json) buf_printf(&out, "column %-5zu ", i);
        else if (i) buf_str(&out, ",");
        buf_json(&out, buf_view(&name));
        if (!json) buf_str(&out, "\n");
        buf_release(&name);
    }
    if (json) buf_str(&out, "]}\n");
    fputs(buf_string(&out), stdout);
    buf_release(&out);
    features_destroy(f);
    return EX_OK;
}
