/* A container as the runtime wants it: command, environment, mounts, limits, rights. Called by the
 * pod's worker; pure. Facts: kuberuntime_container.go, security_context.go. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/pod_config_priv.h"
#include "agent/pod_env.h"
#include "agent/pod_limits.h"
#include "agent/runtime.h"
#include "base/arena.h"
#include "base/err.h"

static const char *const masked_paths[] = {
    "/proc/asound",      "/proc/acpi",          "/proc/interrupts", "/proc/kcore",
    "/proc/keys",        "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
    "/proc/sched_debug", "/proc/scsi",          "/sys/firmware",    "/sys/devices/virtual/powercap",
};
static const char *const read_only_paths[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                                               "/proc/sysrq-trigger" };

/* A member of the container's security context, else of the pod's. */
static struct val
context(const struct pod_config_in *in, const struct pod_config_container *c, const char *member)
{
    struct val own = val_get(val_get(c->container, "securityContext"), member);

    return val_is(own) ? own : val_get(val_at(in->pod, "spec.securityContext"), member);
}

/* runAsNonRoot, as verifyRunAsNonRoot says no. */
static int
check_user(const struct pod_config_in *in, const struct pod_config_container *c, struct err **err)
{
    struct val user = context(in, c, "runAsUser");
    struct val meta = val_get(in->pod, "metadata");
    struct str pod = arena_printf(
        in->arena,
        "(pod: \"" STR_FMT "_" STR_FMT "(" STR_FMT ")\", "
        "container: " STR_FMT ")",
        STR_ARG(val_str(val_get(meta, "name"))), STR_ARG(val_str(val_get(meta, "namespace"))),
        STR_ARG(val_str(val_get(meta, "uid"))), STR_ARG(val_str(val_get(c->container, "name"))));

    if (!val_bool(context(in, c, "runAsNonRoot"), false)) {
        return 0;
    }
    if (val_is(user)) {
        return val_int(user, 0) != 0
                   ? 0
                   : err_set(err, ERR_INVALID,
                             "container's runAsUser breaks non-root policy " STR_FMT, STR_ARG(pod));
    }
    if (c->image_uid == 0 || (c->image_uid < 0 && c->image_user.size == 0)) {
        return err_set(err, ERR_INVALID,
                       "container has runAsNonRoot and image will run as root " STR_FMT,
                       STR_ARG(pod));
    }
    if (c->image_uid < 0) {
        return err_set(err, ERR_INVALID,
                       "container has runAsNonRoot and image has non-numeric user (" STR_FMT
                       "), cannot verify user is non-root " STR_FMT,
                       STR_ARG(c->image_user), STR_ARG(pod));
    }
    return 0;
}

/* ---- rights ---- */

static Cri__SecurityProfile *
seccomp(const struct pod_config_in *in, const struct pod_config_container *c)
{
    Cri__SecurityProfile *out = pod_config_new(in->arena, &cri__security_profile__descriptor);
    struct val profile = context(in, c, "seccompProfile");
    struct str type = val_str(val_get(profile, "type"));

    out->profile_type = CRI__PROFILE_TYPE__Unconfined;
    if (str_is(type, "RuntimeDefault")) {
        out->profile_type = CRI__PROFILE_TYPE__RuntimeDefault;
    } else if (str_is(type, "Localhost")) {
        out->profile_type = CRI__PROFILE_TYPE__Localhost;
        out->localhost_ref = pod_config_text(
            in->arena, arena_printf(in->arena, "%s/" STR_FMT, in->node->seccomp_root,
                                    STR_ARG(val_str(val_get(profile, "localhostProfile")))));
    }
    return out;
}

static Cri__SecurityProfile *
apparmor(const struct pod_config_in *in, const struct pod_config_container *c)
{
    struct val profile = context(in, c, "appArmorProfile");
    struct str type = val_str(val_get(profile, "type"));
    Cri__SecurityProfile *out;

    if (!val_is(profile)) {
        return NULL;
    }
    out = pod_config_new(in->arena, &cri__security_profile__descriptor);
    out->profile_type = str_is(type, "Localhost")    ? CRI__PROFILE_TYPE__Localhost
                        : str_is(type, "Unconfined") ? CRI__PROFILE_TYPE__Unconfined
                                                     : CRI__PROFILE_TYPE__RuntimeDefault;
    out->localhost_ref = pod_config_text(in->arena, val_str(val_get(profile, "localhostProfile")));
    return out;
}

static Cri__Capability *
capabilities(const struct pod_config_in *in, struct val wanted)
{
    Cri__Capability *out;

    if (!val_is(wanted)) {
        return NULL;
    }
    out = pod_config_new(in->arena, &cri__capability__descriptor);
    out->n_add_capabilities =
        pod_config_texts(in->arena, val_get(wanted, "add"), &out->add_capabilities);
    out->n_drop_capabilities =
        pod_config_texts(in->arena, val_get(wanted, "drop"), &out->drop_capabilities);
    return out;
}

