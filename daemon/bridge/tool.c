/* The tools that the bridge knows: one row each.
 *
 * Thread: main thread */
#include "tool.h"

#include "label_studio.h"
#include "plain_http.h"

int tool_open(struct tool *out, const struct config *c, const struct web_watch *watch,
              struct buf *why) {
    static int (*const open[BRIDGE_TOOLS])(struct tool *, const struct config *,
                                           const struct web_watch *, struct buf *) = {
        [BRIDGE_TOOL_LABEL_STUDIO] = label_studio_open, [BRIDGE_TOOL_HTTP] = plain_http_open};
    return open[c->bridge.tool](out, c, watch, why);
}
