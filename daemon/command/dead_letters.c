/* `winnowd dead-letters`: records that could not be read, why, and feeding them again once they can
 * be.
 *
 * A dead letter is named by PARTITION/OFFSET on its topic. Refuses to feed one that was fed before
 * (unless --again says so), one that was cut short, and one that this configuration would refuse
 * again; then none of those that were named is sent.
 *
 * Thread: main thread */
#include "command.h"

#include "base/log.h"
#include "dead_letter_retry.h"
#include "terminal/console.h"
#include "terminal/listing.h"

#include <inttypes.h>

enum {
    EDIT_MOST = 100 << 20, // bytes of a repaired value; Kafka takes no larger record
    LIST_USUAL = 50        // dead letters that `list` shows unless told otherwise
};

struct dead_letter_place {
    int32_t partition;
    int64_t offset;
};

struct dead_letters {
    const char *file, *reason, *edit;
    int64_t limit;
    bool json, all, dry_run, again;
    const struct config *config;
    const char *const *word; // (words) after the verb
    int words;
    struct dead_letter_place *place; // (words)
    struct dead_letter_list letters;
    struct buf why, edited;
};

/* ---- places ---- */

static int dead_letters_read_places(struct dead_letters *d) {
    d->place = xcalloc((size_t)d->words, sizeof *d->place);
    for (int i = 0; i < d->words; i++) {
        int end = 0;
        if (sscanf(d->word[i], "%" SCNd32 "/%" SCNd64 "%n", &d->place[i].partition,
                   &d->place[i].offset, &end) != 2 ||
            d->word[i][end])
            return console_fail(
                EX_USAGE, "'%s' is not PARTITION/OFFSET; `winnowd dead-letters list` has them",
                d->word[i]);
        for (int j = 0; j < i; j++)
            if (d->place[j].partition == d->place[i].partition &&
                d->place[j].offset == d->place[i].offset)
                return console_fail(EX_USAGE, "%s is named twice", d->word[i]);
    }
    return CLI_GO;
}

static bool dead_letters_of_reason(const struct dead_letters *d, const struct letter *l) {
    return !d->reason || text_equal(l->reason, text_of(d->reason));
}

static bool dead_letters_wanted(const struct letter *l, void *opaque) {
    const struct dead_letters *d = opaque;
    for (int i = 0; i < d->words; i++)
        if (d->place[i].partition == l->partition && d->place[i].offset == l->offset) return true;
    return d->all && dead_letters_of_reason(d, l);
}

static int dead_letters_find_all(struct dead_letters *d) {
    for (int i = 0; i < d->words; i++)
        if (!dead_letter_list_find(&d->letters, d->place[i].partition, d->place[i].offset))
            return console_fail(EX_NOINPUT, "there is no dead letter %s on topic %s", d->word[i],
                                d->config->topics.dead_letters);
    return CLI_GO;
}

/* ---- list ---- */

static void dead_letters_add_letter(struct listing *l, const struct letter *one) {
    char place[40];
    struct buf source = {0};
    snprintf(place, sizeof place, "%" PRId32 "/%" PRId64, one->partition, one->offset);
    buf_text(&source, one->source);
    buf_printf(&source, " %.*s/%.*s", (int)one->source_partition.len, one->source_partition.at,
               (int)one->source_offset.len, one->source_offset.at);
    listing_text(l, text_of(place));
    listing_time(l, one->time_ms);
    listing_text(l, one->reason);
    listing_tone(l, TONE_DOUBT);
    listing_text(l, buf_view(&source));
    listing_count(l, one->bytes);
    listing_text(l, one->retried ? TEXT("yes") : TEXT("no"));
    listing_tone(l, one->retried ? TONE_GOOD : TONE_PLAIN);
    listing_text(l, one->message);
    buf_release(&source);
}

static const struct column list_columns[] = {{"place", "place", COLUMN_TEXT, 0},
                                             {"time_ms", "when (UTC)", COLUMN_TIME, 0},
                                             {"reason", "reason", COLUMN_TEXT, 20},
                                             {"source", "sample", COLUMN_TEXT, 48},
                                             {"bytes", "bytes", COLUMN_NUMBER, 0},
                                             {"retried", "retried", COLUMN_TEXT, 0},
                                             {"message", "what was wrong", COLUMN_TEXT, 140}};

