/* One line for each question that an operator has, in the order of the dashboard.
 *
 * Thread: main thread */
#include "status_lines.h"

#include "estimate/annotators.h"
#include "estimate/estimator.h"
#include "estimate/lateness.h"

#include <math.h>

#define LINE(l, name, ...)                                                                         \
    ((l)->title = (name), (l)->tone = TONE_PLAIN,                                                  \
     (void)snprintf((l)->text, sizeof(l)->text, __VA_ARGS__))
#define N(path) status_number(status_value(s, path), (char[STATUS_WORD]){0})
#define D(value) status_duration(value, (char[STATUS_WORD]){0})
#define B(path) status_bytes(status_value(s, path), (char[STATUS_WORD]){0})
#define P(value) status_percent(value, (char[STATUS_WORD]){0})

static void status_lines_append(struct status_line *l, const char *what, const char *number) {
    size_t at = strlen(l->text);
    snprintf(l->text + at, sizeof l->text - at, "%s%s", what, number);
}

static void status_lines_stream(const cJSON *s, struct status_line *l) {
    double lag = status_value(s, "now/lag");
    LINE(&l[0], "stream", "%s samples/s, %s in all, %s dead letters", N("now/samples_per_s"),
         N("now/samples"), N("now/dead_letters"));
    if (status_value(s, "now/blocked") > 0)
        status_lines_append(&l[0], "; blocked, so outside of every figure: ", N("now/blocked"));
    if (status_value(s, "far_samples") > 0)
        status_lines_append(&l[0], "; far outside all that was seen: ", N("far_samples"));
    if (lag > 0)
        LINE(&l[1], "behind", "%s sample%s, the oldest by %s; %s partitions", N("now/lag"),
             lag == 1 ? "" : "s", D(status_value(s, "now/age_s")), N("partitions"));
    else if (!cJSON_IsTrue(status_find(s, "ready")))
        LINE(&l[1], "behind", "not known while it is not ready; %s partitions", N("partitions"));
    else if (status_value(s, "partitions") == 0)
        LINE(&l[1], "behind", "not known here: this process has no partitions");
    else LINE(&l[1], "behind", "up to date; %s partitions", N("partitions"));
    if (status_value(s, "held") > 0) status_lines_append(&l[1], "; the pool holds ", N("held"));
}

static void status_lines_budget(const cJSON *s, struct status_line *l) {
    double left = fmin(status_value(s, "cap_left/day"), status_value(s, "cap_left/hour"));
    LINE(&l[0], "asked", "%s labels, %s of the samples; budget %s, tokens %s%s%s", N("now/asked"),
         P(status_value(s, "now/asked") / status_value(s, "now/admitted")),
         P(status_value(s, "now/rate")), N("now/tokens"), isfinite(left) ? ", caps leave " : "",
         isfinite(left) ? status_number(left, (char[STATUS_WORD]){0}) : "");
    if (left <= 0) l->tone = TONE_DOUBT;
    LINE(&l[1], "why", "%s", "");
    size_t at = 0;
    const cJSON *reason;
    cJSON_ArrayForEach(reason,
                       cJSON_GetObjectItemCaseSensitive(s, "asked")) if (reason->valuedouble > 0 &&
                                                                         at < sizeof l[1].text)
        at += (size_t)snprintf(l[1].text + at, sizeof l[1].text - at, "%s%s %s", at ? ", " : "",
                               reason->string,
                               status_number(reason->valuedouble, (char[STATUS_WORD]){0}));
}

/* Of the model and the score that events bring: how good, and which is better. */
static void status_lines_upstream(const cJSON *s, double version, struct status_line *l) {
    const char *better = status_text(s, "upstream/better"),
               *verdict = "which is better is not known";
    if (strcmp(better, "model") == 0) verdict = "the model is better";
    if (strcmp(better, "score") == 0) verdict = "the score is better";
    if (strcmp(status_text(s, "upstream/learn"), "false") == 0) verdict = "it is the model";
    LINE(l, "model", "version %.0f, of %s labels; the events' score %s (%s to %s), %s", version,
         N("model_rows"), P(status_value(s, "upstream/accuracy/is")),
         P(status_value(s, "upstream/accuracy/low")), P(status_value(s, "upstream/accuracy/high")),
         verdict);
}

