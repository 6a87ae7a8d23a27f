/* Options of serve that can be wrong in themselves: address blocks, the cluster's domain, names of
 * loops.  Called by serve.c before it opens anything; pure. */
#include "config.h"

#include "serve_options.h"

#include <string.h>

#include "api/validate.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/options.h"
#include "base/str.h"
#include "controllers/controllers.h"
#include "scheduler/scheduler.h"

/* A node gets 24 bits of the pods' block; Services need two addresses and a broadcast one. */
static const struct block {
    enum option_id option;
    const char *flag, *example;
    uint8_t bits_min, bits_max;
} blocks[] = {
    { OPT_POD_CIDR, "--pod-cidr", "10.42.0.0/16", 8, 24 },
    { OPT_SERVICE_CIDR, "--service-cidr", "10.43.0.0/16", 8, 30 },
};
enum { BLOCK_LEN = sizeof(blocks) / sizeof(blocks[0]) };

static int
check_block(const struct block *block, const char *text, struct ip_net *ret, struct err **err)
{
    struct ip_net net;
    if (!ip_parse_net(str_of(text), false, &net) || net.ip.is_v6 || net.bits < block->bits_min ||
        net.bits > block->bits_max) {
        return err_set(err, ERR_BAD_REQUEST, "%s '%s': want an IPv4 block of /%u to /%u, like %s",
                       block->flag, text, block->bits_min, block->bits_max, block->example);
    }
    *ret = net;
    return 0;
}

static int
check_blocks(const struct options *options, struct err **err)
{
    struct ip_net nets[BLOCK_LEN];
    for (size_t i = 0; i < BLOCK_LEN; i++) {
        if (check_block(&blocks[i], options_text(options, blocks[i].option), &nets[i], err) < 0) {
            return -1;
        }
    }
    struct ip_net pods = ip_net_masked(&nets[0]), services = ip_net_masked(&nets[1]);
    if (ip_net_has(&pods, &services.ip) || ip_net_has(&services, &pods.ip)) {
        return err_set(err, ERR_BAD_REQUEST,
                       "--pod-cidr '%s' and --service-cidr '%s' overlap: choose two that do not",
                       options_text(options, OPT_POD_CIDR),
                       options_text(options, OPT_SERVICE_CIDR));
    }
    return 0;
}

/* "all", "*" and every loop by its name, with or without a minus before it. */
static int
check_loops(const char *names, struct err **err)
{
    struct str rest = str_of(names);
    while (rest.at != NULL) {
        struct str word = str_cut(rest, ',', &rest);
        struct str name =
            str_has_prefix(word, STR("-")) ? str_slice(word.at + 1, word.size - 1) : word;
        if (name.size == 0 || str_is(name, "*") || str_is(name, scheduler_reconciler.name) ||
            controllers_have(name)) {
            continue;
        }
        AUTO_STR struct str_builder known = { 0 };
        str_putz(&known, scheduler_reconciler.name);
        controllers_put_names(&known);
        return err_set(err, ERR_BAD_REQUEST,
                       "--controllers '" STR_FMT "': there is no such loop; there are " STR_FMT,
                       STR_ARG(name), STR_ARG(str_view(&known)));
    }
    return 0;
}

int
serve_options_check(const struct options *options, struct err **err)
{
    const char *domain = options_text(options, OPT_CLUSTER_DOMAIN);
    if (validate_dns_subdomain(str_of(domain), false) != NULL) {
        return err_set(err, ERR_BAD_REQUEST,
                       "--cluster-domain '%s': want a DNS name in lower case, like cluster.local",
                       domain);
    }
    if (check_blocks(options, err) < 0) {
        return -1;
    }
    return check_loops(options_text(options, OPT_CONTROLLERS), err);
}