static int dead_letters_by_age(const void *a, const void *b) {
    const struct letter *x = *(const struct letter *const *)a,
                        *y = *(const struct letter *const *)b;
    if (x->time_ms != y->time_ms) return x->time_ms < y->time_ms ? -1 : 1;
    return x < y ? -1 : x > y;
}

static int dead_letters_list(struct dead_letters *d, struct retrier *unused) {
    (void)unused;
    struct listing l;
    const struct letter **shown = xcalloc(d->letters.n, sizeof *shown);
    size_t n = 0;
    for (size_t i = 0; i < d->letters.n; i++)
        if (dead_letters_of_reason(d, &d->letters.at[i])) shown[n++] = &d->letters.at[i];
    if (n) qsort(shown, n, sizeof *shown, dead_letters_by_age);
    size_t from = d->limit && n > (size_t)d->limit ? n - (size_t)d->limit : 0;
    listing_begin(&l, list_columns, sizeof list_columns / sizeof *list_columns);
    for (size_t i = from; i < n; i++) dead_letters_add_letter(&l, shown[i]);
    listing_print(&l, stdout, d->json, "no dead letter");
    listing_end(&l);
    if (from && !d->json) printf("(the newest %zu of %zu; --limit 0 shows all)\n", n - from, n);
    free(shown);
    return EX_OK;
}

/* ---- show ---- */

static void dead_letters_show_named(struct text what, struct text t) {
    struct buf safe = {0}, name = {0};
    buf_shown(&safe, t);
    buf_shown(&name, what);
    printf("%-14s %s\n", buf_string(&name), t.at ? buf_string(&safe) : "(none)");
    buf_release(&safe);
    buf_release(&name);
}

static void dead_letters_show_text(const char *what, struct text t) {
    dead_letters_show_named(text_of(what), t);
}

static void dead_letters_show_json(const struct letter *l) {
    const struct {
        const char *key;
        struct text value;
    } members[] = {{"reason", l->reason},
                   {"message", l->message},
                   {"topic", l->source},
                   {"partition_of_sample", l->source_partition},
                   {"offset_of_sample", l->source_offset},
                   {"key", l->key},
                   {"value", l->value}};
    struct buf b = {0};
    buf_printf(&b,
               "{\"place\":\"%" PRId32 "/%" PRId64 "\",\"time_ms\":%" PRId64
               ",\"retried\":%s,\"cut\":%s",
               l->partition, l->offset, l->time_ms, l->retried ? "true" : "false",
               l->whole_bytes.at ? "true" : "false");
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        buf_printf(&b, ",\"%s\":", members[i].key);
        if (members[i].value.at) buf_json(&b, members[i].value);
        else buf_str(&b, "null");
    }
    buf_str(&b, ",\"headers\":{");
    for (size_t i = 0; i < l->headers_n; i++) {
        if (i) buf_str(&b, ",");
        buf_json(&b, l->header[i].name);
        buf_str(&b, ":");
        buf_json(&b, l->header[i].value);
    }
    buf_str(&b, "}}\n");
    fputs(buf_string(&b), stdout);
    buf_release(&b);
}

static int dead_letters_show(struct dead_letters *d, struct retrier *unused) {
    (void)unused;
    const struct letter *l =
        dead_letter_list_find(&d->letters, d->place[0].partition, d->place[0].offset);
    if (d->json) {
        dead_letters_show_json(l);
        return EX_OK;
    }
    struct buf when = {0};
    listing_when(&when, l->time_ms);
    printf("%-14s %" PRId32 "/%" PRId64 " of %s, %s UTC\n", "dead letter", l->partition, l->offset,
           d->config->topics.dead_letters, buf_string(&when));
    dead_letters_show_text("reason", l->reason);
    dead_letters_show_text("message", l->message);
    dead_letters_show_text("topic", l->source);
    dead_letters_show_text("partition", l->source_partition);
    dead_letters_show_text("offset", l->source_offset);
    printf("%-14s %s\n", "retried", l->retried ? "yes" : "no");
    if (l->whole_bytes.at) dead_letters_show_text("whole bytes", l->whole_bytes);
    dead_letters_show_text("key", l->key);
    for (size_t i = 0; i < l->headers_n; i++)
        dead_letters_show_named(l->header[i].name, l->header[i].value);
    dead_letters_show_text("value", l->value);
    buf_release(&when);
    return EX_OK;
}

