/* What is made of the command table for people and shells: manual pages in the language of
 * scdoc(1), and completions.
 *
 * Each function appends a whole document.
 *
 * Thread: main thread */
#pragma once

#include "base/buf.h"

/* winnowd(1): every command with its flags. */
void manual_command(struct buf *out);
/* winnowd(7): how it works and is run, in short. */
void manual_overview(struct buf *out);

void completion_bash(struct buf *out);
void completion_zsh(struct buf *out);
void completion_fish(struct buf *out);
