/* What the command table says to people and shells: manual pages as scdoc(5) and completions.
 *
 * Appends whole documents. Thread: main thread */
#pragma once

#include "base/buf.h"

/* winnowd(1): every command with its flags. */
void manual_command(struct buf *out);
/* winnowd(7): how it works and is run, in short. */
void manual_overview(struct buf *out);

void completion_bash(struct buf *out);
void completion_zsh(struct buf *out);
void completion_fish(struct buf *out);
