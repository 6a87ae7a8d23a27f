/* Checks of pods, shared by pods, templates and the files that they are spread over. */
#ifndef BINNACLE_API_KIND_POD_CHECK_H
#define BINNACLE_API_KIND_POD_CHECK_H

#include <stdbool.h>

#include "base/doc.h"

struct causes;
struct check_in;
struct check_seen;
struct field_path;

/* One pod spec that is being checked. */
struct pod_check {
    struct causes *out;
    struct val spec, meta; /* meta: of the pod or template */
    bool is_pod;           /* not a template */
    bool uses_host_users;
    struct check_seen *volumes; /* names of volumes that have nothing wrong */
};

/* ValidatePodSpec at `path` ("spec", "spec.template.spec"). */
void kind_pod_check_spec(const struct pod_check *pod, const struct field_path *path);
/* ValidatePodTemplateSpec at `path` ("spec.template"). */
void kind_pod_check_template(struct val template_value, const struct field_path *path,
                             struct causes *out);
/* validatePodMetadataAndSpec but for the metadata. */
void kind_pod_check_whole(const struct check_in *in, struct causes *out);
/* kind_pod_annotation_check.c */
void kind_pod_annotation_check(const struct pod_check *pod, const struct field_path *path);
void kind_pod_annotation_check_update(const struct pod_check *pod, struct val old_annotations,
                                      const struct field_path *path);
/* Annotations of former releases against the fields that replaced them. */
void kind_pod_annotation_check_fields(const struct pod_check *pod,
                                      const struct field_path *spec_path);

/* kind_container_check.c: containers, initContainers and ephemeralContainers. */
void kind_container_check_all(const struct pod_check *pod, const struct field_path *path);
void kind_container_check_only_pod(const struct pod_check *pod, const struct field_path *path,
                                   const char *list);
/* kind_resource_check.c: ResourceRequirements of a container, or of a whole pod. */
void kind_resource_check(const struct pod_check *pod, struct val requirements,
                         const struct field_path *path, bool is_whole_pod);
void kind_resource_check_quantity(struct causes *out, struct str name, struct val quantity,
                                  const struct field_path *path);
void kind_resource_check_name(struct causes *out, struct str name, const struct field_path *path);
/* kind_volume_check.c */
void kind_volume_check_all(const struct pod_check *pod, const struct field_path *path);
void kind_mount_check(const struct pod_check *pod, struct val container,
                      const struct field_path *path);
/* The volume of that name, absent: none. */
struct val kind_volume_check_find(struct val spec, struct str name);
/* An env var's or a volume's downward API. */
void kind_downward_check_field(struct causes *out, struct val ref, bool is_volume,
                               const struct field_path *path);
void kind_downward_check_resource(struct causes *out, struct val ref, bool is_volume,
                                  const struct field_path *path);
/* ValidateCSIDriverName */
void kind_volume_check_driver(struct causes *out, const struct field_path *path, const char *member,
                              struct val driver);
/* kind_claim_check.c */
void kind_claim_check_spec(struct causes *out, struct val spec, const struct field_path *path);
/* kind_security_check.c: of a container, and of a pod with what depends on it. */
void kind_security_check_container(const struct pod_check *pod, struct val context,
                                   const struct field_path *path);
void kind_security_check_pod(const struct pod_check *pod, const struct field_path *spec_path);
void kind_security_check_os(const struct pod_check *pod, const struct field_path *spec_path);
void kind_security_check_host_users(const struct pod_check *pod,
                                    const struct field_path *spec_path);
void kind_security_check_host_process(const struct pod_check *pod,
                                      const struct field_path *spec_path);
/* kind_affinity_check.c: affinity, tolerations, topologySpreadConstraints. */
void kind_affinity_check_affinity(const struct pod_check *pod, const struct field_path *spec_path);
void kind_affinity_check_tolerations(struct causes *out, struct val tolerations,
                                     const struct field_path *path);
void kind_affinity_check_spread(const struct pod_check *pod, const struct field_path *spec_path);
void kind_affinity_check_node_selector(struct causes *out, struct val selector,
                                       const struct field_path *path);

#endif
