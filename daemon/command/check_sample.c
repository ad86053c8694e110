/* `winnowd check --sample`: what the model would see of a record, beside what stands in it.
 *
 * One block a record: what becomes of it, then a row for each feature. Nothing is sent anywhere, so
 * a pointer can be tried on a line of a file before there is a daemon.
 *
 * Thread: main thread */
#include "check.h"

#include "command.h"
#include "sample_look.h"
#include "terminal/listing.h"

enum {
    FILE_MOST = 64 << 20, // bytes of a file
    NEWEST_MOST = 10000,  // records of the topic
    VALUE_CHARACTERS = 40,
    NUMBERS = 8 // columns of a feature
};

struct sample_print {
    struct sample_look look;
    size_t n, bad;
};

static void sample_print_fate(const struct sample_print *p, enum reason fate,
                              const struct sample *sample) {
    struct buf text = {0};
    const struct config *c = p->look.config;
    bool hidden = c->route.mask.n || c->route.fields.n; // not all is for everybody's eyes
    if (reason_is_sample(fate) && sample->id.at) buf_shown(&text, sample->id);
    else if (reason_is_sample(fate)) buf_str(&text, "without an id of its own");
    else if (fate != REASON_IGNORED) {
        buf_printf(&text, "%s: %s%s", reason_name(fate), reason_text(fate),
                   sample->found.len ? ": " : "");
        buf_shown(&text, hidden ? sample->where : sample->found);
    }
    const char *what = fate == REASON_NONE ? "a sample, " : "a dead letter, ";
    if (fate == REASON_IGNORED) what = "passed over (admit.ignore, admit.tombstones)";
    if (fate == REASON_BLOCKED) what = "a sample that was blocked (admit.blocked), ";
    printf("%srecord %zu: %s%s\n", p->n > 1 ? "\n" : "", p->n, what, buf_string(&text));
    buf_release(&text);
}

/* The event's side, then the row's. */
static void sample_print_fields(const struct sample_print *p) {
    static const struct column columns[] = {{"feature", "feature", COLUMN_TEXT, 32},
                                            {"path", "path", COLUMN_TEXT, 40},
                                            {"value", "in the event", COLUMN_TEXT, 0},
                                            {"row", "in the row", COLUMN_TEXT, 0}};
    struct listing l;
    struct buf text = {0};
    listing_begin(&l, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < features_fields(p->look.features); i++) {
        listing_text(&l, features_name(p->look.features, i));
        listing_text(&l, features_paths(p->look.features)[i]);
        buf_reset(&text);
        sample_look_value(&p->look, i, VALUE_CHARACTERS, &text);
        listing_text(&l, buf_view(&text));
        if (!sample_look_has(&p->look, i)) listing_tone(&l, TONE_DOUBT);
        buf_reset(&text);
        sample_look_numbers(&p->look, i, NUMBERS, &text);
        listing_text(&l, buf_view(&text));
    }
    listing_print(&l, stdout, false, "");
    listing_end(&l);
    buf_release(&text);
}

static void sample_print_record(struct text value, int64_t time_ms, void *opaque) {
    struct sample_print *p = opaque;
    struct sample sample;
    enum reason fate = sample_look_record(&p->look, value, time_ms, &sample);
    p->n++;
    p->bad += !reason_is_sample(fate) && fate != REASON_IGNORED;
    sample_print_fate(p, fate, &sample);
    if (reason_is_sample(fate) || fate == REASON_NO_FEATURE) sample_print_fields(p);
}

/* ---- where they come from ---- */

/* One record over several lines, as an editor shows JSON: then no line of it is one. */
static bool sample_print_is_one(struct sample_look *l, struct text all) {
    return sample_look_decode(l, all);
}

static int sample_print_file(struct sample_print *p, const char *path) {
    struct buf file = {0};
    struct text line;
    int code = console_read_file(path, FILE_MOST, &file);
    struct text rest = buf_view(&file);
    if (code == CLI_GO && sample_print_is_one(&p->look, rest)) {
        sample_print_record(rest, 0, p);
        rest.len = 0;
    }
    while (code == CLI_GO && text_line(&rest, &line))
        if (line.len) sample_print_record(line, 0, p);
    buf_release(&file);
    return code;
}

static int sample_print_topic(struct sample_print *p, int64_t n) {
    struct buf why = {0};
    int result = sample_look_newest(p->look.config, (size_t)n, sample_print_record, p, &why);
    int code = result < 0 ? console_fail(console_exit(result), "%s", buf_string(&why)) : CLI_GO;
    buf_release(&why);
    return code;
}

int check_sample(const struct config *c, const char *from) {
    struct sample_print p = {0};
    char *end;
    long n = strtol(from, &end, 10);
    bool number = *from >= '0' && *from <= '9' && !*end;
    if (number && (n < 1 || n > NEWEST_MOST))
        return console_fail(EX_USAGE, "--sample takes 1 to %d records of the topic", NEWEST_MOST);
    struct buf why = {0};
    int result = sample_look_open(&p.look, c, &why);
    int code = result < 0 ? console_fail(console_exit(result), "%s", buf_string(&why)) : CLI_GO;
    buf_release(&why);
    if (code == CLI_GO) code = number ? sample_print_topic(&p, n) : sample_print_file(&p, from);
    sample_look_close(&p.look);
    if (code != CLI_GO) return code;
    printf("%s%zu records, %zu would be dead letters\n", p.n ? "\n" : "", p.n, p.bad);
    return p.bad ? EX_DATAERR : EX_OK;
}