static size_t
copy_paths(struct arena *arena, const char *const *paths, size_t len, char ***ret)
{
    *ret = arena_array(arena, len, sizeof(char *));
    for (size_t i = 0; i < len; i++) {
        (*ret)[i] = pod_config_text(arena, str_of(paths[i]));
    }
    return len;
}

static void
set_user(const struct pod_config_in *in, const struct pod_config_container *c,
         Cri__LinuxContainerSecurityContext *out)
{
    struct val user = context(in, c, "runAsUser"), group = context(in, c, "runAsGroup");

    if (val_is(user)) {
        out->run_as_user = pod_config_int(in->arena, val_int(user, 0));
    } else if (c->image_uid >= 0) {
        out->run_as_user = pod_config_int(in->arena, c->image_uid);
    } else {
        out->run_as_username = pod_config_text(in->arena, c->image_user);
    }
    if (val_is(group)) {
        out->run_as_group = pod_config_int(in->arena, val_int(group, 0));
    }
}

static Cri__LinuxContainerSecurityContext *
security(const struct pod_config_in *in, const struct pod_config_container *c)
{
    Cri__LinuxContainerSecurityContext *out =
        pod_config_new(in->arena, &cri__linux_container_security_context__descriptor);
    struct val own = val_get(c->container, "securityContext");

    out->capabilities = capabilities(in, val_get(own, "capabilities"));
    out->privileged = val_bool(val_get(own, "privileged"), false);
    out->readonly_rootfs = val_bool(val_get(own, "readOnlyRootFilesystem"), false);
    out->no_new_privs = !val_bool(val_get(own, "allowPrivilegeEscalation"), true);
    set_user(in, c, out);
    out->namespace_options = pod_config_namespaces(in);
    if (c->target_id.size > 0 && out->namespace_options->pid == CRI__NAMESPACE_MODE__CONTAINER) {
        out->namespace_options->pid = CRI__NAMESPACE_MODE__TARGET;
        out->namespace_options->target_id = pod_config_text(in->arena, c->target_id);
    }
    out->n_supplemental_groups = pod_config_groups(in, &out->supplemental_groups);
    out->supplemental_groups_policy = pod_config_groups_policy(in);
    out->seccomp = seccomp(in, c);
    out->apparmor = apparmor(in, c);
    if (!val_is_str(val_get(own, "procMount"), "Unmasked")) {
        out->n_masked_paths =
            copy_paths(in->arena, masked_paths, ARRAY_LEN(masked_paths), &out->masked_paths);
        out->n_readonly_paths = copy_paths(in->arena, read_only_paths, ARRAY_LEN(read_only_paths),
                                           &out->readonly_paths);
    }
    return out;
}

static Cri__LinuxContainerResources *
resources(const struct pod_config_in *in, const struct pod_config_container *c)
{
    Cri__LinuxContainerResources *out =
        pod_config_new(in->arena, &cri__linux_container_resources__descriptor);
    struct pod_limits limits;

    pod_limits_of(in->pod, c->container, in->node->memory_bytes, &limits);
    out->cpu_period = POD_LIMITS_PERIOD_US;
    out->cpu_quota = limits.cpu_quota_us;
    out->cpu_shares = limits.cpu_shares;
    out->memory_limit_in_bytes = limits.memory_bytes;
    out->oom_score_adj = limits.oom_score_adj;
    if (in->node->has_cgroup_v2) {
        struct pod_config_pairs unified = {
            .arena = in->arena, .type = &cri__linux_container_resources__unified_entry__descriptor
        };

        pod_config_pair(&unified, STR("memory.oom.group"), STR("1"));
        out->unified = (Cri__LinuxContainerResources__UnifiedEntry **)unified.at;
        out->n_unified = unified.len;
    }
    return out;
}

/* ---- parts of the container ---- */

static size_t
expand_all(const struct pod_config_in *in, const struct pod_env *env, struct val list, char ***ret)
{
    char **texts = arena_array(in->arena, val_len(list), sizeof(*texts));
    size_t len = 0;

    VAL_EACH (it, list) {
        texts[len++] = pod_config_text(in->arena, pod_env_expand(env, val_str(it.value)));
    }
    *ret = texts;
    return len;
}

static void
environment(const struct pod_config_in *in, const struct pod_env *env, Cri__ContainerConfig *out)
{
    out->envs = arena_array(in->arena, env->len, sizeof(*out->envs));
    for (size_t i = 0; i < env->len; i++) {
        Cri__KeyValue *pair = pod_config_new(in->arena, &cri__key_value__descriptor);

        pair->key = pod_config_text(in->arena, env->at[i].name);
        pair->value.data = (uint8_t *)pod_config_text(in->arena, env->at[i].value);
        pair->value.len = env->at[i].value.size;
        out->envs[out->n_envs++] = pair;
    }
}

