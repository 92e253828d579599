/* What the shared library shows to others. */
#ifndef ESPALIER_STANDIN_EXPORT_H
#define ESPALIER_STANDIN_EXPORT_H

#define STANDIN_EXPORT __attribute__((visibility("default")))

#endif
