/* A file of certificate authorities, looked at before anybody relies on it: a wrong path would show
 * only when the first connection fails, as a server that is away.
 *
 * Thread: any thread */
#include "base/whole_file.h"
#include "config/config.h"

#include <errno.h>
#include <string.h>

enum { LOOKED_AT_MOST = 4 << 20 }; // bytes: twenty times what a system has

const char *authorities_fault(const char *file) {
    static const char mark[] = "CERTIFICATE-----"; // of every form of PEM that TLS libraries take
    struct buf b = {0};
    int error = whole_file_read(file, LOOKED_AT_MOST, &b);
    const char *why = error && error != EFBIG ? whole_file_why(error) : NULL;
    if (!why && !(b.len && memmem(b.at, b.len, mark, sizeof mark - 1)))
        why = "it holds no certificate (PEM)";
    buf_release(&b);
    return why;
}
