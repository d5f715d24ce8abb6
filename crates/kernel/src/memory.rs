//! Where kletka's memory comes from: small blocks, each of a power of two, are cut from one run of
//! pages; larger ones are pages that the kernel maps for them.
//!
//! A command lives for a millisecond, and each of its processes pays for every page that it touches
//! and every area that it maps: the C library's allocators make a jail's start up to 0.2 ms longer.
//! A freed block is kept for the next request of its size.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::UnsafeCell;
use std::ptr;
#[cfg(debug_assertions)]
use std::sync::atomic::AtomicI32;
use std::sync::atomic::{AtomicBool, Ordering};

/// Blocks have 16, 32, 64 … 32,768 bytes, and lie on a multiple of that, or of [`ALIGNMENT`].
const CLASSES: usize = 12;
const SMALLEST: usize = 16;
const LARGEST: usize = SMALLEST << (CLASSES - 1);
const ALIGNMENT: usize = 64;

/// Bytes of the first run, which lies in the program's data. Most commands need no more, and pages
/// that are never touched cost nothing.
const FIRST: usize = 128 << 10;
/// Bytes of the first run that the kernel maps; each later one is twice as long, up to [`MOST`].
const NEXT: usize = 256 << 10;
const MOST: usize = 4 << 20;

/// The allocator; `#[global_allocator]` of the program.
#[derive(Debug)]
pub struct Memory;

static HEAP: Heap = Heap::new();

// Memory is asked for in thousands of places: what is done then stands in one.
// SAFETY: all promises are those of `HEAP`.
unsafe impl GlobalAlloc for Memory {
    #[inline(never)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are the same.
        unsafe { HEAP.alloc(layout) }
    }

    #[inline(never)]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        unsafe { HEAP.alloc_zeroed(layout) }
    }

    #[inline(never)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { HEAP.dealloc(block, layout) };
    }

    #[inline(never)]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above.
        unsafe { HEAP.realloc(block, layout, size) }
    }
}

/// Whether this is the allocator that the program has.
pub(crate) fn is_in_use() -> bool {
    // A Rust program has allocated before its main begins: in use, the pool is not empty.
    HEAP.with(|pool| pool.grow != 0)
}

/// Begins anew, with empty pages: everything that was ever given out is gone.
///
/// # Safety
/// Nothing that was allocated is used, dropped or freed afterwards.
pub(crate) unsafe fn forget_everything() {
    HEAP.with(|pool| *pool = Pool::NEW);
    // SAFETY: these pages belong to the pool, and by this function's contract nobody
    // reads them as they were.
    unsafe { libc::madvise(HEAP.first.get().cast(), FIRST, libc::MADV_DONTNEED) };
}

/// The process that this memory belongs to, as soon as another one may work in it; 0 before.
#[cfg(debug_assertions)]
static OWNER: AtomicI32 = AtomicI32::new(0);

/// Notes that this process is about to let another one work in its memory. From now on the
/// allocator gives that one nothing: killed while it held the lock, it would leave this process
/// waiting for ever. Builds without debugging have no such check.
#[cfg(debug_assertions)]
pub(crate) fn belongs_to_this_process() {
    OWNER.store(own_number(), Ordering::Relaxed);
}

/// Notes that this process has been copied from the one that was noted, and has its own memory.
#[cfg(debug_assertions)]
pub(crate) fn is_a_copy() {
    OWNER.store(0, Ordering::Relaxed);
}

/// Ends this process if it only works in another one's memory.
#[cfg(debug_assertions)]
fn refuse_guests() {
    let owner = OWNER.load(Ordering::Relaxed);
    if owner != 0 && owner != own_number() {
        // Not by a panic, which allocates.
        // SAFETY: no code of this process runs after the call.
        unsafe { libc::_exit(GUEST) }
    }
}

/// The exit status of a process that asked for memory where it had none of its own.
#[cfg(debug_assertions)]
const GUEST: i32 = 99;

#[cfg(debug_assertions)]
fn own_number() -> i32 {
    // SAFETY: the call touches no memory.
    unsafe { libc::getpid() }
}

struct Heap {
    /// True while somebody uses the pool. Commands have one thread nearly always, so nobody waits
    /// in practice.
    busy: AtomicBool,
    pool: UnsafeCell<Pool>,
    first: UnsafeCell<First>,
}

#[repr(align(4096))]
struct First {
    _pages: [u8; FIRST],
}

