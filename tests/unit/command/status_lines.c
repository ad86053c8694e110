/* What `winnowd status` says of the figures: of now, with the interval, and nothing where nothing
 * is known; and which of model and score is better only where that is known. */
#include "command/status_lines.h"

#include "unit/test.h"

static struct status_line lines[STATUS_LINES];

/* needle: part of the line's text; NULL: there is no such line. */
static const char *line(const char *json, const char *title, const char *needle) {
    cJSON *status = cJSON_Parse(json);
    assert_non_null(status);
    size_t n = status_lines(status, lines);
    assert_true(n <= STATUS_LINES);
    cJSON_Delete(status);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(lines[i].title, title) != 0) continue;
        if (!needle || !strstr(lines[i].text, needle)) fail_msg("%s: %s", title, lines[i].text);
        return lines[i].text;
    }
    if (needle) fail_msg("no line %s", title);
    return NULL;
}

static void the_figures_of_now_are_told(void **state) {
    (void)state;
    static const char known[] =
        "{\"estimate_now_draws\":40,\"estimate\":{\"precision\":0.9,\"recall\":0.8},"
        "\"estimate_now\":{\"precision\":0.5,\"recall\":0.25},"
        "\"estimate_now_low\":{\"precision\":0.4,\"recall\":0.1},"
        "\"estimate_now_high\":{\"precision\":0.61,\"recall\":0.52}}",
                      no_alarm[] = "{\"estimate_now_draws\":12,"
                                   "\"estimate_now\":{\"precision\":null,\"recall\":0},"
                                   "\"estimate_now_low\":{\"precision\":null,\"recall\":0},"
                                   "\"estimate_now_high\":{\"precision\":null,\"recall\":0.9}}";
    line(known, "now",
         "of 100 alarms 50 (40 to 61) are right; of 100 positives 25 (10 to 52) get one");
    line(no_alarm, "now", "of 100 alarms - are right; of 100 positives 0 (0 to 90) get one");
    line("{\"estimate_now_draws\":9,\"estimate_now\":{\"precision\":0.5}}", "now",
         "too few answers of the random arm: 9");
    line("{\"estimate_now_draws\":0}", "now", "no answer of the random arm yet");
    line("{}", "now", "no answer of the random arm yet");
}

/* How much there is, what people see at capacity, what it costs where a cost is configured; with as
 * many digits as the interval allows. */
static void how_much_there_is_is_told(void **state) {
    (void)state;
#define FIGURES                                                                                    \
    "\"estimate_now_draws\":40,"                                                                   \
    "\"estimate_now\":{\"prevalence\":0.0123,\"precision_at_capacity\":0.5,"                       \
    "\"recall_at_capacity\":0.876,\"cost\":1.5},"                                                  \
    "\"estimate_now_low\":{\"prevalence\":0.011,\"precision_at_capacity\":0.4,"                    \
    "\"recall_at_capacity\":0.861,\"cost\":0.5},"                                                  \
    "\"estimate_now_high\":{\"prevalence\":0.0144,\"precision_at_capacity\":0.61,"                 \
    "\"recall_at_capacity\":0.889,\"cost\":3}"
    static const char told[] = "of 100 samples 1.23 (1.10 to 1.44) are positive; at capacity "
                               "50 (40 to 61) of 100 are, and 87.6 (86.1 to 88.9) of 100 positives";
    assert_string_equal(line("{" FIGURES "}", "how much", told), told);
    line("{" FIGURES ",\"settings\":{\"cost\":true}}", "how much",
         "; 100 decisions cost 150 (50 to 300)");
    line("{\"estimate_now_draws\":9}", "how much", NULL);
    line("{\"estimate_draws\":30,\"now\":{\"answers\":80,\"naive\":0.8},\"estimate\":{\"accuracy\":"
         "0.93},"
         "\"estimate_low\":{\"accuracy\":0.916},\"estimate_high\":{\"accuracy\":0.947}}",
         "accuracy",
         "of 100 decisions 93.0 (91.6 to 94.7) are right since the start, by 80 answers, 30 of "
         "the random arm; on asked ones 80.00 %");
#undef FIGURES
}

