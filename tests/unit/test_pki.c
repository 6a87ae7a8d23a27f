/* net/pki: authority, leaves, requests, ES256. */
#include "config.h" /* IWYU pragma: keep */

#include "net/pki.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "tests/lib/unit.h"

static const int64_t day_ms = 24 * 3600 * 1000;
static const char *const orgs[] = { "system:nodes", "b", NULL };
static const char *const dns[] = { "localhost", "kubernetes.default.svc", NULL };
static const char *const ips[] = { "127.0.0.1", "::1", NULL };
static const char *const other_ips[] = { "127.0.0.1", "10.0.0.1", NULL };

static int
open_dir(void **state)
{
    char path[] = "/tmp/test_pki.XXXXXX";

    clock_stop(1800000000000);
    *state = mem_strdup(mkdtemp(path));
    return *state == NULL ? -1 : 0;
}

static int
close_dir(void **state)
{
    static const char *const names[] = { "ca.crt", "ca.key", "leaf.crt", "leaf.key" };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        AUTO_FREE char *path = mem_printf("%s/%s", (char *)*state, names[i]);

        (void)unlink(path);
    }
    (void)rmdir(*state);
    mem_free(*state);
    clock_run();
    return 0;
}

static struct pki_ca *
open_ca(const char *dir)
{
    struct pki_ca *ca = NULL;
    struct err *err = NULL;

    if (pki_ca_open(dir, "ca", "test-ca", &ca, &err) < 0) {
        fail_msg("%s", err->message);
    }
    return ca;
}

static int
mode_of(const char *dir, const char *name)
{
    AUTO_FREE char *path = mem_printf("%s/%s", dir, name);
    struct stat status;

    assert_int_equal(stat(path, &status), 0);
    return status.st_mode & 0777;
}

static void
test_ca_is_made_once(void **state)
{
    struct pki_ca *first = open_ca(*state);
    struct pki_ca *again = open_ca(*state);
    AUTO_FREE char *pem = str_dup(pki_ca_pem(first));
    AUTO_FREE char *crt = mem_printf("%s/ca.crt", (char *)*state);
    AUTO_FREE char *key = mem_printf("%s/ca.key", (char *)*state);
    struct pki_ca *made = NULL;
    struct err *err = NULL;

    assert_true(str_eq(pki_ca_pem(first), pki_ca_pem(again)));
    assert_int_equal(mode_of(*state, "ca.key"), 0600);
    assert_true(pki_expires_ms(pki_ca_pem(first)) > clock_wall_ms() + 3649 * day_ms);
    pki_ca_free(again);
    /* A certificate without its key is nothing to go on with, and nothing is overwritten. */
    assert_int_equal(unlink(key), 0);
    assert_int_equal(pki_ca_open(*state, "ca", "test-ca", &made, &err), -1);
    assert_non_null(strstr(err->message, "ca.key"));
    err_clear(&err);
    assert_int_equal(access(crt, F_OK), 0);
    assert_int_equal(unlink(crt), 0);
    again = open_ca(*state);
    assert_false(str_eq(str_of(pem), pki_ca_pem(again)));
    pki_ca_free(first);
    pki_ca_free(again);
}

static void
leaf(const char *dir, const struct pki_ca *ca, const char *const *with_ips, char **ret_cert)
{
    struct pki_leaf_spec spec = { .dir = dir,
                                  .name = "leaf",
                                  .names = { "serving", orgs, dns, with_ips },
                                  .usage = PKI_SERVER,
                                  .days = 365 };
    struct err *err = NULL;
    char *key = NULL;

    if (pki_leaf(ca, &spec, ret_cert, &key, &err) < 0) {
        fail_msg("%s", err->message);
    }
    mem_free(key);
}

static void
test_leaf_is_made_anew_when_it_must(void **state)
{
    struct pki_ca *ca = open_ca(*state);
    AUTO_FREE char *first = NULL;
    AUTO_FREE char *same = NULL;
    AUTO_FREE char *renamed = NULL;
    AUTO_FREE char *aged = NULL;
    AUTO_FREE char *kept = NULL;

    leaf(*state, ca, ips, &first);
    leaf(*state, ca, ips, &same);
    assert_string_equal(first, same);
    assert_int_equal(mode_of(*state, "leaf.key"), 0600);
    leaf(*state, ca, other_ips, &renamed);
    assert_string_not_equal(renamed, same);
    clock_warp(291 * day_ms); /* 80 % of 365 */
    leaf(*state, ca, other_ips, &kept);
    assert_string_equal(kept, renamed);
    clock_warp(2 * day_ms);
    leaf(*state, ca, other_ips, &aged);
    assert_string_not_equal(aged, renamed);
    pki_ca_free(ca);
}

