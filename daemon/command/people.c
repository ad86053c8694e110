/* `winnowd people`: who answered how much, and how well, from the topics alone.
 *
 * The same sums as the learner's (estimate/annotators.h), over tasks and labels as they stand on
 * their topics; so whoever may read these can redo them, and no daemon need run. What the learner
 * can make nothing of, because classes were renamed, is counted apart and said.
 *
 * Thread: main thread */
#include "base/clock.h"
#include "base/rng.h"
#include "command.h"
#include "config/config.h"
#include "estimate/annotators.h"
#include "estimate/estimator.h"
#include "ledger.h"
#include "route/classes.h"
#include "terminal/cli.h"
#include "terminal/console.h"
#include "terminal/listing.h"

#include <inttypes.h>
#include <math.h>

enum {
    NAMES_MOST = 1000, // that are looked up
    WORDS_MOST = 5     // labels that name no class, told by name
};

/* Who answered. */
struct people_name {
    struct text name;
    uint64_t who, uncounted; // uncounted: his answers that the learner can make nothing of
};

/* A label that names no class, and how often it came. */
struct people_word {
    struct text label;
    uint64_t n;
};

/* Answers that say nothing of anybody's quality. */
struct people_uncounted {
    uint64_t foreign;                    // of tasks that were asked with other classes
    uint64_t pairs, agreed;              // of these: samples that two answered, to the letter alike
    uint64_t unknown;                    // that name no class of the model, of other tasks
    struct people_word word[WORDS_MOST]; // of these
    size_t words;
};

struct people_command {
    const char *file;
    bool json;
    const struct config *config;
    struct ledger ledger;
    struct annotators *annotators;
    struct disputes disputes;
    size_t golds; // gold questions
    struct people_uncounted uncounted;
    struct people_name *name; // (names)
    size_t names;
};

/* ---- reading ---- */

/* The answer of a person that counts, also where what is certain overruled it; NULL: there is none
 * with a class. */
static const struct ledger_answer *people_answer(const struct ledger_task *t) {
    const struct ledger_answer *best = NULL;
    for (const struct ledger_answer *a = t && t->known ? t->answers : NULL; a; a = a->next)
        if (a->known_class && !a->is.certain && (!best || join_compare(&a->is, &best->is) > 0))
            best = a;
    return best && best->is.class_ >= 0 ? best : NULL;
}

/* NULL: he has no name, or there are too many. */
static struct people_name *people_note_name(struct people_command *p,
                                            const struct ledger_answer *a) {
    for (size_t i = 0; i < p->names; i++)
        if (p->name[i].who == a->is.annotator) return &p->name[i];
    if (!a->annotator.at || p->names == NAMES_MOST) return NULL;
    p->name[p->names] = (struct people_name){.name = a->annotator, .who = a->is.annotator};
    return &p->name[p->names++];
}

/* The answer of a person that would count, did it name a class of the model. */
static const struct ledger_answer *people_said(const struct people_command *p,
                                               const struct ledger_task *t) {
    const struct ledger_answer *best = NULL;
    for (const struct ledger_answer *a = t && t->known ? t->answers : NULL; a; a = a->next)
        if (join_accepts(&p->config->train.sources, a->source) &&
            !join_is_certain(&p->config->people.certain, a->source) &&
            (!best || join_compare(&a->is, &best->is) > 0))
            best = a;
    return best && best->is.outcome == LABEL_LABELLED ? best : NULL;
}

static void people_note_word(struct people_uncounted *u, struct text label) {
    size_t i = 0;
    while (i < u->words && !text_equal(u->word[i].label, label)) i++;
    if (i == WORDS_MOST) return;
    if (i == u->words) u->word[u->words++] = (struct people_word){.label = label};
    u->word[i].n++;
}

