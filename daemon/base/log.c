/* One line an event, one write(2) a line.
 *
 * Under one lock a line is compared with what was said of late, built and written: an event that
 * repeats within a second is counted, not written, and the count is written when the second is over
 * or at a flush. So a broken broker fills no disk, and nothing is lost in silence. The table of
 * recent events is small and fixed; where it is full, the oldest gives up its place.
 *
 * Whoever reads standard error may stop to read. A write would then hold up the thread that has
 * something to say, and all others behind the lock. So a line waits a moment for room, the next
 * ones not any more; they are counted, and the count is said when there is room again.
 *
 * Thread: any thread */
#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    RECENT = 32,      // events that are compared; few different ones fall into one second
    REPEAT_MS = 1000, // within which the same event is counted and not written
    ROOM_MS = 100     // longest wait for whoever reads standard error
};

struct log_recent {
    uint64_t key; // of event name and first text; 0: free
    int64_t since_ms;
    uint64_t order; // of being said: many fall into one millisecond
    uint64_t repeated;
    enum log_level level;
    char event[48];
};

static struct {
    pthread_mutex_t lock;
    enum log_format format;
    _Atomic int most_verbose;
    bool journal;
    struct log_recent recent[RECENT];
    uint64_t said;
    _Atomic uint64_t counted[LOG_WARNING + 1];
    struct log_trouble
        trouble[LOG_TROUBLES]; // a ring: the place of the next is troubles % LOG_TROUBLES
    uint64_t troubles;
    uint64_t lost; // lines that found no room, since one did
    _Atomic uint64_t lost_ever;
    bool torn; // the last one that did was not written to its end
    void (*sink)(const char *line, size_t len, void *opaque);
    void *opaque;
} log_ = {.lock = PTHREAD_MUTEX_INITIALIZER, .most_verbose = LOG_INFO};

static const char *const level_name[LOG_LEVELS] = {WORDS_TEXT(LOG_LEVEL_TABLE)};
static const int priority[LOG_LEVELS] = {3, 4, 5, 6, 7}; // of syslog, which journald reads

void log_init(enum log_format format, enum log_level most_verbose) {
    pthread_mutex_lock(&log_.lock);
    log_.format = format;
    log_.journal = getenv("JOURNAL_STREAM") != NULL;
    pthread_mutex_unlock(&log_.lock);
    log_level_set(most_verbose);
}

void log_level_set(enum log_level most_verbose) {
    atomic_store(&log_.most_verbose, (int)most_verbose);
}

void log_redirect(void (*sink)(const char *line, size_t len, void *opaque), void *opaque) {
    pthread_mutex_lock(&log_.lock);
    log_.sink = sink;
    log_.opaque = opaque;
    pthread_mutex_unlock(&log_.lock);
}

/* ---- the line ---- */

static void log_add_time(struct buf *b) {
    int64_t ms = clock_wall_ms();
    time_t s = (time_t)(ms / 1000);
    struct tm t;
    char text[32];
    gmtime_r(&s, &t);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &t);
    buf_printf(b, "%s.%03dZ", text, (int)(ms % 1000));
}

static bool log_plain(struct text t) {
    for (size_t i = 0; i < t.len; i++) {
        unsigned char c = (unsigned char)t.at[i];
        if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c >= 0x7F) return false;
    }
    return t.len > 0;
}

static void log_add_text(struct buf *b, struct text t, bool json) {
    if (!json && log_plain(t)) buf_text(b, t);
    else buf_json(b, t.at ? t : TEXT(""));
}

static void log_add_value(struct buf *b, const struct log_field *f, bool json) {
    switch (f->kind) {
    case LOG_TEXT: log_add_text(b, f->text, json); break;
    case LOG_I64: buf_printf(b, "%" PRId64, f->i64); break;
    case LOG_U64: buf_printf(b, "%" PRIu64, f->u64); break;
    case LOG_BOOL: buf_str(b, f->u64 ? "true" : "false"); break;
    case LOG_F64:
        if (isfinite(f->f64)) buf_printf(b, "%.6g", f->f64);
        else if (json) buf_str(b, "null");
        else if (isnan(f->f64)) buf_str(b, "nan");
        else buf_str(b, f->f64 > 0 ? "inf" : "-inf");
        break;
    }
}

