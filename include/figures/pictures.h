/* The pictures that introductions to active learning show, each a file of SVG.
 *
 * Thread: main thread */
#pragma once

#include <stdint.h>

/* Draws all of them into a directory, which is made, and prints the files' names. An exit code,
 * after saying what went wrong. */
int pictures_write(const char *dir, uint64_t seed);
