/* The commands of winnowd, one function each. Thread: main thread */
#pragma once

#include "terminal/cli.h"

/* Each returns an exit code. */
#define COMMAND(name, word, summary) int command_##name(int argc, char **argv);
#include "command.def"
#undef COMMAND
