/* `winnowd offsets`: how far each partition of samples, tasks and labels was read, whether that
 * position fits its partition, and setting it.
 *
 * A position is never set behind the back of who keeps it: Kafka takes the group's only while the
 * group has no member, and the label store's wait for the instance lock.
 *
 * Thread: main thread */
#include "offsets.h"

#include "base/clock.h"
#include "base/log.h"
#include "command.h"
#include "terminal/console.h"
#include "terminal/listing.h"

#include <inttypes.h>

enum {
    EMPTY_POLL_MS = 500, // between two tries while the group has members
    LEAVE_MS = 5000      // beyond the session, within which a member that ended is still one
};

struct offsets {
    const char *file;
    bool json;
    int words;
    char **word; // (words) behind the verb
    struct offsets_table table;
};

/* ---- show ---- */

static const char *offsets_state(const struct offsets_row *row) {
    if (row->at.next < 0) return "never read";
    if (row->known && row->lost == LOST_NONE && row->held) return "held up";
    return row->known ? lost_name(row->lost) : "unknown";
}

/* Kafka deletes the group's offsets with their topic; a process that runs still holds its own. */
static const char offsets_deleted[] =
    "if a daemon says that it stands still, it holds a position of a topic that was deleted: "
    "restart it";

static const char *offsets_advice(const struct offsets_row *row) {
    if (row->at.next < 0) return row->topic == OFFSETS_SAMPLES ? offsets_deleted : "";
    if (!row->known) return "the record before it could not be read: look again";
    switch (row->lost) {
    case LOST_GONE: return "what was deleted is lost: set it to earliest; keep the topic longer";
    case LOST_ANEW: return "set it to earliest to read the new topic, to latest to pass it over";
    case LOST_AHEAD: return "set it to earliest, or to latest if nothing before it is new";
    default: return row->held ? "somebody's transaction is open: kafka-transactions.sh" : "";
    }
}

static void offsets_add_row(struct listing *l, const struct offsets_row *row) {
    int64_t from = row->at.next < row->low ? row->low : row->at.next;
    bool fits = row->lost == LOST_NONE;
    listing_text(l, text_of(offsets_topic_name(row->topic)));
    listing_count(l, (uint64_t)row->partition);
    if (row->at.next >= 0) listing_count(l, (uint64_t)row->at.next);
    else listing_text(l, (struct text){0});
    listing_count(l, (uint64_t)row->low);
    listing_count(l, (uint64_t)row->high);
    listing_count(l, (uint64_t)(row->high > from ? row->high - from : 0) + (uint64_t)row->held);
    listing_text(l, text_of(offsets_state(row)));
    enum tone well = row->held ? TONE_DOUBT : TONE_PLAIN;
    listing_tone(l, fits ? well : TONE_BAD);
    listing_text(l, text_of(offsets_advice(row)));
}

static int offsets_show(struct offsets *o) {
    static const struct column columns[] = {
        {"topic", "topic", COLUMN_TEXT, 0},         {"partition", "partition", COLUMN_NUMBER, 0},
        {"position", "position", COLUMN_NUMBER, 0}, {"low", "low", COLUMN_NUMBER, 0},
        {"high", "high", COLUMN_NUMBER, 0},         {"lag", "lag", COLUMN_NUMBER, 0},
        {"state", "state", COLUMN_TEXT, 0},         {"advice", "what to do", COLUMN_TEXT, 0}};
    struct listing l;
    listing_begin(&l, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < o->table.n; i++) offsets_add_row(&l, &o->table.row[i]);
    listing_print(&l, stdout, o->json, "no partition");
    listing_end(&l);
    if (!o->table.store && !o->json)
        printf("there is no label store in %s: positions of tasks and labels are known where the "
               "learner runs\n",
               o->table.dir);
    return EX_OK;
}

/* ---- set ---- */

/* Where the word says, within the log. */
static int offsets_parse_where(const struct offsets_row *row, const char *word, int64_t *out) {
    char *end;
    if (strcmp(word, "earliest") == 0) *out = row->low;
    else if (strcmp(word, "latest") == 0) *out = row->high;
    else {
        *out = strtoll(word, &end, 10);
        if (!*word || *end || *out < 0)
            return console_fail(EX_USAGE, "%s is neither earliest, nor latest, nor an offset",
                                word);
    }
    if (*out >= row->low && *out <= row->high) return CLI_GO;
    return console_fail(EX_DATAERR, "partition %d of %s holds %" PRId64 " to %" PRId64,
                        (int)row->partition, offsets_topic_name(row->topic), row->low, row->high);
}