/* ---- retry ---- */

static int dead_letters_read_edit(struct dead_letters *d) {
    if (d->words != 1) return console_fail(EX_USAGE, "--edit goes with one dead letter");
    int code = console_read_file(d->edit, EDIT_MOST, &d->edited);
    while (d->edited.len &&
           (d->edited.at[d->edited.len - 1] == '\n' || d->edited.at[d->edited.len - 1] == '\r'))
        d->edited.len--; // the line end that an editor leaves
    return code;
}

static size_t dead_letters_plan(struct dead_letters *d, struct retry *out) {
    size_t n = 0;
    for (size_t i = 0; i < d->letters.n; i++) {
        const struct letter *l = &d->letters.at[i];
        if (dead_letters_wanted(l, d))
            out[n++] =
                (struct retry){.letter = l, .value = d->edit ? buf_view(&d->edited) : l->value};
    }
    return n;
}

static size_t dead_letters_print_plan(struct dead_letters *d, const struct retry *list, size_t n) {
    static const struct column columns[] = {{"place", "place", COLUMN_TEXT, 0},
                                            {"verdict", "verdict", COLUMN_TEXT, 0},
                                            {"bytes", "bytes", COLUMN_NUMBER, 0},
                                            {"why", "", COLUMN_TEXT, 100}};
    static const char *const words[] = {[RETRY_FEED] = "feed",
                                        [RETRY_DONE] = "done",
                                        [RETRY_CUT] = "cut",
                                        [RETRY_HOPELESS] = "hopeless"};
    struct listing l;
    size_t feed = 0;
    listing_begin(&l, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < n; i++) {
        char place[40];
        snprintf(place, sizeof place, "%" PRId32 "/%" PRId64, list[i].letter->partition,
                 list[i].letter->offset);
        listing_text(&l, text_of(place));
        listing_text(&l, text_of(words[list[i].verdict]));
        listing_tone(&l, list[i].verdict == RETRY_FEED ? TONE_GOOD : TONE_DOUBT);
        listing_count(&l, list[i].value.len);
        listing_text(&l, list[i].why.at ? list[i].why : TEXT(""));
        feed += list[i].verdict == RETRY_FEED;
    }
    listing_print(&l, stdout, d->json, "no dead letter to feed again");
    listing_end(&l);
    return feed;
}

static int dead_letters_feed(struct dead_letters *d, struct retrier *retrier) {
    struct retry *list = xcalloc(d->letters.n, sizeof *list);
    size_t n = dead_letters_plan(d, list), fed = 0, possible;
    int code = EX_OK,
        result = retry_judge(list, n, d->config, d->again, &d->letters.arena, &d->why);
    if (result < 0) {
        free(list);
        return command_fail(result, &d->why);
    }
    possible = dead_letters_print_plan(d, list, n);
    if (!d->all && possible < n)
        code = console_fail(EX_DATAERR, "nothing was fed again: see above");
    else if (d->dry_run)
        fprintf(stderr, "%zu would be fed again to %s\n", possible, d->config->topics.samples);
    else {
        result = retrier_feed(retrier, list, n, &fed, &d->why);
        code = result < 0 ? command_fail(result, &d->why) : EX_OK;
        if (code == EX_OK) fprintf(stderr, "%zu fed again to %s\n", fed, d->config->topics.samples);
    }
    free(list);
    return code;
}

/* ---- the table ---- */

