/* `winnowd simulate --figures DIR`: the pictures that introductions to active learning show, made
 * with the daemon's own fits and measures.
 *
 * Such pictures usually show one draw of points, which may be a lucky one; here the distribution
 * over many draws stands beside it. Refuses a directory that it cannot make or write.
 *
 * Thread: main thread */
#include "figures/pictures.h"

#include "base/atomic_file.h"
#include "figures/chart.h"
#include "figures/verdict.h"
#include "pool_loop.h"
#include "simplex.h"

#include <errno.h>
#include <math.h>
#include <sys/stat.h>
#include <sysexits.h>

enum {
    PANEL = 400,  // pixels of a chart's width
    HIGH = 380,   // pixels of a chart's height
    POINTS = 400, // in the pool of the two Gaussians
    LABELS = 30,  // asked of them
    FIRST = 4,    // of these, drawn at random before the first fit
    DRAWS = 200,  // of points, for the distribution
    GRID = 48     // cells along a side, where the boundary is looked for
};

static const double apart = 4;   // distance of the two centres, in standard deviations
static const double reach = 5.5; // the square that is shown is ±reach

/* ---- points and boundary ---- */

/* The boundary: line segments with gaps between them (NaN), for one chart_line. */
struct segments {
    size_t n;
    double x[8 * GRID * GRID], y[8 * GRID * GRID];
};

static double pictures_grid_at(int i) { return -reach + 2 * reach * i / GRID; }

static void pictures_add_end(struct segments *s, double x, double y) {
    s->x[s->n] = x;
    s->y[s->n++] = y;
}

/* Where the boundary enters and leaves a cell: on the edges whose ends differ in sign, by
 * interpolation (marching squares, Lorensen and Cline 1987 in the plane). level: of the grid's
 * points, 0 on the boundary. */
static void pictures_cross_cell(struct segments *s, int i, int j, double (*level)[GRID + 1]) {
    static const int step[5][2] = {{0, 0}, {1, 0}, {1, 1}, {0, 1}, {0, 0}};
    int ends = 0;
    for (int e = 0; e < 4 && ends < 2; e++) {
        int i0 = i + step[e][0], j0 = j + step[e][1], i1 = i + step[e + 1][0],
            j1 = j + step[e + 1][1];
        double a = level[i0][j0], b = level[i1][j1];
        if ((a < 0) == (b < 0)) continue;
        double t = a / (a - b);
        pictures_add_end(s,
                         pictures_grid_at(i0) + t * (pictures_grid_at(i1) - pictures_grid_at(i0)),
                         pictures_grid_at(j0) + t * (pictures_grid_at(j1) - pictures_grid_at(j0)));
        ends++;
    }
    if (ends) pictures_add_end(s, NAN, NAN);
}

static void pictures_find_boundary(struct segments *s, const struct model *m) {
    double level[GRID + 1][GRID + 1];
    s->n = 0;
    for (int i = 0; i <= GRID; i++)
        for (int j = 0; j <= GRID; j++)
            level[i][j] =
                pool_loop_predict(m, (double[]){pictures_grid_at(i), pictures_grid_at(j)}) - 0.5;
    for (int i = 0; i < GRID; i++)
        for (int j = 0; j < GRID; j++) pictures_cross_cell(s, i, j, level);
}

/* Columns for a chart. */
struct chart_cloud {
    size_t n;
    double x[POINTS], y[POINTS];
};

static void pictures_add_point(struct chart_cloud *c, const struct pool_points *p, size_t i) {
    if (fabs(p->row[i * 2]) > reach || fabs(p->row[i * 2 + 1]) > reach) return; // beyond the frame
    c->x[c->n] = p->row[i * 2];
    c->y[c->n++] = p->row[i * 2 + 1];
}

/* All points pale, the first `labels` that were asked with a ring, and the boundary of the model
 * that was fitted on those. */
