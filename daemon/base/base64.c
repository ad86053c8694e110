/* Three bytes are four letters.
 *
 * Thread: any thread */
#include "base/base64.h"

#include <stdint.h>

void base64_write(const char *bytes, size_t n, char *out) {
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3, out += 4) {
        uint32_t three = (uint32_t)(unsigned char)bytes[i] << 16;
        if (i + 1 < n) three |= (uint32_t)(unsigned char)bytes[i + 1] << 8;
        if (i + 2 < n) three |= (unsigned char)bytes[i + 2];
        for (size_t k = 0; k < 4; k++) out[k] = letters[three >> (18 - 6 * k) & 63];
        if (i + 2 >= n) out[3] = '=';
        if (i + 1 >= n) out[2] = '=';
    }
}
