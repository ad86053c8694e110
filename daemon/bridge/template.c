/* Filling in a template. The configuration was checked for what may stand between braces
 * (text_rule_template); a member that a task lacks is left out.
 *
 * Thread: main thread */
#include "template.h"

#include "web/web_call.h"

#include <math.h>

enum { NAME_MOST = 32 }; // bytes between braces

/* Printable letters stay; a line break would begin another header. */
static void template_add_plain(struct text t, struct buf *out) {
    for (size_t i = 0; i < t.len; i++) {
        unsigned char c = (unsigned char)t.at[i];
        if (c >= ' ' && c <= '~') buf_add(out, &t.at[i], 1);
        else buf_printf(out, "%%%02X", c);
    }
}

static struct text template_value(const cJSON *meta, const char *name, const char *token,
                                  struct buf *number) {
    double value;
    if (strcmp(name, "token") == 0) return text_of(token ? token : "");
    struct text text = json_text(meta, name);
    if (text.at || !json_number(meta, name, &value) || isnan(value)) return text; // null: absent
    buf_reset(number);
    buf_double(number, value);
    return buf_view(number);
}

void template_fill(const char *template_, const cJSON *meta, const char *token, bool path,
                   struct buf *out) {
    struct buf number = {0};
    for (const char *at = template_; *at;) {
        const char *end = *at == '{' ? strchr(at, '}') : NULL;
        char name[NAME_MOST];
        if (!end || end - at > NAME_MOST) {
            buf_add(out, at++, 1);
            continue;
        }
        snprintf(name, sizeof name, "%.*s", (int)(end - at - 1), at + 1);
        struct text value = template_value(meta, name, token, &number);
        if (path) web_escape(value, out);
        else template_add_plain(value, out);
        at = end + 1;
    }
    buf_release(&number);
}