static void log_add_key(struct buf *b, const char *key, bool json) {
    buf_printf(b, json ? ",\"%s\":" : " %s=", key);
}

static void log_build(struct buf *b, enum log_level level, const char *event, const char *msg,
                      const struct log_field *fields, uint64_t repeated) {
    bool json = log_.format == LOG_JSON;
    if (log_.journal) buf_printf(b, "<%d>", priority[level]);
    if (json) buf_str(b, "{\"ts\":\"");
    else if (!log_.journal) buf_str(b, "ts=");
    if (json || !log_.journal) log_add_time(b);
    if (json) buf_printf(b, "\",\"level\":\"%s\",\"event\":", level_name[level]);
    else buf_printf(b, "%slevel=%s event=", log_.journal ? "" : " ", level_name[level]);
    log_add_text(b, text_of(event), json);
    log_add_key(b, "msg", json);
    buf_json_str(b, msg);
    for (const struct log_field *f = fields; f && f->key; f++) {
        log_add_key(b, f->key, json);
        log_add_value(b, f, json);
    }
    if (repeated) {
        log_add_key(b, "repeated", json);
        buf_printf(b, "%" PRIu64, repeated);
    }
    buf_str(b, json ? "}\n" : "\n");
}

/* A pipe that says that it has room has it for PIPE_BUF bytes; beyond that a write would wait. A
 * socket takes what it can. */
static ssize_t log_put_some(const char *at, size_t n) {
    struct pollfd room = {.fd = STDERR_FILENO, .events = POLLOUT};
    if (poll(&room, 1, log_.lost ? 0 : ROOM_MS) <= 0) return -1;
    ssize_t sent = send(STDERR_FILENO, at, n, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0 || errno != ENOTSOCK) return sent;
    return write(STDERR_FILENO, at, n < PIPE_BUF ? n : PIPE_BUF);
}

/* One write but for a signal, or a long line and a pipe. False: there was no room, for all of it or
 * for its end. */
static bool log_put(const char *at, size_t n) {
    for (size_t done = 0; done < n;) {
        errno = 0;
        ssize_t put = log_put_some(at + done, n - done);
        if (put > 0) done += (size_t)put;
        else if (errno != EINTR) {
            log_.torn |= done > 0;
            return false;
        }
    }
    return true;
}

/* A line of its own, also behind one that was torn. */
static bool log_put_event(enum log_level level, const char *event, const char *msg,
                          const struct log_field *fields) {
    struct buf b = {0};
    if (log_.torn) buf_str(&b, "\n");
    log_build(&b, level, event, msg, fields, 0);
    bool put = log_put(b.at, b.len);
    buf_release(&b);
    return put;
}

/* What was lost is said before the first line that has room again. */
static void log_say_lost(void) {
    const struct log_field fields[] = {L_U64("lines", log_.lost), {.key = NULL}};
    if (!log_.lost && !log_.torn) return;
    if (!log_put_event(LOG_WARNING, "log_lost",
                       "whoever reads the log had stopped: lines are missing", fields))
        return;
    log_.torn = false;
    log_.lost = 0;
}

static void log_emit(const struct buf *b) {
    if (log_.sink) {
        log_.sink(b->at, b->len, log_.opaque);
        return;
    }
    log_say_lost();
    if (!log_.lost && log_put(b->at, b->len)) return;
    log_.lost++;
    atomic_fetch_add_explicit(&log_.lost_ever, 1, memory_order_relaxed);
}

/* ---- repeats ---- */

static uint64_t log_mix_in(uint64_t h, const void *bytes, size_t n) {
    for (size_t i = 0; i < n; i++) h = (h ^ ((const unsigned char *)bytes)[i]) * 0x100000001B3u;
    return (h ^ 0xFF) * 0x100000001B3u;
}

/* What makes two lines the same. Trouble repeats with other numbers each time, so there the first
 * text decides, where there is one; of the rest only the very same line is a repeat: which
 * partition was taken over, or which policy came into force where, must never be lost. */