/* Beside how right the people are, what that makes of the figures. */
static void what_is_true_in_spite_of_errors_is_told(void **state) {
    (void)state;
    line("{\"truth\":{\"accuracy\":0.98,\"prevalence\":0.05,\"precision\":0.93,\"recall\":0.57},"
         "\"truth_low\":{\"accuracy\":0.9,\"prevalence\":0.01,\"precision\":0.8,\"recall\":0.36},"
         "\"truth_high\":{\"accuracy\":1,\"prevalence\":0.07,\"precision\":0.99,\"recall\":1}}",
         "truth",
         "without their errors of 100 samples 5 (1 to 7) are positive; of 100 alarms 93 (80 to 99) "
         "are right; of 100 positives 57 (36 to 100) get one; of 100 decisions 98 (90 to 100) are "
         "right");
    line("{\"truth\":{\"accuracy\":null}}", "truth", NULL);
    line("{\"double_answers\":218,\"readers_accuracy\":0.9975,\"readers_low\":0.9951,"
         "\"readers_high\":0.9999}",
         "people",
         "of 100 of their answers 99.75 (99.51 to 99.99) are right, by 218 that two gave");
}

static void samples_far_outside_are_told(void **state) {
    (void)state;
    line("{\"now\":{\"samples\":900},\"far_samples\":3}", "stream",
         "dead letters; far outside all that was seen: 3");
    assert_null(strstr(line("{\"far_samples\":0}", "stream", ""), "far outside"));
}

static void who_has_no_partitions_is_not_up_to_date(void **state) {
    (void)state;
    line("{\"ready\":true,\"partitions\":0,\"now\":{\"lag\":0}}", "behind", "not known here");
    line("{\"ready\":true,\"partitions\":2,\"now\":{\"lag\":0}}", "behind",
         "up to date; 2 partitions");
}

static void the_target_is_told(void **state) {
    (void)state;
    line("{\"forecast\":{\"recall\":{\"says\":\"about 1,300 more labels to recall 80 % (900 to "
         "2,400)\"},\"cost\":{\"says\":\"cost 2.5 is reached\"}}}",
         "target", "about 1,300 more labels to recall 80 % (900 to 2,400); cost 2.5 is reached");
    line("{\"forecast\":{\"recall\":{\"says\":\"recall 80 % is reached\"}},"
         "\"models\":{\"policy\":{\"rests\":true}}}",
         "target", "recall 80 % is reached; the strategy arm rests");
}

static void a_turn_of_the_labels_is_told(void **state) {
    (void)state;
    line("{\"time_ms\":7300000,\"turned\":1,\"turn_s\":100,\"turn_draws\":12}", "turned",
         "labels have turned, 2.0 h ago as it seems; 12 draws of the random arm since");
}

static void a_shift_of_the_samples_is_told_for_an_hour(void **state) {
    (void)state;
    line("{\"time_ms\":7300000,\"shift_s\":7000}", "shifted",
         "5.0 min ago samples became others than those that the model was fitted on");
    line("{\"time_ms\":7300000,\"shift_s\":3000}", "shifted", NULL);
    line("{\"time_ms\":7300000,\"shift_s\":0}", "shifted", NULL);
}

static void what_late_labels_cost_is_told(void **state) {
    (void)state;
    line("{\"lateness_draws\":90,\"lateness_cost\":0.021,\"lateness_cost_low\":0.005,"
         "\"lateness_cost_high\":0.04,\"lateness_evidence\":25,\"lateness_evidence_against\":0.1,"
         "\"explore\":1}",
         "late labels",
         "cost 2.1 points of Brier loss, surely more than 0.5: 100.00 % drawn at random");
    line("{\"lateness_draws\":90,\"lateness_cost_high\":0.005,\"lateness_evidence\":0.5,"
         "\"lateness_evidence_against\":20,\"explore\":0}",
         "late labels",
         "cost surely less than 0.5 points of Brier loss: chosen questions keep their worth");
    line("{\"lateness_draws\":90,\"lateness_evidence\":0.5,\"lateness_evidence_against\":2,"
         "\"explore\":0.25}",
         "late labels", "not yet known what they cost; 25.00 % of the choice drawn at random");
}

/* There is room for all lines at once. */
static void all_at_once_have_room(void **state) {
    (void)state;
    line("{\"time_ms\":7300000,\"shift_s\":7000,\"turned\":1,\"turn_s\":100,\"turn_draws\":12,"
         "\"lateness_draws\":90,\"lateness_evidence\":0.5,\"lateness_evidence_against\":2,"
         "\"explore\":0.25,\"estimate_live_draws\":500,\"estimate_live\":{\"precision\":0.5},"
         "\"class_now\":{\"a\":{\"recall\":1},\"b\":{\"recall\":1},\"c\":{\"recall\":1}},"
         "\"class_now_high\":{\"a\":{\"recall\":1},\"b\":{\"recall\":1},\"c\":{\"recall\":1}},"
         "\"forecast\":{\"recall\":{\"says\":\"recall 80 % is reached\"}}}",
         "late labels", "not yet known");
}

/* Where recall is surely least first, by the upper end; at most three, and none that is hardly
 * known. A name may hold what a path is cut at. */
