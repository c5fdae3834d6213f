// Every shape of an expression that a load may stand in.
#include <linux/sched.h>
#include <net/sock.h>
struct box_t { u32 a; struct { u8 deep[2][3]; }; union { u64 wide; u32 half[2]; }; struct box_t *next; u32 (*call)(u32); };
struct event_t { u32 pid; u64 when; char name[4]; };
typedef struct task_struct task_t;
static struct event_t make(struct task_struct *task) { return (struct event_t){ .pid = task->pid, .when = task->start_time }; }
static u32 sum_of(u32 a, u64 b, const void *c) { return a + b + (c != 0); }
int kprobe__wake_up_new_task(struct pt_regs *ctx, struct task_struct *task) {
	u32 i = 0, sum = 0;
	struct task_struct *next = NULL, *parents[2] = { task->parent, task->real_parent };
	typeof(task->pid) pid = task->pid;
	struct event_t event = { task->tgid, .when = task->start_time, { task->comm[0], task->comm[i + 1] } }, other = make(task);
	struct list_head head = task->children;
	const struct cred *cred = task->cred;
	// alone and in operators
	sum = -task->prio + !task->mm + ~task->policy + (task->mm && task->mm->pgd) + (task->parent == task->real_parent ? 1 : task->exit_code);
	sum += sizeof(task->comm) + sizeof task->pid + __alignof__(task->pid) + ((task->flags & PF_KTHREAD) >> 21) + (u8)task->static_prio;
	sum <<= task->on_cpu, sum |= task->exit_state, i = task->exit_signal;
	// in places where something is done once
	sum += sum_of(task->pid, task->utime, task->mm) + parents[i++ & 1]->pid + task[0].pid + (*task).tgid + (&task->se)->on_rq + (&(*task).se)->vruntime;
	sum += *task->comm + *(task->comm + 1) + i[task->comm] + task->thread_pid->numbers[0].nr + (task->children.next->prev->next->next != 0);
	if ((next = task->group_leader) && next->pid != pid) sum += next->pid;
	for (struct task_struct *up = task->real_parent; up && up->pid > 1 && i < 3; up = up->real_parent, i++) sum += up->tgid;
	do { sum += (next ?: task)->pid; } while (next && next->pid < 0);
	// of a struct in a struct, and of the bits of one
	sum += cred->uid.val + cred->user_ns->ns.inum + task->sched_reset_on_fork + task->real_parent->in_execve + task->se.avg.load_avg;
	return sum + event.pid + other.pid + (head.next == &task->children) + ({ task->pid; });
}
int kprobe__do_exit(struct pt_regs *ctx, task_t *by_typedef) { return by_typedef->pid + by_typedef->real_parent->tgid; }
int in_process(struct pt_regs *ctx, struct box_t *box, char *text, struct box_t **boxes, u32 count) {
	u32 sum = 0;
	char c = *text++;
	for (int i = 0; i < 4 && *text; i++) sum += *text++;
	sum += text[-1] + *++text + box->deep[1][2] + box->wide + box->half[1] + box->next->next->a + boxes[1]->a + (*boxes)->half[0] + (box + 1)->a + box[2].a;
	struct box_t copy = *box->next, *at = &box[1];
	u64 *wide = &box->wide;
	sum += copy.a + at->a + *wide + (box->call != 0) + ((struct event_t *)box)->name[3] + ((struct event_t *)(text + 8))->pid;
	return sum + c;
}
