//! How a process lives on with next to no memory of its own.
//!
//! A copy of a command that is to live for long keeps the command's heap, stack, arguments and
//! environment alive, and the page tables for them: 0.2 MB that nobody needs and nobody should be
//! able to read. [`Recluse::shed`] moves to a stack in the program's own data and unmaps everything
//! above that.

use crate::descriptor::close_all_but;
use crate::memory;
use crate::proc::read_small;
use std::cell::UnsafeCell;
use std::os::fd::BorrowedFd;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// This process, which gives up what it was born with.
#[derive(Debug)]
pub struct Recluse {
    /// `None`: /proc does not say, and the process keeps its memory.
    layout: Option<Layout>,
}

impl Recluse {
    /// Looks at this process in /proc, while that is still the host's: a jail may have anything
    /// there.
    ///
    /// # Safety
    /// The process has one thread, never returns to the functions that it is in, and does not read
    /// its arguments or environment any more.
    #[must_use]
    pub unsafe fn new() -> Self {
        Self { layout: Layout::read() }
    }

    /// Shows `title` as this process's command line in ps(1): its
    /// arguments' memory is written over.
    pub fn set_title(&self, title: &[u8]) {
        if let Some(layout) = &self.layout {
            layout.set_title(title);
        }
    }

    /// Closes every descriptor but 0 to 2 and these: close_range(2).
    ///
    /// # Safety
    /// Afterwards the process neither uses nor drops any other descriptor that is open now.
    pub unsafe fn close_all_but<const N: usize>(&self, keep: [BorrowedFd<'_>; N]) {
        // SAFETY: by this function's contract.
        unsafe { close_all_but(keep) };
    }

    /// Calls `run` with `kept` when nothing else is left of this process's memory than the program
    /// and its data; ps(1) then shows `title` as its command line. Where that cannot be done,
    /// returns `kept` and leaves everything as it was.
    ///
    /// # Safety
    /// `kept` holds no pointer, and `run` uses nothing that was allocated before.
    pub unsafe fn shed<T>(self, title: &[u8], kept: T, run: fn(T) -> !) -> T {
        match &self.layout {
            // SAFETY: by this function's contract, and by that of `new`.
            Some(layout) => unsafe { go_on(layout, title, kept, run) },
            None => kept,
        }
    }
}

/// Where the kernel believes the parts of this process to be. The numbers below are those of the
/// fields in proc_pid_stat(5).
#[derive(Debug)]
struct Layout {
    /// 26 to 28: code, and the beginning of the stack.
    code: (usize, usize),
    stack: usize,
    /// 45 to 47: data, and where the heap begins.
    data: (usize, usize),
    heap: usize,
    /// 48 to 51: the strings of the arguments and, after them, of the environment.
    arguments: usize,
    environment_end: usize,
}

impl Layout {
    /// Reads the layout of this process.
    fn read() -> Option<Self> {
        let stat = read_small("/proc/self/stat")?;
        // The name, field 2, may have spaces and parentheses in it: fields count from the last one.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<usize>().ok();
        let layout = Self {
            code: (field(26)?, field(27)?),
            stack: field(28)?,
            data: (field(45)?, field(46)?),
            heap: field(47)?,
            arguments: field(48)?,
            environment_end: field(51)?,
        };
        // The kernel shows 0 for these to a process that may not see them.
        (layout.arguments < layout.environment_end).then_some(layout)
    }

    fn set_title(&self, title: &[u8]) {
        let room = self.environment_end - self.arguments;
        // SAFETY: the kernel gives the bounds of the argument and environment strings on this
        // process's own stack, writable memory; by the contract of `Recluse::new`
        // nobody reads them any more.
        unsafe { write_title(self.arguments, room, title) };
        Shown::at(self.arguments, room);
    }

    /// Tells the kernel that the command line is at `title` now: prctl(2), `PR_SET_MM_MAP`. False:
    /// the kernel does not know this call.
    fn move_title(&self, title: usize, length: usize) -> bool {
        /// struct prctl_mm_map, linux/prctl.h.
        #[repr(C)]
        struct Map {
            addresses: [u64; 11],
            auxiliary: u64,
            auxiliary_size: u32,
            executable: u32,
        }
        // SAFETY: asks where the heap ends, and leaves it there.
        let heap_end = unsafe { libc::sbrk(0) } as usize;
        let end = title + length;
        let (code, data) = (self.code, self.data);
        // The environment is empty: it begins and ends where the title ends.
        let addresses =
            [code.0, code.1, data.0, data.1, self.heap, heap_end, self.stack, title, end, end, end];
        // To set one address takes CAP_SYS_RESOURCE; to set all of them takes no capability.
        let map = Map {
            addresses: addresses.map(|address| address as u64),
            auxiliary: 0,
            auxiliary_size: 0,
            // -1: /proc/PID/exe stays as it is.
            executable: u32::MAX,
        };
        let (option, size) = (libc::PR_SET_MM_MAP as libc::c_ulong, size_of_val(&map));
        // SAFETY: the kernel copies `size` bytes of `map`. What it notes is for showing only.
        unsafe { libc::prctl(libc::PR_SET_MM, option, &raw const map, size, 0) == 0 }
    }
}

/// Writes another title of a [`Recluse`] in the place of the one before: [`Recluse::set_title`]. In
/// a process that has none, nothing happens.
pub fn retitle(title: &[u8]) {
    let Some(Shown { place, room }) = Shown::now() else { return };
    // SAFETY: a `Recluse` of this process, which has one thread, has its title there: in memory
    // that nobody else uses.
    unsafe { write_title(place, room, title) };
}

/// Where ps(1) finds the title of this process.
struct Shown {
    place: usize,
    room: usize,
}

/// The place and the room of [`Shown`]; no room: there is no title.
static SHOWN: [AtomicUsize; 2] = [AtomicUsize::new(0), AtomicUsize::new(0)];

impl Shown {
    fn at(place: usize, room: usize) {
        SHOWN[0].store(place, Relaxed);
        SHOWN[1].store(room, Relaxed);
    }