struct Pool {
    free: [*mut Free; CLASSES],
    /// Where the run of pages in use has its next free byte.
    next: *mut u8,
    /// How many bytes are left of that run.
    left: usize,
    /// Size of the next run.
    grow: usize,
}

/// A block that nobody uses.
struct Free {
    next: *mut Free,
}

// SAFETY: the pool is touched only by whoever holds `busy`; `first` only by way of the pool.
unsafe impl Sync for Heap {}

impl Heap {
    const fn new() -> Self {
        Self {
            busy: AtomicBool::new(false),
            pool: UnsafeCell::new(Pool::NEW),
            first: UnsafeCell::new(First { _pages: [0; FIRST] }),
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Pool) -> T) -> T {
        #[cfg(debug_assertions)]
        refuse_guests();
        while self.busy.swap(true, Ordering::Acquire) {
            std::hint::spin_loop();
        }
        // SAFETY: `busy` was free and is ours: there is no other reference.
        let answer = act(unsafe { &mut *self.pool.get() });
        self.busy.store(false, Ordering::Release);
        answer
    }
}

/// The class of a block that holds this; `None`: the kernel maps pages for it.
fn class(layout: Layout) -> Option<usize> {
    let size = layout.size().max(layout.align()).max(SMALLEST);
    let small = size <= LARGEST && layout.align() <= ALIGNMENT;
    small.then(|| (size.next_power_of_two() / SMALLEST).trailing_zeros() as usize)
}

impl Pool {
    /// A pool that has given out nothing.
    const NEW: Self =
        Self { free: [ptr::null_mut(); CLASSES], next: ptr::null_mut(), left: 0, grow: 0 };

    fn take(&mut self, class: usize, first: *mut First) -> *mut u8 {
        let free = self.free[class];
        if !free.is_null() {
            // SAFETY: `give` has put the block into this list, and nobody uses it.
            self.free[class] = unsafe { (*free).next };
            return free.cast();
        }
        let size = SMALLEST << class;
        let alignment = size.min(ALIGNMENT);
        let mut skipped = self.next.addr().next_multiple_of(alignment) - self.next.addr();
        if skipped + size > self.left {
            let Some((start, length)) = self.run(first) else { return ptr::null_mut() };
            (self.next, self.left, skipped) = (start, length, 0);
        }
        // SAFETY: the run has at least `skipped + size` bytes left.
        let block = unsafe { self.next.add(skipped) };
        // SAFETY: as above; the end of the last block is the run's end.
        self.next = unsafe { block.add(size) };
        self.left -= skipped + size;
        block
    }

    /// Answers the beginning and the length of a new run of pages.
    fn run(&mut self, first: *mut First) -> Option<(*mut u8, usize)> {
        if self.grow == 0 {
            self.grow = NEXT;
            return Some((first.cast(), FIRST));
        }
        let length = self.grow;
        self.grow = (length * 2).min(MOST);
        let pages = map(length);
        (!pages.is_null()).then_some((pages, length))
    }

    /// Takes a block of `class` back.
    ///
    /// # Safety
    /// [`Pool::take`] gave it out for the same class, and nobody uses it.
    unsafe fn give(&mut self, block: *mut u8, class: usize) {
        let block = block.cast::<Free>();
        // SAFETY: the block has room for a pointer and lies on a multiple of 16.
        unsafe { (*block).next = self.free[class] };
        self.free[class] = block;
    }
}

/// Rounds up to whole pages. The kernel's calls would do so by themselves; this way mmap(2),
/// mremap(2) and munmap(2) are given the same length, which Miri insists on.
const fn pages(size: usize) -> usize {
    size.next_multiple_of(4096)
}

