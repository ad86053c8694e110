#include "app/backtest.h"
int simulate_pictures(const char *dir, uint64_t seed) { (void)dir; (void)seed; return 0; }
