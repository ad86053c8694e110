/* The learner's mathematics: against the numpy reference, against finite differences, and on sets
 * whose answer is known. */
#include "train/lbfgs.h"
#include "train/loss_and_gradient.h"
#include "train/preconditioner.h"

#include "estimate/annotators.h"
#include "estimate/lateness.h"
#include "golden.h"
#include "labelled.h"

#include <math.h>
#include <string.h>

static struct fit_options options(size_t d, size_t k, size_t memories_n, const size_t *memories) {
    return (struct fit_options){.d = d,
                                .k = k,
                                .memories_n = memories_n,
                                .memories = memories,
                                .sgd_rate = 0.05,
                                .l2 = 1,
                                .shrinkage = 1,
                                .mix_memory = 100,
                                .seed = 1,
                                .measure = MEASURE_LOG_ODDS_MARGIN};
}

static void predict(const struct model *m, const double *row, float *prob) {
    float *scratch = xmalloc(model_scratch(&m->shape) * sizeof *scratch);
    model_predict(m, row, scratch, NULL, prob);
    free(scratch);
}

static double share_right(const struct model *m, const struct labelled *s) {
    size_t right = 0;
    float prob[16];
    for (size_t i = 0; i < s->rows.n; i++) {
        predict(m, s->row + i * m->shape.d, prob);
        int best = 0;
        for (size_t c = 1; c < m->shape.k; c++)
            if (prob[c] > prob[best]) best = (int)c;
        right += best == s->label[i];
    }
    return (double)right / (double)s->rows.n;
}

static void assert_sound(struct model *m) {
    const char *why = NULL;
    char names[64] = "";
    for (size_t c = 0; c < m->shape.k; c++) snprintf(names + 2 * c, 3, "%c\n", (char)('a' + c));
    names[2 * m->shape.k - 1] = 0;
    m->classes = text_of(xstrdup(names));
    if (model_check(m, m->shape.d, text_of(names), 0, &why) < 0) fail_msg("%s", why);
}

/* ---- the reference's numbers ---- */

enum { GOLDEN_N = 90, GOLDEN_TASKS = 120, GOLDEN_D = 5, GOLDEN_K = 3, GOLDEN_M = 4 };

/* fixture_input of tests/vectors/reference.py, drawn again. */
static struct labelled golden_input(void) {
    static const double factor[] = {1, 10, 100, 1000, 0}, offset[] = {0, -3, 1e4, 0, 7};
    struct labelled s = labelled_create(GOLDEN_N, GOLDEN_TASKS, GOLDEN_D, GOLDEN_K, GOLDEN_M);
    struct rng r = {.seed = 42};
    for (size_t i = 0; i < GOLDEN_TASKS * GOLDEN_D; i++)
        s.row[i] = rng_next_unit(&r) * factor[i % GOLDEN_D] + offset[i % GOLDEN_D];
    for (size_t i = 0; i < GOLDEN_N; i++) {
        double score = s.row[i * GOLDEN_D] + s.row[i * GOLDEN_D + 1] / 10 + rng_next_unit(&r) - 0.8;
        s.label[i] = score < 0 ? 0 : score < 0.6 ? 1 : 2;
        assert_int_equal(s.label[i], (int)golden_label[i]);
    }
    for (size_t i = 0; i < GOLDEN_TASKS; i++) s.weight[i] = rng_next_unit(&r) < 0.25 ? 20 : 1;
    for (size_t i = 0; i < GOLDEN_N * GOLDEN_M; i++) {
        double u[GOLDEN_K], sum = 0;
        for (size_t c = 0; c < GOLDEN_K; c++) sum += u[c] = rng_next_unit(&r) + 0.05;
        bool silent =
            i / GOLDEN_M < 15 || i / GOLDEN_M % 7 == 0; // no model yet, or one of another shape
        for (size_t c = 0; c < GOLDEN_K && !silent; c++)
            s.member[i * GOLDEN_K + c] = (float)(u[c] / sum);
    }
    return s;
}

#define ASSERT_NEAR(got, expected, tolerance)                                                      \
    for (size_t near_ = 0; near_ < sizeof(expected) / sizeof *(expected); near_++)                 \
        if (!(fabs((double)(got)[near_] - (expected)[near_]) <=                                    \
              (tolerance) * (1 + fabs((expected)[near_]))))                                        \
    fail_msg(#got "[%zu]: %.9g, the reference says %.9g", near_, (double)(got)[near_],             \
             (expected)[near_])

static void numbers_are_the_references(void **state) {
    (void)state;
    const size_t memories[] = {30, 60, 200};
    struct fit_options o = options(GOLDEN_D, GOLDEN_K, 3, memories);
    o.l2 = 3;
    struct labelled s = golden_input();
    struct model *m = fitted(&o, &s);
    assert_int_equal(m->shape.members, GOLDEN_M);
    ASSERT_NEAR(m->mean, golden_mean, 1e-11);
    ASSERT_NEAR(m->scale, golden_scale, 1e-11);
    ASSERT_NEAR(m->mix, golden_mix, 1e-6);
    ASSERT_NEAR(m->lapse, golden_lapse, 1e-6);
    ASSERT_NEAR(m->temperature, golden_temperature, 1e-6);
    ASSERT_NEAR(m->weight[0], golden_weight, 1e-5);
    ASSERT_NEAR(m->bias[0], golden_bias, 1e-5);
    ASSERT_NEAR(m->utility, golden_quantile, 1e-4);
    float scratch[128], member[2 * GOLDEN_M * GOLDEN_K], prob[2 * GOLDEN_K];
    for (size_t i = 0; i < 2; i++)
        model_predict(m, s.row + (GOLDEN_TASKS - 2 + i) * GOLDEN_D, scratch,
                      member + i * GOLDEN_M * GOLDEN_K, prob + i * GOLDEN_K);
    ASSERT_NEAR(member, golden_member, 1e-5);
    ASSERT_NEAR(prob, golden_prob, 1e-5);
    assert_sound(m);

    struct network w = {.layers = 2, .width = {GOLDEN_D, 4, GOLDEN_K}};
    double x[GOLDEN_N * GOLDEN_D], parameters[39], prior[39], gradient[39];
    struct rng r = {.seed = 7};
    for (size_t i = 0; i < GOLDEN_N * GOLDEN_D; i++)
        x[i] = model_standardised(m, i % GOLDEN_D, s.row[i]);
    for (size_t i = 0; i < 39; i++) parameters[i] = rng_next_unit(&r) - 0.5;
    struct workspace *room = workspace_create(&w, GOLDEN_N);
    double loss[] = {loss_and_gradient(&w, &(struct examples){GOLDEN_N, x, s.label, NULL, 0},
                                       &(struct penalty){.l2 = 0.5}, parameters, gradient, room)};
    ASSERT_NEAR(loss, golden_loss, 1e-10);
    ASSERT_NEAR(gradient, golden_gradient, 1e-10);
    r = (struct rng){.seed = 8};
    for (size_t i = 0; i < 39; i++) prior[i] = rng_next_unit(&r);
    double pulled_loss[] = {loss_and_gradient(&w, &(struct examples){GOLDEN_N, x, s.label, NULL, 0},
                                              &(struct penalty){0.5, 0.1, prior}, parameters,
                                              gradient, room)};
    ASSERT_NEAR(pulled_loss, golden_pulled_loss, 1e-10);
    ASSERT_NEAR(gradient, golden_pulled_gradient, 1e-10);
    workspace_destroy(room);
    model_destroy(m);
    labelled_release(&s);
}

