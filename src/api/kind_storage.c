/* Rows: PersistentVolume and the storage group.
 *
 * Tables in the order of Go's structs, which is the order of what is written. Read by every walker
 * over rows; constant, any thread. */
#include "config.h"

#include "api/columns_kinds.h"
#include "api/kinds_check.h"
#include "api/kinds_priv.h"
#include "api/kinds_types.h"

/* One row a line. */
/* clang-format off */

static const struct field core_glusterfs_persistent_volume_source_fields[] = {
    ALWAYS("endpoints", STRING, VAL, 1),
    ALWAYS("path", STRING, VAL, 2),
    OPT("readOnly", BOOL, VAL, 3),
    OPT("endpointsNamespace", STRING, PTR, 4),
};
LOCAL_TYPE(core_glusterfs_persistent_volume_source, "core/v1.GlusterfsPersistentVolumeSource");

static const struct field core_rbd_persistent_volume_source_fields[] = {
    ALWAYS("monitors", STRING, LIST, 1),
    ALWAYS("image", STRING, VAL, 2),
    OPT("fsType", STRING, VAL, 3),
    OPT("pool", STRING, VAL, 4, .def = "\"rbd\""),
    OPT("user", STRING, VAL, 5, .def = "\"admin\""),
    OPT("keyring", STRING, VAL, 6, .def = "\"/etc/ceph/keyring\""),
    OPT("secretRef", OBJECT, PTR, 7, .of = &type_core_secret_reference),
    OPT("readOnly", BOOL, VAL, 8),
};
LOCAL_TYPE(core_rbd_persistent_volume_source, "core/v1.RBDPersistentVolumeSource");

static const struct field core_iscsi_persistent_volume_source_fields[] = {
    ALWAYS("targetPortal", STRING, VAL, 1),
    ALWAYS("iqn", STRING, VAL, 2),
    ALWAYS("lun", INT32, VAL, 3),
    OPT("iscsiInterface", STRING, VAL, 4, .def = "\"default\""),
    OPT("fsType", STRING, VAL, 5),
    OPT("readOnly", BOOL, VAL, 6),
    OPT("portals", STRING, LIST, 7),
    OPT("chapAuthDiscovery", BOOL, VAL, 8),
    OPT("chapAuthSession", BOOL, VAL, 11),
    OPT("secretRef", OBJECT, PTR, 10, .of = &type_core_secret_reference),
    OPT("initiatorName", STRING, PTR, 12),
};
LOCAL_TYPE(core_iscsi_persistent_volume_source, "core/v1.ISCSIPersistentVolumeSource");

static const struct field core_cinder_persistent_volume_source_fields[] = {
    ALWAYS("volumeID", STRING, VAL, 1),
    OPT("fsType", STRING, VAL, 2),
    OPT("readOnly", BOOL, VAL, 3),
    OPT("secretRef", OBJECT, PTR, 4, .of = &type_core_secret_reference),
};
LOCAL_TYPE(core_cinder_persistent_volume_source, "core/v1.CinderPersistentVolumeSource");

static const struct field core_ceph_fs_persistent_volume_source_fields[] = {
    ALWAYS("monitors", STRING, LIST, 1),
    OPT("path", STRING, VAL, 2),
    OPT("user", STRING, VAL, 3),
    OPT("secretFile", STRING, VAL, 4),
    OPT("secretRef", OBJECT, PTR, 5, .of = &type_core_secret_reference),
    OPT("readOnly", BOOL, VAL, 6),
};
LOCAL_TYPE(core_ceph_fs_persistent_volume_source, "core/v1.CephFSPersistentVolumeSource");

static const struct field core_flex_persistent_volume_source_fields[] = {
    ALWAYS("driver", STRING, VAL, 1),
    OPT("fsType", STRING, VAL, 2),
    OPT("secretRef", OBJECT, PTR, 3, .of = &type_core_secret_reference),
    OPT("readOnly", BOOL, VAL, 4),
    OPT("options", STRING, MAP, 5),
};
LOCAL_TYPE(core_flex_persistent_volume_source, "core/v1.FlexPersistentVolumeSource");