static void pictures_draw_points(const struct pool_points *p, const size_t *order, size_t labels,
                                 const struct model *m, const char *title, struct buf *out) {
    struct chart_cloud all[2] = {0}, asked[2] = {0};
    static struct segments boundary; // too large for a stack
    for (size_t i = 0; i < p->n; i++) pictures_add_point(&all[p->label[i]], p, i);
    for (size_t i = 0; i < labels; i++) pictures_add_point(&asked[p->label[order[i]]], p, order[i]);
    pictures_find_boundary(&boundary, m);
    struct chart_line line[5];
    for (int c = 0; c < 2; c++) {
        line[c] = (struct chart_line){
            .n = all[c].n, .x = all[c].x, .y = all[c].y, .points = true, .colour = c};
        line[3 + c] = (struct chart_line){.n = asked[c].n,
                                          .x = asked[c].x,
                                          .y = asked[c].y,
                                          .points = true,
                                          .ring = true,
                                          .radius = 4.5,
                                          .colour = c};
    }
    line[2] = (struct chart_line){.n = boundary.n, .x = boundary.x, .y = boundary.y, .colour = 2};
    chart_lines(&(struct chart){.title = title,
                                .width = PANEL,
                                .height = HIGH,
                                .x_low = -reach,
                                .x_high = reach,
                                .y_low = -reach,
                                .y_high = reach,
                                .line = line,
                                .lines = 5},
                out);
}

/* ---- two Gaussians ---- */

static int pictures_run_loop(struct pool_loop_result *r, const struct config *c,
                             const struct pool_points *p, bool active, uint64_t seed, bool keep) {
    struct pool_loop_options o = {.config = c,
                                  .pool = p,
                                  .test = p,
                                  .first = FIRST,
                                  .labels = LABELS,
                                  .active = active,
                                  .seed = seed};
    return pool_loop_run(r, &o, keep);
}

/* The accuracy after the last label, for each of many draws of points. */
static int pictures_many_draws(const struct config *c, uint64_t seed, bool active,
                               double accuracy[DRAWS]) {
    for (size_t i = 0; i < DRAWS; i++) {
        struct pool_points p = pool_points_two_gaussians(POINTS, 2, 2, apart, 0.5, seed + i);
        struct pool_loop_result r;
        int result = pictures_run_loop(&r, c, &p, active, seed + i, false);
        if (result == 0) accuracy[i] = r.accuracy[r.fits - 1];
        pool_loop_release(&r);
        pool_points_release(&p);
        TRY(result);
    }
    return 0;
}

static double pictures_mean_of(const double *value, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += value[i];
    return sum / (double)n;
}

/* Two histograms in one; what lies below the frame is in the first bin. */
static void pictures_draw_distribution(const double random[DRAWS], const double active[DRAWS],
                                       struct buf *out) {
    enum { BINS = 12 };
    static const char *const name[] = {"active", "random"};
    double value[BINS * 2] = {0}, high = 0.99, low = 0.93, width = (high - low) / BINS;
    char text[BINS][16];
    const char *group[BINS] = {0};
    for (size_t i = 0; i < DRAWS; i++) {
        size_t bin[2];
        for (int s = 0; s < 2; s++) {
            double at = ((s ? random : active)[i] - low) / width;
            bin[s] = (size_t)fmin(fmax(at, 0), BINS - 1);
            value[bin[s] * 2 + (size_t)s]++;
        }
    }
    for (size_t b = 0; b < BINS; b += 2) {
        snprintf(text[b], sizeof text[b], "%s%.0f %%", b ? "" : "≤ ",
                 100 * (low + (double)b * width));
        group[b] = text[b];
    }
    chart_bars(&(struct chart_bars){.title = "200 draws",
                                    .y_title = "draws",
                                    .width = PANEL,
                                    .height = HIGH,
                                    .groups = BINS,
                                    .series = 2,
                                    .group = group,
                                    .name = name,
                                    .value = value},
               out);
}

static void pictures_title_of(char *title, size_t size, const char *what, double accuracy) {
    snprintf(title, size, "%s: %.1f %% right", what, 100 * accuracy);
}