/* ---- loss and minimiser ---- */

static void check_gradient(const struct network *w, double l2, double bias) {
    enum { ROWS = 17, MOST = 256 };
    double x[ROWS * 8], parameters[MOST], prior[MOST], gradient[MOST], ignored[MOST], h = 1e-5;
    double weight[ROWS];
    int label[ROWS];
    struct rng r = {.seed = w->layers};
    size_t size = network_size(w);
    assert_true(size <= MOST);
    for (size_t i = 0; i < ROWS * w->width[0]; i++) x[i] = rng_next_normal(&r);
    for (size_t i = 0; i < ROWS; i++)
        label[i] = (int)rng_below(rng_next(&r), w->width[w->layers] - (w->more > 0));
    for (size_t i = 0; i < ROWS; i++) weight[i] = 0.02 + 2 * rng_next_unit(&r);
    for (size_t i = 0; i < size; i++) parameters[i] = rng_next_normal(&r) / 2;
    for (size_t i = 0; i < size; i++) prior[i] = rng_next_normal(&r);
    struct examples e = {ROWS, x, label, weight, 0};
    struct penalty penalty = {l2, bias, bias > 0 ? prior : NULL};
    struct workspace *room = workspace_create(w, ROWS);
    loss_and_gradient(w, &e, &penalty, parameters, gradient, room);
    for (size_t i = 0; i < size; i++) {
        double here = parameters[i];
        parameters[i] = here + h;
        double above = loss_and_gradient(w, &e, &penalty, parameters, ignored, room);
        parameters[i] = here - h;
        double below = loss_and_gradient(w, &e, &penalty, parameters, ignored, room);
        parameters[i] = here;
        double difference = (above - below) / (2 * h);
        if (!(fabs(difference - gradient[i]) < 1e-5))
            fail_msg("%zu layers, parameter %zu: %g, by differences %g", w->layers, i, gradient[i],
                     difference);
    }
    workspace_destroy(room);
}

static void gradients_are_the_differences(void **state) {
    (void)state;
    static const struct network networks[] = {{.layers = 1, .width = {8, 2}},
                                              {.layers = 1, .width = {3, 5}},
                                              {.layers = 2, .width = {8, 6, 3}},
                                              {.layers = 4, .width = {4, 6, 5, 7, 3}},
                                              {.layers = 1, .width = {3, 4}, .more = 6}};
    static const double l2[] = {0, 0.7, 0.7, 0.1, 0.7}, bias[] = {0, 0.3, 0, 1, 0.3};
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++)
        check_gradient(&networks[i], l2[i], bias[i]);
}

/* Rosenbrock's valley: curved, badly scaled, one minimum at (1, 1). */
static double valley(const double *x, double *gradient, void *opaque) {
    ++*(int *)opaque;
    double a = 1 - x[0], b = x[1] - x[0] * x[0];
    gradient[0] = -2 * a - 400 * x[0] * b;
    gradient[1] = 200 * b;
    return a * a + 100 * b * b;
}

static void the_minimiser_follows_a_valley(void **state) {
    (void)state;
    double x[] = {-1.2, 1};
    int calls = 0;
    lbfgs_minimise(&(struct objective){.value = valley, .opaque = &calls}, 2, x);
    assert_true(fabs(x[0] - 1) < 1e-4 && fabs(x[1] - 1) < 1e-4);
    assert_true(calls < 100);
}

/* A long narrow bowl round (1, 1): who knows how long and how narrow is there at once. */
static double bowl(const double *x, double *gradient, void *opaque) {
    ++*(int *)opaque;
    gradient[0] = 1000 * (x[0] - 1);
    gradient[1] = x[1] - 1;
    return (gradient[0] * (x[0] - 1) + gradient[1] * (x[1] - 1)) / 2;
}

static void divide_by_the_bowl(double *gradient, void *opaque) {
    (void)opaque;
    gradient[0] /= 1000;
}

static void a_guessed_curvature_shortens_the_way_not_the_goal(void **state) {
    (void)state;
    double x[] = {-1.2, 3}, y[] = {-1.2, 3};
    int calls = 0, guessed = 0;
    lbfgs_minimise(&(struct objective){.value = bowl, .opaque = &calls}, 2, x);
    lbfgs_minimise(
        &(struct objective){.value = bowl, .precondition = divide_by_the_bowl, .opaque = &guessed},
        2, y);
    assert_true(fabs(x[0] - 1) < 1e-4 && fabs(x[1] - 1) < 1e-4 && fabs(y[0] - 1) < 1e-4 &&
                fabs(y[1] - 1) < 1e-4);
    assert_true(guessed <= 3 && guessed < calls);
}

/* Two classes: the loss's Hessian, times a direction in which the classes part, is the
 * curvature's. */
