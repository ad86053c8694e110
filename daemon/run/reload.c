/* The file read again while the daemon runs (promise I10: a bad one never replaces the one in
 * force).
 *
 * Thread: main thread */
#include "reload.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/systemd.h"
#include "kafka/client.h"
#include "metrics/metrics.h"
#include "run/reload_outcome.h"
#include "run/run.h"

void reload_log_errors(const char *event, const struct buf *lines) {
    for (const char *at = lines->at, *end = at + lines->len; at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop) stop = end;
        char line[1024];
        snprintf(line, sizeof line, "%.*s", (int)(stop - at), at);
        log_write(LOG_ERROR, event, line, (const struct log_field[]){{.key = NULL}});
        at = stop + 1;
    }
}

static void reload_add_idle(const struct config_idle *idle, void *opaque) {
    struct buf *list = opaque;
    buf_printf(list, "%s%s", list->len ? "," : "", idle->path);
}

void reload_log_idle(const struct config *c) {
    struct buf list = {0};
    config_idle(c, reload_add_idle, &list);
    if (list.len)
        LOG(WARNING, "options_without_effect",
            "they are for something that is off; `winnowd check` says what",
            L_TEXT("options", buf_view(&list)));
    buf_release(&list);
}

static int reload_refuse(struct run *r, struct buf *errors, struct buf *said) {
    reload_log_errors("config_refused", errors);
    metric_add_by(METRIC_reloads, RELOAD_REFUSED, 1);
    metric_set(METRIC_reload_ok, 0);
    r->refused = true;
    buf_text(said, buf_view(errors));
    systemd_notify("READY=1\nSTATUS=reload refused, the old configuration stays: %.*s",
                   (int)strcspn(buf_string(errors), "\n"), errors->at);
    return ERR_CONFIG;
}

static size_t reload_count_names(const struct buf *list) {
    size_t n = list->len > 0;
    for (size_t i = 0; i < list->len; i++) n += list->at[i] == ',';
    return n;
}

static void reload_take_over(struct run *r, struct config *fresh, struct buf *said) {
    struct buf changed = {0}, restart = {0};
    config_diff(run_config(r), fresh, &changed, &restart);
    buf_printf(said, "%s%.*s\n", changed.len ? "changed: " : "nothing has changed",
               (int)changed.len, changed.at ? changed.at : "");
    if (restart.len) buf_printf(said, "wants a restart: %.*s\n", (int)restart.len, restart.at);
    metric_set(METRIC_restart_needed, (double)reload_count_names(&restart));
    r->refused = false;
    if (reload_count_names(&changed) >
        reload_count_names(
            &restart)) { // the same again, as who reloads by the clock does, takes no room
        r->config[r->configs] = config_reloaded(run_config(r), fresh);
        r->configs++;
        atomic_store(&r->shared.config, run_config(r));
    }
    log_level_set((enum log_level)run_config(r)->watch.log_level);
    metric_add_by(METRIC_reloads, RELOAD_OK, 1);
    metric_set(METRIC_reload_ok, 1);
    LOG(NOTICE, "config_reloaded",
        restart.len ? "in force at the next batch, but for what wants a restart"
                    : "in force at the next batch",
        L_TEXT("changed", buf_view(&changed)), L_TEXT("restart_needed", buf_view(&restart)));
    reload_log_idle(run_config(r));
    systemd_notify("READY=1\nSTATUS=reloaded%s%.*s",
                   restart.len ? "; a restart is needed for " : "", (int)restart.len,
                   restart.at ? restart.at : "");
    buf_release(&changed);
    buf_release(&restart);
}

/* For `winnowd reload`, which waits for it. */
static void reload_leave_outcome(const struct run *r, int64_t started_ns, int result,
                                 struct buf *said) {
    if (!r->options.service) return;
    char *name = instance_of(run_config(r));
    const struct reload_outcome o = {
        .started_ns = started_ns, .taken = result == 0, .said = (char *)buf_string(said)};
    if (reload_outcome_write(run_config(r)->service.state_dir, name, &o) < 0)
        LOG(WARNING, "outcome_unwritten",
            "the outcome of the reload could not be left in service.state_dir",
            L_STR("dir", run_config(r)->service.state_dir));
    free(name);
}

/* Also checks options that take effect only at a restart: a file that winnowd could not start with
 * is refused now. */
static int reload_load(struct run *r, struct config **fresh, struct buf *errors) {
    TRY(config_load(fresh, r->options.file, errors));
    if (r->configs == CONFIGS_MAX)
        buf_str(errors, "reloaded with so many changes that a restart is due\n");
    TRY(kafka_check(*fresh, errors));
    return errors->len ? ERR_CONFIG : 0;
}

int run_reload(struct run *r) {
    int64_t started_ns = clock_ns();
    systemd_reloading();
    struct buf errors = {0}, said = {0};
    struct config *fresh = NULL;
    int result = reload_load(r, &fresh, &errors);
    if (result < 0) result = reload_refuse(r, &errors, &said);
    else reload_take_over(r, fresh, &said);
    reload_leave_outcome(r, started_ns, result, &said);
    config_destroy(fresh);
    buf_release(&errors);
    buf_release(&said);
    return result;
}