/// Maps whole pages of zeros: mmap(2). Null when there is no memory.
fn map(length: usize) -> *mut u8 {
    let (access, kind) =
        (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: new pages, wherever the kernel likes; nothing that is mapped is touched.
    let pages = unsafe { libc::mmap(ptr::null_mut(), length, access, kind, -1, 0) };
    if pages == libc::MAP_FAILED { ptr::null_mut() } else { pages.cast() }
}

// SAFETY: a block has the size and the alignment of its class, or pages of its own, and is given
// out once until it comes back; layouts of a class that is too small for their alignment go to the
// kernel, whose pages suffice.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match class(layout) {
            Some(class) => self.with(|pool| pool.take(class, self.first.get())),
            None if layout.align() <= 4096 => map(pages(layout.size())),
            None => ptr::null_mut(),
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are the same.
        let block = unsafe { self.alloc(layout) };
        // Pages from the kernel are zero; a block may have been used before.
        if class(layout).is_some() && !block.is_null() {
            // SAFETY: the block is new and has at least this size.
            unsafe { ptr::write_bytes(block, 0, layout.size()) };
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match class(layout) {
            // SAFETY: by the caller's promise `alloc` gave it out for this
            // layout, so for this class.
            Some(class) => self.with(|pool| unsafe { pool.give(block, class) }),
            // SAFETY: by the caller's promise these are pages that `alloc`
            // has mapped for this layout.
            None => drop(unsafe { libc::munmap(block.cast(), pages(layout.size())) }),
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller promises that `size` is not zero and does not
        // overflow with the alignment.
        let new = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        match (class(layout), class(new)) {
            // The block is as large as its class, which both sizes have.
            (Some(old), Some(new)) if old == new => return block,
            // mremap(2) moves pages by their tables, and copies nothing.
            (None, None) => {
                // SAFETY: these are pages that `alloc` has mapped for this layout; they may move.
                let moved = unsafe {
                    let (old, new) = (pages(layout.size()), pages(size));
                    libc::mremap(block.cast(), old, new, libc::MREMAP_MAYMOVE)
                };
                return if moved == libc::MAP_FAILED { ptr::null_mut() } else { moved.cast() };
            }
            _ => {}
        }
        // SAFETY: two blocks that do not overlap, each as large as what is copied; the old one is
        // given back under its own layout.
        unsafe {
            let moved = self.alloc(new);
            if !moved.is_null() {
                ptr::copy_nonoverlapping(block, moved, layout.size().min(size));
                self.dealloc(block, layout);
            }
            moved
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A process that works in this one's memory ends when it asks the allocator for some.
    #[test]
    #[cfg(debug_assertions)]
    #[cfg_attr(miri, ignore = "clone3(2) is unknown to Miri")]
    fn a_guest_gets_no_memory() {
        use crate::child::{Child, Ended};
        use crate::process::{Stack, Work, clone3_sharing, exit_now};
        struct Asks;
        impl Work for Asks {
            fn work(&self) -> ! {
                static OTHER: Heap = Heap::new();
                // SAFETY: the layout is not empty.
                unsafe { OTHER.alloc(Layout::new::<u64>()) };
                exit_now(0)
            }
        }
        let mut stack = Stack::new().unwrap();
        // SAFETY: the process asks a heap for memory that nobody else uses, and its end is waited
        // for.
        let (pid, pidfd) = unsafe { clone3_sharing(0, None, &mut stack, &Asks) }.unwrap();
        let ended = Child::new(pid, pidfd).wait(None).unwrap();
        assert_eq!(ended, Some(Ended::Exited(GUEST)));
    }

    /// Blocks of every size keep what is written to them, through growing, shrinking and reuse.
    #[test]
    fn blocks_do_not_overlap() {
        static MEMORY: Heap = Heap::new();
        let mut blocks = Vec::new();
        // Miri takes its time: it sees fewer sizes, and fewer bytes of each.
        let (each, some) = if cfg!(miri) { (13, 997) } else { (1, 1) };
        for round in 0..3_u8 {
            for size in (1..200).step_by(each).chain([4095, 4096, 32_768, 32_769, 300_000]) {
                let layout = Layout::from_size_align(size, 1 << (size % 7)).unwrap();
                // SAFETY: each block is used under the layout that it has at the time.
                unsafe {
                    let block = MEMORY.alloc(layout);
                    assert_eq!(block.addr() % layout.align(), 0, "{layout:?}");
                    ptr::write_bytes(block, round.wrapping_add(size as u8), size);
                    blocks.push((block, layout, round.wrapping_add(size as u8)));
                }
            }
            for (block, layout, byte) in &mut blocks {
                let size = (layout.size() * 3 / 2).max(2);
                // SAFETY: as above.
                unsafe {
                    let old = std::slice::from_raw_parts(*block, layout.size());
                    assert!(old.iter().step_by(some).all(|old| old == byte), "{layout:?}");
                    let kept = layout.size();
                    *block = MEMORY.realloc(*block, *layout, size);
                    *layout = Layout::from_size_align(size, layout.align()).unwrap();
                    let new = std::slice::from_raw_parts(*block, kept);
                    assert!(new.iter().step_by(some).all(|new| new == byte), "{layout:?}");
                    ptr::write_bytes(*block, *byte, size);
                }
            }
            for (block, layout, _) in blocks.drain(round as usize * 50 / each..) {
                // SAFETY: as above.
                unsafe { MEMORY.dealloc(block, layout) };
            }
        }
    }
}