static void the_curvature_of_two_classes_is_the_hessian(void **state) {
    (void)state;
    enum { N = 40, D = 3, SIZE = 2 * (D + 1) };
    struct network w = {.layers = 1, .width = {D, 2}};
    double x[N * D], prior[SIZE] = {0}, at[SIZE], apart[SIZE], above[SIZE], below[SIZE];
    double weight[N];
    int label[N];
    struct rng r = {.seed = 5};
    for (size_t i = 0; i < N * D; i++) x[i] = rng_next_normal(&r);
    for (size_t i = 0; i < N; i++) label[i] = (int)(rng_next_unit(&r) < 0.5);
    for (size_t i = 0; i < N; i++) weight[i] = 0.02 + 2 * rng_next_unit(&r);
    for (size_t i = 0; i < D; i++)
        at[i] = 0.1 * rng_next_normal(&r), at[D + i] = -at[i], apart[i] = rng_next_normal(&r),
        apart[D + i] = -apart[i];
    at[2 * D] = 0.2, at[2 * D + 1] = -0.2, apart[2 * D] = 1, apart[2 * D + 1] = -1;
    struct examples e = {N, x, label, weight, 0};
    struct penalty penalty = {0.5, 1, prior};
    struct workspace *room = workspace_create(&w, N);
    double step = 1e-5, moved[SIZE];
    for (size_t i = 0; i < SIZE; i++) moved[i] = at[i] + step * apart[i];
    loss_and_gradient(&w, &e, &penalty, moved, above, room);
    for (size_t i = 0; i < SIZE; i++) moved[i] = at[i] - step * apart[i];
    loss_and_gradient(&w, &e, &penalty, moved, below, room);
    for (size_t i = 0; i < SIZE; i++) above[i] = (above[i] - below[i]) / (2 * step);
    loss_and_gradient(&w, &e, &penalty, at, below, room);
    struct preconditioner *c = preconditioner_create(&w, &e, &penalty, room);
    preconditioner_solve(c, above);
    for (size_t i = 0; i < SIZE; i++) assert_true(fabs(above[i] - apart[i]) < 1e-6);
    preconditioner_destroy(c);
    workspace_destroy(room);
}

/* No step gains anything from a gradient that lies: it must give up where it stands, not at what it
 * tried. */
static double uphill(const double *x, double *gradient, void *opaque) {
    (void)opaque;
    gradient[0] = -2 * x[0];
    return x[0] * x[0];
}

static void the_minimiser_gives_up_in_place(void **state) {
    (void)state;
    double x[] = {3};
    lbfgs_minimise(&(struct objective){.value = uphill}, 1, x);
    assert_true(x[0] == 3);
}

/* ---- sets whose answer is known ---- */

static const size_t one_memory[] = {10000};

static void separable_classes_are_learned_with_finite_weights(void **state) {
    (void)state;
    struct fit_options o = options(2, 2, 1, one_memory);
    struct labelled s = labelled_create(200, 200, 2, 2, 0);
    struct rng r = {.seed = 1};
    for (size_t i = 0; i < 200; i++) {
        s.label[i] = (int)(i % 2);
        s.row[2 * i] = (i % 2 ? 3 : -3) + rng_next_unit(&r);
        s.row[2 * i + 1] = rng_next_normal(&r);
    }
    struct model *m = fitted(&o, &s);
    assert_true(share_right(m, &s) == 1);
    for (size_t i = 0; i < 4; i++) assert_true(fabs((double)m->weight[0][i]) < 10);
    o.l2 = 100; // a stronger penalty holds the weights back
    struct model *held = fitted(&o, &s);
    assert_true(fabs((double)held->weight[0][0]) < 0.7 * fabs((double)m->weight[0][0]));
    assert_sound(m);
    model_destroy(m);
    model_destroy(held);
    labelled_release(&s);
}

static void one_class_alone_is_learned(void **state) {
    (void)state;
    struct fit_options o = options(3, 3, 1, one_memory);
    struct labelled s = labelled_random(40, 3, 3, 0, 1);
    float prob[3];
    for (size_t i = 0; i < 40; i++) s.label[i] = 2;
    struct model *m = fitted(&o, &s);
    predict(m, s.row, prob);
    assert_true(prob[2] > 0.8f && prob[0] > 0 && prob[1] > 0);
    assert_sound(m);
    s.rows.n = 1;
    struct model *single = fitted(&o, &s);
    assert_sound(single);
    model_destroy(m);
    model_destroy(single);
    labelled_release(&s);
}

/* A column that never changes says nothing, whatever it holds later; one that changes a little on a
 * large number does. */
static void a_constant_column_says_nothing_and_a_small_change_does(void **state) {
    (void)state;
    struct fit_options o = options(2, 2, 1, one_memory);
    struct labelled s = labelled_create(300, 300, 2, 2, 0);
    struct rng r = {.seed = 1};
    float here[2], there[2];
    for (size_t i = 0; i < 300; i++) {
        s.label[i] = rng_next_unit(&r) < 0.5;
        s.row[2 * i] = 0.1;
        s.row[2 * i + 1] =
            1.7e12 + 1000 * (s.label[i] + 0.2 * rng_next_normal(&r)); // a time stamp in ms
    }
    struct model *m = fitted(&o, &s);
    assert_true(m->scale[0] == 0 && m->scale[1] > 0);
    assert_true(share_right(m, &s) > 0.95);
    predict(m, (const double[]){0.1, 1.7e12}, here);
    predict(m, (const double[]){1e9, 1.7e12}, there);
    assert_memory_equal(here, there, sizeof here);
    assert_sound(m);
    model_destroy(m);
    labelled_release(&s);
}

/* The smallest units count as the largest do. */
static void units_do_not_matter(void **state) {
    (void)state;
    struct fit_options o = options(4, 2, 1, one_memory);
    struct labelled s = labelled_random(100, 4, 2, 0, 6), t = labelled_random(100, 4, 2, 0, 6);
    for (size_t i = 0; i < 400; i++) t.row[i] = ldexp(t.row[i], i % 2 ? 60 : -60);
    struct model *a = fitted(&o, &s), *b = fitted(&o, &t);
    assert_memory_equal(a->weight[0], b->weight[0], 16 * sizeof(float));
    model_destroy(a);
    model_destroy(b);
    labelled_release(&s);
    labelled_release(&t);
}