static int pictures_draw_both(const struct config *c, uint64_t seed, struct buf *out) {
    struct pool_points p = pool_points_two_gaussians(POINTS, 2, 2, apart, 0.5, seed);
    int result = 0;
    for (int active = 0; active < 2 && result == 0; active++) {
        struct pool_loop_result r;
        char title[64];
        result = pictures_run_loop(&r, c, &p, active, seed, true);
        if (result == 0) {
            pictures_title_of(title, sizeof title, active ? "active" : "random",
                              r.accuracy[r.fits - 1]);
            chart_at(out, active * PANEL, CHART_HEAD);
            pictures_draw_points(&p, r.order, LABELS, r.model[r.fits - 1], title, out);
            chart_at_end(out);
        }
        pool_loop_release(&r);
    }
    pool_points_release(&p);
    return result;
}

/* 400 points of two Gaussians, 30 labels: random against active, one draw and many. */
static int pictures_gaussians(const struct config *c, uint64_t seed, struct buf *out) {
    double random[DRAWS], active[DRAWS];
    TRY(pictures_many_draws(c, seed, false, random));
    TRY(pictures_many_draws(c, seed, true, active));
    size_t ahead = 0, behind = 0;
    for (size_t i = 0; i < DRAWS; i++)
        ahead += active[i] > random[i], behind += active[i] < random[i];
    char words[200];
    snprintf(words, sizeof words,
             "Left, middle: one draw. Right: 200 draws; mean %.1f %% at random, %.1f %% active; "
             "active is ahead in %zu, behind in %zu of them.",
             100 * pictures_mean_of(random, DRAWS), 100 * pictures_mean_of(active, DRAWS), ahead,
             behind);
    chart_open_file(out, 3 * PANEL, CHART_HEAD + HIGH, "400 points of two Gaussians, 30 labels",
                    words);
    TRY(pictures_draw_both(c, seed, out));
    chart_at(out, 2 * PANEL, CHART_HEAD);
    pictures_draw_distribution(random, active, out);
    chart_at_end(out);
    chart_close_file(out);
    return 0;
}

/* ---- growth ---- */

/* The labelled points and the boundary after 5, 10, … 30 labels. */
static int pictures_growth(const struct config *c, uint64_t seed, struct buf *out) {
    enum {
        STEP = 5,    // labels from one panel to the next
        COLUMNS = 3, // of panels
        ROWS = 2     // of panels
    };
    struct pool_points p = pool_points_two_gaussians(POINTS, 2, 2, apart, 0.5, seed);
    struct pool_loop_result r;
    int result = pictures_run_loop(&r, c, &p, true, seed, true);
    chart_open_file(out, COLUMNS * PANEL, CHART_HEAD + ROWS * HIGH, "The labelled set grows",
                    "Active: the next label is the point the model is least sure of. Ringed: "
                    "labelled; the line: where the model changes its mind.");
    for (size_t i = 0; i < r.fits && result == 0; i++) {
        int panel = (int)(r.labelled[i] / STEP) - 1;
        char title[64], what[32];
        if (r.labelled[i] % STEP || panel < 0) continue;
        snprintf(what, sizeof what, "%zu labels", r.labelled[i]);
        pictures_title_of(title, sizeof title, what, r.accuracy[i]);
        chart_at(out, panel % COLUMNS * PANEL, CHART_HEAD + panel / COLUMNS * HIGH);
        pictures_draw_points(&p, r.order, r.labelled[i], r.model[i], title, out);
        chart_at_end(out);
    }
    chart_close_file(out);
    pool_loop_release(&r);
    pool_points_release(&p);
    return result;
}

/* ---- the learning curve ---- */

enum {
    POOL = 2000,          // points
    COLUMNS = 20,         // of which two are informative
    MOST = POOL * 3 / 10, // labels asked
    CURVES = 10,          // draws that are averaged
    CURVE_MOST = 256      // fits of a draw at most
};