    fn now() -> Option<Self> {
        let [place, room] = [0, 1].map(|at| SHOWN[at].load(Relaxed));
        (room > 0).then_some(Self { place, room })
    }
}

/// Writes a title and, behind it, as many NULs as there is room for: at least one.
///
/// # Safety
/// From `place` on there are `room` bytes, at least one, that nobody else uses.
unsafe fn write_title(place: usize, room: usize, title: &[u8]) {
    let length = title.len().min(room - 1);
    // SAFETY: by this function's contract; `title` is none of those bytes, which nobody borrows.
    unsafe {
        ptr::write_bytes(place as *mut u8, 0, room);
        ptr::copy_nonoverlapping(title.as_ptr(), place as *mut u8, length);
    }
}

const PAGE: usize = 4096;

/// Bytes that the title of a process without other memory has: a later one may be longer.
const TITLE: usize = 320;

/// As little of it as is used has memory.
#[repr(align(4096))]
struct Stack(UnsafeCell<[u8; 16 * PAGE]>);

// SAFETY: only `go_on` uses it, which does so once.
unsafe impl Sync for Stack {}

static STACK: Stack = Stack(UnsafeCell::new([0; 16 * PAGE]));

/// What the new stack gets from the old one.
struct Taken<T> {
    kept: T,
    run: fn(T) -> !,
    /// The range that is unmapped.
    from: usize,
    to: usize,
}

/// Does what [`Recluse::shed`] promises.
///
/// # Safety
/// The process has one thread and never returns to the functions that it is in; `kept` holds no
/// pointer, and `run` uses nothing that was allocated before.
unsafe fn go_on<T>(layout: &Layout, title: &[u8], kept: T, run: fn(T) -> !) -> T {
    // Only kletka's own allocator can be told that its memory is gone.
    if !memory::is_in_use() {
        return kept;
    }
    let top = STACK.0.get() as usize + size_of::<Stack>();
    let shown = top - TITLE;
    // A stack has to lie on a multiple of 16; 64 suits every type that is kept there too.
    let place = (shown - size_of::<Taken<T>>()) & !63;
    let from = lowest_unneeded();
    // Behind the environment the kernel has put the program's file name.
    let to = layout.environment_end.next_multiple_of(PAGE) + PAGE;
    if size_of::<Taken<T>>() > PAGE || from >= to {
        return kept;
    }
    // SAFETY: both places are in the stack's topmost pages, which nobody uses yet; the
    // second is aligned to 64.
    unsafe {
        write_title(shown, TITLE, title);
        (place as *mut Taken<T>).write(Taken { kept, run, from, to });
    }
    // Before anything is unmapped: where the kernel refuses, the process stays as it was.
    if layout.move_title(shown, TITLE) {
        Shown::at(shown, TITLE);
        // SAFETY: below `place` is stack, aligned and unused, and `arrive` never returns from it.
        unsafe { jump(place, arrive::<T> as *const () as usize) }
    }
    // SAFETY: the value was written there above, and is read once.
    unsafe { (place as *mut Taken<T>).read().kept }
}

/// Answers the lowest address that is no longer needed. The heap, libraries' areas and the old
/// stack lie above; the program and the thread's own data, which glibc keeps at the beginning of
/// the heap, lie below.
fn lowest_unneeded() -> usize {
    unsafe extern "C" {
        /// The linker's: where the program's data ends.
        static _end: u8;
    }
    let thread: usize;
    // SAFETY: reads the thread pointer, which changes nothing.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        std::arch::asm!("mov {}, fs:0", out(reg) thread, options(nostack, readonly));
    }
    // SAFETY: as above.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        std::arch::asm!("mrs {}, tpidr_el0", out(reg) thread, options(nostack, nomem));
    }
    let end = &raw const _end as usize;
    // What glibc notes of the thread lies behind the address in the thread pointer.
    end.max(thread + 2 * PAGE).next_multiple_of(PAGE)
}

/// Continues in `function`, with `place` as its argument and as the top of its stack.
///
/// # Safety
/// `function` takes one pointer and never returns; below `place`, a multiple of 16, is free memory.
unsafe fn jump(place: usize, function: usize) -> ! {
    // SAFETY: by this function's contract; nothing returns to the old stack.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        std::arch::asm!(
            "mov rsp, rdi", "xor ebp, ebp", "call {}", "ud2",
            in(reg) function, in("rdi") place, options(noreturn),
        )
    }
    // SAFETY: as above.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        std::arch::asm!(
            "mov sp, x0", "mov x29, xzr", "blr {}", "brk 1",
            in(reg) function, in("x0") place, options(noreturn),
        )
    }
}

/// The first function on the new stack.
extern "C" fn arrive<T>(taken: *const Taken<T>) -> ! {
    // SAFETY: `go_on` has written the value, above this stack, and it is read once.
    let Taken { kept, run, from, to } = unsafe { taken.read() };
    // SAFETY: nothing up there is used any more: this stack, the program and the thread's data are
    // below, and `kept` holds nothing that was allocated. A range that the kernel refuses to unmap
    // stays as it is.
    unsafe {
        libc::munmap(from as *mut libc::c_void, to - from);
        memory::forget_everything();
    }
    run(kept)
}