/* ---- labels that are believed unequally ---- */

enum { READERS = 4, BELIEVED_N = 400, BELIEVED_D = 6 };
static const double reads_right[READERS] = {0.95, 0.9, 0.85, 0.5}; // one of five answers is wrong

/* Rows of two classes that overlap; the readers of the first n take turns. */
static struct labelled believed_set(size_t n, uint64_t seed, bool clean) {
    struct labelled s = labelled_create(n, n, BELIEVED_D, 2, 0);
    struct rng r = {.seed = seed};
    for (size_t i = 0; i < n; i++) {
        int truth = rng_next_unit(&r) < 0.5;
        for (size_t c = 0; c < BELIEVED_D; c++)
            s.row[i * BELIEVED_D + c] = rng_next_normal(&r) + (truth ? 0.5 : -0.5);
        bool right = clean || rng_next_unit(&r) < reads_right[i % READERS];
        s.label[i] = right ? truth : !truth;
    }
    return s;
}

/* What pairs of a fifth of the samples tell of the readers. */
static struct annotators *believed_readers(uint64_t seed) {
    struct annotators *a = annotators_create(2);
    struct rng r = {.seed = seed + 1000};
    for (size_t i = 0; i < BELIEVED_N / 5; i++) {
        size_t one = i % READERS,
               other = (one + 1 + rng_below(rng_next(&r), READERS - 1)) % READERS;
        bool first = rng_next_unit(&r) < reads_right[one],
             second = rng_next_unit(&r) < reads_right[other];
        annotators_pair(a, &(struct answer_pair){{one + 1, other + 1}, first == second});
    }
    return a;
}

static double believed_accuracy(struct labelled *s, const struct labelled *test,
                                const double reader[READERS]) {
    struct fit_options o = options(BELIEVED_D, 2, 1, (const size_t[]){BELIEVED_N});
    double weight[BELIEVED_N], sum = 0;
    for (size_t i = 0; i < BELIEVED_N; i++) sum += weight[i] = reader[i % READERS];
    for (size_t i = 0; i < BELIEVED_N; i++) weight[i] *= BELIEVED_N / sum;
    s->rows.weight = weight;
    o.sgd_rate = 0;
    struct model *m = fitted(&o, s);
    double right = share_right(m, test);
    model_destroy(m);
    s->rows.weight = NULL;
    return right;
}

/* With a fifth of the labels wrong, what is known of the readers is as good as the best of many
 * fixed weightings of them, within a point; and weighing all alike is worse. */
static void who_errs_counts_for_less(void **state) {
    (void)state;
    enum { SEEDS = 20, FIXED = 5 };
    static const double level[FIXED] = {0.02, 0.25, 0.5, 0.75, 1};
    double known = 0, fixed[FIXED][FIXED] = {0}, best = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct labelled s = believed_set(BELIEVED_N, seed, false),
                        test = believed_set(4000, seed + 100, true);
        struct annotators *a = believed_readers(seed);
        double by_known[READERS];
        for (size_t i = 0; i < READERS; i++)
            (void)annotators_settle(a, &(struct opinion){i + 1, 0}, 1, &by_known[i]);
        known += believed_accuracy(&s, &test, by_known) / SEEDS;
        for (size_t i = 0; i < FIXED; i++)
            for (size_t j = 0; j < FIXED; j++)
                fixed[i][j] +=
                    believed_accuracy(&s, &test, (double[]){1, 1, level[j], level[i]}) / SEEDS;
        annotators_destroy(a);
        labelled_release(&s);
        labelled_release(&test);
    }
    for (size_t i = 0; i < FIXED * FIXED; i++) best = fmax(best, fixed[i / FIXED][i % FIXED]);
    double alike = fixed[FIXED - 1][FIXED - 1];
    print_message("known %.4f, best fixed %.4f, alike %.4f\n", known, best, alike);
    assert_true(known > best - 0.01 && known > alike);
}

static void equal_weights_change_nothing(void **state) {
    (void)state;
    struct fit_options o = options(3, 2, 2, (const size_t[]){30, 200});
    o.committee = 2;
    struct labelled s = labelled_random(120, 3, 2, fit_members(&o), 3);
    double weight[120];
    for (size_t i = 0; i < 120; i++) weight[i] = 1;
    struct model *a = fitted(&o, &s);
    s.rows.weight = weight;
    struct model *b = fitted(&o, &s);
    assert_memory_equal(a->weight[0], b->weight[0], fit_members(&o) * 6 * sizeof(float));
    assert_memory_equal(a->mix, b->mix, fit_members(&o) * sizeof *a->mix);
    model_destroy(a);
    model_destroy(b);
    labelled_release(&s);
}

static void hidden_layers_learn_xor(void **state) {
    (void)state;
    struct fit_options o = options(2, 2, 2, (const size_t[]){300, 1000});
    struct labelled s = labelled_create(400, 400, 2, 2, 0);
    struct rng r = {.seed = 1};
    for (size_t i = 0; i < 400; i++) {
        bool a = rng_next_unit(&r) < 0.5, b = rng_next_unit(&r) < 0.5;
        s.row[2 * i] = a + 0.2 * rng_next_normal(&r);
        s.row[2 * i + 1] = b + 0.2 * rng_next_normal(&r);
        s.label[i] = a != b;
    }
    o.sgd_rate = 0;
    struct model *plain = fitted(&o, &s);
    assert_int_equal(plain->shape.members, 2);
    assert_true(share_right(plain, &s) < 0.7);
    o.hidden_n = 2;
    o.hidden[0] = 8;
    o.hidden[1] = 6;
    struct model *deep = fitted(&o, &s);
    assert_true(share_right(deep, &s) > 0.95);
    assert_sound(deep);
    model_destroy(plain);
    model_destroy(deep);
    labelled_release(&s);
}

