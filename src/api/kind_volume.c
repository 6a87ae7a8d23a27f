/* Rows: volumes of pods, PersistentVolumeClaim.
 *
 * Tables in the order of Go's structs, which is the order of what is written. Read by every walker
 * over rows; constant, any thread. */
#include "config.h"

#include "api/kinds_priv.h"
#include "api/kinds_types.h"

/* One row a line. */
/* clang-format off */

static const struct field core_host_path_volume_source_fields[] = {
    ALWAYS("path", STRING, VAL, 1),
    OPT("type", STRING, PTR, 2, .go = "v1.HostPathType", .def = "\"\""),
};
TYPE(core_host_path_volume_source, "core/v1.HostPathVolumeSource");

static const struct field core_empty_dir_volume_source_fields[] = {
    OPT("medium", STRING, VAL, 1, .go = "v1.StorageMedium"),
    OPT("sizeLimit", QUANTITY, PTR, 2),
};
LOCAL_TYPE(core_empty_dir_volume_source, "core/v1.EmptyDirVolumeSource");

static const struct field core_gce_persistent_disk_volume_source_fields[] = {
    ALWAYS("pdName", STRING, VAL, 1),
    OPT("fsType", STRING, VAL, 2),
    OPT("partition", INT32, VAL, 3),
    OPT("readOnly", BOOL, VAL, 4),
};
TYPE(core_gce_persistent_disk_volume_source, "core/v1.GCEPersistentDiskVolumeSource");

static const struct field core_aws_elastic_block_store_volume_source_fields[] = {
    ALWAYS("volumeID", STRING, VAL, 1),
    OPT("fsType", STRING, VAL, 2),
    OPT("partition", INT32, VAL, 3),
    OPT("readOnly", BOOL, VAL, 4),
};
TYPE(core_aws_elastic_block_store_volume_source, "core/v1.AWSElasticBlockStoreVolumeSource");

static const struct field core_git_repo_volume_source_fields[] = {
    ALWAYS("repository", STRING, VAL, 1),
    OPT("revision", STRING, VAL, 2),
    OPT("directory", STRING, VAL, 3),
};
LOCAL_TYPE(core_git_repo_volume_source, "core/v1.GitRepoVolumeSource");

static const struct field core_key_to_path_fields[] = {
    ALWAYS("key", STRING, VAL, 1),
    ALWAYS("path", STRING, VAL, 2),
    OPT("mode", INT32, PTR, 3),
};
LOCAL_TYPE(core_key_to_path, "core/v1.KeyToPath");

static const struct field core_secret_volume_source_fields[] = {
    OPT("secretName", STRING, VAL, 1),
    OPT("items", OBJECT, LIST, 2, .of = &type_core_key_to_path),
    OPT("defaultMode", INT32, PTR, 3, .def = "420"),
    OPT("optional", BOOL, PTR, 4),
};
LOCAL_TYPE(core_secret_volume_source, "core/v1.SecretVolumeSource");

static const struct field core_nfs_volume_source_fields[] = {
    ALWAYS("server", STRING, VAL, 1),
    ALWAYS("path", STRING, VAL, 2),
    OPT("readOnly", BOOL, VAL, 3),
};
TYPE(core_nfs_volume_source, "core/v1.NFSVolumeSource");

static const struct field core_iscsi_volume_source_fields[] = {
    ALWAYS("targetPortal", STRING, VAL, 1),
    ALWAYS("iqn", STRING, VAL, 2),
    ALWAYS("lun", INT32, VAL, 3),
    OPT("iscsiInterface", STRING, VAL, 4, .def = "\"default\""),
    OPT("fsType", STRING, VAL, 5),
    OPT("readOnly", BOOL, VAL, 6),
    OPT("portals", STRING, LIST, 7),
    OPT("chapAuthDiscovery", BOOL, VAL, 8),
    OPT("chapAuthSession", BOOL, VAL, 11),
    OPT("secretRef", OBJECT, PTR, 10, .of = &type_core_local_object_reference),
    OPT("initiatorName", STRING, PTR, 12),
};
LOCAL_TYPE(core_iscsi_volume_source, "core/v1.ISCSIVolumeSource");

static const struct field core_glusterfs_volume_source_fields[] = {
    ALWAYS("endpoints", STRING, VAL, 1),
    ALWAYS("path", STRING, VAL, 2),
    OPT("readOnly", BOOL, VAL, 3),
};
LOCAL_TYPE(core_glusterfs_volume_source, "core/v1.GlusterfsVolumeSource");

