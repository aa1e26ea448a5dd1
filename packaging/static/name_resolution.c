/* Part of the static program: names of hosts come from /etc/hosts and DNS, whatever /etc/nsswitch.conf says. Without this, the C library
 * would load the modules that are named there (resolve, myhostname, mdns), and with them another C library, which ends the process. */
#include <nss.h>

__attribute__((constructor)) static void resolve_without_modules(void)
{
    __nss_configure_lookup("hosts", "files dns");
}
