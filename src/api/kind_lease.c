/* Rows: Lease.
 *
 * Tables in the order of Go's structs, which is the order of what is written. Read by every walker
 * over rows; constant, any thread. */
#include "config.h"

#include "api/columns_kinds.h"
#include "api/kinds_check.h"
#include "api/kinds_types.h"

/* One row a line. */
/* clang-format off */

static const struct field lease_lease_spec_fields[] = {
    OPT("holderIdentity", STRING, PTR, 1),
    OPT("leaseDurationSeconds", INT32, PTR, 2),
    OPT("acquireTime", MICROTIME, PTR, 3),
    OPT("renewTime", MICROTIME, PTR, 4),
    OPT("leaseTransitions", INT32, PTR, 5),
    FIELD("strategy", STRING, PTR, 6, FIELD_OMITEMPTY | FIELD_OFF, .go = "v1.CoordinatedLeaseStrategy"),
    FIELD("preferredHolder", STRING, PTR, 7, FIELD_OMITEMPTY | FIELD_OFF),
};
LOCAL_TYPE(lease_lease_spec, "coordination/v1.LeaseSpec");

static const struct field lease_lease_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("spec", OBJECT, VAL, 2, .of = &type_lease_lease_spec),
};
TYPE(lease_lease, "coordination/v1.Lease");

/* ---- resources ---- */

const struct resource resource_leases = {
    .group = "coordination.k8s.io",
    .version = "v1",
    .kind = "Lease",
    .list_kind = "LeaseList",
    .plural = "leases",
    .singular = "lease",
    .verbs = VERB_ALL,
    .flags = RES_NAMESPACED | RES_CREATE_ON_UPDATE | RES_NO_HISTORY | RES_PATIENT | RES_PLAIN_FINALIZERS,
    .type = &type_lease_lease,
    .check_create = kind_lease_check,
    .check_update = kind_lease_check,
    COLUMNS_OF(leases),
};

/* clang-format on */