/* status[what][name][figure], or without a name status[what][figure]. Names may hold any byte. */
static double status_lines_figure(const cJSON *s, const char *what, const char *name,
                                  const char *figure) {
    const cJSON *at = cJSON_GetObjectItemCaseSensitive(s, what);
    if (name) at = cJSON_GetObjectItemCaseSensitive(at, name);
    at = cJSON_GetObjectItemCaseSensitive(at, figure);
    return cJSON_IsNumber(at) ? at->valuedouble : NAN;
}

/* "47 (40 to 55)": of a hundred, with the interval. */
static const char *status_lines_of_100(const cJSON *s, const char *what, const char *name,
                                       const char *figure, char out[2 * STATUS_WORD]) {
    char key[64];
    double value[3];
    static const char *const end[] = {"", "_low", "_high"};
    for (size_t i = 0; i < 3; i++) {
        snprintf(key, sizeof key, "%s%s", what, end[i]);
        value[i] = status_lines_figure(s, key, name, figure);
    }
    int digits = estimate_digits(value[1], value[2]);
    if (isfinite(value[0]))
        snprintf(out, 2 * STATUS_WORD, "%.*f (%.*f to %.*f)", digits, 100 * value[0], digits,
                 100 * value[1], digits, 100 * value[2]);
    else snprintf(out, 2 * STATUS_WORD, "-");
    return out;
}

/* What a manager asks of now: how many alarms are right, how much is caught. */
static void status_lines_figures(const cJSON *s, struct status_line *l) {
    char a[2 * STATUS_WORD], b[2 * STATUS_WORD];
    double draws = status_value(s, "estimate_now_draws");
    if (draws >= ESTIMATE_DRAWS_LEAST)
        LINE(l, "now", "of 100 alarms %s are right; of 100 positives %s get one",
             status_lines_of_100(s, "estimate_now", NULL, "precision", a),
             status_lines_of_100(s, "estimate_now", NULL, "recall", b));
    else if (draws > 0) LINE(l, "now", "too few answers of the random arm: %.0f", draws);
    else LINE(l, "now", "no answer of the random arm yet");
}

/* What else a manager asks of now. Returns how many lines. */
static size_t status_lines_much(const cJSON *s, struct status_line *l) {
    char a[2 * STATUS_WORD], b[2 * STATUS_WORD], c[2 * STATUS_WORD];
    if (!(status_value(s, "estimate_now_draws") >= ESTIMATE_DRAWS_LEAST)) return 0;
    LINE(l, "how much",
         "of 100 samples %s are positive; at capacity %s of 100 are, and %s of 100 positives",
         status_lines_of_100(s, "estimate_now", NULL, "prevalence", a),
         status_lines_of_100(s, "estimate_now", NULL, "precision_at_capacity", b),
         status_lines_of_100(s, "estimate_now", NULL, "recall_at_capacity", c));
    if (cJSON_IsTrue(status_find(s, "settings/cost")))
        status_lines_append(l, "; 100 decisions cost ",
                            status_lines_of_100(s, "estimate_now", NULL, "cost", a));
    return 1;
}

/* As much of the text as has room, without half a character at its end. */
static void status_lines_shorten(const char *text, size_t size, char *out) {
    size_t n = strlen(text);
    if (n >= size)
        for (n = size - 1; n && ((unsigned char)text[n] & 0xC0) == 0x80;) n--;
    snprintf(out, size, "%.*s", (int)n, text);
}

/* The same of what the version in force decided itself; nothing before it has answers enough.
 * Returns how many lines. */
static size_t status_lines_live(const cJSON *s, struct status_line *l) {
    char a[2 * STATUS_WORD], b[2 * STATUS_WORD];
    double draws = status_value(s, "estimate_live_draws");
    if (!(draws >= ESTIMATE_DRAWS_LEAST)) return 0;
    LINE(l, "live version", "of 100 alarms %s are right; of 100 positives %s get one",
         status_lines_of_100(s, "estimate_live", NULL, "precision", a),
         status_lines_of_100(s, "estimate_live", NULL, "recall", b));
    return 1;
}