static void the_sgd_member_follows_what_is_new(void **state) {
    (void)state;
    struct fit_options o = options(1, 2, 1, one_memory);
    struct labelled s = labelled_create(400, 400, 1, 2, 0);
    struct rng r = {.seed = 1};
    for (size_t i = 0; i < 400; i++) {
        s.row[i] = rng_next_normal(&r);
        s.label[i] = (s.row[i] > 0) == (i < 250); // turned round at 250
    }
    struct model *m = fitted(&o, &s);
    assert_true(m->weight[0][1] > 0 && m->weight[0][3] < 0); // class 1 of the fit and of the pass
    model_destroy(m);
    labelled_release(&s);
}

/* Behind a turn of the labels all members but the longest know only what came since. */
static void what_was_before_a_turn_is_forgotten(void **state) {
    (void)state;
    enum { N = 400, TURN = 380, MEMBERS = 4 };
    struct fit_options o = options(1, 2, 3, (const size_t[]){50, 200, 1000});
    struct labelled s = labelled_create(N, N, 1, 2, MEMBERS);
    struct rng r = {.seed = 2};
    for (size_t i = 0; i < N; i++) {
        s.row[i] = rng_next_normal(&r);
        s.label[i] = (s.row[i] > 0) == (i < TURN);
        for (size_t m = 0; m < MEMBERS; m++) { // the longest memory was best for long
            float *said = s.member + (i * MEMBERS + m) * 2;
            said[s.label[i]] = (m == 2) == (i < TURN) ? 0.9f : 0.2f;
            said[1 - s.label[i]] = 1 - said[s.label[i]];
        }
    }
    struct model *unaware = fitted(&o, &s);
    s.rows.since = TURN;
    struct model *aware = fitted(&o, &s);
    for (size_t m = 0; m < MEMBERS; m++) { // weights of class 1
        double before = (double)unaware->weight[0][2 * m + 1],
               since = (double)aware->weight[0][2 * m + 1];
        if (m == 2) assert_true(before > 0 && since == before);
        else assert_true(since < 0);
    }
    assert_true(unaware->weight[0][3] > 0); // 200 labels are mostly of before
    assert_true(unaware->mix[2] > 0.9f && aware->mix[2] < 0.1f);
    model_destroy(unaware);
    model_destroy(aware);
    labelled_release(&s);
}

/* ---- mixture ---- */

static void say(struct labelled *s, size_t row, size_t member, float of_truth) {
    float *said = s->member + (row * s->rows.members + member) * 2;
    said[s->label[row]] = of_truth;
    said[1 - s->label[row]] = 1 - of_truth;
}

/* What the newest n labels weigh together, each older one a hundredth less, at three tenths of
 * their loss. */
static double weight_of_newest(int n) { return 0.3 * (1 - pow(0.99, n)) / 0.01; }

/* Brier loss, two classes, of who gave the truth this much. */
static double brier_of(double of_truth) { return 2 * (1 - of_truth) * (1 - of_truth); }

static void assert_odds(const struct model *m, size_t a, size_t b, double expected) {
    double got = log(m->mix[a] / m->mix[b]);
    if (!(fabs(got - expected) < 1e-5))
        fail_msg("log odds of members %zu and %zu: %g, not %g", a, b, got, expected);
}

static void the_mixture_follows_who_was_right(void **state) {
    (void)state;
    struct fit_options o = options(2, 2, 2, (const size_t[]){50, 100});
    struct labelled s = labelled_random(120, 2, 2, 3, 1);
    for (size_t i = 0; i < 120; i++) {
        say(&s, i, 0, 0.6f);
        say(&s, i, 1, 0.8f);
        say(&s, i, 2, 0.3f);
    }
    struct model *m = fitted(&o, &s);
    assert_odds(m, 1, 0, weight_of_newest(120) * (brier_of(0.6) - brier_of(0.8)));
    assert_odds(m, 1, 2, weight_of_newest(120) * (brier_of(0.3) - brier_of(0.8)));
    for (size_t i = 60; i < 120; i++) { // a change: lately the third is right
        say(&s, i, 1, 0.3f);
        say(&s, i, 2, 0.8f);
    }
    struct model *later = fitted(&o, &s);
    assert_true(later->mix[2] > later->mix[1]);
    model_destroy(m);
    model_destroy(later);
    labelled_release(&s);
}

/* Late labels say less of who is right today; however late, a third. */
static void late_labels_move_the_mixture_less(void **state) {
    (void)state;
    static const double late[] = {0, 0.5, 0.99}, share[] = {1, 0.5, 1.0 / 3};
    struct fit_options o = options(2, 2, 2, (const size_t[]){50, 100});
    struct labelled s = labelled_random(120, 2, 2, 3, 1);
    for (size_t i = 0; i < 120; i++) {
        say(&s, i, 0, 0.6f);
        say(&s, i, 1, 0.8f);
    }
    for (size_t i = 0; i < 3; i++) {
        o.late = late[i];
        struct model *m = fitted(&o, &s);
        assert_odds(m, 1, 0, share[i] * weight_of_newest(120) * (brier_of(0.6) - brier_of(0.8)));
        model_destroy(m);
    }
    labelled_release(&s);
}

/* Steps over the rows from `from` on, one label at a time. */
static void step_through(struct model *m, const struct fit_options *o, struct fit_rows rows,
                         size_t from, size_t until) {
    for (rows.n = from + 1; rows.n <= until; rows.n++) fit_step(m, o, &rows, 1, true);
}

/* Labels one by one: the SGD member, the mixture and the fits of few labels stand where a fit of
 * all of them would have put them, given its standardisation. */
static void a_step_goes_on_where_the_fit_stopped(void **state) {
    (void)state;
    struct fit_options o = options(3, 3, 2, (const size_t[]){50, 200});
    struct labelled s = labelled_random(150, 3, 3, 3, 9);
    struct model *all = fitted(&o, &s);
    s.rows.n = 100;
    struct model *m = fitted(&o, &s); // the same tasks: the same standardisation
    step_through(m, &o, s.rows, 100, 150);
    for (size_t j = 0; j < 3; j++) assert_true(fabs(m->mix[j] - all->mix[j]) < 1e-12);
    for (size_t i = 0; i < 27; i++) assert_true(fabsf(m->weight[0][i] - all->weight[0][i]) < 5e-4f);
    for (size_t i = 0; i < 9; i++) assert_true(fabsf(m->bias[0][i] - all->bias[0][i]) < 5e-4f);
    model_destroy(all);
    model_destroy(m);
    labelled_release(&s);
}

