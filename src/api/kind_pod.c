/* Rows: Pod and its template.
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

static const struct field core_container_port_fields[] = {
    OPT("name", STRING, VAL, 1),
    OPT("hostPort", INT32, VAL, 2),
    ALWAYS("containerPort", INT32, VAL, 3),
    OPT("protocol", STRING, VAL, 4, .def = "\"TCP\"", .go = "v1.Protocol"),
    OPT("hostIP", STRING, VAL, 5),
};
LOCAL_TYPE(core_container_port, "core/v1.ContainerPort", .fill = kind_pod_fill_port);

static const struct field core_volume_mount_fields[] = {
    ALWAYS("name", STRING, VAL, 1),
    OPT("readOnly", BOOL, VAL, 2),
    OPT("recursiveReadOnly", STRING, PTR, 7, .go = "v1.RecursiveReadOnlyMode"),
    ALWAYS("mountPath", STRING, VAL, 3),
    OPT("subPath", STRING, VAL, 4),
    OPT("mountPropagation", STRING, PTR, 5, .go = "v1.MountPropagationMode"),
    OPT("subPathExpr", STRING, VAL, 6),
};
LOCAL_TYPE(core_volume_mount, "core/v1.VolumeMount");

static const struct field core_volume_device_fields[] = {
    ALWAYS("name", STRING, VAL, 1),
    ALWAYS("devicePath", STRING, VAL, 2),
};
LOCAL_TYPE(core_volume_device, "core/v1.VolumeDevice");

static const struct field core_file_key_selector_fields[] = {
    ALWAYS("volumeName", STRING, VAL, 1),
    ALWAYS("path", STRING, VAL, 2),
    ALWAYS("key", STRING, VAL, 3),
    OPT("optional", BOOL, PTR, 4, .def = "false"),
};
LOCAL_TYPE(core_file_key_selector, "core/v1.FileKeySelector", .atomic = true);

static const struct field core_env_var_source_fields[] = {
    OPT("fieldRef", OBJECT, PTR, 1, .of = &type_core_object_field_selector),
    OPT("resourceFieldRef", OBJECT, PTR, 2, .of = &type_core_resource_field_selector),
    OPT("configMapKeyRef", OBJECT, PTR, 3, .of = &type_core_config_map_key_selector),
    OPT("secretKeyRef", OBJECT, PTR, 4, .of = &type_core_secret_key_selector),
    OPT("fileKeyRef", OBJECT, PTR, 5, .of = &type_core_file_key_selector),
};
LOCAL_TYPE(core_env_var_source, "core/v1.EnvVarSource");

static const struct field core_env_var_fields[] = {
    ALWAYS("name", STRING, VAL, 1),
    OPT("value", STRING, VAL, 2),
    OPT("valueFrom", OBJECT, PTR, 3, .of = &type_core_env_var_source),
};
LOCAL_TYPE(core_env_var, "core/v1.EnvVar");

static const struct field core_config_map_env_source_fields[] = {
    INLINE(1, type_core_local_object_reference),
    OPT("optional", BOOL, PTR, 2),
};
LOCAL_TYPE(core_config_map_env_source, "core/v1.ConfigMapEnvSource");

static const struct field core_secret_env_source_fields[] = {
    INLINE(1, type_core_local_object_reference),
    OPT("optional", BOOL, PTR, 2),
};
LOCAL_TYPE(core_secret_env_source, "core/v1.SecretEnvSource");

static const struct field core_env_from_source_fields[] = {
    OPT("prefix", STRING, VAL, 1),
    OPT("configMapRef", OBJECT, PTR, 2, .of = &type_core_config_map_env_source),
    OPT("secretRef", OBJECT, PTR, 3, .of = &type_core_secret_env_source),
};
LOCAL_TYPE(core_env_from_source, "core/v1.EnvFromSource");

static const struct field core_http_header_fields[] = {
    ALWAYS("name", STRING, VAL, 1),
    ALWAYS("value", STRING, VAL, 2),
};
LOCAL_TYPE(core_http_header, "core/v1.HTTPHeader");

static const struct field core_http_get_action_fields[] = {
    OPT("path", STRING, VAL, 1, .def = "\"/\""),
    ALWAYS("port", INT_OR_STRING, VAL, 2),
    OPT("host", STRING, VAL, 3),
    OPT("scheme", STRING, VAL, 4, .go = "v1.URIScheme", .def = "\"HTTP\""),
    OPT("httpHeaders", OBJECT, LIST, 5, .of = &type_core_http_header),
};
LOCAL_TYPE(core_http_get_action, "core/v1.HTTPGetAction");

static const struct field core_tcp_socket_action_fields[] = {
    ALWAYS("port", INT_OR_STRING, VAL, 1),
    OPT("host", STRING, VAL, 2),
};
LOCAL_TYPE(core_tcp_socket_action, "core/v1.TCPSocketAction");

static const struct field core_grpc_action_fields[] = {
    ALWAYS("port", INT32, VAL, 1),
    ALWAYS("service", STRING, PTR, 2, .def = "\"\""),
};
LOCAL_TYPE(core_grpc_action, "core/v1.GRPCAction");

static const struct field core_exec_action_fields[] = {
    OPT("command", STRING, LIST, 1),
};
LOCAL_TYPE(core_exec_action, "core/v1.ExecAction");

static const struct field core_sleep_action_fields[] = {
    ALWAYS("seconds", INT64, VAL, 1),
};
LOCAL_TYPE(core_sleep_action, "core/v1.SleepAction");

static const struct field core_probe_handler_fields[] = {
    OPT("exec", OBJECT, PTR, 1, .of = &type_core_exec_action),
    OPT("httpGet", OBJECT, PTR, 2, .of = &type_core_http_get_action),
    OPT("tcpSocket", OBJECT, PTR, 3, .of = &type_core_tcp_socket_action),
    OPT("grpc", OBJECT, PTR, 4, .of = &type_core_grpc_action),
};
LOCAL_TYPE(core_probe_handler, "core/v1.ProbeHandler");

static const struct field core_probe_fields[] = {
    INLINE(1, type_core_probe_handler),
    OPT("initialDelaySeconds", INT32, VAL, 2),
    OPT("timeoutSeconds", INT32, VAL, 3, .def = "1"),
    OPT("periodSeconds", INT32, VAL, 4, .def = "10"),
    OPT("successThreshold", INT32, VAL, 5, .def = "1"),
    OPT("failureThreshold", INT32, VAL, 6, .def = "3"),
    OPT("terminationGracePeriodSeconds", INT64, PTR, 7),
};
LOCAL_TYPE(core_probe, "core/v1.Probe");

static const struct field core_container_resize_policy_fields[] = {
    ALWAYS("resourceName", STRING, VAL, 1, .go = "v1.ResourceName"),
    ALWAYS("restartPolicy", STRING, VAL, 2, .go = "v1.ResourceResizeRestartPolicy"),
};
LOCAL_TYPE(core_container_resize_policy, "core/v1.ContainerResizePolicy");

static const struct field core_capabilities_fields[] = {
    OPT("add", STRING, LIST, 1, .go = "[]v1.Capability"),
    OPT("drop", STRING, LIST, 2, .go = "[]v1.Capability"),
};
LOCAL_TYPE(core_capabilities, "core/v1.Capabilities");

static const struct field core_resource_claim_fields[] = {
    ALWAYS("name", STRING, VAL, 1),
    OPT("request", STRING, VAL, 2),
};
LOCAL_TYPE(core_resource_claim, "core/v1.ResourceClaim");

static const struct field core_resource_requirements_fields[] = {
    FIELD("limits", QUANTITY, MAP, 1, FIELD_OMITEMPTY | FIELD_MILLI, .go = "v1.ResourceList"),
    FIELD("requests", QUANTITY, MAP, 2, FIELD_OMITEMPTY | FIELD_MILLI, .go = "v1.ResourceList"),
    OPT("claims", OBJECT, LIST, 3, .of = &type_core_resource_claim,
        .list = LIST_MAP, .list_keys = "name"),
};
LOCAL_TYPE(core_resource_requirements, "core/v1.ResourceRequirements",
    .fill = kind_pod_fill_resources);

static const struct field core_container_restart_rule_on_exit_codes_fields[] = {
    OPT("operator", STRING, VAL, 1, .go = "v1.ContainerRestartRuleOnExitCodesOperator"),
    OPT("values", INT32, LIST, 2, .list = LIST_SET),
};
LOCAL_TYPE(core_container_restart_rule_on_exit_codes, "core/v1.ContainerRestartRuleOnExitCodes");

static const struct field core_container_restart_rule_fields[] = {
    OPT("action", STRING, VAL, 1, .go = "v1.ContainerRestartRuleAction"),
    OPT("exitCodes", OBJECT, PTR, 2, .of = &type_core_container_restart_rule_on_exit_codes),
};
LOCAL_TYPE(core_container_restart_rule, "core/v1.ContainerRestartRule");

static const struct field core_lifecycle_handler_fields[] = {
    OPT("exec", OBJECT, PTR, 1, .of = &type_core_exec_action),
    OPT("httpGet", OBJECT, PTR, 2, .of = &type_core_http_get_action),
    OPT("tcpSocket", OBJECT, PTR, 3, .of = &type_core_tcp_socket_action),
    OPT("sleep", OBJECT, PTR, 4, .of = &type_core_sleep_action),
};
LOCAL_TYPE(core_lifecycle_handler, "core/v1.LifecycleHandler");

static const struct field core_lifecycle_fields[] = {
    OPT("postStart", OBJECT, PTR, 1, .of = &type_core_lifecycle_handler),
    OPT("preStop", OBJECT, PTR, 2, .of = &type_core_lifecycle_handler),
    FIELD("stopSignal", STRING, PTR, 3, FIELD_OMITEMPTY | FIELD_OFF, .go = "v1.Signal"),
};
LOCAL_TYPE(core_lifecycle, "core/v1.Lifecycle");

static const struct field core_se_linux_options_fields[] = {
    OPT("user", STRING, VAL, 1),
    OPT("role", STRING, VAL, 2),
    OPT("type", STRING, VAL, 3),
    OPT("level", STRING, VAL, 4),
};
LOCAL_TYPE(core_se_linux_options, "core/v1.SELinuxOptions");

static const struct field core_windows_security_context_options_fields[] = {
    OPT("gmsaCredentialSpecName", STRING, PTR, 1),
    OPT("gmsaCredentialSpec", STRING, PTR, 2),
    OPT("runAsUserName", STRING, PTR, 3),
    OPT("hostProcess", BOOL, PTR, 4),
};
LOCAL_TYPE(core_windows_security_context_options, "core/v1.WindowsSecurityContextOptions");

static const struct field core_seccomp_profile_fields[] = {
    ALWAYS("type", STRING, VAL, 1, .go = "v1.SeccompProfileType"),
    OPT("localhostProfile", STRING, PTR, 2),
};
LOCAL_TYPE(core_seccomp_profile, "core/v1.SeccompProfile");

static const struct field core_app_armor_profile_fields[] = {
    ALWAYS("type", STRING, VAL, 1, .go = "v1.AppArmorProfileType"),
    OPT("localhostProfile", STRING, PTR, 2),
};
LOCAL_TYPE(core_app_armor_profile, "core/v1.AppArmorProfile");

static const struct field core_security_context_fields[] = {
    OPT("capabilities", OBJECT, PTR, 1, .of = &type_core_capabilities),
    OPT("privileged", BOOL, PTR, 2),
    OPT("seLinuxOptions", OBJECT, PTR, 3, .of = &type_core_se_linux_options),
    OPT("windowsOptions", OBJECT, PTR, 10, .of = &type_core_windows_security_context_options),
    OPT("runAsUser", INT64, PTR, 4),
    OPT("runAsGroup", INT64, PTR, 8),
    OPT("runAsNonRoot", BOOL, PTR, 5),
    OPT("readOnlyRootFilesystem", BOOL, PTR, 6),
    OPT("allowPrivilegeEscalation", BOOL, PTR, 7),
    OPT("procMount", STRING, PTR, 9, .go = "v1.ProcMountType"),
    OPT("seccompProfile", OBJECT, PTR, 11, .of = &type_core_seccomp_profile),
    OPT("appArmorProfile", OBJECT, PTR, 12, .of = &type_core_app_armor_profile),
};
LOCAL_TYPE(core_security_context, "core/v1.SecurityContext");

static const struct field core_container_fields[] = {
    ALWAYS("name", STRING, VAL, 1),
    OPT("image", STRING, VAL, 2),
    OPT("command", STRING, LIST, 3),
    OPT("args", STRING, LIST, 4),
    OPT("workingDir", STRING, VAL, 5),
    OPT("ports", OBJECT, LIST, 6, .of = &type_core_container_port, .patch = PATCH_MERGE,
        .merge_key = "containerPort", .list = LIST_MAP, .list_keys = "containerPort,protocol"),
    OPT("envFrom", OBJECT, LIST, 19, .of = &type_core_env_from_source),
    OPT("env", OBJECT, LIST, 7, .of = &type_core_env_var, .patch = PATCH_MERGE,
        .merge_key = "name", .list = LIST_MAP, .list_keys = "name"),
    OPT("resources", OBJECT, VAL, 8, .of = &type_core_resource_requirements),
    OPT("resizePolicy", OBJECT, LIST, 23, .of = &type_core_container_resize_policy),
    OPT("restartPolicy", STRING, PTR, 24, .go = "v1.ContainerRestartPolicy"),
    OPT("restartPolicyRules", OBJECT, LIST, 25, .of = &type_core_container_restart_rule),
    OPT("volumeMounts", OBJECT, LIST, 9, .of = &type_core_volume_mount, .patch = PATCH_MERGE,
        .merge_key = "mountPath", .list = LIST_MAP, .list_keys = "mountPath"),
    OPT("volumeDevices", OBJECT, LIST, 21, .of = &type_core_volume_device, .patch = PATCH_MERGE,
        .merge_key = "devicePath", .list = LIST_MAP, .list_keys = "devicePath"),
    OPT("livenessProbe", OBJECT, PTR, 10, .of = &type_core_probe),
    OPT("readinessProbe", OBJECT, PTR, 11, .of = &type_core_probe),
    OPT("startupProbe", OBJECT, PTR, 22, .of = &type_core_probe),
    OPT("lifecycle", OBJECT, PTR, 12, .of = &type_core_lifecycle),
    OPT("terminationMessagePath", STRING, VAL, 13, .def = "\"/dev/termination-log\""),
    OPT("terminationMessagePolicy", STRING, VAL, 20, .go = "v1.TerminationMessagePolicy",
        .def = "\"File\""),
    OPT("imagePullPolicy", STRING, VAL, 14, .go = "v1.PullPolicy"),
    OPT("securityContext", OBJECT, PTR, 15, .of = &type_core_security_context),
    OPT("stdin", BOOL, VAL, 16),
    OPT("stdinOnce", BOOL, VAL, 17),
    OPT("tty", BOOL, VAL, 18),
};
TYPE(core_container, "core/v1.Container", .fill = kind_pod_fill_container);

static const struct field core_container_state_waiting_fields[] = {
    OPT("reason", STRING, VAL, 1),
    OPT("message", STRING, VAL, 2),
};
LOCAL_TYPE(core_container_state_waiting, "core/v1.ContainerStateWaiting");

static const struct field core_container_state_running_fields[] = {
    OPT("startedAt", TIME, VAL, 1),
};
LOCAL_TYPE(core_container_state_running, "core/v1.ContainerStateRunning");

static const struct field core_container_state_terminated_fields[] = {
    ALWAYS("exitCode", INT32, VAL, 1),
    OPT("signal", INT32, VAL, 2),
    OPT("reason", STRING, VAL, 3),
    OPT("message", STRING, VAL, 4),
    OPT("startedAt", TIME, VAL, 5),
    OPT("finishedAt", TIME, VAL, 6),
    OPT("containerID", STRING, VAL, 7),
};
LOCAL_TYPE(core_container_state_terminated, "core/v1.ContainerStateTerminated");

static const struct field core_container_state_fields[] = {
    OPT("waiting", OBJECT, PTR, 1, .of = &type_core_container_state_waiting),
    OPT("running", OBJECT, PTR, 2, .of = &type_core_container_state_running),
    OPT("terminated", OBJECT, PTR, 3, .of = &type_core_container_state_terminated),
};
LOCAL_TYPE(core_container_state, "core/v1.ContainerState");

static const struct field core_volume_mount_status_fields[] = {
    ALWAYS("name", STRING, VAL, 1),
    ALWAYS("mountPath", STRING, VAL, 2),
    OPT("readOnly", BOOL, VAL, 3),
    OPT("recursiveReadOnly", STRING, PTR, 4, .go = "v1.RecursiveReadOnlyMode"),
};
LOCAL_TYPE(core_volume_mount_status, "core/v1.VolumeMountStatus");

static const struct field core_linux_container_user_fields[] = {
    ALWAYS("uid", INT64, VAL, 1),
    ALWAYS("gid", INT64, VAL, 2),
    OPT("supplementalGroups", INT64, LIST, 3),
};
LOCAL_TYPE(core_linux_container_user, "core/v1.LinuxContainerUser");

static const struct field core_container_user_fields[] = {
    OPT("linux", OBJECT, PTR, 1, .of = &type_core_linux_container_user),
};
LOCAL_TYPE(core_container_user, "core/v1.ContainerUser");

static const struct field core_resource_health_fields[] = {
    ALWAYS("resourceID", STRING, VAL, 1, .go = "v1.ResourceID"),
    OPT("health", STRING, VAL, 2, .go = "v1.ResourceHealthStatus"),
};
LOCAL_TYPE(core_resource_health, "core/v1.ResourceHealth");

static const struct field core_resource_status_fields[] = {
    ALWAYS("name", STRING, VAL, 1, .go = "v1.ResourceName"),
    OPT("resources", OBJECT, LIST, 2, .of = &type_core_resource_health,
        .list = LIST_MAP, .list_keys = "resourceID"),
};
LOCAL_TYPE(core_resource_status, "core/v1.ResourceStatus");

static const struct field core_container_status_fields[] = {
    ALWAYS("name", STRING, VAL, 1),
    OPT("state", OBJECT, VAL, 2, .of = &type_core_container_state),
    OPT("lastState", OBJECT, VAL, 3, .of = &type_core_container_state),
    ALWAYS("ready", BOOL, VAL, 4),
    ALWAYS("restartCount", INT32, VAL, 5),
    ALWAYS("image", STRING, VAL, 6),
    ALWAYS("imageID", STRING, VAL, 7),
    OPT("containerID", STRING, VAL, 8),
    OPT("started", BOOL, PTR, 9),
    FIELD("allocatedResources", QUANTITY, MAP, 10, FIELD_OMITEMPTY | FIELD_MILLI, .go = "v1.ResourceList"),
    OPT("resources", OBJECT, PTR, 11, .of = &type_core_resource_requirements),
    OPT("volumeMounts", OBJECT, LIST, 12, .of = &type_core_volume_mount_status,
        .patch = PATCH_MERGE, .merge_key = "mountPath",
        .list = LIST_MAP, .list_keys = "mountPath"),
    OPT("user", OBJECT, PTR, 13, .of = &type_core_container_user),
    FIELD("allocatedResourcesStatus", OBJECT, LIST, 14, FIELD_OMITEMPTY | FIELD_OFF, .of = &type_core_resource_status,
        .patch = PATCH_MERGE, .merge_key = "name", .list = LIST_MAP, .list_keys = "name"),
    FIELD("stopSignal", STRING, PTR, 15, FIELD_OMITEMPTY | FIELD_OFF, .go = "v1.Signal"),
};
LOCAL_TYPE(core_container_status, "core/v1.ContainerStatus");

static const struct field core_pod_condition_fields[] = {
    ALWAYS("type", STRING, VAL, 1, .go = "v1.PodConditionType"),
    OPT("observedGeneration", INT64, VAL, 7),
    ALWAYS("status", STRING, VAL, 2, .go = "v1.ConditionStatus"),
    OPT("lastProbeTime", TIME, VAL, 3),
    OPT("lastTransitionTime", TIME, VAL, 4),
    OPT("reason", STRING, VAL, 5),
    OPT("message", STRING, VAL, 6),
};
LOCAL_TYPE(core_pod_condition, "core/v1.PodCondition");

static const struct field core_preferred_scheduling_term_fields[] = {
    ALWAYS("weight", INT32, VAL, 1),
    ALWAYS("preference", OBJECT, VAL, 2, .of = &type_core_node_selector_term),
};
LOCAL_TYPE(core_preferred_scheduling_term, "core/v1.PreferredSchedulingTerm");

static const struct field core_node_affinity_fields[] = {
    OPT("requiredDuringSchedulingIgnoredDuringExecution", OBJECT, PTR, 1,
        .of = &type_core_node_selector),
    OPT("preferredDuringSchedulingIgnoredDuringExecution", OBJECT, LIST, 2,
        .of = &type_core_preferred_scheduling_term),
};
LOCAL_TYPE(core_node_affinity, "core/v1.NodeAffinity");

static const struct field core_pod_affinity_term_fields[] = {
    OPT("labelSelector", OBJECT, PTR, 1, .of = &type_meta_label_selector),
    OPT("namespaces", STRING, LIST, 2),
    ALWAYS("topologyKey", STRING, VAL, 3),
    OPT("namespaceSelector", OBJECT, PTR, 4, .of = &type_meta_label_selector),
    OPT("matchLabelKeys", STRING, LIST, 5),
    OPT("mismatchLabelKeys", STRING, LIST, 6),
};
LOCAL_TYPE(core_pod_affinity_term, "core/v1.PodAffinityTerm");

static const struct field core_weighted_pod_affinity_term_fields[] = {
    ALWAYS("weight", INT32, VAL, 1),
    ALWAYS("podAffinityTerm", OBJECT, VAL, 2, .of = &type_core_pod_affinity_term),
};
LOCAL_TYPE(core_weighted_pod_affinity_term, "core/v1.WeightedPodAffinityTerm");

static const struct field core_pod_affinity_fields[] = {
    OPT("requiredDuringSchedulingIgnoredDuringExecution", OBJECT, LIST, 1,
        .of = &type_core_pod_affinity_term),
    OPT("preferredDuringSchedulingIgnoredDuringExecution", OBJECT, LIST, 2,
        .of = &type_core_weighted_pod_affinity_term),
};
LOCAL_TYPE(core_pod_affinity, "core/v1.PodAffinity");

static const struct field core_pod_anti_affinity_fields[] = {
    OPT("requiredDuringSchedulingIgnoredDuringExecution", OBJECT, LIST, 1,
        .of = &type_core_pod_affinity_term),
    OPT("preferredDuringSchedulingIgnoredDuringExecution", OBJECT, LIST, 2,
        .of = &type_core_weighted_pod_affinity_term),
};
LOCAL_TYPE(core_pod_anti_affinity, "core/v1.PodAntiAffinity");

static const struct field core_affinity_fields[] = {
    OPT("nodeAffinity", OBJECT, PTR, 1, .of = &type_core_node_affinity),
    OPT("podAffinity", OBJECT, PTR, 2, .of = &type_core_pod_affinity),
    OPT("podAntiAffinity", OBJECT, PTR, 3, .of = &type_core_pod_anti_affinity),
};
LOCAL_TYPE(core_affinity, "core/v1.Affinity");

static const struct field core_taint_fields[] = {
    ALWAYS("key", STRING, VAL, 1),
    OPT("value", STRING, VAL, 2),
    ALWAYS("effect", STRING, VAL, 3, .go = "v1.TaintEffect"),
    OPT("timeAdded", TIME, PTR, 4),
};
TYPE(core_taint, "core/v1.Taint");

static const struct field core_toleration_fields[] = {
    OPT("key", STRING, VAL, 1),
    OPT("operator", STRING, VAL, 2, .go = "v1.TolerationOperator"),
    OPT("value", STRING, VAL, 3),
    OPT("effect", STRING, VAL, 4, .go = "v1.TaintEffect"),
    OPT("tolerationSeconds", INT64, PTR, 5),
};
TYPE(core_toleration, "core/v1.Toleration");

static const struct field core_pod_readiness_gate_fields[] = {
    ALWAYS("conditionType", STRING, VAL, 1, .go = "v1.PodConditionType"),
};
LOCAL_TYPE(core_pod_readiness_gate, "core/v1.PodReadinessGate");

static const struct field core_ephemeral_container_common_fields[] = {
    ALWAYS("name", STRING, VAL, 1),
    OPT("image", STRING, VAL, 2),
    OPT("command", STRING, LIST, 3),
    OPT("args", STRING, LIST, 4),
    OPT("workingDir", STRING, VAL, 5),
    OPT("ports", OBJECT, LIST, 6, .of = &type_core_container_port, .patch = PATCH_MERGE,
        .merge_key = "containerPort", .list = LIST_MAP, .list_keys = "containerPort,protocol"),
    OPT("envFrom", OBJECT, LIST, 19, .of = &type_core_env_from_source),
    OPT("env", OBJECT, LIST, 7, .of = &type_core_env_var, .patch = PATCH_MERGE,
        .merge_key = "name", .list = LIST_MAP, .list_keys = "name"),
    OPT("resources", OBJECT, VAL, 8, .of = &type_core_resource_requirements),
    OPT("resizePolicy", OBJECT, LIST, 23, .of = &type_core_container_resize_policy),
    OPT("restartPolicy", STRING, PTR, 24, .go = "v1.ContainerRestartPolicy"),
    OPT("restartPolicyRules", OBJECT, LIST, 25, .of = &type_core_container_restart_rule),
    OPT("volumeMounts", OBJECT, LIST, 9, .of = &type_core_volume_mount, .patch = PATCH_MERGE,
        .merge_key = "mountPath", .list = LIST_MAP, .list_keys = "mountPath"),
    OPT("volumeDevices", OBJECT, LIST, 21, .of = &type_core_volume_device, .patch = PATCH_MERGE,
        .merge_key = "devicePath", .list = LIST_MAP, .list_keys = "devicePath"),
    OPT("livenessProbe", OBJECT, PTR, 10, .of = &type_core_probe),
    OPT("readinessProbe", OBJECT, PTR, 11, .of = &type_core_probe),
    OPT("startupProbe", OBJECT, PTR, 22, .of = &type_core_probe),
    OPT("lifecycle", OBJECT, PTR, 12, .of = &type_core_lifecycle),
    OPT("terminationMessagePath", STRING, VAL, 13, .def = "\"/dev/termination-log\""),
    OPT("terminationMessagePolicy", STRING, VAL, 20, .go = "v1.TerminationMessagePolicy",
        .def = "\"File\""),
    OPT("imagePullPolicy", STRING, VAL, 14, .go = "v1.PullPolicy"),
    OPT("securityContext", OBJECT, PTR, 15, .of = &type_core_security_context),
    OPT("stdin", BOOL, VAL, 16),
    OPT("stdinOnce", BOOL, VAL, 17),
    OPT("tty", BOOL, VAL, 18),
};
LOCAL_TYPE(core_ephemeral_container_common, "core/v1.EphemeralContainerCommon");

static const struct field core_ephemeral_container_fields[] = {
    INLINE(1, type_core_ephemeral_container_common),
    OPT("targetContainerName", STRING, VAL, 2),
};
LOCAL_TYPE(core_ephemeral_container, "core/v1.EphemeralContainer",
    .fill = kind_pod_fill_container);

static const struct field core_sysctl_fields[] = {
    ALWAYS("name", STRING, VAL, 1),
    ALWAYS("value", STRING, VAL, 2),
};
LOCAL_TYPE(core_sysctl, "core/v1.Sysctl");

static const struct field core_pod_security_context_fields[] = {
    OPT("seLinuxOptions", OBJECT, PTR, 1, .of = &type_core_se_linux_options),
    OPT("windowsOptions", OBJECT, PTR, 8, .of = &type_core_windows_security_context_options),
    OPT("runAsUser", INT64, PTR, 2),
    OPT("runAsGroup", INT64, PTR, 6),
    OPT("runAsNonRoot", BOOL, PTR, 3),
    OPT("supplementalGroups", INT64, LIST, 4),
    OPT("supplementalGroupsPolicy", STRING, PTR, 12, .go = "v1.SupplementalGroupsPolicy"),
    OPT("fsGroup", INT64, PTR, 5),
    OPT("sysctls", OBJECT, LIST, 7, .of = &type_core_sysctl),
    OPT("fsGroupChangePolicy", STRING, PTR, 9, .go = "v1.PodFSGroupChangePolicy"),
    OPT("seccompProfile", OBJECT, PTR, 10, .of = &type_core_seccomp_profile),
    OPT("appArmorProfile", OBJECT, PTR, 11, .of = &type_core_app_armor_profile),
    OPT("seLinuxChangePolicy", STRING, PTR, 13, .go = "v1.PodSELinuxChangePolicy"),
};
LOCAL_TYPE(core_pod_security_context, "core/v1.PodSecurityContext");

static const struct field core_host_alias_fields[] = {
    ALWAYS("ip", STRING, VAL, 1),
    OPT("hostnames", STRING, LIST, 2),
};
LOCAL_TYPE(core_host_alias, "core/v1.HostAlias");

static const struct field core_pod_dns_config_option_fields[] = {
    OPT("name", STRING, VAL, 1),
    OPT("value", STRING, PTR, 2),
};
LOCAL_TYPE(core_pod_dns_config_option, "core/v1.PodDNSConfigOption");

static const struct field core_pod_dns_config_fields[] = {
    OPT("nameservers", STRING, LIST, 1),
    OPT("searches", STRING, LIST, 2),
    OPT("options", OBJECT, LIST, 3, .of = &type_core_pod_dns_config_option),
};
LOCAL_TYPE(core_pod_dns_config, "core/v1.PodDNSConfig");

static const struct field core_topology_spread_constraint_fields[] = {
    ALWAYS("maxSkew", INT32, VAL, 1),
    ALWAYS("topologyKey", STRING, VAL, 2),
    ALWAYS("whenUnsatisfiable", STRING, VAL, 3, .go = "v1.UnsatisfiableConstraintAction"),
    OPT("labelSelector", OBJECT, PTR, 4, .of = &type_meta_label_selector),
    OPT("minDomains", INT32, PTR, 5),
    OPT("nodeAffinityPolicy", STRING, PTR, 6, .go = "v1.NodeInclusionPolicy"),
    OPT("nodeTaintsPolicy", STRING, PTR, 7, .go = "v1.NodeInclusionPolicy"),
    OPT("matchLabelKeys", STRING, LIST, 8),
};
LOCAL_TYPE(core_topology_spread_constraint, "core/v1.TopologySpreadConstraint");

static const struct field core_pod_os_fields[] = {
    ALWAYS("name", STRING, VAL, 1, .go = "v1.OSName"),
};
LOCAL_TYPE(core_pod_os, "core/v1.PodOS");

static const struct field core_pod_scheduling_gate_fields[] = {
    ALWAYS("name", STRING, VAL, 1),
};
LOCAL_TYPE(core_pod_scheduling_gate, "core/v1.PodSchedulingGate");

static const struct field core_pod_resource_claim_fields[] = {
    ALWAYS("name", STRING, VAL, 1),
    OPT("resourceClaimName", STRING, PTR, 3),
    OPT("resourceClaimTemplateName", STRING, PTR, 4),
};
LOCAL_TYPE(core_pod_resource_claim, "core/v1.PodResourceClaim");

static const struct field core_workload_reference_fields[] = {
    ALWAYS("name", STRING, VAL, 1),
    ALWAYS("podGroup", STRING, VAL, 2),
    OPT("podGroupReplicaKey", STRING, VAL, 3),
};
LOCAL_TYPE(core_workload_reference, "core/v1.WorkloadReference");

static const struct field core_pod_spec_fields[] = {
    OPT("volumes", OBJECT, LIST, 1, .of = &type_core_volume, .patch = PATCH_MERGE_RETAIN_KEYS,
        .merge_key = "name", .list = LIST_MAP, .list_keys = "name"),
    OPT("initContainers", OBJECT, LIST, 20, .of = &type_core_container, .patch = PATCH_MERGE,
        .merge_key = "name", .list = LIST_MAP, .list_keys = "name"),
    ALWAYS("containers", OBJECT, LIST, 2, .of = &type_core_container, .patch = PATCH_MERGE,
        .merge_key = "name", .list = LIST_MAP, .list_keys = "name"),
    OPT("ephemeralContainers", OBJECT, LIST, 34, .of = &type_core_ephemeral_container,
        .patch = PATCH_MERGE, .merge_key = "name", .list = LIST_MAP, .list_keys = "name"),
    OPT("restartPolicy", STRING, VAL, 3, .go = "v1.RestartPolicy", .def = "\"Always\""),
    OPT("terminationGracePeriodSeconds", INT64, PTR, 4, .def = "30"),
    OPT("activeDeadlineSeconds", INT64, PTR, 5),
    OPT("dnsPolicy", STRING, VAL, 6, .go = "v1.DNSPolicy", .def = "\"ClusterFirst\""),
    FIELD("nodeSelector", STRING, MAP, 7, FIELD_OMITEMPTY | FIELD_ATOMIC),
    OPT("serviceAccountName", STRING, VAL, 8),
    OPT("serviceAccount", STRING, VAL, 9),
    OPT("automountServiceAccountToken", BOOL, PTR, 21),
    OPT("nodeName", STRING, VAL, 10),
    OPT("hostNetwork", BOOL, VAL, 11),
    OPT("hostPID", BOOL, VAL, 12),
    OPT("hostIPC", BOOL, VAL, 13),
    OPT("shareProcessNamespace", BOOL, PTR, 27),
    OPT("securityContext", OBJECT, PTR, 14, .of = &type_core_pod_security_context, .def = "{}"),
    OPT("imagePullSecrets", OBJECT, LIST, 15, .of = &type_core_local_object_reference,
        .patch = PATCH_MERGE, .merge_key = "name", .list = LIST_MAP, .list_keys = "name"),
    OPT("hostname", STRING, VAL, 16),
    OPT("subdomain", STRING, VAL, 17),
    OPT("affinity", OBJECT, PTR, 18, .of = &type_core_affinity),
    OPT("schedulerName", STRING, VAL, 19, .def = "\"default-scheduler\""),
    OPT("tolerations", OBJECT, LIST, 22, .of = &type_core_toleration),
    OPT("hostAliases", OBJECT, LIST, 23, .of = &type_core_host_alias, .patch = PATCH_MERGE,
        .merge_key = "ip", .list = LIST_MAP, .list_keys = "ip"),
    OPT("priorityClassName", STRING, VAL, 24),
    OPT("priority", INT32, PTR, 25),
    OPT("dnsConfig", OBJECT, PTR, 26, .of = &type_core_pod_dns_config),
    OPT("readinessGates", OBJECT, LIST, 28, .of = &type_core_pod_readiness_gate),
    OPT("runtimeClassName", STRING, PTR, 29),
    OPT("enableServiceLinks", BOOL, PTR, 30),
    OPT("preemptionPolicy", STRING, PTR, 31, .go = "v1.PreemptionPolicy"),
    FIELD("overhead", QUANTITY, MAP, 32, FIELD_OMITEMPTY | FIELD_MILLI, .go = "v1.ResourceList"),
    OPT("topologySpreadConstraints", OBJECT, LIST, 33,
        .of = &type_core_topology_spread_constraint, .patch = PATCH_MERGE,
        .merge_key = "topologyKey",
        .list = LIST_MAP, .list_keys = "topologyKey,whenUnsatisfiable"),
    OPT("setHostnameAsFQDN", BOOL, PTR, 35),
    OPT("os", OBJECT, PTR, 36, .of = &type_core_pod_os),
    OPT("hostUsers", BOOL, PTR, 37),
    OPT("schedulingGates", OBJECT, LIST, 38, .of = &type_core_pod_scheduling_gate,
        .patch = PATCH_MERGE, .merge_key = "name", .list = LIST_MAP, .list_keys = "name"),
    OPT("resourceClaims", OBJECT, LIST, 39, .of = &type_core_pod_resource_claim,
        .patch = PATCH_MERGE_RETAIN_KEYS, .merge_key = "name",
        .list = LIST_MAP, .list_keys = "name"),
    OPT("resources", OBJECT, PTR, 40, .of = &type_core_resource_requirements),
    OPT("hostnameOverride", STRING, PTR, 41),
    FIELD("workloadRef", OBJECT, PTR, 42, FIELD_OMITEMPTY | FIELD_OFF, .of = &type_core_workload_reference),
};
TYPE(core_pod_spec, "core/v1.PodSpec", .fill = kind_pod_fill_pod_spec);

static const struct field core_pod_resource_claim_status_fields[] = {
    ALWAYS("name", STRING, VAL, 1),
    OPT("resourceClaimName", STRING, PTR, 2),
};
LOCAL_TYPE(core_pod_resource_claim_status, "core/v1.PodResourceClaimStatus");

static const struct field core_container_extended_resource_request_fields[] = {
    ALWAYS("containerName", STRING, VAL, 1),
    ALWAYS("resourceName", STRING, VAL, 2),
    ALWAYS("requestName", STRING, VAL, 3),
};
LOCAL_TYPE(core_container_extended_resource_request, "core/v1.ContainerExtendedResourceRequest");

static const struct field core_pod_extended_resource_claim_status_fields[] = {
    ALWAYS("requestMappings", OBJECT, LIST, 1,
        .of = &type_core_container_extended_resource_request),
    ALWAYS("resourceClaimName", STRING, VAL, 2),
};
LOCAL_TYPE(core_pod_extended_resource_claim_status, "core/v1.PodExtendedResourceClaimStatus");

static const struct field core_pod_ip_fields[] = {
    ALWAYS("ip", STRING, VAL, 1),
};
LOCAL_TYPE(core_pod_ip, "core/v1.PodIP");

static const struct field core_host_ip_fields[] = {
    ALWAYS("ip", STRING, VAL, 1),
};
LOCAL_TYPE(core_host_ip, "core/v1.HostIP");

static const struct field core_pod_status_fields[] = {
    OPT("observedGeneration", INT64, VAL, 17),
    OPT("phase", STRING, VAL, 1, .go = "v1.PodPhase"),
    OPT("conditions", OBJECT, LIST, 2, .of = &type_core_pod_condition, .patch = PATCH_MERGE,
        .merge_key = "type", .list = LIST_MAP, .list_keys = "type"),
    OPT("message", STRING, VAL, 3),
    OPT("reason", STRING, VAL, 4),
    OPT("nominatedNodeName", STRING, VAL, 11),
    OPT("hostIP", STRING, VAL, 5),
    OPT("hostIPs", OBJECT, LIST, 16, .of = &type_core_host_ip, .patch = PATCH_MERGE,
        .merge_key = "ip"),
    OPT("podIP", STRING, VAL, 6),
    OPT("podIPs", OBJECT, LIST, 12, .of = &type_core_pod_ip, .patch = PATCH_MERGE,
        .merge_key = "ip", .list = LIST_MAP, .list_keys = "ip"),
    OPT("startTime", TIME, PTR, 7),
    OPT("initContainerStatuses", OBJECT, LIST, 10, .of = &type_core_container_status),
    OPT("containerStatuses", OBJECT, LIST, 8, .of = &type_core_container_status),
    OPT("qosClass", STRING, VAL, 9, .go = "v1.PodQOSClass"),
    OPT("ephemeralContainerStatuses", OBJECT, LIST, 13, .of = &type_core_container_status),
    OPT("resize", STRING, VAL, 14, .go = "v1.PodResizeStatus"),
    OPT("resourceClaimStatuses", OBJECT, LIST, 15, .of = &type_core_pod_resource_claim_status,
        .patch = PATCH_MERGE_RETAIN_KEYS, .merge_key = "name",
        .list = LIST_MAP, .list_keys = "name"),
    FIELD("extendedResourceClaimStatus", OBJECT, PTR, 18, FIELD_OMITEMPTY | FIELD_OFF,
        .of = &type_core_pod_extended_resource_claim_status),
    FIELD("allocatedResources", QUANTITY, MAP, 19, FIELD_OMITEMPTY | FIELD_OFF | FIELD_MILLI, .go = "v1.ResourceList"),
    FIELD("resources", OBJECT, PTR, 20, FIELD_OMITEMPTY | FIELD_OFF, .of = &type_core_resource_requirements),
};
LOCAL_TYPE(core_pod_status, "core/v1.PodStatus", .fill = kind_pod_fill_status);

static const struct field core_pod_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("spec", OBJECT, VAL, 2, .of = &type_core_pod_spec),
    OPT("status", OBJECT, VAL, 3, .of = &type_core_pod_status),
};
TYPE(core_pod, "core/v1.Pod");

static const struct field core_pod_template_spec_fields[] = {
    OPT("metadata", OBJECT, VAL, 1, .of = &type_meta_object_meta),
    OPT("spec", OBJECT, VAL, 2, .of = &type_core_pod_spec),
};
TYPE(core_pod_template_spec, "core/v1.PodTemplateSpec");

/* ---- resources ---- */

