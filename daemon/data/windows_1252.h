/* Text of Western European Windows programs as UTF-8.
 *
 * Thread: any thread */
#pragma once

#include "base/buf.h"

/* Appends the bytes as UTF-8. Every byte has a meaning here (the five that Windows leaves open are
 * C1 controls, as the WHATWG Encoding Standard has it). */
void windows_1252_read(struct text bytes, struct buf *out);