static const struct field core_persistent_volume_claim_volume_source_fields[] = {
    ALWAYS("claimName", STRING, VAL, 1),
    OPT("readOnly", BOOL, VAL, 2),
};
LOCAL_TYPE(core_persistent_volume_claim_volume_source,
    "core/v1.PersistentVolumeClaimVolumeSource");

static const struct field core_rbd_volume_source_fields[] = {
    ALWAYS("monitors", STRING, LIST, 1),
    ALWAYS("image", STRING, VAL, 2),
    OPT("fsType", STRING, VAL, 3),
    OPT("pool", STRING, VAL, 4, .def = "\"rbd\""),
    OPT("user", STRING, VAL, 5, .def = "\"admin\""),
    OPT("keyring", STRING, VAL, 6, .def = "\"/etc/ceph/keyring\""),
    OPT("secretRef", OBJECT, PTR, 7, .of = &type_core_local_object_reference),
    OPT("readOnly", BOOL, VAL, 8),
};
LOCAL_TYPE(core_rbd_volume_source, "core/v1.RBDVolumeSource");

static const struct field core_flex_volume_source_fields[] = {
    ALWAYS("driver", STRING, VAL, 1),
    OPT("fsType", STRING, VAL, 2),
    OPT("secretRef", OBJECT, PTR, 3, .of = &type_core_local_object_reference),
    OPT("readOnly", BOOL, VAL, 4),
    OPT("options", STRING, MAP, 5),
};
LOCAL_TYPE(core_flex_volume_source, "core/v1.FlexVolumeSource");

static const struct field core_cinder_volume_source_fields[] = {
    ALWAYS("volumeID", STRING, VAL, 1),
    OPT("fsType", STRING, VAL, 2),
    OPT("readOnly", BOOL, VAL, 3),
    OPT("secretRef", OBJECT, PTR, 4, .of = &type_core_local_object_reference),
};
LOCAL_TYPE(core_cinder_volume_source, "core/v1.CinderVolumeSource");

static const struct field core_ceph_fs_volume_source_fields[] = {
    ALWAYS("monitors", STRING, LIST, 1),
    OPT("path", STRING, VAL, 2),
    OPT("user", STRING, VAL, 3),
    OPT("secretFile", STRING, VAL, 4),
    OPT("secretRef", OBJECT, PTR, 5, .of = &type_core_local_object_reference),
    OPT("readOnly", BOOL, VAL, 6),
};
LOCAL_TYPE(core_ceph_fs_volume_source, "core/v1.CephFSVolumeSource");

static const struct field core_flocker_volume_source_fields[] = {
    OPT("datasetName", STRING, VAL, 1),
    OPT("datasetUUID", STRING, VAL, 2),
};
TYPE(core_flocker_volume_source, "core/v1.FlockerVolumeSource");

static const struct field core_object_field_selector_fields[] = {
    OPT("apiVersion", STRING, VAL, 1, .def = "\"v1\""),
    ALWAYS("fieldPath", STRING, VAL, 2),
};
TYPE(core_object_field_selector, "core/v1.ObjectFieldSelector", .atomic = true);

static const struct field core_resource_field_selector_fields[] = {
    OPT("containerName", STRING, VAL, 1),
    ALWAYS("resource", STRING, VAL, 2),
    OPT("divisor", QUANTITY, VAL, 3),
};
TYPE(core_resource_field_selector, "core/v1.ResourceFieldSelector", .atomic = true);

static const struct field core_downward_api_volume_file_fields[] = {
    ALWAYS("path", STRING, VAL, 1),
    OPT("fieldRef", OBJECT, PTR, 2, .of = &type_core_object_field_selector),
    OPT("resourceFieldRef", OBJECT, PTR, 3, .of = &type_core_resource_field_selector),
    OPT("mode", INT32, PTR, 4),
};
LOCAL_TYPE(core_downward_api_volume_file, "core/v1.DownwardAPIVolumeFile");

static const struct field core_downward_api_volume_source_fields[] = {
    OPT("items", OBJECT, LIST, 1, .of = &type_core_downward_api_volume_file),
    OPT("defaultMode", INT32, PTR, 2, .def = "420"),
};
LOCAL_TYPE(core_downward_api_volume_source, "core/v1.DownwardAPIVolumeSource");

static const struct field core_fc_volume_source_fields[] = {
    OPT("targetWWNs", STRING, LIST, 1),
    OPT("lun", INT32, PTR, 2),
    OPT("fsType", STRING, VAL, 3),
    OPT("readOnly", BOOL, VAL, 4),
    OPT("wwids", STRING, LIST, 5),
};
TYPE(core_fc_volume_source, "core/v1.FCVolumeSource");