static const struct field core_azure_file_persistent_volume_source_fields[] = {
    ALWAYS("secretName", STRING, VAL, 1),
    ALWAYS("shareName", STRING, VAL, 2),
    OPT("readOnly", BOOL, VAL, 3),
    ALWAYS("secretNamespace", STRING, PTR, 4),
};
LOCAL_TYPE(core_azure_file_persistent_volume_source, "core/v1.AzureFilePersistentVolumeSource");

static const struct field core_scale_io_persistent_volume_source_fields[] = {
    ALWAYS("gateway", STRING, VAL, 1),
    ALWAYS("system", STRING, VAL, 2),
    ALWAYS("secretRef", OBJECT, PTR, 3, .of = &type_core_secret_reference),
    OPT("sslEnabled", BOOL, VAL, 4),
    OPT("protectionDomain", STRING, VAL, 5),
    OPT("storagePool", STRING, VAL, 6),
    OPT("storageMode", STRING, VAL, 7, .def = "\"ThinProvisioned\""),
    OPT("volumeName", STRING, VAL, 8),
    OPT("fsType", STRING, VAL, 9, .def = "\"xfs\""),
    OPT("readOnly", BOOL, VAL, 10),
};
LOCAL_TYPE(core_scale_io_persistent_volume_source, "core/v1.ScaleIOPersistentVolumeSource");

static const struct field core_storage_os_persistent_volume_source_fields[] = {
    OPT("volumeName", STRING, VAL, 1),
    OPT("volumeNamespace", STRING, VAL, 2),
    OPT("fsType", STRING, VAL, 3),
    OPT("readOnly", BOOL, VAL, 4),
    OPT("secretRef", OBJECT, PTR, 5, .of = &type_core_object_reference),
};
LOCAL_TYPE(core_storage_os_persistent_volume_source, "core/v1.StorageOSPersistentVolumeSource");

static const struct field core_csi_persistent_volume_source_fields[] = {
    ALWAYS("driver", STRING, VAL, 1),
    ALWAYS("volumeHandle", STRING, VAL, 2),
    OPT("readOnly", BOOL, VAL, 3),
    OPT("fsType", STRING, VAL, 4),
    OPT("volumeAttributes", STRING, MAP, 5),
    OPT("controllerPublishSecretRef", OBJECT, PTR, 6, .of = &type_core_secret_reference),
    OPT("nodeStageSecretRef", OBJECT, PTR, 7, .of = &type_core_secret_reference),
    OPT("nodePublishSecretRef", OBJECT, PTR, 8, .of = &type_core_secret_reference),
    OPT("controllerExpandSecretRef", OBJECT, PTR, 9, .of = &type_core_secret_reference),
    OPT("nodeExpandSecretRef", OBJECT, PTR, 10, .of = &type_core_secret_reference),
};
LOCAL_TYPE(core_csi_persistent_volume_source, "core/v1.CSIPersistentVolumeSource");

