/* Checks that the rows of kinds name (check_create, check_update); each stands in kind_*_check.c. */
#ifndef BINNACLE_API_KINDS_CHECK_H
#define BINNACLE_API_KINDS_CHECK_H

struct causes;
struct check_in;

void kind_pod_check(struct check_in *in, struct causes *out);
void kind_pod_check_update(struct check_in *in, struct causes *out);
void kind_pod_check_pod_template(struct check_in *in, struct causes *out);
void kind_pod_check_binding(struct check_in *in, struct causes *out);
/* END */

#endif