static void people_count_uncounted(struct people_command *p, const struct ledger_task *t) {
    struct people_uncounted *u = &p->uncounted;
    const struct ledger_answer *a = people_said(p, t),
                               *other = t->foreign && t->reason == ASK_SECOND
                                            ? people_said(p, ledger_read_by(&p->ledger, t, 1))
                                            : NULL;
    if (!a || (a->known_class && !t->foreign)) return;
    struct people_name *who = people_note_name(p, a);
    if (who) who->uncounted++;
    u->foreign += t->foreign;
    u->unknown += !t->foreign;
    if (!t->foreign) people_note_word(u, a->label);
    const struct answer_pair pair = {{other ? other->is.annotator : 0, a->is.annotator},
                                     other && text_equal(other->label, a->label)};
    u->pairs += answer_pair_counts(&pair);
    u->agreed += answer_pair_counts(&pair) && pair.agree;
}

static void people_count(struct people_command *p, const struct ledger_task *t) {
    const struct ledger_answer *a = people_answer(t);
    people_count_uncounted(p, t);
    if (!a || t->foreign) return;
    annotators_answer(p->annotators, a->is.annotator);
    (void)people_note_name(p, a);
    if (t->counts->is.certain)
        annotators_settled(p->annotators, a->is.annotator, a->is.class_ == t->counts->is.class_);
    const struct ledger_answer *other =
        t->reason == ASK_SECOND ? people_answer(ledger_read_by(&p->ledger, t, 1)) : NULL;
    if (!other) return;
    const struct answer_pair pair = {{other->is.annotator, a->is.annotator},
                                     other->is.class_ == a->is.class_};
    if (answer_pair_counts(&pair)) annotators_pair(p->annotators, &pair);
}

static bool people_is_certain(const struct ledger_task *t) {
    return t->counts && t->counts->is.certain;
}

/* The n-th reader's opinion of a sample, where it is one of somebody else than those before. */
static bool people_hear(const struct ledger_answer *a, struct opinion *said, size_t n) {
    if (!a || !a->is.annotator) return false;
    for (size_t i = 0; i < n; i++)
        if (said[i].who == a->is.annotator) return false;
    said[n] = (struct opinion){a->is.annotator, a->is.class_};
    return true;
}

/* How many of the first two readers are heard. */
static size_t people_hear_two(const struct ledger_task *first, const struct ledger_task *second,
                              struct opinion said[2]) {
    size_t n = people_hear(people_answer(first), said, 0);
    return n + people_hear(people_answer(second), said, n);
}

/* By the task of its third reader: as the learner counts (store_golds). */
static void people_gold(struct people_command *p, const struct ledger_task *t) {
    struct opinion said[OPINIONS_MAX];
    const struct ledger_task *first = ledger_read_by(&p->ledger, t, 1),
                             *second = ledger_read_by(&p->ledger, t, 2);
    if (t->reason != ASK_THIRD || t->foreign || !first || !second || !first->known ||
        !second->known)
        return;
    const struct ledger_task *certain = people_is_certain(second) ? second : NULL;
    if (people_is_certain(first)) certain = first;
    size_t n = people_hear_two(first, second, said);
    if (!certain && (n < 2 || said[0].class_ != said[1].class_)) return;
    p->golds++;
    if (people_is_certain(t) || !people_hear(people_answer(t), said, n)) return;
    struct gold_answer g = {.who = said[n].who};
    if (!certain) g.by[0] = said[0].who, g.by[1] = said[1].who;
    g.right = said[n].class_ == (certain ? certain->counts->is.class_ : said[0].class_);
    annotators_gold(p->annotators, &g);
}

/* By the task of its second reader: as the learner counts (store_disputes). */
static void people_dispute(struct people_command *p, const struct ledger_task *t, int64_t now_ms) {
    struct opinion said[OPINIONS_MAX];
    const struct ledger_task *first = ledger_read_by(&p->ledger, t, 1),
                             *third = ledger_read_by(&p->ledger, t, 3);
    if (t->reason != ASK_SECOND || t->foreign || !first || people_is_certain(first) ||
        people_is_certain(t) || (third && people_is_certain(third)))
        return;
    if (people_hear_two(first, t, said) < 2 || said[0].class_ == said[1].class_) return;
    bool heard = third && people_hear(people_answer(third), said, 2),
         open = third && third->known && ledger_state(third, now_ms) == TASK_OPEN;
    annotators_dispute(p->annotators, said, 2 + heard, open, &p->disputes);
}

