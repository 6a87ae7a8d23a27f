/* The members of a pod's spec that name other objects, as one table.
 *
 * Called by the node authoriser, admission and the agent. After pkg/api/v1/pod/util.go
 * (VisitPodSecretNames, VisitPodConfigmapNames), release 1.35. Pure, any thread. */
#include "config.h"

#include "api/pod_names.h"

#include "base/mem.h"

/* Members that name an object of a kind, below volumes, their sources, containers' env and envFrom. */
static const struct reference {
    enum pod_named kind;
    const char *path; /* of the name, below the list item */
} volume_references[] = {
    { POD_NAMED_SECRET, "secret.secretName" },
    { POD_NAMED_CONFIG_MAP, "configMap.name" },
    { POD_NAMED_CLAIM, "persistentVolumeClaim.claimName" },
    { POD_NAMED_SECRET, "csi.nodePublishSecretRef.name" },
    { POD_NAMED_SECRET, "azureFile.secretName" },
    { POD_NAMED_SECRET, "cephfs.secretRef.name" },
    { POD_NAMED_SECRET, "cinder.secretRef.name" },
    { POD_NAMED_SECRET, "flexVolume.secretRef.name" },
    { POD_NAMED_SECRET, "iscsi.secretRef.name" },
    { POD_NAMED_SECRET, "rbd.secretRef.name" },
    { POD_NAMED_SECRET, "scaleIO.secretRef.name" },
    { POD_NAMED_SECRET, "storageos.secretRef.name" },
}, source_references[] = {
    { POD_NAMED_SECRET, "secret.name" },
    { POD_NAMED_CONFIG_MAP, "configMap.name" },
}, env_references[] = {
    { POD_NAMED_SECRET, "valueFrom.secretKeyRef.name" },
    { POD_NAMED_CONFIG_MAP, "valueFrom.configMapKeyRef.name" },
}, env_from_references[] = {
    { POD_NAMED_SECRET, "secretRef.name" },
    { POD_NAMED_CONFIG_MAP, "configMapRef.name" },
}, pull_references[] = {
    { POD_NAMED_SECRET, "name" },
};

static bool
is_named(struct str is, struct str name)
{
    return name.at == NULL ? is.size > 0 : str_eq(is, name);
}

static bool
list_names(struct val list, const struct reference *references, size_t len, enum pod_named kind,
           struct str name)
{
    VAL_EACH (it, list) {
        for (size_t i = 0; i < len; i++) {
            if (references[i].kind == kind &&
                is_named(val_str(val_at(it.value, references[i].path)), name)) {
                return true;
            }
        }
    }
    return false;
}

static bool
volumes_name(struct val spec, enum pod_named kind, struct str name)
{
    struct val volumes = val_get(spec, "volumes");
    if (list_names(volumes, volume_references, ARRAY_LEN(volume_references), kind, name)) {
        return true;
    }
    VAL_EACH (it, volumes) {
        struct val sources = val_at(it.value, "projected.sources");
        if (list_names(sources, source_references, ARRAY_LEN(source_references), kind, name)) {
            return true;
        }
    }
    return false;
}

static bool
containers_name(struct val spec, enum pod_named kind, struct str name)
{
    static const char *const lists[] = { "containers", "initContainers", "ephemeralContainers" };
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        VAL_EACH (it, val_get(spec, lists[i])) {
            struct val env = val_get(it.value, "env"), from = val_get(it.value, "envFrom");
            if (list_names(env, env_references, ARRAY_LEN(env_references), kind, name) ||
                list_names(from, env_from_references, ARRAY_LEN(env_from_references), kind, name)) {
                return true;
            }
        }
    }
    return false;
}

bool
pod_names(struct val spec, enum pod_named kind, struct str name)
{
    if (kind == POD_NAMED_ACCOUNT) {
        return is_named(val_str(val_get(spec, "serviceAccountName")), name);
    }
    return volumes_name(spec, kind, name) || containers_name(spec, kind, name) ||
           list_names(val_get(spec, "imagePullSecrets"), pull_references,
                      ARRAY_LEN(pull_references), kind, name);
}
