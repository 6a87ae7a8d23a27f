/* Names of pods: resolv.conf by policy, limits, host names, /etc/hosts. */
#include "config.h"

#include "tests/lib/unit.h"

#include "agent/pod_dns.h"
#include "base/arena.h"
#include "base/err.h"

static const char *const node_conf = "# a comment\nnameserver 192.0.2.1\nnameserver 192.0.2.2\n"
                                     "search old.example\nsearch lan.example. office.example .\n"
                                     "options ndots:1 timeout:2\noptions ndots:2\n";

static struct val
pod_of(struct arena *arena, const char *spec)
{
    struct err *err = NULL;
    struct str text = arena_printf(
        arena, "{\"metadata\":{\"name\":\"web\",\"namespace\":\"shop\"},\"spec\":%s}", spec);

    return doc_root(doc_parse(arena, text, &err));
}

static const char *
conf_of(struct arena *arena, const char *spec, const char *cluster_dns, struct pod_dns *dns)
{
    struct pod_dns_node node = { .resolv_conf = str_of(node_conf),
                                 .cluster_dns = str_of(cluster_dns),
                                 .cluster_domain = "cluster.local" };
    struct str_builder out = { 0 };
    const char *result;

    pod_dns_make(pod_of(arena, spec), &node, arena, dns);
    for (size_t i = 0; i < dns->server_len; i++) {
        str_putf(&out, "%s" STR_FMT, i > 0 ? " " : "", STR_ARG(dns->servers[i]));
    }
    for (size_t i = 0; i < dns->search_len; i++) {
        str_putf(&out, "%s" STR_FMT, i > 0 ? " " : "; ", STR_ARG(dns->searches[i]));
    }
    for (size_t i = 0; i < dns->option_len; i++) {
        str_putf(&out, "%s" STR_FMT, i > 0 ? " " : "; ", STR_ARG(dns->options[i]));
    }
    result = arena_dupz(arena, str_view(&out));
    str_done(&out);
    return result;
}

static void
test_policies(void **state)
{
    static const struct {
        const char *spec, *dns, *want;
        bool is_missing;
    } rows[] = {
        { "{}", "10.43.0.10",
          "10.43.0.10; shop.svc.cluster.local svc.cluster.local cluster.local lan.example "
          "office.example; ndots:5",
          false },
        { "{}", NULL, "192.0.2.1 192.0.2.2; lan.example office.example; ndots:2 timeout:2", true },
        { "{\"dnsPolicy\":\"Default\"}", "10.43.0.10",
          "192.0.2.1 192.0.2.2; lan.example office.example; ndots:2 timeout:2", false },
        { "{\"hostNetwork\":true}", "10.43.0.10",
          "192.0.2.1 192.0.2.2; lan.example office.example; ndots:2 timeout:2", false },
        { "{\"hostNetwork\":true,\"dnsPolicy\":\"ClusterFirstWithHostNet\"}", "10.43.0.10",
          "10.43.0.10; shop.svc.cluster.local svc.cluster.local cluster.local lan.example "
          "office.example; ndots:5",
          false },
        { "{\"dnsPolicy\":\"None\",\"dnsConfig\":{\"nameservers\":[\"1.1.1.1\"],\"searches\":["
          "\"my.dns\"],\"options\":[{\"name\":\"ndots\",\"value\":\"3\"},{\"name\":\"edns0\"}]}}",
          "10.43.0.10", "1.1.1.1; my.dns; ndots:3 edns0", false },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_ARENA struct arena *arena = arena_new();
        struct pod_dns dns;

        assert_string_equal(conf_of(arena, rows[i].spec, rows[i].dns, &dns), rows[i].want);
        assert_int_equal(dns.is_missing, rows[i].is_missing);
        assert_false(dns.is_cut);
    }
}

static void
test_limits(void **state)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct pod_dns dns;
    struct str_builder spec = { 0 };

    (void)state;
    str_putz(&spec, "{\"dnsPolicy\":\"None\",\"dnsConfig\":{\"nameservers\":[\"1.0.0.1\","
                    "\"1.0.0.2\",\"1.0.0.3\",\"1.0.0.4\"],\"searches\":[\"s0\"");
    for (int i = 1; i < 40; i++) {
        str_putf(&spec, ",\"s%d\"", i);
    }
    str_putz(&spec, "]}}");
    (void)conf_of(arena, arena_dupz(arena, str_view(&spec)), NULL, &dns);
    str_done(&spec);
    assert_int_equal(dns.server_len, POD_DNS_MAX_SERVERS);
    assert_int_equal(dns.search_len, POD_DNS_MAX_SEARCHES);
    assert_true(dns.is_cut);
}

static void
test_hostname(void **state)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct val plain = pod_of(arena, "{}");
    struct val named = pod_of(arena, "{\"hostname\":\"db-0\",\"subdomain\":\"db\"}");
    struct val long_one = pod_of(
        arena,
        "{\"hostname\":\"a123456789b123456789c123456789d123456789e123456789f123456789gh-x\"}");

    (void)state;
    assert_true(str_is(pod_dns_hostname(plain, arena), "web"));
    assert_null(pod_dns_domain(plain, "cluster.local", arena).at);
    assert_true(str_is(pod_dns_hostname(named, arena), "db-0"));
    assert_true(str_is(pod_dns_domain(named, "cluster.local", arena), "db.shop.svc.cluster.local"));
    assert_int_equal(pod_dns_hostname(long_one, arena).size, 62); /* a dash does not end it */
}

static void
test_hosts(void **state)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct str ip = STR("10.42.0.5");
    struct val pod = pod_of(arena, "{\"hostname\":\"db-0\",\"subdomain\":\"db\",\"hostAliases\":[{"
                                   "\"ip\":\"1.2.3.4\",\"hostnames\":[\"a\",\"b\"]}]}");
    struct str text = pod_dns_hosts(pod, "cluster.local", &ip, 1, STR(""), arena);
    struct val on_host = pod_of(arena, "{\"hostNetwork\":true}");

    (void)state;
    assert_true(
        str_has_prefix(text, STR("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n")));
    assert_true(str_contains(text, STR("\n10.42.0.5\tdb-0.db.shop.svc.cluster.local\tdb-0\n")));
    assert_true(str_has_suffix(text, STR("\n\n# Entries added by HostAliases.\n1.2.3.4\ta\tb\n")));
    assert_true(
        str_is(pod_dns_hosts(on_host, "cluster.local", &ip, 1, STR("127.0.0.1 me\n"), arena),
               "# Kubernetes-managed hosts file (host network).\n127.0.0.1 me\n"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policies),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_hostname),
        cmocka_unit_test(test_hosts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
