/* Rows of binnacle.io/v1: Machine, a computer that is or becomes a node.
 *
 * Ours: no upstream has it. Tables in the order of what is written; constant, any thread. */
#include "config.h"

#include "api/cell.h"
#include "api/columns_kinds.h"
#include "api/kinds_priv.h"
#include "api/kinds_types.h"
#include "api/validate.h"

/* clang-format off: one row a line */

static const char *const transports[] = { "ssh", "openssh", "local", NULL };
static const struct check transport_check = { .enums = transports };
static const struct check port_check = { .min = 1, .max = 65535 };

static const struct field binnacle_machine_spec_fields[] = {
    OPT("transport", STRING, VAL, 0, .def = "\"ssh\"", .check = &transport_check,
        .doc = "How the machine is reached: ssh (libssh2), openssh (the system's ssh) or local."),
    OPT("address", STRING, VAL, 0, .doc = "Name or address to connect to."),
    OPT("port", INT32, PTR, 0, .check = &port_check, .doc = "SSH port."),
    OPT("user", STRING, VAL, 0, .doc = "User to log in as."),
    OPT("hostKey", STRING, VAL, 0,
        .doc = "Host key that is expected: as in known_hosts (type, base64) or its fingerprint."),
    OPT("keyRef", STRING, VAL, 0, .doc = "Path of the private key on the control plane."),
    OPT("jump", STRING, LIST, 0, .doc = "Hosts to go through, first hop first."),
    OPT("nodeName", STRING, VAL, 0, .doc = "Name of the Node; the machine's host name if empty."),
    OPT("labels", STRING, MAP, 0, .doc = "Labels of the Node."),
    OPT("taints", OBJECT, LIST, 0, .of = &type_core_taint, .doc = "Taints of the Node."),
    OPT("pool", STRING, VAL, 0, .doc = "MachinePool that it belongs to."),
    OPT("keep", BOOL, VAL, 0,
        .doc = "What a failed step has put on the machine stays there, to be looked at."),
    OPT("forget", BOOL, VAL, 0,
        .doc = "When it is deleted nothing is taken off the machine: it may be gone."),
    OPT("tries", INT64, VAL, 0, .doc = "Raise it to have the steps run once more."),
};
LOCAL_TYPE(binnacle_machine_spec, "binnacle/v1.MachineSpec");

static const struct field binnacle_machine_prompt_fields[] = {
    ALWAYS("id", STRING, VAL, 0, .doc = "Names this one question in its answer."),
    ALWAYS("step", STRING, VAL, 0, .doc = "Step that waits."),
    ALWAYS("kind", STRING, VAL, 0,
           .doc =
               "What is asked for: hostKey, hostKeyChanged, password, passphrase, sudo or code."),
    OPT("message", STRING, VAL, 0, .doc = "What a person is to be shown."),
};
LOCAL_TYPE(binnacle_machine_prompt, "binnacle/v1.MachinePrompt");

static const struct field binnacle_machine_status_fields[] = {
    OPT("phase", STRING, VAL, 0, .doc = "Pending, Installing, Waiting, Ready or Failed."),
    OPT("step", STRING, VAL, 0, .doc = "Step that runs or failed."),
    OPT("nodeName", STRING, VAL, 0, .doc = "Node that the machine became."),
    OPT("installed", BOOL, VAL, 0, .doc = "Something was put on the machine."),
    OPT("message", STRING, VAL, 0,
        .doc = "What is going on, or what went wrong and what to do about it."),
    OPT("observedGeneration", INT64, VAL, 0, .doc = "Generation that the steps ran for."),
    OPT("conditions", OBJECT, LIST, 0, .of = &type_meta_condition, .list = LIST_MAP,
        .list_keys = "type", .doc = "One per step."),
    OPT("hostKey", STRING, VAL, 0, .doc = "Pinned SSH host key."),
    OPT("facts", STRING, MAP, 0, .doc = "What the machine said of itself."),
    OPT("prompt", OBJECT, PTR, 0, .of = &type_binnacle_machine_prompt,
        .doc = "A question for a person."),
    OPT("log", STRING, LIST, 0, .doc = "Last lines of the steps."),
};
LOCAL_TYPE(binnacle_machine_status, "binnacle/v1.MachineStatus");

static const struct field binnacle_machine_fields[] = {
    INLINE(0, type_meta_type_meta),
    OPT("metadata", OBJECT, VAL, 0, .of = &type_meta_object_meta),
    OPT("spec", OBJECT, VAL, 0, .of = &type_binnacle_machine_spec),
    OPT("status", OBJECT, VAL, 0, .of = &type_binnacle_machine_status),
};
TYPE(binnacle_machine, "binnacle/v1.Machine");

/* ---- resources ---- */

/* clang-format on */

static void
create_machine(struct prepare *p)
{
    struct str own = STR("\"" FINALIZER_MACHINE "\"");
    struct val finalizers = val_at(p->now, "metadata.finalizers");
    kinds_prepare_create(p);
    VAL_EACH (it, finalizers) {
        if (val_is_str(it.value, FINALIZER_MACHINE)) {
            return;
        }
    }
    if (val_is(finalizers)) {
        edit_set(p->edit, "/metadata/finalizers/-", own);
    } else {
        edit_set(p->edit, "/metadata/finalizers", STR("[\"" FINALIZER_MACHINE "\"]"));
    }
}

/* clang-format off */

const struct column columns_machines[] = {
    COLUMN_NAME,
    { .name = "Phase", .type = "string", .path = "status.phase" },
    { .name = "Step", .type = "string", .path = "status.step" },
    { .name = "Node", .type = "string", .path = "status.nodeName" },
    { .name = "Transport", .type = "string", .path = "spec.transport" },
    { .name = "Address", .type = "string", .priority = 1, .path = "spec.address" },
    { .name = "Message", .type = "string", .priority = 1, .path = "status.message" },
    COLUMN_AGE,
};

static const struct subresource machines_subs[] = {
    { .name = "status", .verbs = SUB_RW },
};
const struct resource resource_machines = {
    .group = "binnacle.io",
    .version = "v1",
    .kind = "Machine",
    .list_kind = "MachineList",
    .plural = "machines",
    .singular = "machine",
    .verbs = VERB_ALL,
    .flags = RES_GENERATION | RES_UNCONDITIONAL_UPDATE,
    .type = &type_binnacle_machine,
    .prepare_create = create_machine,
    .prepare_update = kinds_prepare_update,
    .subresources = machines_subs,
    .subresource_len = ARRAY_LEN(machines_subs),
    .reset_main = "status",
    .reset_status = "spec",
    COLUMNS_OF(machines),
};

/* clang-format on */