/* Over the draws, as shares of the pool; every draw has the same fits. */
struct mean_curve {
    size_t n;
    double labels[CURVE_MOST], share[CURVE_MOST], mean[CURVE_MOST], square[CURVE_MOST],
        low[CURVE_MOST], high[CURVE_MOST];
};

static void pictures_add_curve(struct mean_curve *c, const struct pool_loop_result *r) {
    CHECK(r->fits <= CURVE_MOST);
    c->n = r->fits;
    for (size_t i = 0; i < c->n; i++) {
        c->labels[i] = (double)r->labelled[i];
        c->share[i] = 100 * c->labels[i] / POOL;
        c->mean[i] += r->accuracy[i] / CURVES;
        c->square[i] += r->accuracy[i] * r->accuracy[i] / CURVES;
    }
}

static void pictures_finish_curve(struct mean_curve *c) {
    for (size_t i = 0; i < c->n; i++) {
        double sd = sqrt(fmax(0, c->square[i] - c->mean[i] * c->mean[i]));
        c->low[i] = c->mean[i] - sd;
        c->high[i] = c->mean[i] + sd;
    }
}

static int pictures_run_curve(struct mean_curve *c, const struct config *config, uint64_t seed,
                              bool active) {
    *c = (struct mean_curve){0};
    for (uint64_t i = 0; i < CURVES; i++) {
        struct pool_points pool = pool_points_two_gaussians(POOL, COLUMNS, 2, apart, 0.1,
                                                            seed + 2 * i),
                           test = pool_points_two_gaussians(POOL, COLUMNS, 2, apart, 0.1,
                                                            seed + 2 * i + 1);
        struct pool_loop_options o = {.config = config,
                                      .pool = &pool,
                                      .test = &test,
                                      .first = 20,
                                      .labels = MOST,
                                      .growth = 0.05,
                                      .active = active,
                                      .seed = seed + i};
        struct pool_loop_result r;
        int result = pool_loop_run(&r, &o, false);
        if (result == 0) pictures_add_curve(c, &r);
        pool_loop_release(&r);
        pool_points_release(&pool);
        pool_points_release(&test);
        TRY(result);
    }
    pictures_finish_curve(c);
    return 0;
}

/* Two curves at one accuracy: the shares of the pool, in percent, at which each keeps it. */
struct same_accuracy {
    double level, random, active; // NaN or infinite: never
    bool both;
};

/* Compared at a tenth of the labels, where the curve of random sampling still rises: on its plateau
 * any number of labels is right. */
static struct same_accuracy pictures_compare(const struct mean_curve *random,
                                             const struct mean_curve *active) {
    bool at_most;
    struct verdict_curve of_active = {active->n, active->labels, active->mean},
                         of_random = {random->n, random->labels, random->mean};
    size_t tenth = 0;
    while (tenth + 1 < random->n && random->share[tenth] < 10) tenth++;
    struct same_accuracy s = {.level = random->mean[tenth]};
    s.random = 100 * verdict_labels(&of_random, s.level, &at_most) / POOL;
    s.active = 100 * verdict_labels(&of_active, s.level, &at_most) / POOL;
    s.both = isfinite(s.active) && isfinite(s.random);
    return s;
}

static void pictures_tell_same_accuracy(const struct same_accuracy *s, char *words, size_t size) {
    if (s->both)
        snprintf(words, size,
                 "The same accuracy, %.1f %%, at %.1f %% of the labels against %.1f %% at random. "
                 "Mean of %d draws ± one standard deviation.",
                 100 * s->level, s->active, s->random, CURVES);
    else
        snprintf(words, size,
                 "At a tenth of the labels random sampling has %.1f %%, and does not keep it, or "
                 "active learning never has it. Mean of %d draws ± one standard deviation.",
                 100 * s->level, CURVES);
}

