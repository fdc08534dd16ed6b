/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/audit.h"

#include "base/suggest.h"
#include "posture/host/host.h"
#include "posture/images/images.h"
#include "posture/node/node.h"
#include "posture/containers/containers.h"
#include "posture/docker/docker.h"
#include "posture/engines/engines.h"

#include <errno.h>
#include <string.h>

const struct posture_collector *const posture_collectors[] = {
	&host_kernel_collector, &host_files_collector, &host_services_collector, &host_network_collector, &host_processes_collector,
	&host_logging_collector, &host_updates_collector, &host_users_collector, &host_ssh_collector,
	&node_collector,
	&images_collector,
	&posture_docker,
	&posture_containerd,
	&posture_crio,
	&posture_podman,
	&posture_containers,
	NULL,
};

static bool is_wanted(const struct posture_collector *c, const char *name)
{
	return strcmp(c->name, name) == 0 || strcmp(model_layer_name(c->layer), name) == 0;
}

static int check_names(const char *const *wanted, size_t n_wanted, struct err *err)
{
	for (size_t i = 0; i < n_wanted; i++) {
		struct suggestion near = SUGGESTION(wanted[i], strlen(wanted[i]));
		bool known = model_layer_by_name(wanted[i]) != MODEL_LAYER_MAX;

		for (const struct posture_collector *const *c = posture_collectors; *c && !known; c++) {
			known = is_wanted(*c, wanted[i]);
			suggestion_offer(&near, (*c)->name, strlen((*c)->name));
		}
		if (!known)
			return err_set(err, -ENOENT, near.best ? "there is no layer or part '%s'; did you mean '%s'?" :
				       "there is no layer or part '%s'", wanted[i], near.best);
	}
	return 0;
}

int posture_audit(struct posture_set *set, const char *const *wanted, size_t n_wanted, const struct posture_audit_options *options,
		  struct err *err)
{
	static const struct posture_audit_options none;
	int r = check_names(wanted, n_wanted, err);

	for (const struct posture_collector *const *c = posture_collectors; *c && r >= 0; c++) {
		bool chosen = n_wanted == 0;

		for (size_t i = 0; i < n_wanted; i++)
			chosen |= is_wanted(*c, wanted[i]);
		if (chosen)
			(*c)->collect(set, options ? options : &none);
	}
	return r;
}