/* ---- telling ---- */

static const struct column people_columns[] = {{"annotator", "annotator", COLUMN_TEXT, 40},
                                               {"answers", "answers", COLUMN_NUMBER, 0},
                                               {"checked", "checked", COLUMN_NUMBER, 0},
                                               {"agreed", "agreed", COLUMN_NUMBER, 0},
                                               {"settled", "settled", COLUMN_NUMBER, 0},
                                               {"settled_right", "right", COLUMN_NUMBER, 0},
                                               {"accuracy", "quality", COLUMN_NUMBER, 0},
                                               {"low", "low", COLUMN_NUMBER, 0},
                                               {"high", "high", COLUMN_NUMBER, 0},
                                               {"at_chance", "draws lots", COLUMN_TEXT, 0},
                                               {"uncounted", "not counted", COLUMN_NUMBER, 0},
                                               {"gold", "gold", COLUMN_NUMBER, 0},
                                               {"gold_right", "right", COLUMN_NUMBER, 0},
                                               {"gold_accuracy", "by gold", COLUMN_NUMBER, 0},
                                               {"gold_low", "low", COLUMN_NUMBER, 0},
                                               {"gold_high", "high", COLUMN_NUMBER, 0}};

enum {
    PEOPLE_COLUMNS = sizeof people_columns / sizeof *people_columns,
    PEOPLE_GOLD = 5, // of them, the last, where there are gold questions
    PEOPLE_UNCOUNTED = PEOPLE_COLUMNS - PEOPLE_GOLD - 1 // its place
};

static double people_rounded(double x) { return round(x * 1e4) / 1e4; }

static struct people_name *people_find(const struct people_command *p, uint64_t who) {
    for (size_t i = 0; i < p->names; i++)
        if (p->name[i].who == who) return &p->name[i];
    return NULL;
}

static struct text people_called(const struct people_name *name, uint64_t who) {
    if (name) return name->name;
    return who ? TEXT("?") : TEXT("(others)");
}

static struct text people_yes(bool at_chance) { return at_chance ? TEXT("yes") : TEXT("no"); }

static void people_list_gold(struct listing *l, const struct annotator *a) {
    listing_count(l, a->gold);
    listing_count(l, a->gold_right);
    listing_number(l, people_rounded(a->gold_accuracy));
    listing_number(l, people_rounded(a->gold_low));
    listing_number(l, people_rounded(a->gold_high));
}

static void people_list(struct people_command *p, struct listing *l) {
    struct annotator list[ANNOTATORS_MOST + 1];
    size_t n = annotators_read(p->annotators, list);
    for (size_t i = 0; i < n; i++) {
        const struct annotator *a = &list[i];
        struct people_name *name = people_find(p, a->who);
        listing_text(l, people_called(name, a->who));
        listing_count(l, a->answers);
        listing_count(l, a->pairs);
        listing_count(l, a->agreed);
        listing_count(l, a->settled);
        listing_count(l, a->right);
        listing_number(l, people_rounded(a->accuracy));
        listing_number(l, people_rounded(a->low));
        listing_number(l, people_rounded(a->high));
        listing_text(l, people_yes(a->at_chance));
        if (a->at_chance) listing_tone(l, TONE_BAD);
        listing_count(l, name ? name->uncounted : 0);
        if (name) name->uncounted = 0;
        if (p->config->people.gold > 0) people_list_gold(l, a);
    }
}

/* Those of whom nothing counts. */
static void people_list_others(const struct people_command *p, struct listing *l) {
    for (size_t i = 0; i < p->names; i++) {
        if (!p->name[i].uncounted) continue;
        listing_text(l, p->name[i].name);
        listing_count(l, 0);
        for (size_t c = 2; c < PEOPLE_UNCOUNTED; c++) listing_text(l, (struct text){0});
        listing_count(l, p->name[i].uncounted);
        for (size_t c = PEOPLE_UNCOUNTED + 1; c < l->columns; c++)
            listing_text(l, (struct text){0});
    }
}