/* Where auto.enabled says so. Returns how many lines. */
static size_t status_lines_auto(const cJSON *s, struct status_line *l) {
    const cJSON *auto_ =
        cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(s, "settings"), "auto");
    const cJSON *from = cJSON_GetObjectItemCaseSensitive(s, "auto_threshold"),
                *needed = cJSON_GetObjectItemCaseSensitive(s, "auto_needed"), *one;
    double own = 0, least = INFINITY;
    if (!cJSON_IsObject(auto_)) return 0;
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(s, "auto_labels")) own +=
        one->valuedouble;
    cJSON_ArrayForEach(one, needed) {
        if (one->valuedouble > 0) least = fmin(least, one->valuedouble);
    }
    int certified = cJSON_GetArraySize(from);
    if (status_value(s, "auto_stopped/operator") > 0)
        LINE(l, "of itself", "%.0f so far; the operator said `auto off`", own);
    else if (isfinite(least))
        LINE(l, "of itself",
             "%.0f so far, of %d classes; the next wants at least %.0f right answers", own,
             certified, least);
    else LINE(l, "of itself", "%.0f so far, of %d classes", own, certified);
    return 1;
}

/* What is to be said of a certificate that promises little: of the first class that has one.
 * Returns how many lines. */
static size_t status_lines_loose(const cJSON *s, struct status_line *l) {
    const char *says =
        cJSON_GetStringValue(cJSON_GetArrayItem(status_find(s, "models/auto_loose"), 0));
    if (!says) return 0;
    LINE(l, "too loose", "%s", "");
    status_lines_shorten(says, sizeof l->text, l->text);
    l->tone = TONE_DOUBT;
    return 1;
}

/* Of more than two classes the one whose recall is surely least. Returns how many lines. */
static size_t status_lines_classes(const cJSON *s, struct status_line *l) {
    enum { NAME = 28 }; // bytes of a name
    const cJSON *all = cJSON_GetObjectItemCaseSensitive(s, "class_now"), *class_, *worst = NULL;
    double least = INFINITY;
    char name[NAME + 1], a[2 * STATUS_WORD], b[2 * STATUS_WORD];
    if (cJSON_GetArraySize(all) <= 2) return 0;
    cJSON_ArrayForEach(class_, all) {
        double high = status_lines_figure(s, "class_now_high", class_->string, "recall");
        if (high < least) worst = class_, least = high;
    }
    if (!worst || !(least < 1)) {
        LINE(l, "classes", "%s", "too few answers of each to tell them apart");
        return 1;
    }
    status_lines_shorten(worst->string, sizeof name, name);
    LINE(l, "classes", "least is seen of %s: of 100 %s; of 100 decisions for it %s are right", name,
         status_lines_of_100(s, "class_now", worst->string, "recall", a),
         status_lines_of_100(s, "class_now", worst->string, "precision", b));
    return 1;
}

/* What it costs that labels come late, and what is made of it; nothing before draws were judged.
 * Returns how many lines. */
static size_t status_lines_lateness(const cJSON *s, struct status_line *l) {
    double low = status_value(s, "lateness_cost_low"), high = status_value(s, "lateness_cost_high");
    if (!(status_value(s, "lateness_draws") > 0)) return 0;
    if (status_value(s, "lateness_evidence") >= LATENESS_SURE)
        LINE(l, "late labels",
             "cost %.1f points of Brier loss, surely more than %.1f: %s drawn at random",
             100 * status_value(s, "lateness_cost"), 100 * low, P(status_value(s, "explore")));
    else if (status_value(s, "lateness_evidence_against") >= LATENESS_SURE)
        LINE(l, "late labels",
             "cost surely less than %.1f points of Brier loss: chosen questions keep their worth",
             100 * high);
    else
        LINE(l, "late labels", "not yet known what they cost; %s of the choice drawn at random",
             P(status_value(s, "explore")));
    return 1;
}

/* Where figures of now look worse than since the start, or surely are. Returns how many lines. */
static size_t status_lines_worse(const cJSON *s, struct status_line *l) {
    const char *outcome = status_text(s, "worse/outcome");
    bool sure = strcmp(outcome, "yes") == 0;
    if (!sure && strcmp(outcome, "looks worse") != 0) return 0;
    LINE(l, sure ? "worse" : "looks worse", "%s", "");
    status_lines_shorten(status_text(s, "worse/says"), sizeof l->text, l->text);
    l->tone = sure ? TONE_BAD : TONE_DOUBT;
    return 1;
}

