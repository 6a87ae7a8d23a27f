/* YAML (libyaml) to JSON, as sigs.k8s.io/yaml does it: YAML 1.1 scalars, string keys, with limits.
 * Any thread. */
#ifndef BINNACLE_BASE_DOC_YAML_H
#define BINNACLE_BASE_DOC_YAML_H

#include <stddef.h>

#include "base/str.h"

struct arena;
struct err;
struct val;

enum { DOC_YAML_MAX_NODES = 1000000 };
enum { DOC_YAML_MAX_EXPANSION = 10 }; /* times the input, by aliases; 64 KiB are always free */

/* The first document of the text as JSON bytes in the arena; null when there is none. Keys keep
 * their order, duplicates stay (the last one counts), merge keys (<<) are replaced by what they
 * bring, nesting is at most DOC_MAX_DEPTH. Text that is JSON is taken as it is. Errors
 * (ERR_BAD_REQUEST) read `error converting YAML to JSON: yaml: line N: …`. */
int doc_yaml_to_json(struct arena *arena, struct str yaml, struct str *ret_json, struct err **err);
/* The same, and in *ret_duplicates what strict decoding has against it: {NULL,0}, or
 * `yaml: unmarshal errors:` and a line `  line N: key "k" already set in map` for each. */
int doc_yaml_to_json_strict(struct arena *arena, struct str yaml, struct str *ret_json,
                            struct str *ret_duplicates, struct err **err);
/* All documents of a stream (--- separated); empty ones are left out. Stops at the first failure,
 * of its own or of each, which then has set the error. */
int doc_yaml_each(struct arena *arena, struct str yaml,
                  int (*each)(void *ctx, struct str json, struct err **err), void *ctx,
                  struct err **err);
/* What sigs.k8s.io/yaml prints, except that keys stay in document order: block style, sequences not
 * indented under their key, strings quoted where YAML 1.1 would misread them, text of several lines
 * as | blocks, long lines folded. Ends with a newline. */
void doc_yaml_write(struct str_builder *out, struct val v);

#endif
