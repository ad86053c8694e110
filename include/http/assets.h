/* The files of the dashboard and of the label page, in the binary: pages, styles, scripts, and the
 * chart library as Debian packages it.
 *
 * Thread: any thread */
#pragma once

#include "base/text.h"

/* Each is borrowed for ever. The dashboard: page, style, script, and Chart.js; the label page
 * likewise; the icon of both. */
struct text asset_page(void);
struct text asset_style(void);
struct text asset_script(void);
struct text asset_chart(void);
struct text asset_icon(void);
struct text asset_label_page(void);
struct text asset_label_style(void);
struct text asset_label_script(void);