static int dead_letters_with_letters(struct dead_letters *d,
                                     int (*run)(struct dead_letters *d, struct retrier *r),
                                     struct retrier *r) {
    d->letters.wanted = dead_letters_wanted;
    d->letters.opaque = d;
    int result = dead_letter_list_read(&d->letters, d->config, &d->why),
        code = result < 0 ? command_fail(result, &d->why) : dead_letters_find_all(d);
    return code == CLI_GO ? run(d, r) : code;
}

static int dead_letters_act_list(struct dead_letters *d) {
    return dead_letters_with_letters(d, dead_letters_list, NULL);
}

static int dead_letters_act_show(struct dead_letters *d) {
    if (d->words != 1) return console_fail(EX_USAGE, "show wants one PARTITION/OFFSET");
    return dead_letters_with_letters(d, dead_letters_show, NULL);
}

static int dead_letters_act_retry(struct dead_letters *d) {
    if (!d->words == !d->all)
        return console_fail(EX_USAGE, "retry wants PARTITION/OFFSET of one or more dead letters, "
                                      "or --all (with --reason: all of that reason)");
    if (d->again && d->all)
        return console_fail(EX_USAGE,
                            "--again goes with dead letters that are named, not with --all");
    int code = d->edit ? dead_letters_read_edit(d) : CLI_GO;
    if (code != CLI_GO) return code;
    struct retrier *r = NULL;
    int result = d->dry_run ? 0 : retrier_create(&r, d->config, &d->why);
    code = result < 0 ? command_fail(result, &d->why)
                      : dead_letters_with_letters(d, dead_letters_feed, r);
    retrier_destroy(r);
    return code;
}

static const struct dead_letters_action {
    struct verb verb;
    int (*run)(struct dead_letters *d);
} actions[] = {{{"list", 0}, dead_letters_act_list},
               {{"show", 1}, dead_letters_act_show},
               {{"retry", VERB_ANY}, dead_letters_act_retry}};

static int dead_letters_with_config(struct dead_letters *d,
                                    const struct dead_letters_action *action) {
    struct config *c;
    int code = dead_letters_read_places(d);
    if (code == CLI_GO) code = cli_config(&c, d->file);
    if (code != CLI_GO) return code;
    log_init(LOG_LOGFMT, LOG_ERROR);
    d->config = c;
    code = action->run(d);
    config_destroy(c);
    return code;
}

int command_dead_letters(int argc, char **argv) {
    struct dead_letters d = {.limit = LIST_USUAL};
    struct flag flags[] = {
        {"config", 'c', FLAG_TEXT, &d.file, "FILE", "the configuration", true},
        {"reason", 0, FLAG_TEXT, &d.reason, "REASON",
         "list, retry --all: only those of this reason", false},
        {"limit", 0, FLAG_COUNT, &d.limit, "N", "list: the newest so many, default 50; 0: all",
         false},
        {"all", 0, FLAG_SWITCH, &d.all, NULL,
         "retry: all that were not fed again yet and can be read now", false},
        {"edit", 0, FLAG_TEXT, &d.edit, "FILE",
         "retry: the repaired value of the one that is named; -: standard input", false},
        {"dry-run", 0, FLAG_SWITCH, &d.dry_run, NULL,
         "retry: say what would be done, and do nothing", false},
        {"again", 0, FLAG_SWITCH, &d.again, NULL, "retry: also what was fed again before", false},
        {"json", 0, FLAG_SWITCH, &d.json, NULL, "JSON instead of lines for people", false},
    };
    struct usage usage = {"dead-letters",
                          "list | show PARTITION/OFFSET | retry PARTITION/OFFSET...",
                          "Shows what could not be read, and feeds it to the samples topic again.",
                          flags, sizeof flags / sizeof *flags};
    size_t chosen;
    int words, code = cli_parse_verb(&usage, VERBS(actions), argc, argv, &words, &chosen);
    if (code != CLI_GO) return code;
    const struct dead_letters_action *action = &actions[chosen];
    d.word = (const char *const *)argv + 2;
    d.words = words - 1;
    code = dead_letters_with_config(&d, action);
    dead_letter_list_release(&d.letters);
    buf_release(&d.why);
    buf_release(&d.edited);
    free(d.place);
    return code;
}
