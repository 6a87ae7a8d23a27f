/* Names of a pod (kubelet's network/dns and hosts file). Called when its sandbox and containers are
 * configured; pure. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/pod_dns.h"

#include "base/arena.h"

/* ---- lists ---- */

static void
add(struct str *list, size_t *len, struct str item, struct pod_dns *out)
{
    for (size_t i = 0; i < *len; i++) {
        if (str_eq(list[i], item)) {
            return;
        }
    }
    if (*len == POD_DNS_LIST_MAX) {
        out->is_cut = true;
        return;
    }
    list[(*len)++] = item;
}

/* Options of one name replace each other: "ndots:5". */
static void
set_option(struct pod_dns *out, struct str option)
{
    struct str rest, name = str_cut(option, ':', &rest);

    for (size_t i = 0; i < out->option_len; i++) {
        if (str_eq(str_cut(out->options[i], ':', &rest), name)) {
            out->options[i] = option;
            return;
        }
    }
    add(out->options, &out->option_len, option, out);
}

/* The next word of a line. */
static struct str
next_word(struct str *line)
{
    size_t i = 0, begin;

    while (i < line->size && (line->at[i] == ' ' || line->at[i] == '\t')) {
        i++;
    }
    begin = i;
    while (i < line->size && line->at[i] != ' ' && line->at[i] != '\t') {
        i++;
    }
    struct str word = str_slice(line->at + begin, i - begin);

    *line = str_slice(line->at + i, line->size - i);
    return word;
}

static void
read_line(struct str line, struct pod_dns *out)
{
    struct str key = next_word(&line), word;

    if (str_is(key, "search")) {
        out->search_len = 0; /* the last one wins */
    }
    for (word = next_word(&line); word.size > 0; word = next_word(&line)) {
        if (str_is(key, "nameserver")) {
            add(out->servers, &out->server_len, word, out);
            return;
        }
        if (str_is(key, "search") && !str_is(word, ".")) {
            word.size -= word.at[word.size - 1] == '.' ? 1 : 0;
            add(out->searches, &out->search_len, word, out);
        } else if (str_is(key, "options")) {
            set_option(out, word);
        }
    }
}

static void
read_node(struct str text, struct pod_dns *out)
{
    while (text.size > 0) {
        struct str line = str_trim(str_cut(text, '\n', &text));

        if (line.size > 0 && line.at[0] != '#') {
            read_line(line, out);
        }
    }
}

/* ---- policies ---- */

static bool
wants_cluster(struct val spec)
{
    struct str policy = val_str(val_get(spec, "dnsPolicy"));

    if (str_is(policy, "ClusterFirstWithHostNet")) {
        return true;
    }
    return (policy.size == 0 || str_is(policy, "ClusterFirst")) &&
           !val_bool(val_get(spec, "hostNetwork"), false);
}

static void
use_cluster(struct val pod, const struct pod_dns_node *node, struct arena *arena,
            struct pod_dns *out)
{
    struct pod_dns host = *out;
    struct str ns = val_str(val_at(pod, "metadata.namespace"));

    out->server_len = out->search_len = out->option_len = 0;
    add(out->servers, &out->server_len, node->cluster_dns, out);
    add(out->searches, &out->search_len,
        arena_printf(arena, STR_FMT ".svc.%s", STR_ARG(ns), node->cluster_domain), out);
    add(out->searches, &out->search_len, arena_printf(arena, "svc.%s", node->cluster_domain), out);
    add(out->searches, &out->search_len, str_of(node->cluster_domain), out);
    for (size_t i = 0; i < host.search_len; i++) {
        add(out->searches, &out->search_len, host.searches[i], out);
    }
    set_option(out, STR("ndots:5"));
}

static void
add_config(struct val config, struct arena *arena, struct pod_dns *out)
{
    VAL_EACH (it, val_get(config, "nameservers")) {
        add(out->servers, &out->server_len, val_str(it.value), out);
    }
    VAL_EACH (it, val_get(config, "searches")) {
        add(out->searches, &out->search_len, val_str(it.value), out);
    }
    VAL_EACH (it, val_get(config, "options")) {
        struct str name = val_str(val_get(it.value, "name"));
        struct str value = val_str(val_get(it.value, "value"));

        set_option(out, value.size > 0 ? arena_printf(arena, STR_FMT ":" STR_FMT, STR_ARG(name),
                                                      STR_ARG(value))
                                       : name);
    }
}