static const struct field core_azure_file_volume_source_fields[] = {
    ALWAYS("secretName", STRING, VAL, 1),
    ALWAYS("shareName", STRING, VAL, 2),
    OPT("readOnly", BOOL, VAL, 3),
};
LOCAL_TYPE(core_azure_file_volume_source, "core/v1.AzureFileVolumeSource");

static const struct field core_config_map_volume_source_fields[] = {
    INLINE(1, type_core_local_object_reference),
    OPT("items", OBJECT, LIST, 2, .of = &type_core_key_to_path),
    OPT("defaultMode", INT32, PTR, 3, .def = "420"),
    OPT("optional", BOOL, PTR, 4),
};
LOCAL_TYPE(core_config_map_volume_source, "core/v1.ConfigMapVolumeSource");

static const struct field core_vsphere_virtual_disk_volume_source_fields[] = {
    ALWAYS("volumePath", STRING, VAL, 1),
    OPT("fsType", STRING, VAL, 2),
    OPT("storagePolicyName", STRING, VAL, 3),
    OPT("storagePolicyID", STRING, VAL, 4),
};
TYPE(core_vsphere_virtual_disk_volume_source, "core/v1.VsphereVirtualDiskVolumeSource");

static const struct field core_quobyte_volume_source_fields[] = {
    ALWAYS("registry", STRING, VAL, 1),
    ALWAYS("volume", STRING, VAL, 2),
    OPT("readOnly", BOOL, VAL, 3),
    OPT("user", STRING, VAL, 4),
    OPT("group", STRING, VAL, 5),
    OPT("tenant", STRING, VAL, 6),
};
TYPE(core_quobyte_volume_source, "core/v1.QuobyteVolumeSource");

static const struct field core_azure_disk_volume_source_fields[] = {
    ALWAYS("diskName", STRING, VAL, 1),
    ALWAYS("diskURI", STRING, VAL, 2),
    OPT("cachingMode", STRING, PTR, 3, .def = "\"ReadWrite\"",
        .go = "v1.AzureDataDiskCachingMode"),
    OPT("fsType", STRING, PTR, 4, .def = "\"ext4\""),
    OPT("readOnly", BOOL, PTR, 5, .def = "false"),
    OPT("kind", STRING, PTR, 6, .def = "\"Shared\"", .go = "v1.AzureDataDiskKind"),
};
TYPE(core_azure_disk_volume_source, "core/v1.AzureDiskVolumeSource");

static const struct field core_photon_persistent_disk_volume_source_fields[] = {
    ALWAYS("pdID", STRING, VAL, 1),
    OPT("fsType", STRING, VAL, 2),
};
TYPE(core_photon_persistent_disk_volume_source, "core/v1.PhotonPersistentDiskVolumeSource");

static const struct field core_secret_projection_fields[] = {
    INLINE(1, type_core_local_object_reference),
    OPT("items", OBJECT, LIST, 2, .of = &type_core_key_to_path),
    OPT("optional", BOOL, PTR, 4),
};
LOCAL_TYPE(core_secret_projection, "core/v1.SecretProjection");

static const struct field core_downward_api_projection_fields[] = {
    OPT("items", OBJECT, LIST, 1, .of = &type_core_downward_api_volume_file),
};
LOCAL_TYPE(core_downward_api_projection, "core/v1.DownwardAPIProjection");

static const struct field core_config_map_projection_fields[] = {
    INLINE(1, type_core_local_object_reference),
    OPT("items", OBJECT, LIST, 2, .of = &type_core_key_to_path),
    OPT("optional", BOOL, PTR, 4),
};
LOCAL_TYPE(core_config_map_projection, "core/v1.ConfigMapProjection");

static const struct field core_service_account_token_projection_fields[] = {
    OPT("audience", STRING, VAL, 1),
    OPT("expirationSeconds", INT64, PTR, 2, .def = "3600"),
    ALWAYS("path", STRING, VAL, 3),
};
LOCAL_TYPE(core_service_account_token_projection, "core/v1.ServiceAccountTokenProjection");

static const struct field core_cluster_trust_bundle_projection_fields[] = {
    OPT("name", STRING, PTR, 1),
    OPT("signerName", STRING, PTR, 2),
    OPT("labelSelector", OBJECT, PTR, 3, .of = &type_meta_label_selector),
    OPT("optional", BOOL, PTR, 5),
    ALWAYS("path", STRING, VAL, 4),
};
LOCAL_TYPE(core_cluster_trust_bundle_projection, "core/v1.ClusterTrustBundleProjection");

