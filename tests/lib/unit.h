/* What every unit test includes: cmocka after the headers that it wants to see first. */
#ifndef BINNACLE_TESTS_LIB_UNIT_H
#define BINNACLE_TESTS_LIB_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