static void the_worst_segments_are_told(void **state) {
    (void)state;
    static const char status[] =
        "{\"segment_draws\":{\"c=a/b\":40,\"c=few\":9,\"c=d\":12,\"c=e\":30,\"c=f\":99,\"c=g\":10},"
        "\"segment_now\":{\"c=a/"
        "b\":{\"recall\":0.5},\"c=few\":{\"recall\":0},\"c=d\":{\"recall\":0.1},"
        "\"c=e\":{\"recall\":0.2},\"c=f\":{\"recall\":0.9},\"c=g\":{\"recall\":null}},"
        "\"segment_now_low\":{\"c=a/"
        "b\":{\"recall\":0.4},\"c=d\":{\"recall\":0},\"c=e\":{\"recall\":0.1}},"
        "\"segment_now_high\":{\"c=a/b\":{\"recall\":0.61},\"c=few\":{\"recall\":0.3},"
        "\"c=d\":{\"recall\":0.8},\"c=e\":{\"recall\":0.61},\"c=f\":{\"recall\":0.95},"
        "\"c=g\":{\"recall\":null}}}";
    line(status, "where",
         "of 100 positives get an alarm: c=a/b 50 (40 to 61), c=e 20 (10 to 61), c=d 10 (0 to 80); "
         "not told: 3");
    line("{\"segment_draws\":{\"c=a\":9}}", "where", "too few answers in each segment");
    line("{\"segment_draws\":{\"c=aaaaaaaaaaaaaaaaaaaaaaaaaé\":40},"
         "\"segment_now\":{\"c=aaaaaaaaaaaaaaaaaaaaaaaaaé\":{\"recall\":0.5}},"
         "\"segment_now_low\":{\"c=aaaaaaaaaaaaaaaaaaaaaaaaaé\":{\"recall\":0.4}},"
         "\"segment_now_high\":{\"c=aaaaaaaaaaaaaaaaaaaaaaaaaé\":{\"recall\":0.6}}}",
         "where", "of 100 positives get an alarm: c=aaaaaaaaaaaaaaaaaaaaaaaaa 50 (40 to 60)");
}

static void the_newest_matured_day_is_told(void **state) {
    (void)state;
    static const char status[] =
        "{\"cohort_answered\":{\"2026-11-27\":0.5,\"2026-11-28\":0.93,\"2026-11-29\":0.1},"
        "\"cohort\":{\"2026-11-27\":{\"accuracy\":0.9,\"precision\":0.9,\"recall\":0.9},"
        "\"2026-11-28\":{\"accuracy\":0.8,\"precision\":0.5,\"recall\":0.25},\"2026-11-29\":{}},"
        "\"cohort_low\":{\"2026-11-28\":{\"precision\":0.4,\"recall\":0.1}},"
        "\"cohort_high\":{\"2026-11-28\":{\"precision\":0.61,\"recall\":0.52}}}";
    line(status, "matured",
         "asked 2026-11-28: of 100 alarms 50 (40 to 61) right, of 100 positives 25 (10 to 52) got "
         "one; 93.00 % answered");
}

static void the_better_one_is_told_where_it_is_known(void **state) {
    (void)state;
    static const struct {
        const char *learn, *better, *said;
    } cases[] = {{"beside", "unknown", "which is better is not known"},
                 {"beside", "model", "the model is better"},
                 {"recalibrate", "score", "the score is better"},
                 {"false", "unknown", "it is the model"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char json[256];
        snprintf(json, sizeof json,
                 "{\"now\":{\"model\":3},\"upstream\":{\"learn\":\"%s\",\"better\":\"%s\","
                 "\"accuracy\":{\"is\":0.5,\"low\":0.25,\"high\":0.75}}}",
                 cases[i].learn, cases[i].better);
        line(json, "model", cases[i].said);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_figures_of_now_are_told),
        cmocka_unit_test(how_much_there_is_is_told),
        cmocka_unit_test(what_is_true_in_spite_of_errors_is_told),
        cmocka_unit_test(samples_far_outside_are_told),
        cmocka_unit_test(who_has_no_partitions_is_not_up_to_date),
        cmocka_unit_test(the_target_is_told),
        cmocka_unit_test(a_turn_of_the_labels_is_told),
        cmocka_unit_test(a_shift_of_the_samples_is_told_for_an_hour),
        cmocka_unit_test(all_at_once_have_room),
        cmocka_unit_test(what_late_labels_cost_is_told),
        cmocka_unit_test(the_worst_segments_are_told),
        cmocka_unit_test(the_newest_matured_day_is_told),
        cmocka_unit_test(the_better_one_is_told_where_it_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