static uint64_t log_key_of(enum log_level level, const char *event, const char *msg,
                           const struct log_field *fields) {
    uint64_t h =
        log_mix_in(log_mix_in(0xCBF29CE484222325u, event, strlen(event)), msg, strlen(msg));
    for (const struct log_field *f = fields; level <= LOG_WARNING && f && f->key; f++)
        if (f->kind == LOG_TEXT) return log_mix_in(h, f->text.at, f->text.len) | 1;
    for (const struct log_field *f = fields; f && f->key; f++) {
        h = log_mix_in(h, f->key, strlen(f->key));
        if (f->kind == LOG_TEXT) h = log_mix_in(h, f->text.at, f->text.len);
        else
            h = log_mix_in(
                log_mix_in(log_mix_in(h, &f->i64, sizeof f->i64), &f->u64, sizeof f->u64), &f->f64,
                sizeof f->f64);
    }
    return h | 1;
}

static void log_say_repeats(struct log_recent *r) {
    if (!r->repeated) return;
    struct buf b = {0};
    log_build(&b, r->level, r->event, "said again", NULL, r->repeated);
    log_emit(&b);
    buf_release(&b);
    r->repeated = 0;
}

static void log_forget_if_over(struct log_recent *r, int64_t now) {
    if (!r->key || now - r->since_ms < REPEAT_MS) return;
    log_say_repeats(r);
    r->key = 0;
}

/* Whether it was said less than a second ago; else it is remembered, in the place of the oldest. */
static bool log_repeats(enum log_level level, const char *event, uint64_t key) {
    int64_t now = clock_ms();
    struct log_recent *oldest = &log_.recent[0];
    for (size_t i = 0; i < RECENT; i++) {
        struct log_recent *r = &log_.recent[i];
        log_forget_if_over(r, now);
        if (r->key == key) {
            r->repeated++;
            return true;
        }
        if (!r->key || (oldest->key && r->order < oldest->order)) oldest = r;
    }
    log_say_repeats(oldest);
    *oldest =
        (struct log_recent){.key = key, .since_ms = now, .order = log_.said++, .level = level};
    snprintf(oldest->event, sizeof oldest->event, "%s", event);
    return false;
}

/* ---- trouble, for who looks later ---- */

static void log_keep_trouble(enum log_level level, const char *event, const char *msg) {
    struct log_trouble *t = &log_.trouble[log_.troubles++ % LOG_TROUBLES];
    *t = (struct log_trouble){.level = level, .time_ms = clock_wall_ms()};
    snprintf(t->event, sizeof t->event, "%s", event);
    snprintf(t->msg, sizeof t->msg, "%s", msg);
}

uint64_t log_counted(enum log_level level) {
    return atomic_load_explicit(&log_.counted[level], memory_order_relaxed);
}

uint64_t log_lost(void) { return atomic_load_explicit(&log_.lost_ever, memory_order_relaxed); }

size_t log_troubles(struct log_trouble *out, size_t most) {
    pthread_mutex_lock(&log_.lock);
    size_t n = 0;
    for (; n < most && n < LOG_TROUBLES && n < log_.troubles; n++)
        out[n] = log_.trouble[(log_.troubles - 1 - n) % LOG_TROUBLES];
    pthread_mutex_unlock(&log_.lock);
    return n;
}

/* ---- writing ---- */

void log_write(enum log_level level, const char *event, const char *msg,
               const struct log_field *fields) {
    if (level <= LOG_WARNING)
        atomic_fetch_add_explicit(&log_.counted[level], 1, memory_order_relaxed);
    if ((int)level > atomic_load(&log_.most_verbose)) return;
    pthread_mutex_lock(&log_.lock);
    if (!log_repeats(level, event, log_key_of(level, event, msg, fields))) {
        struct buf b = {0};
        if (level <= LOG_WARNING) log_keep_trouble(level, event, msg);
        log_build(&b, level, event, msg, fields, 0);
        log_emit(&b);
        buf_release(&b);
    }
    pthread_mutex_unlock(&log_.lock);
}

void log_flush(void) {
    pthread_mutex_lock(&log_.lock);
    int64_t now = clock_ms();
    for (size_t i = 0; i < RECENT; i++) {
        log_say_repeats(&log_.recent[i]); // all: at the end nobody comes later to say them
        log_forget_if_over(&log_.recent[i], now);
    }
    pthread_mutex_unlock(&log_.lock);
}