static void
cut(struct pod_dns *out)
{
    size_t chars = 0;

    if (out->server_len > POD_DNS_MAX_SERVERS) {
        out->server_len = POD_DNS_MAX_SERVERS;
        out->is_cut = true;
    }
    for (size_t i = 0; i < out->search_len; i++) {
        chars += out->searches[i].size + (i > 0 ? 1 : 0);
        if (i == POD_DNS_MAX_SEARCHES || chars > POD_DNS_MAX_CHARS) {
            out->search_len = i;
            out->is_cut = true;
        }
    }
}

void
pod_dns_make(struct val pod, const struct pod_dns_node *node, struct arena *arena,
             struct pod_dns *out)
{
    struct val spec = val_get(pod, "spec");

    *out = (struct pod_dns){ 0 };
    if (!val_is_str(val_get(spec, "dnsPolicy"), "None")) {
        read_node(node->resolv_conf, out);
        if (wants_cluster(spec)) {
            out->is_missing = node->cluster_dns.size == 0;
            if (!out->is_missing) {
                use_cluster(pod, node, arena, out);
            }
        }
    }
    add_config(val_get(spec, "dnsConfig"), arena, out);
    cut(out);
}

/* ---- host name and hosts ---- */

struct str
pod_dns_hostname(struct val pod, struct arena *arena)
{
    enum { HOSTNAME_MAX = 63 };
    struct val spec = val_get(pod, "spec");
    struct str name = val_str(val_get(spec, "hostnameOverride"));

    if (name.size == 0) {
        name = val_str(val_get(spec, "hostname"));
    }
    if (name.size == 0) {
        name = val_str(val_at(pod, "metadata.name"));
    }
    if (name.size > HOSTNAME_MAX) {
        name.size = HOSTNAME_MAX;
        while (name.size > 0 && (name.at[name.size - 1] == '-' || name.at[name.size - 1] == '.')) {
            name.size--;
        }
    }
    return arena_dup(arena, name);
}

struct str
pod_dns_domain(struct val pod, const char *cluster_domain, struct arena *arena)
{
    struct str sub = val_str(val_at(pod, "spec.subdomain"));

    if (sub.size == 0 || val_is(val_at(pod, "spec.hostnameOverride"))) {
        return (struct str){ 0 };
    }
    return arena_printf(arena, STR_FMT "." STR_FMT ".svc.%s", STR_ARG(sub),
                        STR_ARG(val_str(val_at(pod, "metadata.namespace"))), cluster_domain);
}

static void
put_aliases(struct val aliases, struct str_builder *out)
{
    if (val_len(aliases) == 0) {
        return;
    }
    str_putz(out, "\n# Entries added by HostAliases.\n");
    VAL_EACH (it, aliases) {
        str_put(out, val_str(val_get(it.value, "ip")));
        VAL_EACH (name, val_get(it.value, "hostnames")) {
            str_putc(out, '\t');
            str_put(out, val_str(name.value));
        }
        str_putc(out, '\n');
    }
}

struct str
pod_dns_hosts(struct val pod, const char *cluster_domain, const struct str *ips, size_t ip_len,
              struct str node_hosts, struct arena *arena)
{
    bool is_host = val_bool(val_at(pod, "spec.hostNetwork"), false);
    struct str name = pod_dns_hostname(pod, arena);
    struct str domain = pod_dns_domain(pod, cluster_domain, arena);
    struct str_builder out = { 0 };
    struct str result;

    /* The first line is what the conformance suite tells our file by. */
    if (is_host) {
        str_putz(&out, "# Kubernetes-managed hosts file (host network).\n");
        str_put(&out, node_hosts);
    } else {
        str_putz(&out, "# Kubernetes-managed hosts file.\n"
                       "127.0.0.1\tlocalhost\n"
                       "::1\tlocalhost ip6-localhost ip6-loopback\n"
                       "fe00::0\tip6-localnet\n"
                       "fe00::0\tip6-mcastprefix\n"
                       "fe00::1\tip6-allnodes\n"
                       "fe00::2\tip6-allrouters\n");
    }
    for (size_t i = 0; i < ip_len && !is_host; i++) {
        str_putf(&out, STR_FMT "\t", STR_ARG(ips[i]));
        if (domain.size > 0) {
            str_putf(&out, STR_FMT "." STR_FMT "\t", STR_ARG(name), STR_ARG(domain));
        }
        str_putf(&out, STR_FMT "\n", STR_ARG(name));
    }
    put_aliases(val_at(pod, "spec.hostAliases"), &out);
    result = arena_dup(arena, str_view(&out));
    str_done(&out);
    return result;
}