/* The rows as the model saw them, in the network of all classes. */
static double *seen_by(const struct model *m, const struct labelled *s, size_t n) {
    double *x = xmalloc(n * m->shape.d * sizeof *x);
    for (size_t i = 0; i < n * m->shape.d; i++)
        x[i] = model_standardised(m, i % m->shape.d, s->row[i]);
    return x;
}

static void parameters_of(const struct model *m, size_t member, double *out) {
    size_t d = m->shape.d, k = m->shape.k;
    for (size_t i = 0; i < k * d; i++) out[i] = (double)m->weight[0][member * k * d + i];
    for (size_t i = 0; i < k; i++) out[k * d + i] = (double)m->bias[0][member * k + i];
}

/* One output for all classes without a label, but where it ends is the minimum of the loss of all
 * classes, and the SGD member's own pass. */
static void classes_without_a_label_are_alike(void **state) {
    (void)state;
    enum { N = 60, D = 3, K = 9, SIZE = (D + 1) * K };
    struct fit_options o = options(D, K, 2, (const size_t[]){20, 100});
    struct labelled s = labelled_random(N, D, K, 3, 3);
    for (size_t i = 0; i < N; i++) s.label[i] = (int[]){7, 1, 4}[s.label[i] % 3];
    struct model *m = fitted(&o, &s);
    double *x = seen_by(m, &s, N), at[SIZE], gradient[SIZE], longer[SIZE], sgd[SIZE] = {0};
    struct network w = {.layers = 1, .width = {D, K}};
    struct workspace *room = workspace_create(&w, N);
    parameters_of(m, 0, at);
    parameters_of(m, 1, longer);
    loss_and_gradient(&w, &(struct examples){N, x, s.label, NULL, 0},
                      &(struct penalty){o.l2, 1, NULL}, longer, gradient, room);
    for (size_t i = 0; i < SIZE; i++) assert_true(fabs(gradient[i]) < 3e-3);
    loss_and_gradient(&w, &(struct examples){20, x + (N - 20) * D, s.label + N - 20, NULL, 0},
                      &(struct penalty){o.shrinkage, 0.1, longer}, at, gradient, room);
    for (size_t i = 0; i < SIZE; i++) assert_true(fabs(gradient[i]) < 3e-3);
    for (size_t i = 0; i < N; i++) {
        loss_and_gradient(&w, &(struct examples){1, x + i * D, s.label + i, NULL, 0},
                          &(struct penalty){0}, sgd, gradient, room);
        for (size_t c = 0; c < SIZE; c++) sgd[c] -= o.sgd_rate * gradient[c];
    }
    parameters_of(m, 2, at);
    for (size_t i = 0; i < SIZE; i++) assert_true(fabs(at[i] - sgd[i]) < 1e-5);
    workspace_destroy(room);
    free(x);
    model_destroy(m);
    labelled_release(&s);
}

/* A class that gets its first label parts from the others; those that had one long ago were never
 * among them. */
static void a_step_knows_which_classes_had_labels(void **state) {
    (void)state;
    struct fit_options o = options(3, 9, 1, (const size_t[]){200});
    struct labelled s = labelled_random(61, 3, 9, 2, 3);
    for (size_t i = 0; i < 61; i++)
        s.label[i] = i == 60 ? 8 : i < 30 ? s.label[i] % 3 : s.label[i] % 2;
    s.rows.n = 60;
    struct model *m = fitted(&o, &s), *all = fitted(&o, &s);
    size_t named[9] = {0};
    for (size_t i = 0; i < 61; i++) named[s.label[i]]++;
    struct fit_rows last = {.n = 11,
                            .row = s.row + 50 * 3,
                            .label = s.label + 50,
                            .propensity = s.propensity + 50,
                            .named = named}; // class 2 is not among these
    struct fit_rows unknown = last;
    unknown.named = NULL;
    fit_step(m, &o, &last, 1, true);
    fit_step(all, &o, &unknown, 1, true);
    for (size_t i = 0; i < 54; i++) assert_true(fabsf(m->weight[0][i] - all->weight[0][i]) < 1e-4f);
    for (size_t member = 0; member < 2; member++) { // a bias without a label has no minimum but
                                                    // goes on falling; that of class 2 had one
        const float *bias = m->bias[0] + member * 9;
        assert_true(bias[8] > bias[7] && bias[7] == bias[5] && bias[2] != bias[7]);
    }
    model_destroy(all);
    model_destroy(m);
    labelled_release(&s);
}

/* What is not paid for yet: the SGD member and the mixture move all the same, the fits stand. */
static void a_step_without_fits_leaves_them(void **state) {
    (void)state;
    struct fit_options o = options(3, 3, 2, (const size_t[]){50, 200});
    struct labelled s = labelled_random(101, 3, 3, 3, 9);
    s.rows.n = 100;
    struct model *before = fitted(&o, &s), *m = fitted(&o, &s);
    s.rows.n = 101;
    fit_step(m, &o, &s.rows, 1, false);
    assert_memory_equal(m->weight[0], before->weight[0], 18 * sizeof(float));
    assert_memory_equal(m->bias[0], before->bias[0], 6 * sizeof(float));
    assert_memory_not_equal(m->weight[0] + 18, before->weight[0] + 18, 9 * sizeof(float));
    assert_memory_not_equal(m->mix, before->mix, 3 * sizeof(double));
    model_destroy(before);
    model_destroy(m);
    labelled_release(&s);
}

static void work_counts_rows_and_parameters(void **state) {
    (void)state;
    struct fit_options o = options(4, 3, 3, (const size_t[]){50, 200, 1000});
    assert_true(fit_work(&o, 20, 1000) == 3 * 20 * 15);
    assert_true(fit_work(&o, 1, 50) == 2 * 5); // one label names one class; the others are alike
    assert_true(fit_work(&o, 600, 1000) == (50 + 200 + 600) * 15);
    assert_true(fit_work(&o, 600, FIT_STEP_MEMORY) == (50 + 200) * 15);
    o.hidden_n = 1;
    o.hidden[0] = 7;
    assert_true(fit_work(&o, 20, 50) == 20 * (5 * 7 + 8 * 3));
}

