/* Charts by arithmetic: data ranges become pixels, tick marks are round numbers, a line is one
 * path.
 *
 * Written here because nothing that Debian packages for C draws a chart into a page without a
 * display or a script.
 *
 * Thread: any thread */
#include "figures/chart.h"

#include <math.h>
#include <stdio.h>

enum {
    LEFT = 64, // pixels around the data
    RIGHT = 16,
    TOP = 34,
    BOTTOM = 46,
    TICKS = 5 // marks of an axis, about
};

const char chart_colours[] =
    ":root{--ink:#1d2733;--soft:#66727f;--grid:#e4e9ef;--page:#fff;color-scheme:light dark}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e2e8ef;--soft:#8f9cab;--grid:#2c3642;--page:#"
    "151b22}}";

const char chart_style[] =
    "svg{font:12px system-ui,sans-serif}"
    "svg text{fill:var(--ink)}.axis{stroke:var(--soft);fill:none}.grid{stroke:"
    "var(--grid);fill:none}.t{font-weight:600;font-size:14px}"
    ".l{fill:none;stroke-width:2}.b{stroke:none;opacity:.18}"
    ".s0{--c:#2f6fde}.s1{--c:#e0662f}.s2{--c:#2a9d6f}.s3{--c:#8a63d2}.s4{--"
    "c:#c8a415}.s5{--c:#d1457b}.s6{--c:#4aa3b5}.s7{--c:#7a7a7a}"
    ".l{stroke:var(--c)}.b,.d,.k{fill:var(--c)}.d{opacity:.55}.r{opacity:1;"
    "stroke:var(--ink);stroke-width:1.5}.p{fill:var(--page)}";

void chart_escape(struct buf *out, const char *text) {
    struct buf shown = {0};
    buf_shown(&shown, text_of(text));
    for (text = buf_string(&shown); *text; text++) {
        switch (*text) {
        case '<': buf_str(out, "&lt;"); break;
        case '>': buf_str(out, "&gt;"); break;
        case '&': buf_str(out, "&amp;"); break;
        case '"': buf_str(out, "&quot;"); break;
        default: buf_add(out, text, 1);
        }
    }
    buf_release(&shown);
}

struct chart_frame {
    double x0, x1, y0, y1;           // data
    double left, right, top, bottom; // pixels
};

static double chart_px(const struct chart_frame *f, double x) {
    return f->left + (x - f->x0) / (f->x1 - f->x0) * (f->right - f->left);
}
static double chart_py(const struct chart_frame *f, double y) {
    return f->bottom - (y - f->y0) / (f->y1 - f->y0) * (f->bottom - f->top);
}

/* The distance of tick marks: 1, 2 or 5 times a power of ten. */
static double chart_round_step(double span, int ticks) {
    double raw = span / ticks, power = pow(10, floor(log10(raw))), scaled = raw / power;
    if (scaled <= 1) return power;
    if (scaled <= 2) return power * 2;
    return power * (scaled <= 5 ? 5 : 10);
}

static void chart_label(struct buf *out, double x, double y, const char *anchor, double value) {
    if (fabs(value) >= 10000)
        buf_printf(out, "<text x='%.1f' y='%.1f' text-anchor='%s'>%.4gk</text>", x, y, anchor,
                   value / 1000);
    else
        buf_printf(out, "<text x='%.1f' y='%.1f' text-anchor='%s'>%.4g</text>", x, y, anchor,
                   value);
}

static void chart_text_at(struct buf *out, double x, double y, const char *attributes,
                          const char *text) {
    buf_printf(out, "<text x='%.1f' y='%.1f' %s>", x, y, attributes);
    chart_escape(out, text ? text : "");
    buf_str(out, "</text>");
}

static void chart_open_svg(struct buf *out, int width, int height, const char *title) {
    buf_printf(out,
               "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %d' width='%d' height='%d' "
               "role='img' aria-label='",
               width, height, width, height);
    chart_escape(out, title ? title : "");
    buf_str(out, "'>");
    if (title) chart_text_at(out, 8, 18, "class='t'", title);
}