static void pictures_draw_curves(const struct mean_curve *random, const struct mean_curve *active,
                                 struct buf *out) {
    struct same_accuracy same = pictures_compare(random, active);
    double across_x[2] = {same.active, same.random}, across_y[2] = {same.level, same.level};
    char words[200];
    pictures_tell_same_accuracy(&same, words, sizeof words);
    chart_open_file(
        out, 2 * PANEL, CHART_HEAD + HIGH + 40,
        "The same accuracy with fewer labels: 2,000 points, 20 columns, a tenth positive", words);
    struct chart_line line[] = {
        {.name = "random",
         .n = random->n,
         .x = random->share,
         .y = random->mean,
         .low = random->low,
         .high = random->high,
         .colour = 1},
        {.name = "active",
         .n = active->n,
         .x = active->share,
         .y = active->mean,
         .low = active->low,
         .high = active->high,
         .colour = 0},
        {.n = same.both ? 2 : 0, .x = across_x, .y = across_y, .colour = 7},
    };
    chart_at(out, 0, CHART_HEAD);
    chart_lines(&(struct chart){.title = "Accuracy on new points",
                                .x_title = "labels, % of the pool",
                                .y_title = "accuracy",
                                .width = 2 * PANEL,
                                .height = HIGH + 40,
                                .line = line,
                                .lines = 3},
                out);
    chart_at_end(out);
    chart_close_file(out);
}

/* The same accuracy, reached with fewer labels. */
static int pictures_learning_curve(const struct config *c, uint64_t seed, struct buf *out) {
    static struct mean_curve random, active; // too large for a stack
    TRY(pictures_run_curve(&random, c, seed, false));
    TRY(pictures_run_curve(&active, c, seed, true));
    pictures_draw_curves(&random, &active, out);
    return 0;
}

/* ---- files ---- */

static const char defaults[] =
    "model: {classes: [\"0\", \"1\"]}\nfeatures: [{name: x}, {name: y}]\n";

static int pictures_draw_simplex(const struct config *c, uint64_t seed, struct buf *out) {
    (void)c, (void)seed;
    simplex_picture(out);
    return 0;
}

static int pictures_write_one(const char *dir, const char *name, const struct buf *svg) {
    char *path = xasprintf("%s/%s", dir, name);
    struct buf why = {0};
    int result = atomic_file_write(path, buf_view(svg), &why);
    if (result == 0) printf("%s\n", path);
    else fprintf(stderr, "winnowd: %s\n", buf_string(&why));
    buf_release(&why);
    free(path);
    return result == 0 ? EX_OK : EX_CANTCREAT;
}

static int pictures_draw_all(const char *dir, const struct config *c, uint64_t seed) {
    static const struct {
        const char *name;
        int (*draw)(const struct config *c, uint64_t seed, struct buf *out);
    } pictures[] = {{"two-gaussians.svg", pictures_gaussians},
                    {"simplex.svg", pictures_draw_simplex},
                    {"learning-curve.svg", pictures_learning_curve},
                    {"growth.svg", pictures_growth}};
    struct buf svg = {0};
    int code = EX_OK;
    for (size_t i = 0; i < sizeof pictures / sizeof *pictures && code == EX_OK; i++) {
        buf_reset(&svg);
        int result = pictures[i].draw(c, seed, &svg);
        if (result < 0) fprintf(stderr, "winnowd: %s: %s\n", pictures[i].name, error_text(result));
        code = result < 0 ? EX_SOFTWARE : pictures_write_one(dir, pictures[i].name, &svg);
    }
    buf_release(&svg);
    return code;
}

int pictures_write(const char *dir, uint64_t seed) {
    struct config *c;
    struct buf why = {0};
    if (mkdir(dir, 0777) < 0 && errno != EEXIST) {
        fprintf(stderr, "winnowd: cannot make %s: %m\n", dir);
        return EX_CANTCREAT;
    }
    CHECK(config_parse(&c, "figures", TEXT(defaults), &why) == 0);
    int code = pictures_draw_all(dir, c, seed);
    config_destroy(c);
    buf_release(&why);
    return code;
}