/* While figures of now hold answers of before a turn of the labels. Returns how many lines. */
static size_t status_lines_turned(const cJSON *s, struct status_line *l) {
    if (!(status_value(s, "turned") > 0)) return 0;
    LINE(l, "turned", "labels have turned, %s ago as it seems; %s draws of the random arm since",
         D(status_value(s, "time_ms") / 1000 - status_value(s, "turn_s")), N("turn_draws"));
    l->tone = TONE_DOUBT;
    return 1;
}

/* For an hour behind an alarm that samples have shifted. Returns how many lines. */
static size_t status_lines_shifted(const cJSON *s, struct status_line *l) {
    static const double said_s = 3600;
    double ago = status_value(s, "time_ms") / 1000 - status_value(s, "shift_s");
    if (!(ago < said_s)) return 0;
    LINE(l, "shifted", "%s ago samples became others than those that the model was fitted on",
         D(fmax(ago, 0)));
    l->tone = TONE_DOUBT;
    return 1;
}

/* Nothing without budget.target. Returns how many lines. */
static size_t status_lines_target(const cJSON *s, struct status_line *l) {
    const cJSON *figure;
    size_t told = 0;
    LINE(l, "target", "%s", "");
    cJSON_ArrayForEach(figure, cJSON_GetObjectItemCaseSensitive(s, "forecast")) {
        const char *says = status_text(figure, "says");
        if (*says) status_lines_append(l, told++ ? "; " : "", says);
    }
    if (told && cJSON_IsTrue(status_find(s, "models/policy/rests")))
        status_lines_append(l, "; the strategy arm rests", "");
    return told > 0;
}

/* The segment, behind another one in this order, whose recall is surely least; *above: the upper
 * end of the last one's, *at its place. NULL: none is left. */
static const cJSON *status_lines_next_segment(const cJSON *s, double *above, int *at) {
    const cJSON *segment, *best = NULL;
    double least = INFINITY;
    int place = 0, best_at = 0;
    cJSON_ArrayForEach(segment, cJSON_GetObjectItemCaseSensitive(s, "segment_draws")) {
        double high = status_lines_figure(s, "segment_now_high", segment->string, "recall");
        bool behind = high > *above || (high == *above && place > *at);
        if (segment->valuedouble >= ESTIMATE_DRAWS_LEAST && behind && high < least)
            best = segment, least = high, best_at = place;
        place++;
    }
    *above = least, *at = best_at;
    return best;
}

/* Nothing without watch.segments. Returns how many lines. */
static size_t status_lines_segments(const cJSON *s, struct status_line *l) {
    enum {
        TOLD = 3, // segments that have room
        NAME = 28 // bytes of a name
    };
    const cJSON *draws = cJSON_GetObjectItemCaseSensitive(s, "segment_draws"), *segment;
    double above = -1;
    int at = -1, n = cJSON_GetArraySize(draws), told = 0;
    char word[2 * STATUS_WORD], count[STATUS_WORD];
    if (!n) return 0;
    LINE(l, "where", "%s", "");
    while (told < TOLD && (segment = status_lines_next_segment(s, &above, &at))) {
        status_lines_append(l, told++ ? ", " : "of 100 positives get an alarm: ", "");
        char name[NAME + 1];
        status_lines_shorten(segment->string, sizeof name, name);
        status_lines_append(l, name, " ");
        status_lines_append(l, "",
                            status_lines_of_100(s, "segment_now", segment->string, "recall", word));
    }
    snprintf(count, sizeof count, "%d", n - told);
    if (n > told && told) status_lines_append(l, "; not told: ", count);
    if (!told) status_lines_append(l, "too few answers in each segment", "");
    return 1;
}

/* What samples that two answered say of the answers; nothing before there are enough. Returns how
 * many lines. */