static void chart_y_axis(struct buf *out, const struct chart_frame *f) {
    double step = chart_round_step(f->y1 - f->y0, TICKS);
    for (double y = ceil(f->y0 / step) * step; y <= f->y1 + step * 1e-9; y += step) {
        double at = fabs(y) < step * 1e-9 ? 0 : y;
        buf_printf(out, "<path class='grid' d='M%.1f %.1fH%.1f'/>", f->left, chart_py(f, at),
                   f->right);
        chart_label(out, f->left - 6, chart_py(f, at) + 4, "end", at);
    }
}

static void chart_x_axis(struct buf *out, const struct chart_frame *f) {
    double step = chart_round_step(f->x1 - f->x0, TICKS);
    for (double x = ceil(f->x0 / step) * step; x <= f->x1 + step * 1e-9; x += step)
        chart_label(out, chart_px(f, x), f->bottom + 16, "middle", fabs(x) < step * 1e-9 ? 0 : x);
    buf_printf(out, "<path class='axis' d='M%.1f %.1fV%.1fH%.1f'/>", f->left, f->top, f->bottom,
               f->right);
}

static void chart_widen(double *low, double *high, double value) {
    if (!isfinite(value)) return;
    if (!(value >= *low)) *low = value;
    if (!(value <= *high)) *high = value;
}

static struct chart_frame chart_frame_of(const struct chart *c) {
    struct chart_frame f = {NAN, NAN, NAN, NAN, LEFT, c->width - RIGHT, TOP, c->height - BOTTOM};
    for (size_t l = 0; l < c->lines; l++)
        for (size_t i = 0; i < c->line[l].n; i++) {
            chart_widen(&f.x0, &f.x1, c->line[l].x[i]);
            chart_widen(&f.y0, &f.y1, c->line[l].y[i]);
            if (c->line[l].low)
                chart_widen(&f.y0, &f.y1, c->line[l].low[i]),
                    chart_widen(&f.y0, &f.y1, c->line[l].high[i]);
        }
    if (c->x_low < c->x_high) f.x0 = c->x_low, f.x1 = c->x_high;
    if (c->y_low < c->y_high) f.y0 = c->y_low, f.y1 = c->y_high;
    if (!(f.x1 > f.x0)) f.x0 = isfinite(f.x0) ? f.x0 - 0.5 : 0, f.x1 = f.x0 + 1;
    if (!(f.y1 > f.y0)) f.y0 = isfinite(f.y0) ? f.y0 - 0.5 : 0, f.y1 = f.y0 + 1;
    else if (!(c->y_low < c->y_high))
        f.y1 += (f.y1 - f.y0) * 0.04; // the highest line is not the frame
    return f;
}

static void chart_draw_band(struct buf *out, const struct chart_frame *f,
                            const struct chart_line *l) {
    buf_printf(out, "<path class='b s%d' d='", l->colour);
    for (size_t i = 0; i < l->n; i++)
        buf_printf(out, "%c%.1f %.1f", i ? 'L' : 'M', chart_px(f, l->x[i]),
                   chart_py(f, l->high[i]));
    for (size_t i = l->n; i-- > 0;)
        buf_printf(out, "L%.1f %.1f", chart_px(f, l->x[i]), chart_py(f, l->low[i]));
    buf_str(out, "Z'/>");
}

/* A gap where the value is not known. */
static void chart_draw_line(struct buf *out, const struct chart_frame *f,
                            const struct chart_line *l) {
    buf_printf(out, "<path class='l s%d' d='", l->colour);
    bool pen = false;
    for (size_t i = 0; i < l->n; i++) {
        if (!isfinite(l->y[i])) pen = false;
        else
            buf_printf(out, "%c%.1f %.1f", pen ? 'L' : 'M', chart_px(f, l->x[i]),
                       chart_py(f, l->y[i])),
                pen = true;
    }
    buf_str(out, "'/>");
}

static void chart_draw_points(struct buf *out, const struct chart_frame *f,
                              const struct chart_line *l) {
    for (size_t i = 0; i < l->n; i++)
        if (isfinite(l->y[i]))
            buf_printf(out, "<circle class='d s%d%s' cx='%.1f' cy='%.1f' r='%.1f'/>", l->colour,
                       l->ring ? " r" : "", chart_px(f, l->x[i]), chart_py(f, l->y[i]),
                       l->radius > 0 ? l->radius : 2.6);
}