static const struct field core_pod_certificate_projection_fields[] = {
    OPT("signerName", STRING, VAL, 1),
    OPT("keyType", STRING, VAL, 2),
    OPT("maxExpirationSeconds", INT32, PTR, 3),
    OPT("credentialBundlePath", STRING, VAL, 4),
    OPT("keyPath", STRING, VAL, 5),
    OPT("certificateChainPath", STRING, VAL, 6),
    OPT("userAnnotations", STRING, MAP, 7),
};
LOCAL_TYPE(core_pod_certificate_projection, "core/v1.PodCertificateProjection");

static const struct field core_volume_projection_fields[] = {
    OPT("secret", OBJECT, PTR, 1, .of = &type_core_secret_projection),
    OPT("downwardAPI", OBJECT, PTR, 2, .of = &type_core_downward_api_projection),
    OPT("configMap", OBJECT, PTR, 3, .of = &type_core_config_map_projection),
    OPT("serviceAccountToken", OBJECT, PTR, 4, .of = &type_core_service_account_token_projection),
    FIELD("clusterTrustBundle", OBJECT, PTR, 5, FIELD_OMITEMPTY | FIELD_OFF, .of = &type_core_cluster_trust_bundle_projection),
    FIELD("podCertificate", OBJECT, PTR, 6, FIELD_OMITEMPTY | FIELD_OFF, .of = &type_core_pod_certificate_projection),
};
LOCAL_TYPE(core_volume_projection, "core/v1.VolumeProjection");

static const struct field core_projected_volume_source_fields[] = {
    ALWAYS("sources", OBJECT, LIST, 1, .of = &type_core_volume_projection),
    OPT("defaultMode", INT32, PTR, 2, .def = "420"),
};
LOCAL_TYPE(core_projected_volume_source, "core/v1.ProjectedVolumeSource");

static const struct field core_portworx_volume_source_fields[] = {
    ALWAYS("volumeID", STRING, VAL, 1),
    OPT("fsType", STRING, VAL, 2),
    OPT("readOnly", BOOL, VAL, 3),
};
TYPE(core_portworx_volume_source, "core/v1.PortworxVolumeSource");

static const struct field core_scale_io_volume_source_fields[] = {
    ALWAYS("gateway", STRING, VAL, 1),
    ALWAYS("system", STRING, VAL, 2),
    ALWAYS("secretRef", OBJECT, PTR, 3, .of = &type_core_local_object_reference),
    OPT("sslEnabled", BOOL, VAL, 4),
    OPT("protectionDomain", STRING, VAL, 5),
    OPT("storagePool", STRING, VAL, 6),
    OPT("storageMode", STRING, VAL, 7, .def = "\"ThinProvisioned\""),
    OPT("volumeName", STRING, VAL, 8),
    OPT("fsType", STRING, VAL, 9, .def = "\"xfs\""),
    OPT("readOnly", BOOL, VAL, 10),
};
LOCAL_TYPE(core_scale_io_volume_source, "core/v1.ScaleIOVolumeSource");

static const struct field core_storage_os_volume_source_fields[] = {
    OPT("volumeName", STRING, VAL, 1),
    OPT("volumeNamespace", STRING, VAL, 2),
    OPT("fsType", STRING, VAL, 3),
    OPT("readOnly", BOOL, VAL, 4),
    OPT("secretRef", OBJECT, PTR, 5, .of = &type_core_local_object_reference),
};
LOCAL_TYPE(core_storage_os_volume_source, "core/v1.StorageOSVolumeSource");

static const struct field core_csi_volume_source_fields[] = {
    ALWAYS("driver", STRING, VAL, 1),
    OPT("readOnly", BOOL, PTR, 2),
    OPT("fsType", STRING, PTR, 3),
    OPT("volumeAttributes", STRING, MAP, 4),
    OPT("nodePublishSecretRef", OBJECT, PTR, 5, .of = &type_core_local_object_reference),
};
LOCAL_TYPE(core_csi_volume_source, "core/v1.CSIVolumeSource");