static void
mounts(const struct pod_config_in *in, const struct pod_config_container *c,
       Cri__ContainerConfig *out)
{
    out->mounts = arena_array(in->arena, c->mount_len, sizeof(*out->mounts));
    for (size_t i = 0; i < c->mount_len; i++) {
        Cri__Mount *mount = pod_config_new(in->arena, &cri__mount__descriptor);

        mount->container_path = pod_config_text(in->arena, c->mounts[i].container_path);
        mount->host_path = pod_config_text(in->arena, c->mounts[i].host_path);
        mount->readonly = c->mounts[i].is_read_only;
        mount->propagation = (Cri__MountPropagation)c->mounts[i].propagation;
        out->mounts[out->n_mounts++] = mount;
    }
}

/* What a restarted agent reads back: pleg.c. */
static void
annotations(const struct pod_config_in *in, const struct pod_config_container *c,
            Cri__ContainerConfig *out)
{
    struct pod_config_pairs pairs = { .arena = in->arena,
                                      .type =
                                          &cri__container_config__annotations_entry__descriptor };
    struct val grace = val_at(in->pod, "spec.terminationGracePeriodSeconds");
    struct val wanted = val_get(c->container, "resources");
    char text[RUNTIME_HASH_SIZE];

    pod_config_pair(&pairs, STR(RUNTIME_HASH), runtime_hash(c->container, text));
    pod_config_pair(&pairs, STR(RUNTIME_RESTARTS), arena_printf(in->arena, "%u", c->attempt));
    pod_config_pair(&pairs, STR(RUNTIME_MESSAGE_PATH),
                    val_str(val_get(c->container, "terminationMessagePath")));
    pod_config_pair(&pairs, STR(RUNTIME_MESSAGE_POLICY),
                    val_str(val_get(c->container, "terminationMessagePolicy")));
    pod_config_pair(&pairs, STR(RUNTIME_BACKOFF),
                    arena_printf(in->arena, "%lld", (long long)c->backoff_ms));
    pod_config_pair(&pairs, STR(RUNTIME_RESOURCES),
                    arena_printf(in->arena, "{\"resources\":" STR_FMT "}",
                                 STR_ARG(val_len(wanted) > 0 ? val_raw(wanted) : STR("{}"))));
    if (val_is(grace)) {
        pod_config_pair(&pairs, STR(RUNTIME_POD_GRACE), val_raw(grace));
    }
    out->annotations = (Cri__ContainerConfig__AnnotationsEntry **)pairs.at;
    out->n_annotations = pairs.len;
}

static void
identity(const struct pod_config_in *in, const struct pod_config_container *c,
         Cri__ContainerConfig *out)
{
    struct pod_config_pairs labels = { .arena = in->arena,
                                       .type = &cri__container_config__labels_entry__descriptor };
    struct str name = val_str(val_get(c->container, "name"));

    pod_config_owner(&labels, in->pod);
    pod_config_pair(&labels, STR(RUNTIME_CONTAINER_NAME), name);
    out->labels = (Cri__ContainerConfig__LabelsEntry **)labels.at;
    out->n_labels = labels.len;
    out->metadata = pod_config_new(in->arena, &cri__container_metadata__descriptor);
    out->metadata->name = pod_config_text(in->arena, name);
    out->metadata->attempt = c->attempt;
    out->image = pod_config_new(in->arena, &cri__image_spec__descriptor);
    out->image->image = pod_config_text(in->arena, c->image_ref);
    out->image->user_specified_image =
        pod_config_text(in->arena, val_str(val_get(c->container, "image")));
    out->log_path = pod_config_text(
        in->arena, arena_printf(in->arena, STR_FMT "/%u.log", STR_ARG(name), c->attempt));
    annotations(in, c, out);
}

int
pod_config_container(const struct pod_config_in *in, const struct pod_config_container *c,
                     Cri__ContainerConfig **ret, struct err **err)
{
    Cri__ContainerConfig *out;

    if (check_user(in, c, err) < 0) {
        return -1;
    }
    out = pod_config_new(in->arena, &cri__container_config__descriptor);
    identity(in, c, out);
    out->n_command = expand_all(in, c->env, val_get(c->container, "command"), &out->command);
    out->n_args = expand_all(in, c->env, val_get(c->container, "args"), &out->args);
    out->working_dir = pod_config_text(in->arena, val_str(val_get(c->container, "workingDir")));
    environment(in, c->env, out);
    mounts(in, c, out);
    out->stdin = val_bool(val_get(c->container, "stdin"), false);
    out->stdin_once = val_bool(val_get(c->container, "stdinOnce"), false);
    out->tty = val_bool(val_get(c->container, "tty"), false);
    out->on_linux = pod_config_new(in->arena, &cri__linux_container_config__descriptor);
    out->on_linux->resources = resources(in, c);
    out->on_linux->security_context = security(in, c);
    *ret = out;
    return 0;
}