static size_t status_lines_people(const cJSON *s, struct status_line *l) {
    double right = status_value(s, "readers_accuracy"), low = status_value(s, "readers_low"),
           high = status_value(s, "readers_high");
    const int digits = estimate_digits(low, high);
    double lots = status_value(s, "annotators_at_chance");
    if (!(status_value(s, "double_answers") >= ANNOTATORS_PAIRS_LEAST) || !isfinite(right))
        return 0;
    LINE(l, "people", "of 100 of their answers %.*f (%.*f to %.*f) are right, by %s that two gave",
         digits, 100 * right, digits, 100 * low, digits, 100 * high, N("double_answers"));
    if (status_value(s, "undecided") > 0)
        status_lines_append(l, "; readers disagree, undecided: ", N("undecided"));
    if (status_value(s, "gold_questions") > 0)
        status_lines_append(l, "; gold questions: ", N("gold_questions"));
    if (lots > 0) status_lines_append(l, "; seem to draw lots: ", N("annotators_at_chance"));
    return 1;
}

/* The figures since the start, freed of the annotators' errors; nothing where that cannot be said.
 * Returns how many lines. */
static size_t status_lines_truth(const cJSON *s, struct status_line *l) {
    char a[2 * STATUS_WORD], b[2 * STATUS_WORD], c[2 * STATUS_WORD], d[2 * STATUS_WORD];
    if (!isfinite(status_lines_figure(s, "truth", NULL, "accuracy"))) return 0;
    LINE(l, "truth",
         "without their errors of 100 samples %s are positive; of 100 alarms %s are right; of 100 "
         "positives %s get one; of 100 decisions %s are right",
         status_lines_of_100(s, "truth", NULL, "prevalence", a),
         status_lines_of_100(s, "truth", NULL, "precision", b),
         status_lines_of_100(s, "truth", NULL, "recall", c),
         status_lines_of_100(s, "truth", NULL, "accuracy", d));
    return 1;
}

/* The newest day that has matured; nothing before one has. Returns how many lines. */
static size_t status_lines_cohort(const cJSON *s, struct status_line *l) {
    const cJSON *all = cJSON_GetObjectItemCaseSensitive(s, "cohort_answered"), *cohort,
                *last = NULL;
    char a[2 * STATUS_WORD], b[2 * STATUS_WORD];
    cJSON_ArrayForEach(cohort, all) {
        if (isfinite(status_lines_figure(s, "cohort", cohort->string, "accuracy"))) last = cohort;
    }
    if (!last) return 0;
    LINE(l, "matured",
         "asked %.20s: of 100 alarms %s right, of 100 positives %s got one; %s answered",
         last->string, status_lines_of_100(s, "cohort", last->string, "precision", a),
         status_lines_of_100(s, "cohort", last->string, "recall", b), P(last->valuedouble));
    return 1;
}

/* Appends how many there are of a histogram, and within which of its ends half of them are. */
static void status_lines_append_half(const cJSON *s, const char *histogram, const char *what,
                                     struct status_line *l) {
    const cJSON *at = cJSON_GetObjectItemCaseSensitive(s, histogram), *bucket;
    double n = status_value(at, "count"), end = NAN;
    if (!(n > 0)) return;
    cJSON_ArrayForEach(bucket, cJSON_GetObjectItemCaseSensitive(at, "buckets")) {
        if (isnan(end) && bucket->valuedouble >= n / 2) end = strtod(bucket->string, NULL);
    }
    status_lines_append(l, what, status_number(n, (char[STATUS_WORD]){0}));
    if (isinf(end)) status_lines_append(l, ", half later than 90 d", "");
    else status_lines_append(l, ", half within ", D(end));
}