static const struct field core_persistent_volume_claim_spec_fields[] = {
    OPT("accessModes", STRING, LIST, 1, .go = "[]v1.PersistentVolumeAccessMode"),
    OPT("selector", OBJECT, PTR, 4, .of = &type_meta_label_selector),
    OPT("resources", OBJECT, VAL, 2, .of = &type_core_volume_resource_requirements),
    OPT("volumeName", STRING, VAL, 3),
    OPT("storageClassName", STRING, PTR, 5),
    OPT("volumeMode", STRING, PTR, 6, .go = "v1.PersistentVolumeMode", .def = "\"Filesystem\""),
    OPT("dataSource", OBJECT, PTR, 7, .of = &type_core_typed_local_object_reference),
    OPT("dataSourceRef", OBJECT, PTR, 8, .of = &type_core_typed_object_reference),
    OPT("volumeAttributesClassName", STRING, PTR, 9),
};
LOCAL_TYPE(core_persistent_volume_claim_spec, "core/v1.PersistentVolumeClaimSpec");

static const struct field core_persistent_volume_claim_template_fields[] = {
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    ALWAYS("spec", OBJECT, VAL, 2, .of = &type_core_persistent_volume_claim_spec),
};
LOCAL_TYPE(core_persistent_volume_claim_template, "core/v1.PersistentVolumeClaimTemplate");

static const struct field core_ephemeral_volume_source_fields[] = {
    OPT("volumeClaimTemplate", OBJECT, PTR, 1, .of = &type_core_persistent_volume_claim_template),
};
LOCAL_TYPE(core_ephemeral_volume_source, "core/v1.EphemeralVolumeSource");

static const struct field core_image_volume_source_fields[] = {
    OPT("reference", STRING, VAL, 1),
    OPT("pullPolicy", STRING, VAL, 2, .go = "v1.PullPolicy"),
};
LOCAL_TYPE(core_image_volume_source, "core/v1.ImageVolumeSource",
    .fill = kind_pod_fill_image_volume);

static const struct field core_volume_source_fields[] = {
    OPT("hostPath", OBJECT, PTR, 1, .of = &type_core_host_path_volume_source),
    OPT("emptyDir", OBJECT, PTR, 2, .of = &type_core_empty_dir_volume_source),
    OPT("gcePersistentDisk", OBJECT, PTR, 3, .of = &type_core_gce_persistent_disk_volume_source),
    OPT("awsElasticBlockStore", OBJECT, PTR, 4,
        .of = &type_core_aws_elastic_block_store_volume_source),
    OPT("gitRepo", OBJECT, PTR, 5, .of = &type_core_git_repo_volume_source),
    OPT("secret", OBJECT, PTR, 6, .of = &type_core_secret_volume_source),
    OPT("nfs", OBJECT, PTR, 7, .of = &type_core_nfs_volume_source),
    OPT("iscsi", OBJECT, PTR, 8, .of = &type_core_iscsi_volume_source),
    OPT("glusterfs", OBJECT, PTR, 9, .of = &type_core_glusterfs_volume_source),
    OPT("persistentVolumeClaim", OBJECT, PTR, 10,
        .of = &type_core_persistent_volume_claim_volume_source),
    OPT("rbd", OBJECT, PTR, 11, .of = &type_core_rbd_volume_source),
    OPT("flexVolume", OBJECT, PTR, 12, .of = &type_core_flex_volume_source),
    OPT("cinder", OBJECT, PTR, 13, .of = &type_core_cinder_volume_source),
    OPT("cephfs", OBJECT, PTR, 14, .of = &type_core_ceph_fs_volume_source),
    OPT("flocker", OBJECT, PTR, 15, .of = &type_core_flocker_volume_source),
    OPT("downwardAPI", OBJECT, PTR, 16, .of = &type_core_downward_api_volume_source),
    OPT("fc", OBJECT, PTR, 17, .of = &type_core_fc_volume_source),
    OPT("azureFile", OBJECT, PTR, 18, .of = &type_core_azure_file_volume_source),
    OPT("configMap", OBJECT, PTR, 19, .of = &type_core_config_map_volume_source),
    OPT("vsphereVolume", OBJECT, PTR, 20, .of = &type_core_vsphere_virtual_disk_volume_source),
    OPT("quobyte", OBJECT, PTR, 21, .of = &type_core_quobyte_volume_source),
    OPT("azureDisk", OBJECT, PTR, 22, .of = &type_core_azure_disk_volume_source),
    OPT("photonPersistentDisk", OBJECT, PTR, 23,
        .of = &type_core_photon_persistent_disk_volume_source),
    OPT("projected", OBJECT, PTR, 26, .of = &type_core_projected_volume_source),
    OPT("portworxVolume", OBJECT, PTR, 24, .of = &type_core_portworx_volume_source),
    OPT("scaleIO", OBJECT, PTR, 25, .of = &type_core_scale_io_volume_source),
    OPT("storageos", OBJECT, PTR, 27, .of = &type_core_storage_os_volume_source),
    OPT("csi", OBJECT, PTR, 28, .of = &type_core_csi_volume_source),
    OPT("ephemeral", OBJECT, PTR, 29, .of = &type_core_ephemeral_volume_source),
    OPT("image", OBJECT, PTR, 30, .of = &type_core_image_volume_source),
};
LOCAL_TYPE(core_volume_source, "core/v1.VolumeSource");