static const struct field core_persistent_volume_source_fields[] = {
    OPT("gcePersistentDisk", OBJECT, PTR, 1, .of = &type_core_gce_persistent_disk_volume_source),
    OPT("awsElasticBlockStore", OBJECT, PTR, 2,
        .of = &type_core_aws_elastic_block_store_volume_source),
    OPT("hostPath", OBJECT, PTR, 3, .of = &type_core_host_path_volume_source),
    OPT("glusterfs", OBJECT, PTR, 4, .of = &type_core_glusterfs_persistent_volume_source),
    OPT("nfs", OBJECT, PTR, 5, .of = &type_core_nfs_volume_source),
    OPT("rbd", OBJECT, PTR, 6, .of = &type_core_rbd_persistent_volume_source),
    OPT("iscsi", OBJECT, PTR, 7, .of = &type_core_iscsi_persistent_volume_source),
    OPT("cinder", OBJECT, PTR, 8, .of = &type_core_cinder_persistent_volume_source),
    OPT("cephfs", OBJECT, PTR, 9, .of = &type_core_ceph_fs_persistent_volume_source),
    OPT("fc", OBJECT, PTR, 10, .of = &type_core_fc_volume_source),
    OPT("flocker", OBJECT, PTR, 11, .of = &type_core_flocker_volume_source),
    OPT("flexVolume", OBJECT, PTR, 12, .of = &type_core_flex_persistent_volume_source),
    OPT("azureFile", OBJECT, PTR, 13, .of = &type_core_azure_file_persistent_volume_source),
    OPT("vsphereVolume", OBJECT, PTR, 14, .of = &type_core_vsphere_virtual_disk_volume_source),
    OPT("quobyte", OBJECT, PTR, 15, .of = &type_core_quobyte_volume_source),
    OPT("azureDisk", OBJECT, PTR, 16, .of = &type_core_azure_disk_volume_source),
    OPT("photonPersistentDisk", OBJECT, PTR, 17,
        .of = &type_core_photon_persistent_disk_volume_source),
    OPT("portworxVolume", OBJECT, PTR, 18, .of = &type_core_portworx_volume_source),
    OPT("scaleIO", OBJECT, PTR, 19, .of = &type_core_scale_io_persistent_volume_source),
    OPT("local", OBJECT, PTR, 20, .of = &type_core_local_volume_source),
    OPT("storageos", OBJECT, PTR, 21, .of = &type_core_storage_os_persistent_volume_source),
    OPT("csi", OBJECT, PTR, 22, .of = &type_core_csi_persistent_volume_source),
};
LOCAL_TYPE(core_persistent_volume_source, "core/v1.PersistentVolumeSource");

static const struct field core_volume_node_affinity_fields[] = {
    OPT("required", OBJECT, PTR, 1, .of = &type_core_node_selector),
};
LOCAL_TYPE(core_volume_node_affinity, "core/v1.VolumeNodeAffinity");

static const struct field core_persistent_volume_spec_fields[] = {
    FIELD("capacity", QUANTITY, MAP, 1, FIELD_OMITEMPTY | FIELD_MILLI, .go = "v1.ResourceList"),
    INLINE(2, type_core_persistent_volume_source),
    OPT("accessModes", STRING, LIST, 3, .go = "[]v1.PersistentVolumeAccessMode"),
    OPT("claimRef", OBJECT, PTR, 4, .of = &type_core_object_reference),
    OPT("persistentVolumeReclaimPolicy", STRING, VAL, 5, .go = "v1.PersistentVolumeReclaimPolicy",
        .def = "\"Retain\""),
    OPT("storageClassName", STRING, VAL, 6),
    OPT("mountOptions", STRING, LIST, 7),
    OPT("volumeMode", STRING, PTR, 8, .go = "v1.PersistentVolumeMode"),
    OPT("nodeAffinity", OBJECT, PTR, 9, .of = &type_core_volume_node_affinity),
    OPT("volumeAttributesClassName", STRING, PTR, 10),
};
LOCAL_TYPE(core_persistent_volume_spec, "core/v1.PersistentVolumeSpec",
    .fill = kind_work_fill_persistent_volume_spec);

static const struct field core_persistent_volume_status_fields[] = {
    OPT("phase", STRING, VAL, 1, .go = "v1.PersistentVolumePhase", .def = "\"Pending\""),
    OPT("message", STRING, VAL, 2),
    OPT("reason", STRING, VAL, 3),
    OPT("lastPhaseTransitionTime", TIME, PTR, 4),
};
LOCAL_TYPE(core_persistent_volume_status, "core/v1.PersistentVolumeStatus");

static const struct field core_persistent_volume_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("spec", OBJECT, VAL, 2, .of = &type_core_persistent_volume_spec),
    OPT("status", OBJECT, VAL, 3, .of = &type_core_persistent_volume_status),
};
TYPE(core_persistent_volume, "core/v1.PersistentVolume");

