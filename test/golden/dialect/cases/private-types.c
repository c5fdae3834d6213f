// Types of the kernel that texts declare for themselves, in full or in part.
#include <linux/fs.h>
struct mnt_namespace { struct ns_common ns; u32 mounts; };
struct mount { struct mount *mnt_parent; struct dentry *mnt_mountpoint; struct vfsmount mnt; } __attribute__((preserve_access_index));
struct nameidata { struct path path; struct qstr last; };
struct slab { unsigned long __page_flags; union { struct list_head slab_list; struct rcu_head rcu_head; }; };
union sigval { int mine; };
typedef union { struct { void *freelist; unsigned long counter; }; } freelist_aba_t;
BPF_HASH(by_path, struct nameidata *, struct qstr);
int kprobe__vfs_create(struct pt_regs *ctx, struct nameidata *nd, struct vfsmount *mnt) {
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct mnt_namespace *ns = (struct mnt_namespace *)task->nsproxy->mnt_ns;
	struct mount *mount = container_of(mnt, struct mount, mnt);
	union sigval value = { .mine = 1 };
	freelist_aba_t list = {};
	struct qstr last = nd->last;
	by_path.update(&nd, &last);
	return ns->ns.inum + ns->mounts + mount->mnt_parent->mnt.mnt_flags + value.mine + list.counter + sizeof(struct slab) + nd->path.dentry->d_name.len;
}