static const char *const pods_short[] = { "po", NULL };
static const struct subresource pods_subs[] = {
    { .name = "attach", .kind = "PodAttachOptions", .verbs = SUB_STREAM },
    { .name = "binding", .kind = "Binding", .verbs = VERB_CREATE },
    { .name = "ephemeralcontainers", .verbs = SUB_RW },
    { .name = "eviction", .kind = "Eviction", .group = "policy", .version = "v1",
      .verbs = VERB_CREATE },
    { .name = "exec", .kind = "PodExecOptions", .verbs = SUB_STREAM },
    { .name = "log", .verbs = VERB_GET },
    { .name = "portforward", .kind = "PodPortForwardOptions", .verbs = SUB_STREAM },
    { .name = "proxy", .kind = "PodProxyOptions", .verbs = SUB_PROXY },
    { .name = "resize", .verbs = SUB_RW },
    { .name = "status", .verbs = SUB_RW },
};
static const struct selectable pods_fields[] = {
    { .label = "spec.nodeName", .path = "spec.nodeName", .index = 1 },
    { .label = "status.phase", .path = "status.phase", .index = 2 },
    { .label = "spec.restartPolicy", .path = "spec.restartPolicy" },
    { .label = "spec.schedulerName", .path = "spec.schedulerName" },
    { .label = "spec.serviceAccountName", .path = "spec.serviceAccountName" },
    { .label = "spec.hostNetwork", .value = kind_field_host_network },
    { .label = "status.podIP", .path = "status.podIP" },
    { .label = "status.podIPs", .path = "status.podIP" },
    { .label = "status.nominatedNodeName", .path = "status.nominatedNodeName" },
    { .label = "spec.host", .path = "spec.nodeName", .index = 1 },
};
const struct resource resource_pods = {
    .group = "",
    .version = "v1",
    .kind = "Pod",
    .list_kind = "PodList",
    .plural = "pods",
    .singular = "pod",
    .short_names = pods_short,
    .categories = kinds_category_all,
    .verbs = VERB_ALL,
    .flags = RES_NAMESPACED | RES_UNCONDITIONAL_UPDATE | RES_GENERATION | RES_GRACEFUL |
             RES_META_AGAIN | RES_RETURN_DELETED,
    .type = &type_core_pod,
    .check_create = kind_pod_check,
    .check_update = kind_pod_check_update,
    .warn = kind_pod_warn,
    .selectables = pods_fields,
    .selectable_len = ARRAY_LEN(pods_fields),
    .prepare_create = kind_pod_create,
    .prepare_update = kind_pod_update,
    .subresources = pods_subs,
    .subresource_len = ARRAY_LEN(pods_subs),
    .reset_main = "status",
    .reset_status = "spec,metadata.deletionTimestamp,metadata.ownerReferences",
    .grace_s = kind_pod_grace_s,
    COLUMNS_OF(pods),
};

/* clang-format on */