/* The long fit waits for the next version; the short one departs from it as it stands. */
static void a_step_leaves_the_long_fit(void **state) {
    (void)state;
    struct fit_options o = options(3, 3, 2, (const size_t[]){50, 300});
    struct labelled s = labelled_random(150, 3, 3, 3, 9);
    s.rows.n = 100;
    struct model *m = fitted(&o, &s);
    float before[18];
    memcpy(before, m->weight[0], sizeof before);
    step_through(m, &o, s.rows, 100, 150);
    assert_memory_not_equal(before, m->weight[0], 9 * sizeof(float));
    assert_memory_equal(before + 9, m->weight[0] + 9, 9 * sizeof(float));
    model_destroy(m);
    labelled_release(&s);
}

/* The committee stands beside the mixture: the prediction is the one without it, its members
 * differ, and a row's weights are the row's own. */
static void a_committee_is_drawn_by_the_rows_keys(void **state) {
    (void)state;
    struct fit_options o = options(3, 3, 2, (const size_t[]){50, 200}), plain = o;
    struct labelled s = labelled_random(150, 3, 3, 3, 9);
    uint64_t key[150];
    for (size_t i = 0; i < 150; i++) key[i] = 1000 + i;
    s.rows.key = key;
    o.committee = 4;
    struct model *with = fitted(&o, &s), *without = fitted(&plain, &s), *again;
    assert_int_equal(with->shape.members, 7);
    for (size_t j = 0; j < 7; j++) assert_true(j < 3 ? with->mix[j] > 0 : with->mix[j] == 0);
    assert_memory_equal(with->weight[0], without->weight[0], 3 * 9 * sizeof(float));
    for (size_t j = 4; j < 7; j++)
        assert_memory_not_equal(with->weight[0] + 3 * 9, with->weight[0] + j * 9,
                                9 * sizeof(float));
    assert_sound(with);
    again = fitted(&o, &s);
    assert_memory_equal(with->weight[0], again->weight[0], 7 * 9 * sizeof(float));
    model_destroy(again);
    key[7]++;
    again = fitted(&o, &s);
    assert_memory_not_equal(with->weight[0] + 27, again->weight[0] + 27, 4 * 9 * sizeof(float));
    model_destroy(again);
    model_destroy(with);
    model_destroy(without);
    labelled_release(&s);
}

/* No record of what the members said, or one of other members: equal shares. A certain and wrong
 * word is one bad word, not the end. */
static void the_mixture_bears_gaps_and_errors(void **state) {
    (void)state;
    struct fit_options o = options(2, 2, 2, (const size_t[]){50, 100});
    struct labelled s = labelled_random(120, 2, 2, 3, 1);
    memset(s.member, 0, 120 * 3 * 2 * sizeof *s.member);
    struct model *silent = fitted(&o, &s);
    for (size_t j = 0; j < 3; j++) assert_true(fabs(silent->mix[j] - 1.0 / 3) < 1e-12);
    for (size_t i = 100; i < 120; i++)
        for (size_t j = 0; j < 3; j++) say(&s, i, j, j == 0 ? 0.95f : 0.5f);
    say(&s, 110, 0, 0); // certain, and wrong
    struct model *spoken = fitted(&o, &s);
    double bad = 0.3 * pow(0.99, 9); // nine labels came after it
    assert_odds(spoken, 0, 1,
                (weight_of_newest(20) - bad) * (brier_of(0.5) - brier_of(0.95)) +
                    bad * (brier_of(0.5) - brier_of(0)));
    s.rows.members = 2;
    struct model *others = fitted(&o, &s);
    assert_true(others->mix[0] == others->mix[2]);
    model_destroy(silent);
    model_destroy(spoken);
    model_destroy(others);
    labelled_release(&s);
}

/* ---- quantiles, golden rows, inputs ---- */

/* A task asked with propensity 1/99 stands for 99 samples: its utility fills the quantiles. */
static void quantiles_are_of_the_stream_not_of_the_tasks(void **state) {
    (void)state;
    struct fit_options o = options(1, 2, 1, one_memory);
    struct labelled s = labelled_create(100, 100, 1, 2, 0);
    for (size_t i = 0; i < 100; i++) {
        s.label[i] = i % 2;
        s.row[i] = i == 7 ? 5 : (double)(i % 2) - 0.5;
    }
    o.measure = MEASURE_RISK;
    o.positive = 1;
    s.weight[7] = 99;
    struct model *m = fitted(&o, &s);
    float odd[2];
    predict(m, (const double[]){5}, odd);
    size_t same = 0;
    for (size_t q = 0; q < MODEL_QUANTILES; q++) same += m->utility[q] == odd[1];
    assert_int_equal(same, MODEL_QUANTILES / 2);
    for (size_t q = 1; q < MODEL_QUANTILES; q++) assert_true(m->utility[q] >= m->utility[q - 1]);
    o.measure = MEASURE_MIX; // a window of two measures has no quantiles
    struct model *mix = fitted(&o, &s);
    assert_null(mix->utility);
    model_destroy(m);
    model_destroy(mix);
    labelled_release(&s);
}

static void golden_rows_are_of_the_tasks(void **state) {
    (void)state;
    struct fit_options o = options(2, 2, 1, one_memory);
    struct labelled s = labelled_random(50, 2, 2, 0, 1);
    struct model *m = fitted(&o, &s);
    assert_true(m->golden >= 4 && m->golden <= 50);
    assert_memory_equal(m->golden_row, s.row, 2 * sizeof *s.row);
    assert_sound(m);
    s.tasks.n = s.rows.n = 2;
    struct model *few = fitted(&o, &s);
    assert_int_equal(few->golden, 2);
    assert_sound(few);
    model_destroy(m);
    model_destroy(few);
    labelled_release(&s);
}

