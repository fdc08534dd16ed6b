/* SPDX-License-Identifier: Apache-2.0 */
/* Software that benchmarks ask about, and what the machine starts by itself. */
#include "posture/host/services_internal.h"

#include <string.h>

/* Debian's names. packages, units, commands: words. */
static const struct software { const char *name, *packages, *units, *commands; } table[] = {
	{ "autofs", "autofs", "autofs.service", "automount" },
	{ "avahi", "avahi-daemon", "avahi-daemon.service avahi-daemon.socket", "avahi-daemon" },
	{ "dhcp-server", "isc-dhcp-server kea-dhcp4-server", "isc-dhcp-server.service isc-dhcp-server6.service kea-dhcp4-server.service", "dhcpd kea-dhcp4" },
	{ "dns-server", "bind9", "bind9.service named.service", "named" },
	{ "dnsmasq", "dnsmasq", "dnsmasq.service", "dnsmasq" },
	{ "ftp-server", "vsftpd proftpd-core pure-ftpd", "vsftpd.service proftpd.service pure-ftpd.service", "vsftpd proftpd pure-ftpd" },
	{ "ldap-server", "slapd", "slapd.service", "slapd" },
	{ "imap-server", "dovecot-imapd dovecot-pop3d", "dovecot.service dovecot.socket", "dovecot" },
	{ "nfs-server", "nfs-kernel-server", "nfs-server.service", "rpc.mountd" },
	{ "nis-server", "ypserv", "ypserv.service", "ypserv" },
	{ "print-server", "cups", "cups.service cups.socket", "cupsd" },
	{ "rpcbind", "rpcbind", "rpcbind.service rpcbind.socket", "rpcbind" },
	{ "rsync-server", "rsync", "rsync.service", "" },
	{ "samba", "samba", "smbd.service", "smbd" },
	{ "snmp-server", "snmpd", "snmpd.service", "snmpd" },
	{ "tftp-server", "tftpd-hpa atftpd", "tftpd-hpa.service atftpd.service", "in.tftpd atftpd" },
	{ "web-proxy", "squid", "squid.service", "squid" },
	{ "web-server", "apache2 nginx lighttpd", "apache2.service nginx.service lighttpd.service", "apache2 nginx lighttpd" },
	{ "xinetd", "xinetd", "xinetd.service", "xinetd" },
	{ "inetd", "openbsd-inetd inetutils-inetd", "inetd.service inetutils-inetd.service", "inetd" },
	{ "x-server", "xserver-common", "", "Xorg" },
	{ "telnet-server", "telnetd inetutils-telnetd", "inetutils-telnetd.service", "telnetd in.telnetd" },
	{ "rsh-server", "rsh-server rsh-redone-server", "", "in.rshd rshd" },
	{ "bluetooth", "bluez", "bluetooth.service", "bluetoothd" },
	{ "apport", "apport", "apport.service", "" },
	{ "prelink", "prelink", "", "" },
	{ "gdm", "gdm3", "gdm3.service", "gdm3" },
	{ "nis-client", "nis", "ypbind.service", "ypbind" },
	{ "rsh-client", "rsh-client rsh-redone-client", "", "" },
	{ "talk-client", "talk", "", "" },
	{ "telnet-client", "telnet inetutils-telnet", "", "" },
	{ "ldap-client", "ldap-utils", "", "" },
	{ "ftp-client", "ftp tnftp", "", "" },
	{ "tftp-client", "tftp tftp-hpa atftp", "", "" },
	{ "sudo", "sudo sudo-ldap", "", "" },
	{ "apparmor", "apparmor", "apparmor.service", "" },
	{ "apparmor-utils", "apparmor-utils", "", "" },
	{ "pwquality", "libpam-pwquality", "", "" },
	{ "cron", "cron cron-daemon-common", "cron.service", "cron" },
	{ "aide", "aide aide-common", "dailyaidecheck.timer", "" },
	{ "file-integrity", "aide tripwire samhain ossec-hids-agent wazuh-agent", "", "" },
	{ "malware-scanner", "clamav chkrootkit rkhunter", "clamav-daemon.service", "clamd" },
	{ "fail2ban", "fail2ban crowdsec sshguard", "fail2ban.service", "fail2ban-server" },
	{ "usbguard", "usbguard", "usbguard.service", "usbguard-daemon" },
	{ "compilers", "gcc clang g++ cc", "", "" },
	{ "debsums", "debsums", "", "" },
	{ "systemd-journal-remote", "systemd-journal-remote", "systemd-journal-remote.socket", "" },
	{ "ctrl-alt-del", "", "ctrl-alt-del.target", "" },
};

struct services { struct posture_set *set; struct host_packages packages; struct host_running running; };

static void software_record(struct services *s, const struct software *w)
{
	struct posture_set *set = s->set;
	struct posture_record *r = posture_record_new(set, MODEL_KIND_HOST_SOFTWARE, NULL, posture_printf(set, "software %s", w->name),
						      (struct posture_place){ .file = "/var/lib/dpkg/status" });
	struct host_list_of_texts installed = { 0 };
	bool is_enabled = false, runs = false;
	const char **words;
	size_t n;

	words = host_words(set, arena_printf(&set->arena, "%s", w->packages), &n);
	for (size_t i = 0; i < n; i++)
		if (host_package_version(&s->packages, words[i]))
			host_add(set, &installed, words[i]);
	words = host_words(set, arena_printf(&set->arena, "%s", w->units), &n);
	for (size_t i = 0; i < n; i++)
		is_enabled |= host_unit_is_enabled(set, words[i]) && !host_unit_is_masked(set, words[i]);
	words = host_words(set, arena_printf(&set->arena, "%s", w->commands), &n);
	for (size_t i = 0; i < n; i++)
		runs |= host_runs(&s->running, words[i]);
	posture_set_text(r, MODEL_F_SOFTWARE_NAME, w->name);
	if (s->packages.has_dpkg) {
		host_set_list(r, MODEL_F_SOFTWARE_PACKAGES, &installed);
		posture_set_bool(r, MODEL_F_SOFTWARE_IS_INSTALLED, installed.n > 0);
	} else {
		const char *why = s->packages.why ? s->packages.why : "there is no /var/lib/dpkg/status: another package manager";

		posture_set_unknown(r, MODEL_F_SOFTWARE_PACKAGES, why);
		posture_set_unknown(r, MODEL_F_SOFTWARE_IS_INSTALLED, why);
	}
	posture_set_bool(r, MODEL_F_SOFTWARE_IS_ENABLED, is_enabled);
	if (s->running.why)
		posture_set_unknown(r, MODEL_F_SOFTWARE_IS_RUNNING, s->running.why);
	else
		posture_set_bool(r, MODEL_F_SOFTWARE_IS_RUNNING, runs);
}

static void collect(struct posture_set *set, const struct posture_audit_options *options)
{
	struct services s = { .set = set };

	(void)options;
	host_packages_read(set, &s.packages);
	host_running_read(set, &s.running);
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		software_record(&s, &table[i]);
	host_packages_done(&s.packages);
	host_running_done(&s.running);
	host_units(set);
	host_jobs(set);
}

const struct posture_collector host_services_collector = {
	.name = "services",
	.layer = MODEL_LAYER_KERNEL,
	.meaning = "services and clients that benchmarks ask about, systemd units, jobs of cron",
	.collect = collect,
};
