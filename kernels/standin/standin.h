/* What the stand-in answers beyond the driver's interface; for tests. */
#ifndef ESPALIER_STANDIN_H
#define ESPALIER_STANDIN_H

#include <stddef.h>
#include <stdint.h>

#include "export.h"

#ifdef __cplusplus
extern "C" {
#endif


/* What the last error was about: kernel, PTX line, instruction, block, thread, address. Valid until the thread asks
 * again. */
STANDIN_EXPORT const char* standin_last_report(void);

/* The number of allocations, and kinds of streams, events, modules and graphs, that are not given back, or were not when
 * their context ended; one line on each goes into text, cut to size bytes. */
STANDIN_EXPORT size_t standin_leaks(char* text, size_t size);

/* Kernels that were carried out, not merely queued; of all names, and of one. */
STANDIN_EXPORT uint64_t standin_launches(void);
STANDIN_EXPORT uint64_t standin_launches_of(const char* kernel);

/* Instructions of the kernel of that name, 0 if it was never loaded; and how many of them no lane ever carried out, in any
 * module that held the kernel: the first `room` of their PTX lines go into lines, in ascending order. */
STANDIN_EXPORT size_t standin_instructions_of(const char* kernel);
STANDIN_EXPORT size_t standin_unreached_of(const char* kernel, int32_t* lines, size_t room);

/* Calls of cuLaunchKernel, and of cuGraphLaunch, which carries out all the kernels of a graph. */
STANDIN_EXPORT uint64_t standin_launch_calls(void);
STANDIN_EXPORT uint64_t standin_graph_launches(void);

/* Matrix products of cuBLAS that were carried out. */
STANDIN_EXPORT uint64_t standin_products(void);

/* Waits of streams for events that were asked for. */
STANDIN_EXPORT uint64_t standin_waits(void);

/* Makes the device or its driver another one, until the next reset; 0 if `what` is none of these:
 *   "memory"          bytes of the device; never less than is in use
 *   "phantom"         allocations of so many bytes or more have no storage, and only the first and last blocks of a launch
 *                     run: kernels go where they would at sizes that no machine here holds, and find zeros. 0 for none
 *   "others_first"    whether a wait for one stream lets the work of the others happen before (1) or leaves it for later
 *                     (0). Sound work gives the same results either way.
 *   "missing_wait"    which wait of a stream for an event is left out, counted from 1 since the last reset; 0 for none
 *   "driver_version"  as cuDriverGetVersion has it, for example 12040
 *   "devices"         how many there are, 0 or 1
 *   "capability"      compute capability times ten, for example 86
 *   "multiprocessors" how many it has, 108 at first
 *   "memory_pools"    whether the device has them
 *   "graphs"          whether streams can be captured
 *   "fault"           the CUresult with which kernels end instead of being carried out; 0 for none
 *   "compiler"        whether the driver compiles PTX; else it takes machine code alone
 *   "tensor_core_products" how many products of 16-bit numbers are added at once and then cut off towards zero, 8 at first
 *                     as on 8.0; 16 as on 9.0; 0 for sums that are rounded to nearest one by one
 *   "global_races"    whether blocks of a launch that touch the same global memory are told of, 1 at first */
STANDIN_EXPORT int standin_set(const char* what, int64_t value);

/* Forgets everything, as if the process had just started; the driver stays initialised. */
STANDIN_EXPORT void standin_reset(void);

#ifdef __cplusplus
}
#endif

#endif