/* A member that ended is one until its session is over. Whoever holds the label store runs. */
static int offsets_set_patiently(struct offsets *o, const struct offsets_row *row, int64_t to) {
    int64_t end = clock_ms() + o->table.config.kafka.session_timeout + LEAVE_MS;
    int result;
    bool group = row->topic == OFFSETS_SAMPLES;
    while ((result = offsets_table_set(&o->table, row, to)) == ERR_FENCED && group &&
           clock_ms() < end && !atomic_load(console_stop())) {
        console_progress("waiting until the group has no member");
        clock_sleep_ms(EMPTY_POLL_MS);
    }
    console_clear();
    if (result == ERR_FENCED && group)
        buf_printf(&o->table.why,
                   "group %s has members: stop every process of it first, then set the position",
                   o->table.config.service.name);
    return result;
}

static int offsets_set_row(struct offsets *o, const struct offsets_row *row) {
    int64_t to;
    int code = offsets_parse_where(row, o->word[2], &to);
    if (code != CLI_GO) return code;
    int result = offsets_set_patiently(o, row, to);
    if (result < 0) return command_fail(result, &o->table.why);
    if (!o->json)
        printf("partition %d of %s is read from %" PRId64 " on\n", (int)row->partition,
               offsets_topic_name(row->topic), to);
    return EX_OK;
}

/* "lost": every partition whose position does not fit; else a number. */
static bool offsets_is_meant(const struct offsets_row *row, const char *word) {
    char number[16];
    snprintf(number, sizeof number, "%d", (int)row->partition);
    if (strcmp(word, "lost") == 0) return row->known && row->lost != LOST_NONE;
    return strcmp(word, number) == 0;
}

static int offsets_set_meant(struct offsets *o, enum offsets_topic topic) {
    size_t meant = 0;
    int code = EX_OK;
    for (size_t i = 0; i < o->table.n && code == EX_OK; i++) {
        const struct offsets_row *row = &o->table.row[i];
        if (row->topic != topic || !offsets_is_meant(row, o->word[1])) continue;
        meant++;
        code = offsets_set_row(o, row);
    }
    if (code != EX_OK || meant) return code;
    if (strcmp(o->word[1], "lost") != 0)
        return console_fail(EX_NOINPUT, "%s has no partition %s", o->word[0], o->word[1]);
    if (topic != OFFSETS_SAMPLES)
        return console_fail(EX_NOINPUT, "every position of %s fits", o->word[0]);
    return console_fail(EX_NOINPUT, "every position of samples that is kept fits; %s",
                        offsets_deleted);
}

static int offsets_set(struct offsets *o) {
    enum offsets_topic topic = 0;
    while (topic < OFFSETS_TOPICS && strcmp(offsets_topic_name(topic), o->word[0]) != 0) topic++;
    if (topic == OFFSETS_TOPICS)
        return console_fail(EX_USAGE, "set wants samples, tasks or labels, and not %s%s",
                            o->word[0], cli_nearest("samples|tasks|labels", o->word[0]));
    int result = topic == OFFSETS_SAMPLES ? 0 : offsets_table_lock(&o->table);
    if (result == ERR_FENCED)
        buf_str(&o->table.why, "the daemon of this instance runs: stop it first");
    if (result < 0) return command_fail(result, &o->table.why);
    return offsets_set_meant(o, topic);
}

/* ---- the table ---- */

static const struct offsets_action {
    struct verb verb;
    int (*run)(struct offsets *o);
} actions[] = {{{"show", 0}, offsets_show}, {{"set", 3}, offsets_set}};

static void offsets_quiet(const char *line, size_t n, void *opaque) {
    (void)line, (void)n, (void)opaque;
}

static int offsets_with_table(struct offsets *o, const struct offsets_action *action) {
    struct config *c;
    int code = cli_config(&c, o->file);
    if (code != CLI_GO) return code;
    log_redirect(offsets_quiet, NULL); // the table says it
    int result = offsets_table_open(&o->table, c);
    code = result < 0 ? command_fail(result, &o->table.why) : action->run(o);
    offsets_table_close(&o->table);
    config_destroy(c);
    return code;
}

int command_offsets(int argc, char **argv) {
    struct offsets o = {0};
    struct flag flags[] = {
        {"config", 'c', FLAG_TEXT, &o.file, "FILE", "the configuration", true},
        {"json", 0, FLAG_SWITCH, &o.json, NULL, "JSON instead of lines for people", false},
    };
    struct usage usage = {"offsets", "show | set TOPIC PARTITION WHERE",
                          "Shows how far each partition of samples, tasks and labels was read, and "
                          "whether that position fits it. Sets it:\nTOPIC is samples, tasks or "
                          "labels; PARTITION a number, or lost for all that do not fit; WHERE "
                          "earliest, latest or an\noffset. The processes that keep the position "
                          "must be stopped.",
                          flags, sizeof flags / sizeof *flags};
    size_t chosen;
    int words, code = cli_parse_verb(&usage, VERBS(actions), argc, argv, &words, &chosen);
    if (code != CLI_GO) return code;
    const struct offsets_action *action = &actions[chosen];
    if (words - 1 < action->verb.most)
        return console_fail(EX_USAGE, "set wants a topic, a partition and where to");
    o.words = words - 1;
    o.word = argv + 2;
    return offsets_with_table(&o, action);
}
