/* The dashboard's files, in the binary: page, style, script, and the chart library as Debian packages it.
 * Thread: any thread */
#pragma once

#include "base/text.h"

struct text asset_page(void);
struct text asset_style(void);
struct text asset_script(void);
struct text asset_chart(void);