static void
test_requests(void **state)
{
    struct pki_ca *ca = open_ca(*state);
    struct pki_names names = { "system:node:a", orgs, dns, ips };
    AUTO_FREE char *key = NULL;
    AUTO_FREE char *csr = NULL;
    AUTO_FREE char *cert = NULL;
    struct pki_csr parsed;
    struct err *err = NULL;

    assert_int_equal(pki_key_new(&key, &err), 0);
    assert_int_equal(pki_csr_new(key, &names, &csr, &err), 0);
    assert_int_equal(pki_csr_parse(str_of(csr), &parsed, &err), 0);
    assert_string_equal(parsed.common_name, "system:node:a");
    assert_int_equal(parsed.organisation_len, 2);
    assert_string_equal(parsed.organisations[0], "system:nodes");
    assert_int_equal(parsed.dns_len, 2);
    assert_string_equal(parsed.dns[1], "kubernetes.default.svc");
    assert_int_equal(parsed.ip_len, 2);
    assert_string_equal(parsed.ips[1], "::1");
    pki_csr_done(&parsed);
    assert_int_equal(pki_sign_csr(ca, str_of(csr), PKI_CLIENT, 3600, &cert, &err), 0);
    assert_int_equal(pki_expires_ms(str_of(cert)), clock_wall_ms() + 3600 * 1000);
    /* One changed byte, and the signature is not its key's any more. */
    char *at = strstr(csr, "\n") + 30;

    *at = *at == 'A' ? 'B' : 'A';
    assert_int_equal(pki_csr_parse(str_of(csr), &parsed, &err), -1);
    assert_int_equal(err->code, ERR_BAD_REQUEST);
    err_clear(&err);
    assert_int_equal(pki_csr_parse(STR("-----BEGIN"), &parsed, &err), -1);
    err_clear(&err);
    names.ips = (const char *const[]){ "localhost", NULL };
    assert_int_equal(pki_csr_new(key, &names, &csr, &err), -1);
    assert_string_equal(err->message, "'localhost' is not a numeric address");
    err_clear(&err);
    pki_ca_free(ca);
}

static void
test_no_certificate_outlives_its_authority(void **state)
{
    struct pki_ca *ca = open_ca(*state);
    struct pki_names names = { .common_name = "a" };
    AUTO_FREE char *cert = NULL;
    AUTO_FREE char *key = NULL;
    struct err *err = NULL;

    assert_int_equal(pki_issue(ca, &names, PKI_CLIENT, 36500, &cert, &key, &err), 0);
    assert_int_equal(pki_expires_ms(str_of(cert)), pki_expires_ms(pki_ca_pem(ca)));
    assert_int_equal(pki_expires_ms(STR("nothing")), 0);
    pki_ca_free(ca);
}

static void
test_es256(void **state)
{
    AUTO_FREE char *key = NULL;
    AUTO_FREE char *other = NULL;
    unsigned char sig[64];
    unsigned char x[32];
    unsigned char y[32];
    char kid[64];
    char other_kid[64];
    struct err *err = NULL;

    (void)state;
    assert_int_equal(pki_key_new(&key, &err), 0);
    assert_int_equal(pki_key_new(&other, &err), 0);
    assert_int_equal(pki_es256_sign(str_of(key), STR("header.body"), sig, &err), 0);
    struct str bytes = str_slice((const char *)sig, sizeof(sig));

    assert_true(pki_es256_verify(str_of(key), STR("header.body"), bytes));
    assert_false(pki_es256_verify(str_of(key), STR("header.bodY"), bytes));
    assert_false(pki_es256_verify(str_of(other), STR("header.body"), bytes));
    assert_false(pki_es256_verify(str_of(key), STR("header.body"), str_slice(bytes.at, 63)));
    assert_false(pki_es256_verify(STR("no key"), STR("header.body"), bytes));
    sig[40] ^= 1;
    assert_false(pki_es256_verify(str_of(key), STR("header.body"), bytes));
    assert_int_equal(pki_key_id(str_of(key), kid, &err), 0);
    assert_int_equal(pki_key_id(str_of(other), other_kid, &err), 0);
    assert_int_equal(strlen(kid), 43); /* SHA-256 in base64url */
    assert_string_not_equal(kid, other_kid);
    assert_int_equal(pki_key_xy(str_of(key), x, y, &err), 0);
    assert_int_equal(pki_es256_sign(STR("no key"), STR("x"), sig, &err), -1);
    err_clear(&err);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_ca_is_made_once, open_dir, close_dir),
        cmocka_unit_test_setup_teardown(test_leaf_is_made_anew_when_it_must, open_dir, close_dir),
        cmocka_unit_test_setup_teardown(test_requests, open_dir, close_dir),
        cmocka_unit_test_setup_teardown(test_no_certificate_outlives_its_authority, open_dir,
                                        close_dir),
        cmocka_unit_test(test_es256),
    };

    return cmocka_run_group_tests_name("net/pki", tests, NULL, NULL);
}