static const struct field core_volume_resource_requirements_fields[] = {
    FIELD("limits", QUANTITY, MAP, 1, FIELD_OMITEMPTY | FIELD_MILLI, .go = "v1.ResourceList"),
    FIELD("requests", QUANTITY, MAP, 2, FIELD_OMITEMPTY | FIELD_MILLI, .go = "v1.ResourceList"),
};
TYPE(core_volume_resource_requirements, "core/v1.VolumeResourceRequirements");

static const struct field storage_storage_class_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    ALWAYS("provisioner", STRING, VAL, 2),
    OPT("parameters", STRING, MAP, 3),
    OPT("reclaimPolicy", STRING, PTR, 4, .go = "v1.PersistentVolumeReclaimPolicy",
        .def = "\"Delete\""),
    OPT("mountOptions", STRING, LIST, 5),
    OPT("allowVolumeExpansion", BOOL, PTR, 6),
    OPT("volumeBindingMode", STRING, PTR, 7, .go = "v1.VolumeBindingMode",
        .def = "\"Immediate\""),
    OPT("allowedTopologies", OBJECT, LIST, 8, .of = &type_core_topology_selector_term),
};
TYPE(storage_storage_class, "storage/v1.StorageClass");

static const struct field storage_volume_attachment_source_fields[] = {
    OPT("persistentVolumeName", STRING, PTR, 1),
    OPT("inlineVolumeSpec", OBJECT, PTR, 2, .of = &type_core_persistent_volume_spec),
};
LOCAL_TYPE(storage_volume_attachment_source, "storage/v1.VolumeAttachmentSource");

static const struct field storage_volume_attachment_spec_fields[] = {
    ALWAYS("attacher", STRING, VAL, 1),
    ALWAYS("source", OBJECT, VAL, 2, .of = &type_storage_volume_attachment_source),
    ALWAYS("nodeName", STRING, VAL, 3),
};
LOCAL_TYPE(storage_volume_attachment_spec, "storage/v1.VolumeAttachmentSpec");

static const struct field storage_volume_error_fields[] = {
    OPT("time", TIME, VAL, 1),
    OPT("message", STRING, VAL, 2),
    OPT("errorCode", INT32, PTR, 3),
};
LOCAL_TYPE(storage_volume_error, "storage/v1.VolumeError");

static const struct field storage_volume_attachment_status_fields[] = {
    ALWAYS("attached", BOOL, VAL, 1),
    OPT("attachmentMetadata", STRING, MAP, 2),
    OPT("attachError", OBJECT, PTR, 3, .of = &type_storage_volume_error),
    OPT("detachError", OBJECT, PTR, 4, .of = &type_storage_volume_error),
};
LOCAL_TYPE(storage_volume_attachment_status, "storage/v1.VolumeAttachmentStatus");

static const struct field storage_volume_attachment_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    ALWAYS("spec", OBJECT, VAL, 2, .of = &type_storage_volume_attachment_spec),
    OPT("status", OBJECT, VAL, 3, .of = &type_storage_volume_attachment_status),
};
TYPE(storage_volume_attachment, "storage/v1.VolumeAttachment");

static const struct field storage_token_request_fields[] = {
    ALWAYS("audience", STRING, VAL, 1),
    OPT("expirationSeconds", INT64, PTR, 2),
};
LOCAL_TYPE(storage_token_request, "storage/v1.TokenRequest");

