/* The code page is Latin-1 but for 80 to 9F. Source: WHATWG Encoding Standard, windows-1252.
 *
 * Thread: any thread */
#include "windows_1252.h"

static const unsigned short upper[32] = {
    0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008D, 0x017D, 0x008F, 0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178};

static void windows_1252_put(unsigned point, struct buf *out) {
    char c[3] = {(char)point};
    size_t n = 1;
    if (point >= 0x800) {
        c[0] = (char)(0xE0 | point >> 12);
        c[1] = (char)(0x80 | (point >> 6 & 0x3F));
        c[2] = (char)(0x80 | (point & 0x3F));
        n = 3;
    } else if (point >= 0x80) {
        c[0] = (char)(0xC0 | point >> 6);
        c[1] = (char)(0x80 | (point & 0x3F));
        n = 2;
    }
    buf_add(out, c, n);
}

void windows_1252_read(struct text bytes, struct buf *out) {
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char c = (unsigned char)bytes.at[i];
        windows_1252_put(c >= 0x80 && c < 0xA0 ? upper[c - 0x80] : c, out);
    }
}
