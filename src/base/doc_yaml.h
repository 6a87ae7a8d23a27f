/* YAML (libyaml) to JSON, as sigs.k8s.io/yaml does it: YAML 1.1 scalars, string keys, with limits. */
#ifndef BINNACLE_BASE_DOC_YAML_H
#define BINNACLE_BASE_DOC_YAML_H

#include <stddef.h>

#include "base/str.h"

struct arena;
struct err;
struct jw;
struct val;

enum { DOC_YAML_MAX_NODES = 1000000 };
enum { DOC_YAML_MAX_EXPANSION = 10 }; /* times the input, by aliases */

/* The first document of the text as JSON bytes in the arena. Duplicate keys are kept (strict
 * decoding reports them). Errors as `error converting YAML to JSON: yaml: line N: …`. */
int doc_yaml_to_json(struct arena *arena, struct str yaml, struct str *ret_json, struct err **err);
/* All documents of a stream (--- separated); empty ones are left out. */
int doc_yaml_each(struct arena *arena, struct str yaml,
                  int (*each)(void *ctx, struct str json, struct err **err), void *ctx,
                  struct err **err);
/* Block style, keys in document order, strings quoted only where YAML 1.1 would misread them, long
 * text as | blocks: what `kubectl get -o yaml` shows. */
void doc_yaml_write(struct str_builder *out, struct val v);

#endif
