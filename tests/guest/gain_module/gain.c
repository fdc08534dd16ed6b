// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hole in the kernel, for credentials_test.sh: whoever writes to /proc/gain is root from then on. "commit" does what exploits do that
 * run code in the kernel, "overwrite" what those do that only write into its memory. The write itself is no event of parka's.
 */
#include <linux/cred.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/uaccess.h>

MODULE_LICENSE("GPL");

static void become_root(struct cred *cred)
{
	cred->uid = cred->euid = cred->suid = cred->fsuid = GLOBAL_ROOT_UID;
	cred->cap_permitted = cred->cap_effective = CAP_FULL_SET;
}

static ssize_t on_write(struct file *file, const char __user *text, size_t len, loff_t *at)
{
	struct cred *cred;
	char first = 0;

	if (!len || get_user(first, text))
		return -EFAULT;
	if (first == 'o') {
		become_root((struct cred *)current_cred());
		return len;
	}
	cred = prepare_creds();
	if (!cred)
		return -ENOMEM;
	become_root(cred);
	commit_creds(cred);
	return len;
}

static const struct proc_ops gain_ops = { .proc_write = on_write };

static int __init gain_init(void)
{
	return proc_create("gain", 0222, NULL, &gain_ops) ? 0 : -ENOMEM;
}

static void __exit gain_exit(void)
{
	remove_proc_entry("gain", NULL);
}

module_init(gain_init);
module_exit(gain_exit);