static const struct field storage_csi_driver_spec_fields[] = {
    OPT("attachRequired", BOOL, PTR, 1, .def = "true"),
    OPT("podInfoOnMount", BOOL, PTR, 2, .def = "false"),
    OPT("volumeLifecycleModes", STRING, LIST, 3, .list = LIST_SET,
        .go = "[]v1.VolumeLifecycleMode", .def = "[\"Persistent\"]"),
    OPT("storageCapacity", BOOL, PTR, 4, .def = "false"),
    OPT("fsGroupPolicy", STRING, PTR, 5, .go = "v1.FSGroupPolicy",
        .def = "\"ReadWriteOnceWithFSType\""),
    OPT("tokenRequests", OBJECT, LIST, 6, .of = &type_storage_token_request),
    OPT("requiresRepublish", BOOL, PTR, 7, .def = "false"),
    OPT("seLinuxMount", BOOL, PTR, 8, .def = "false"),
    OPT("nodeAllocatableUpdatePeriodSeconds", INT64, PTR, 9),
    OPT("serviceAccountTokenInSecrets", BOOL, PTR, 10),
};
LOCAL_TYPE(storage_csi_driver_spec, "storage/v1.CSIDriverSpec");

static const struct field storage_csi_driver_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    ALWAYS("spec", OBJECT, VAL, 2, .of = &type_storage_csi_driver_spec),
};
TYPE(storage_csi_driver, "storage/v1.CSIDriver");

static const struct field storage_volume_node_resources_fields[] = {
    OPT("count", INT32, PTR, 1),
};
LOCAL_TYPE(storage_volume_node_resources, "storage/v1.VolumeNodeResources");

static const struct field storage_csi_node_driver_fields[] = {
    ALWAYS("name", STRING, VAL, 1),
    ALWAYS("nodeID", STRING, VAL, 2),
    ALWAYS("topologyKeys", STRING, LIST, 3),
    OPT("allocatable", OBJECT, PTR, 4, .of = &type_storage_volume_node_resources),
};
LOCAL_TYPE(storage_csi_node_driver, "storage/v1.CSINodeDriver");

static const struct field storage_csi_node_spec_fields[] = {
    ALWAYS("drivers", OBJECT, LIST, 1, .of = &type_storage_csi_node_driver, .patch = PATCH_MERGE,
        .merge_key = "name", .list = LIST_MAP, .list_keys = "name"),
};
LOCAL_TYPE(storage_csi_node_spec, "storage/v1.CSINodeSpec");

static const struct field storage_csi_node_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    ALWAYS("spec", OBJECT, VAL, 2, .of = &type_storage_csi_node_spec),
};
TYPE(storage_csi_node, "storage/v1.CSINode");

static const struct field storage_csi_storage_capacity_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("nodeTopology", OBJECT, PTR, 2, .of = &type_meta_label_selector),
    ALWAYS("storageClassName", STRING, VAL, 3),
    OPT("capacity", QUANTITY, PTR, 4),
    OPT("maximumVolumeSize", QUANTITY, PTR, 5),
};
TYPE(storage_csi_storage_capacity, "storage/v1.CSIStorageCapacity");

static const struct field storage_volume_attributes_class_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    ALWAYS("driverName", STRING, VAL, 2),
    OPT("parameters", STRING, MAP, 3),
};
TYPE(storage_volume_attributes_class, "storage/v1.VolumeAttributesClass");

/* ---- resources ---- */

const struct resource resource_csidrivers = {
    .group = "storage.k8s.io",
    .version = "v1",
    .kind = "CSIDriver",
    .list_kind = "CSIDriverList",
    .plural = "csidrivers",
    .singular = "csidriver",
    .verbs = VERB_ALL,
    .flags = RES_RETURN_DELETED,
    .type = &type_storage_csi_driver,
    .check_create = kind_storage_check_driver,
    .check_update = kind_storage_check_driver_update,
    COLUMNS_OF(csidrivers),
};

const struct resource resource_csinodes = {
    .group = "storage.k8s.io",
    .version = "v1",
    .kind = "CSINode",
    .list_kind = "CSINodeList",
    .plural = "csinodes",
    .singular = "csinode",
    .verbs = VERB_ALL,
    .flags = RES_RETURN_DELETED | RES_META_AGAIN,
    .type = &type_storage_csi_node,
    .check_create = kind_storage_check_node,
    .check_update = kind_storage_check_node_update,
    COLUMNS_OF(csinodes),
};

