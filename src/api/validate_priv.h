/* Inside of validate: the metadata rules, for validate.c and the kinds' own checks. */
#ifndef BINNACLE_API_VALIDATE_PRIV_H
#define BINNACLE_API_VALIDATE_PRIV_H

#include "api/validate.h"

/* ValidateObjectMeta of in->now's metadata and ValidateObjectMetaUpdate against in->old's. */
void validate_meta(const struct check_in *in,
                   void (*name_problems)(struct str name, bool is_prefix, struct problems *out),
                   struct causes *out);
void validate_meta_update(const struct check_in *in, struct causes *out);
/* One INVALID cause for each problem with a text. */
void validate_put_problems(const struct problems *problems, const struct field_path *path,
                           const char *dotted, struct val v, struct causes *out);
/* A labels map: keys and values. */
void validate_put_labels(struct val labels, const struct field_path *path, const char *dotted,
                         struct causes *out);
/* Annotations: keys and the size of all. */
void validate_put_annotations(struct val annotations, const struct field_path *path,
                              const char *dotted, struct causes *out);

#endif