static void people_tell_readers(struct people_command *p) {
    struct readers r;
    annotators_readers(p->annotators, &r);
    const int digits = estimate_digits(r.low, r.high);
    if (isnan(r.accuracy))
        printf("%" PRIu64 " samples were answered by two; from %d on it is told how often people "
               "are right (people.double)\n",
               r.pairs, ANNOTATORS_PAIRS_LEAST);
    else
        printf("%" PRIu64 " samples were answered by two, who agreed on %" PRIu64
               ": of 100 answers %.*f are right (%.*f to %.*f)\n",
               r.pairs, r.agreed, digits, 100 * r.accuracy, digits, 100 * r.low, digits,
               100 * r.high);
    if (p->golds)
        printf("%zu samples that were settled went to a third reader, to check him (people.gold)\n",
               p->golds);
    if (p->disputes.third)
        printf("a third reader decided %" PRIu64 " of the others\n", p->disputes.third);
    if (p->disputes.undecided)
        printf("%" PRIu64 " samples stay undecided: their readers disagree, and no class is 95 %% "
               "probable\n",
               p->disputes.undecided);
}

/* "; fraud 8, frau 4" */
static void people_tell_words(const struct people_uncounted *u) {
    struct buf out = {0};
    for (size_t i = 0; i < u->words; i++) {
        buf_str(&out, i ? ", " : "");
        buf_shown(&out, u->word[i].label);
        buf_printf(&out, " %" PRIu64, u->word[i].n);
    }
    printf("%" PRIu64
           " answers are not counted: they name no class of the model (%s); labels.values "
           "says what a class is called there\n",
           u->unknown, buf_string(&out));
    buf_release(&out);
}

static void people_tell_uncounted(const struct people_uncounted *u) {
    if (u->foreign)
        printf("%" PRIu64 " answers are not counted: their tasks were asked with other classes\n",
               u->foreign);
    if (u->pairs)
        printf("%" PRIu64 " samples of these were answered by two, who agreed on %" PRIu64 "\n",
               u->pairs, u->agreed);
    if (u->unknown) people_tell_words(u);
}

static int people_run(struct people_command *p) {
    struct listing l;
    int result = ledger_open(&p->ledger, p->config);
    if (result < 0) return command_fail(result, &p->ledger.why);
    p->name = xcalloc(NAMES_MOST, sizeof *p->name);
    for (size_t i = 0; i < p->ledger.n; i++) people_count(p, p->ledger.task[i]);
    bool gold = p->config->people.gold > 0;
    for (size_t i = 0; i < p->ledger.n && gold; i++) people_gold(p, p->ledger.task[i]);
    for (size_t i = 0; i < p->ledger.n; i++) people_dispute(p, p->ledger.task[i], clock_wall_ms());
    listing_begin(&l, people_columns, gold ? PEOPLE_COLUMNS : PEOPLE_COLUMNS - PEOPLE_GOLD);
    people_list(p, &l);
    people_list_others(p, &l);
    if (!p->json) people_tell_readers(p);
    if (!p->json) people_tell_uncounted(&p->uncounted);
    listing_print(&l, stdout, p->json, "nobody answered yet");
    listing_end(&l);
    return EX_OK;
}

int command_people(int argc, char **argv) {
    struct people_command p = {.json = false};
    struct flag flags[] = {
        {"config", 'c', FLAG_TEXT, &p.file, "FILE", "the pipeline's configuration", true},
        {"json", 0, FLAG_SWITCH, &p.json, NULL, "the table as a JSON array", false},
    };
    struct usage usage = {
        "people", NULL,
        "Who answered how much, and how well: each annotator's share of right answers with its "
        "95 % interval, from samples that two answered (people.double) and from gold questions "
        "(people.gold), by the topics alone.",
        flags, sizeof flags / sizeof *flags};
    struct config *c = NULL;
    int words, code = cli_parse(&usage, argc, argv, &words);
    if (code == CLI_GO) code = cli_config(&c, p.file);
    if (code == CLI_GO) {
        p.config = c;
        p.annotators = annotators_create(c->model.classes.n);
        code = people_run(&p);
    }
    annotators_destroy(p.annotators);
    ledger_close(&p.ledger);
    free(p.name);
    config_destroy(c);
    return code;
}