static const struct field core_volume_fields[] = {
    ALWAYS("name", STRING, VAL, 1),
    INLINE(2, type_core_volume_source),
};
TYPE(core_volume, "core/v1.Volume", .fill = kind_pod_fill_volume);

static const struct field core_persistent_volume_claim_condition_fields[] = {
    ALWAYS("type", STRING, VAL, 1, .go = "v1.PersistentVolumeClaimConditionType"),
    ALWAYS("status", STRING, VAL, 2, .go = "v1.ConditionStatus"),
    OPT("lastProbeTime", TIME, VAL, 3),
    OPT("lastTransitionTime", TIME, VAL, 4),
    OPT("reason", STRING, VAL, 5),
    OPT("message", STRING, VAL, 6),
};
LOCAL_TYPE(core_persistent_volume_claim_condition, "core/v1.PersistentVolumeClaimCondition");

static const struct field core_persistent_volume_claim_status_fields[] = {
    OPT("phase", STRING, VAL, 1, .go = "v1.PersistentVolumeClaimPhase", .def = "\"Pending\""),
    OPT("accessModes", STRING, LIST, 2, .go = "[]v1.PersistentVolumeAccessMode"),
    FIELD("capacity", QUANTITY, MAP, 3, FIELD_OMITEMPTY | FIELD_MILLI, .go = "v1.ResourceList"),
    OPT("conditions", OBJECT, LIST, 4, .of = &type_core_persistent_volume_claim_condition,
        .patch = PATCH_MERGE, .merge_key = "type", .list = LIST_MAP, .list_keys = "type"),
    FIELD("allocatedResources", QUANTITY, MAP, 5, FIELD_OMITEMPTY | FIELD_MILLI, .go = "v1.ResourceList"),
    OPT("allocatedResourceStatuses", STRING, MAP, 7,
        .go = "map[v1.ResourceName]v1.ClaimResourceStatus"),
    OPT("currentVolumeAttributesClassName", STRING, PTR, 8),
    OPT("modifyVolumeStatus", OBJECT, PTR, 9, .of = &type_core_modify_volume_status),
};
LOCAL_TYPE(core_persistent_volume_claim_status, "core/v1.PersistentVolumeClaimStatus");

static const struct field core_persistent_volume_claim_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("spec", OBJECT, VAL, 2, .of = &type_core_persistent_volume_claim_spec),
    OPT("status", OBJECT, VAL, 3, .of = &type_core_persistent_volume_claim_status),
};
TYPE(core_persistent_volume_claim, "core/v1.PersistentVolumeClaim");

static const struct field core_local_volume_source_fields[] = {
    ALWAYS("path", STRING, VAL, 1),
    OPT("fsType", STRING, PTR, 2),
};
TYPE(core_local_volume_source, "core/v1.LocalVolumeSource");

/* ---- resources ---- */

static const char *const persistentvolumeclaims_short[] = { "pvc", NULL };
static const struct subresource persistentvolumeclaims_subs[] = {
    { .name = "status", .verbs = SUB_RW },
};
const struct resource resource_persistentvolumeclaims = {
    .group = "",
    .version = "v1",
    .kind = "PersistentVolumeClaim",
    .list_kind = "PersistentVolumeClaimList",
    .plural = "persistentvolumeclaims",
    .singular = "persistentvolumeclaim",
    .short_names = persistentvolumeclaims_short,
    .verbs = VERB_ALL,
    .flags = RES_NAMESPACED | RES_UNCONDITIONAL_UPDATE | RES_RETURN_DELETED,
    .type = &type_core_persistent_volume_claim,
    .prepare_create = kinds_prepare_create,
    .prepare_update = kinds_prepare_update,
    .subresources = persistentvolumeclaims_subs,
    .subresource_len = ARRAY_LEN(persistentvolumeclaims_subs),
    .reset_main = "status",
    .reset_status = "spec",
};

/* clang-format on */