static void chart_draw_legend(struct buf *out, int width, size_t n, const char *const *name,
                              const int *colour) {
    double x = width - RIGHT;
    for (size_t i = n; i-- > 0;) {
        if (!name[i]) continue;
        x -= 26 + 7.0 * (double)strlen(name[i]);
        buf_printf(out, "<rect class='k s%d' x='%.1f' y='9' width='12' height='12' rx='2'/>",
                   colour[i], x);
        chart_text_at(out, x + 16, 19, "", name[i]);
    }
}

void chart_open_file(struct buf *out, int width, int height, const char *heading,
                     const char *words) {
    chart_open_svg(out, width, height, NULL);
    buf_printf(out, "<style>%s%s</style><rect class='p' width='%d' height='%d'/>", chart_colours,
               chart_style, width, height);
    chart_text_at(out, 16, 24, "class='t'", heading);
    chart_text_at(out, 16, 44, "", words);
    buf_str(out, "\n");
}

void chart_at(struct buf *out, int x, int y) {
    buf_printf(out, "<g transform='translate(%d %d)'>", x, y);
}
void chart_at_end(struct buf *out) { buf_str(out, "</g>\n"); }
void chart_close_file(struct buf *out) { buf_str(out, "</svg>\n"); }

void chart_lines(const struct chart *c, struct buf *out) {
    struct chart_frame f = chart_frame_of(c);
    chart_open_svg(out, c->width, c->height, c->title);
    chart_y_axis(out, &f);
    chart_x_axis(out, &f);
    const char *name[CHART_COLOURS] = {0};
    int colour[CHART_COLOURS] = {0};
    for (size_t i = 0; i < c->lines; i++) {
        const struct chart_line *l = &c->line[i];
        if (l->low) chart_draw_band(out, &f, l);
        if (l->points) chart_draw_points(out, &f, l);
        else chart_draw_line(out, &f, l);
        if (i < CHART_COLOURS) name[i] = l->name, colour[i] = l->colour;
    }
    chart_draw_legend(out, c->width, c->lines < CHART_COLOURS ? c->lines : CHART_COLOURS, name,
                      colour);
    chart_text_at(out, (f.left + f.right) / 2, f.bottom + 36, "text-anchor='middle'", c->x_title);
    buf_printf(out, "<g transform='translate(14 %.1f) rotate(-90)'>", (f.top + f.bottom) / 2);
    chart_text_at(out, 0, 0, "text-anchor='middle'", c->y_title);
    buf_str(out, "</g></svg>\n");
}

void chart_bars(const struct chart_bars *b, struct buf *out) {
    struct chart_frame f = {0,    (double)b->groups, 0,   0,
                            LEFT, b->width - RIGHT,  TOP, b->height - BOTTOM};
    for (size_t i = 0; i < b->groups * b->series; i++) chart_widen(&f.y0, &f.y1, b->value[i]);
    if (f.y1 <= 0) f.y1 = 1;
    chart_open_svg(out, b->width, b->height, b->title);
    chart_y_axis(out, &f);
    int colour[CHART_COLOURS] = {0, 1, 2, 3, 4, 5, 6, 7};
    for (size_t g = 0; g < b->groups; g++) {
        for (size_t s = 0; s < b->series; s++) {
            double wide = (chart_px(&f, 1) - chart_px(&f, 0)) * 0.8 / (double)b->series,
                   x = chart_px(&f, (double)g) + wide * (double)s + wide * (double)b->series / 8,
                   y = chart_py(&f, b->value[g * b->series + s]);
            buf_printf(out, "<rect class='k s%zu' x='%.1f' y='%.1f' width='%.1f' height='%.1f'/>",
                       s % CHART_COLOURS, x, y, wide * 0.92, f.bottom - y);
        }
        if (b->group[g])
            chart_text_at(out, chart_px(&f, (double)g + 0.5), f.bottom + 16, "text-anchor='middle'",
                          b->group[g]);
    }
    chart_draw_legend(out, b->width, b->series < CHART_COLOURS ? b->series : CHART_COLOURS, b->name,
                      colour);
    buf_printf(out, "<g transform='translate(14 %.1f) rotate(-90)'>", (f.top + f.bottom) / 2);
    chart_text_at(out, 0, 0, "text-anchor='middle'", b->y_title);
    buf_str(out, "</g></svg>\n");
}