/* History that came with its own events: propensity unknown, nothing was ever asked. */
static void labelled_rows_stand_in_for_tasks(void **state) {
    (void)state;
    struct fit_options o = options(2, 2, 1, one_memory);
    struct labelled s = labelled_random(60, 2, 2, 0, 1);
    struct model *a = fitted(&o, &s), *b = NULL, *c = NULL;
    assert_int_equal(fit_model(&b, &o, &s.rows, &(struct fit_tasks){0}), 0);
    assert_memory_equal(a->mean, b->mean, 2 * sizeof *a->mean);
    assert_memory_equal(a->weight[0], b->weight[0], 8 * sizeof(float));
    for (size_t i = 0; i < 60; i++) s.propensity[i] = 0;
    assert_int_equal(fit_model(&c, &o, &s.rows, &(struct fit_tasks){0}), 0);
    assert_sound(c);
    assert_memory_equal(c->mean, b->mean,
                        2 * sizeof *b->mean); // units need no propensity, quantiles do
    assert_memory_not_equal(c->utility, b->utility, MODEL_QUANTILES * sizeof *b->utility);
    model_destroy(a);
    model_destroy(b);
    model_destroy(c);
    labelled_release(&s);
}

static void what_cannot_be_fitted_is_refused(void **state) {
    (void)state;
    struct fit_options o = options(2, 2, 1, one_memory);
    struct labelled s = labelled_random(5, 2, 2, 0, 1);
    struct model *m = NULL;
    s.rows.n = 0;
    assert_int_equal(fit_model(&m, &o, &s.rows, &s.tasks), ERR_INPUT);
    s.rows.n = 5;
    o.hidden_n = 1;
    o.hidden[0] = (size_t)1 << 40;
    assert_int_equal(fit_model(&m, &o, &s.rows, &s.tasks), ERR_CONFIG);
    assert_null(m);
    labelled_release(&s);
}

/* Open questions at the old boundary: fresh while it stands, worn when it has moved; answered ones
 * and what the random arm drew say nothing of it. tied: so many other tasks are as the open ones,
 * and if there are such, the rest is sure. */
static double worn(double asked_at, bool open, double weight, size_t tied) {
    enum { N = 400, OPEN = 20 };
    static double row[N], task[N + OPEN], propensity[N], task_weight[N + OPEN];
    static int label[N];
    static bool is_open[N + OPEN];
    struct rng r = {.seed = 4};
    for (size_t i = 0; i < N; i++) {
        row[i] = task[i] = rng_next_normal(&r);
        label[i] = row[i] > 0;
        if (tied) task[i] = i < tied ? asked_at : 3;
        propensity[i] = 0.05, task_weight[i] = 20, is_open[i] = false;
    }
    for (size_t i = N; i < N + OPEN; i++)
        task[i] = asked_at, task_weight[i] = weight, is_open[i] = open;
    static const size_t memory[] = {100, 400};
    struct fit_options o = {.d = 1,
                            .k = 2,
                            .memories_n = 2,
                            .memories = memory,
                            .l2 = 1,
                            .shrinkage = 1,
                            .mix_memory = 100,
                            .sgd_rate = 0.05,
                            .open = OPEN,
                            .measure = MEASURE_LEAST_CONFIDENCE};
    struct fit_rows rows = {.n = N, .row = row, .label = label, .propensity = propensity};
    struct fit_tasks tasks = {.n = N + OPEN, .row = task, .weight = task_weight, .open = is_open};
    struct model *m;
    assert_int_equal(fit_model(&m, &o, &rows, &tasks), 0);
    double is = m->lateness[LATENESS_WORN];
    assert_true(m->lateness[LATENESS_DRAWS] > 0 && m->lateness[LATENESS_LOW] < 0);
    model_destroy(m);
    return is;
}

static void open_questions_wear(void **state) {
    (void)state;
    assert_true(worn(0, true, 1, 0) < 0.05);
    assert_true(worn(0.7, true, 1, 0) > 0.6);
    assert_true(worn(3, true, 1, 0) == 1);
    assert_true(worn(0, false, 1, 0) == -1 && worn(0, true, 20, 0) == -1);
    for (size_t tied = 200; tied <= 400; tied += 200) { // of which half count as below
        const double equal = 20 * (double)tied + 20, all = 20 * 400 + 20,
                     rank = (all - equal / 2) / all;
        assert_true(fabs(worn(0.7, true, 1, tied) - (0.97 - (3 * 0.895 + 20 * rank) / 23) / 0.47) <
                    1e-6);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_the_references),
        cmocka_unit_test(gradients_are_the_differences),
        cmocka_unit_test(the_minimiser_follows_a_valley),
        cmocka_unit_test(a_guessed_curvature_shortens_the_way_not_the_goal),
        cmocka_unit_test(the_curvature_of_two_classes_is_the_hessian),
        cmocka_unit_test(the_minimiser_gives_up_in_place),
        cmocka_unit_test(separable_classes_are_learned_with_finite_weights),
        cmocka_unit_test(one_class_alone_is_learned),
        cmocka_unit_test(a_constant_column_says_nothing_and_a_small_change_does),
        cmocka_unit_test(units_do_not_matter),
        cmocka_unit_test(who_errs_counts_for_less),
        cmocka_unit_test(equal_weights_change_nothing),
        cmocka_unit_test(hidden_layers_learn_xor),
        cmocka_unit_test(the_sgd_member_follows_what_is_new),
        cmocka_unit_test(what_was_before_a_turn_is_forgotten),
        cmocka_unit_test(the_mixture_follows_who_was_right),
        cmocka_unit_test(late_labels_move_the_mixture_less),
        cmocka_unit_test(the_mixture_bears_gaps_and_errors),
        cmocka_unit_test(a_step_goes_on_where_the_fit_stopped),
        cmocka_unit_test(a_step_without_fits_leaves_them),
        cmocka_unit_test(classes_without_a_label_are_alike),
        cmocka_unit_test(a_step_knows_which_classes_had_labels),
        cmocka_unit_test(work_counts_rows_and_parameters),
        cmocka_unit_test(a_step_leaves_the_long_fit),
        cmocka_unit_test(a_committee_is_drawn_by_the_rows_keys),
        cmocka_unit_test(quantiles_are_of_the_stream_not_of_the_tasks),
        cmocka_unit_test(golden_rows_are_of_the_tasks),
        cmocka_unit_test(labelled_rows_stand_in_for_tasks),
        cmocka_unit_test(what_cannot_be_fitted_is_refused),
        cmocka_unit_test(open_questions_wear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
