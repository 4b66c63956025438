/* rewrapd: reads its command line and configuration, then serves. */
#include "log.h"
#include "server.h"
#include "settings.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#ifndef REWRAP_DEFAULT_CONFIG
#define REWRAP_DEFAULT_CONFIG "/etc/rewrapd/rewrapd.conf"
#endif

static const char usage[] =
    "usage: rewrapd [--config FILE] [--check-config]\n"
    "\n"
    "Re-encrypts AWS KMS-like ciphertexts with keys in a PKCS#11 token; see docs/configuration.md.\n"
    "\n"
    "  --config FILE    the configuration (default " REWRAP_DEFAULT_CONFIG ")\n"
    "  --check-config   reads the configuration, says what is wrong with it, and leaves\n"
    "  --version        prints the version and leaves\n"
    "  --help           prints this and leaves\n"
    "\n"
    "SIGHUP reads the configuration again; SIGTERM finishes the requests under way and stops.\n"
    "Exit codes: 0 stopped; 64 usage; 71 the system failed; 75 the token is not there; 78 "
    "configuration, PIN or token refused.\n";

/* Nobody reads our memory: no core dump, no ptrace by our own user. What cannot be had is said, and goes on. */
static void protect_memory(void)
{
    struct rlimit none = {0};
    struct rlimit locked;
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0) {
        log_warning("core dumps cannot be switched off");
    }
    /*
     * Plaintexts of Encrypt pass through here. With a finite limit MCL_FUTURE would make a later allocation fail at the
     * worst moment, so all is locked or nothing.
     */
    bool unlimited = getrlimit(RLIMIT_MEMLOCK, &locked) == 0 && locked.rlim_cur == RLIM_INFINITY;
    if (!(unlimited || geteuid() == 0) || mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) != 0) {
        log_notice(
            "memory is not locked (LimitMEMLOCK=infinity is not set): a plaintext given to Encrypt may be swapped out");
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"check-config", no_argument, NULL, 'k'},
                                            {"version", no_argument, NULL, 'v'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    const char *config = REWRAP_DEFAULT_CONFIG;
    bool check_only = false;
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            config = optarg;
            break;
        case 'k':
            check_only = true;
            break;
        case 'v':
            puts("rewrapd " REWRAP_VERSION);
            return EX_OK;
        case 'h':
            fputs(usage, stdout);
            return EX_OK;
        default:
            fputs(usage, stderr);
            return EX_USAGE;
        }
    }
    if (optind != argc) {
        fputs(usage, stderr);
        return EX_USAGE;
    }

    struct settings *settings = NULL;
    char error[512];
    const char *so_what = check_only ? "" : "; not starting";
    if (!settings_read(config, &settings, error, sizeof error)) {
        log_error("%s%s", error, so_what);
        return EX_CONFIG;
    }
    if (!settings_check_system(settings, error, sizeof error)) {
        log_error("%s: %s%s", config, error, so_what);
        settings_free(settings);
        return EX_CONFIG;
    }
    if (check_only) {
        printf("%s: the configuration is good\n", config);
        settings_free(settings);
        return EX_OK;
    }
    protect_memory();
    return server_run(config, settings);
}