const struct resource resource_csistoragecapacities = {
    .group = "storage.k8s.io",
    .version = "v1",
    .kind = "CSIStorageCapacity",
    .list_kind = "CSIStorageCapacityList",
    .plural = "csistoragecapacities",
    .singular = "csistoragecapacity",
    .verbs = VERB_ALL,
    .flags = RES_NAMESPACED | RES_META_AGAIN,
    .type = &type_storage_csi_storage_capacity,
    .check_create = kind_storage_check_capacity,
    .check_update = kind_storage_check_capacity_update,
};

static const char *const storageclasses_short[] = { "sc", NULL };
const struct resource resource_storageclasses = {
    .group = "storage.k8s.io",
    .version = "v1",
    .kind = "StorageClass",
    .list_kind = "StorageClassList",
    .plural = "storageclasses",
    .singular = "storageclass",
    .short_names = storageclasses_short,
    .verbs = VERB_ALL,
    .flags = RES_UNCONDITIONAL_UPDATE | RES_RETURN_DELETED | RES_META_AGAIN,
    .type = &type_storage_storage_class,
    .check_create = kind_storage_check_class,
    .check_update = kind_storage_check_class_update,
    .warn = kind_storage_class_warn,
    COLUMNS_OF(storageclasses),
};

static const struct subresource volumeattachments_subs[] = {
    { .name = "status", .verbs = SUB_RW },
};
const struct resource resource_volumeattachments = {
    .group = "storage.k8s.io",
    .version = "v1",
    .kind = "VolumeAttachment",
    .list_kind = "VolumeAttachmentList",
    .plural = "volumeattachments",
    .singular = "volumeattachment",
    .verbs = VERB_ALL,
    .flags = RES_RETURN_DELETED | RES_META_AGAIN,
    .type = &type_storage_volume_attachment,
    .check_create = kind_storage_check_attachment,
    .check_update = kind_storage_check_attachment_update,
    .prepare_create = kinds_prepare_create,
    .prepare_update = kinds_prepare_update_metadata,
    .subresources = volumeattachments_subs,
    .subresource_len = ARRAY_LEN(volumeattachments_subs),
    .reset_main = "status",
    .reset_status = "metadata,spec",
    COLUMNS_OF(volumeattachments),
};

static const char *const volumeattributesclasses_short[] = { "vac", NULL };
const struct resource resource_volumeattributesclasses = {
    .group = "storage.k8s.io",
    .version = "v1",
    .kind = "VolumeAttributesClass",
    .list_kind = "VolumeAttributesClassList",
    .plural = "volumeattributesclasses",
    .singular = "volumeattributesclass",
    .short_names = volumeattributesclasses_short,
    .verbs = VERB_ALL,
    .flags = RES_UNCONDITIONAL_UPDATE | RES_META_AGAIN,
    .type = &type_storage_volume_attributes_class,
    .check_create = kind_storage_check_attributes,
    .check_update = kind_storage_check_attributes_update,
};

static const char *const persistentvolumes_short[] = { "pv", NULL };
static const struct subresource persistentvolumes_subs[] = {
    { .name = "status", .verbs = SUB_RW },
};
const struct resource resource_persistentvolumes = {
    .group = "",
    .version = "v1",
    .kind = "PersistentVolume",
    .list_kind = "PersistentVolumeList",
    .plural = "persistentvolumes",
    .singular = "persistentvolume",
    .short_names = persistentvolumes_short,
    .verbs = VERB_ALL,
    .flags = RES_UNCONDITIONAL_UPDATE | RES_RETURN_DELETED,
    .type = &type_core_persistent_volume,
    .prepare_create = kinds_prepare_create,
    .prepare_update = kinds_prepare_update,
    .subresources = persistentvolumes_subs,
    .subresource_len = ARRAY_LEN(persistentvolumes_subs),
    .reset_main = "status",
    .reset_status = "spec",
};

/* clang-format on */