static void status_lines_learning(const cJSON *s, struct status_line *l) {
    double last = status_value(s, "last_label_s"), answers = status_value(s, "now/answers"),
           version = status_value(s, "now/model");
    char ago[STATUS_WORD + 16] = "", duration[STATUS_WORD], share[2 * STATUS_WORD];
    if (last > 0)
        snprintf(ago, sizeof ago, "; the last %s ago",
                 status_duration(status_value(s, "time_ms") / 1000 - last, duration));
    double refused = status_value(s, "labels/unknown") + status_value(s, "labels/unknown_class") +
                     status_value(s, "labels/unreadable");
    LINE(&l[0], "labels", "%s back, %s open, %s expired%s", N("now/labels"), N("now/open_tasks"),
         N("now/expired"), ago);
    if (refused > 0)
        status_lines_append(&l[0], "; refused ", status_number(refused, (char[STATUS_WORD]){0}));
    status_lines_append_half(s, "latency", "; answers ", &l[0]);
    status_lines_append_half(s, "outcome_latency", "; certain outcomes ", &l[0]);
    if (answers > 0)
        LINE(&l[1], "accuracy",
             "of 100 decisions %s are right since the start, by %s answers, %s of the random arm; "
             "on asked ones %s",
             status_lines_of_100(s, "estimate", NULL, "accuracy", share), N("now/answers"),
             N("estimate_draws"), P(status_value(s, "now/naive")));
    else LINE(&l[1], "accuracy", "no answers yet");
    status_lines_figures(s, &l[2]);
    const cJSON *own = status_find(s, "upstream");
    if (cJSON_IsObject(own)) status_lines_upstream(s, version, &l[3]);
    else if (version > 0)
        LINE(&l[3], "model", "version %.0f is live, of %s labels, %s old", version, N("model_rows"),
             D(status_value(s, "model_age_s")));
    else LINE(&l[3], "model", "none yet: labels are drawn at random");
}

/* What this process does about learning, and who learns. */
static void status_lines_learner(const cJSON *s, struct status_line *l) {
    const char *state = status_text(s, "learner/state"), *by = status_text(s, "learner/by");
    const char *silence = D(status_value(s, "learner/silence_s"));
    if (strcmp(state, "learns") == 0) LINE(l, "learner", "this process learns");
    else if (*by)
        LINE(l, "learner", "%s %.64s, heard %s ago",
             strcmp(state, "stands_by") == 0 ? "stands by; it is" : "not here; it is", by, silence);
    else LINE(l, "learner", "none was heard of for %s", silence);
}

/* Nothing where no bridge was ever heard of. Returns how many lines. */
static size_t status_lines_bridge(const cJSON *s, struct status_line *l) {
    double lag = status_value(s, "bridge_lag_s"), refused = status_value(s, "bridge/refused"),
           unreadable = status_value(s, "bridge/unreadable");
    if (!(status_value(s, "bridge_heard_s") > 0)) return 0;
    LINE(l, "bridge", "%s tasks imported, %s wait for people, %s answered, %s skipped",
         N("bridge/imported"), N("bridge_open"), N("bridge/answered"), N("bridge/skipped"));
    if (refused > 0) status_lines_append(l, "; refused ", N("bridge/refused"));
    if (unreadable > 0) status_lines_append(l, "; unreadable ", N("bridge/unreadable"));
    if (lag > 0) status_lines_append(l, "; behind by ", D(lag));
    status_lines_append(l, "; heard ",
                        D(status_value(s, "time_ms") / 1000 - status_value(s, "bridge_heard_s")));
    status_lines_append(l, " ago", "");
    return 1;
}

static void status_lines_machine(const cJSON *s, struct status_line *l) {
    LINE(l, "machine", "memory %s, label store %s of %s, disk free %s", B("resident_bytes"),
         B("store_bytes"), B("store_limit"), B("disk_free"));
    LINE(l + 1, "trouble", "%s errors and %s warnings in the log, %s cycles tried again",
         N("log_events/error"), N("log_events/warning"), N("cycles/retried"));
}

size_t status_lines(const cJSON *s, struct status_line out[STATUS_LINES]) {
    status_lines_stream(s, out);
    status_lines_budget(s, out + 2);
    status_lines_learning(s, out + 4);
    status_lines_learner(s, out + 8);
    size_t n = 9;
    n += status_lines_much(s, out + n);
    n += status_lines_auto(s, out + n);
    n += status_lines_loose(s, out + n);
    n += status_lines_live(s, out + n);
    n += status_lines_classes(s, out + n);
    n += status_lines_worse(s, out + n);
    n += status_lines_turned(s, out + n);
    n += status_lines_shifted(s, out + n);
    n += status_lines_lateness(s, out + n);
    n += status_lines_target(s, out + n);
    n += status_lines_segments(s, out + n);
    n += status_lines_people(s, out + n);
    n += status_lines_truth(s, out + n);
    n += status_lines_cohort(s, out + n);
    n += status_lines_bridge(s, out + n);
    status_lines_machine(s, out + n);
    return n + 2;
}
